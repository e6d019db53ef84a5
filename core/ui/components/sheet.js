const SVG_NS = "http://www.w3.org/2000/svg";
const LOCK = "M2.2 6V4.2a2.8 2.8 0 0 1 5.6 0V6h.7c.6 0 1 .4 1 1v5c0 .6-.4 1-1 1h-7c-.6 0-1-.4-1-1V7c0-.6.4-1 1-1zm1.5 0h2.6V4.2a1.3 1.3 0 0 0-2.6 0z";
const LOCK_SIZE = { width: 10, height: 13 };

const svgElement = (name, attributes) => {
  const element = document.createElementNS(SVG_NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** Shortest distance in pixels from a point to a rectangle; 0 inside. */
const distance = (x, y, box) =>
  Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));

/** An engraved page: which element is which note, and the marks that show selection, locks and the sounding notes. */
class Sheet {
  constructor(svg) {
    this.svg = svg;
    this.heads = []; // note index -> its heads, the first and its tied continuations
    this.playing = [];
    for (const element of svg.querySelectorAll("g.note")) {
      const [, index, tie] = /^n(\d+)(?:t(\d+))?$/.exec(element.id) ?? [];
      if (index === undefined) continue;
      element.dataset.note = index;
      (this.heads[Number(index)] ??= [])[Number(tie ?? 0)] = element;
    }
    this.heads = Array.from(this.heads, (heads) => (heads ?? []).filter(Boolean));
    this.heads.forEach(([first], index) => first && this.#makeFocusable(first, index));
  }

  #makeFocusable(element, index) {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", index === 0 ? "0" : "-1");
  }

  /** Note whose head is under or within `reach` pixels of a point of the window, or null. */
  noteAt(x, y, reach) {
    let nearest = { note: null, away: reach };
    this.heads.forEach((heads, note) => {
      for (const head of heads) {
        const away = distance(x, y, (head.querySelector(".notehead") ?? head).getBoundingClientRect());
        if (away < nearest.away) nearest = { note, away };
      }
    });
    return nearest.note;
  }

  focus(note) {
    for (const element of this.svg.querySelectorAll('[tabindex="0"]')) element.setAttribute("tabindex", "-1");
    const head = this.heads[note]?.[0];
    head?.setAttribute("tabindex", "0");
    head?.focus({ preventScroll: true });
  }

  /** Let the heads of these notes, and of no others, light up. Returns the first of them, if they changed. */
  play(notes) {
    if (notes.length === this.playing.length && notes.every((note, i) => note === this.playing[i])) return null;
    for (const note of this.playing) this.#toggle(note, "playing", false);
    for (const note of notes) this.#toggle(note, "playing", true);
    this.playing = notes;
    return this.heads[notes[0]]?.[0] ?? null;
  }

  /** Show notes start to stop (excluded) as selected and the given ones as locked. */
  mark([start, stop], locked) {
    const isLocked = new Set(locked);
    this.heads.forEach(([first], note) => {
      const isSelected = start <= note && note < stop;
      this.#toggle(note, "selected", isSelected);
      this.#toggle(note, "locked", isLocked.has(note));
      first?.setAttribute("aria-pressed", isSelected);
      first?.setAttribute("aria-label", `Note ${note + 1}${isLocked.has(note) ? ", locked" : ""}`);
    });
    this.svg.querySelectorAll(".band, .lock").forEach((element) => element.remove());
    if (!this.svg.getBoundingClientRect().width) return; // hidden: nothing can be measured, we are called again
    for (const note of locked) this.heads[note]?.forEach((head) => this.#drawLock(head));
    this.#drawBands(this.heads.slice(start, stop).flat()); // last, to go round the locks too
  }

  #toggle(note, name, on) {
    this.heads[note]?.forEach((head) => head.classList.toggle(name, on));
  }

  /** A rounded band behind the heads, one for each system that they stand in. */
  #drawBands(heads) {
    for (const [system, group] of Map.groupBy(heads, (head) => head.closest("g.system"))) {
      if (!system) continue;
      const boxes = group.map((head) => head.getBBox());
      const lines = group.map((head) => staffLines(head));
      const space = lines[0].space;
      const left = Math.min(...boxes.map((box) => box.x)) - space * 0.7;
      const right = Math.max(...boxes.map((box) => box.x + box.width)) + space * 0.7;
      const top = Math.min(...boxes.map((box) => box.y), ...lines.map((line) => line.top)) - space * 0.8;
      const bottom = Math.max(...boxes.map((box) => box.y + box.height), ...lines.map((line) => line.bottom)) + space * 0.8;
      const size = { x: left, y: top, width: right - left, height: bottom - top, rx: space };
      system.prepend(svgElement("rect", { class: "band", ...size }));
    }
  }

  /** A small padlock above a head, over the staff or over the stem where that is higher. */
  #drawLock(head) {
    const { top, space } = staffLines(head);
    const box = head.getBBox();
    const headBox = (head.querySelector(".notehead") ?? head).getBBox();
    const scale = (space * 1.35) / LOCK_SIZE.height;
    const x = headBox.x + headBox.width / 2 - (LOCK_SIZE.width * scale) / 2;
    const y = Math.min(box.y, top) - space * 0.55 - LOCK_SIZE.height * scale;
    head.append(svgElement("path", { class: "lock", d: LOCK, transform: `translate(${x}, ${y}) scale(${scale})` }));
  }
}

/** Top and bottom line of the staff that a head stands in, and the distance between two lines, in drawing units. */
function staffLines(head) {
  const lines = [...head.closest("g.staff").children].filter((child) => child.nodeName === "path");
  const heights = lines.map((line) => line.getBBox().y);
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  return { top, bottom, space: (bottom - top) / (lines.length - 1) };
}
