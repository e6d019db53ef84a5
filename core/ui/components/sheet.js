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
    this.names = [];
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

  /** What a screen reader says of each note, beside its number. */
  name(names) {
    this.names = names;
  }

  /** Show notes start to stop (excluded) as selected and the given ones as locked. */
  mark([start, stop], locked) {
    const isLocked = new Set(locked);
    this.heads.forEach(([first], note) => {
      const isSelected = start <= note && note < stop;
      this.#toggle(note, "selected", isSelected);
      this.#toggle(note, "locked", isLocked.has(note));
      first?.setAttribute("aria-pressed", isSelected);
      const label = [`Note ${note + 1}`, this.names[note], isLocked.has(note) && "locked"];
      first?.setAttribute("aria-label", label.filter(Boolean).join(", "));
    });
    this.svg.querySelectorAll(".band, .lock").forEach((element) => element.remove());
    if (!this.svg.getBoundingClientRect().width) return; // hidden: nothing can be measured, we are called again
    for (const note of locked) this.heads[note]?.forEach((head) => this.#drawLock(head));
    this.#drawBands(this.heads.slice(start, stop).flat()); // last, to go round the locks too
  }

  /** Give each note a colour of its own; an empty list takes the colours away. */
  colour(colours) {
    this.heads.forEach((heads, note) => {
      this.#toggle(note, "coloured", Boolean(colours[note]));
      for (const head of heads) head.style.setProperty("--note-colour", colours[note] ?? "");
    });
  }

  /** Arcs [from, to, weight] between notes, the stronger the weight, from 0 to 1, the broader; a pointer on one reads it. */
  drawArcs(arcs) {
    this.svg.querySelectorAll(".arc").forEach((arc) => arc.remove());
    if (!this.svg.getBoundingClientRect().width) return; // hidden: as in mark
    for (const [from, to, weight] of arcs) {
      const ends = [from, to].map((note) => this.heads[note]?.[0]);
      const page = ends[0]?.closest("g.page-margin");
      if (!page || page !== ends[1]?.closest("g.page-margin")) continue;
      const arc = svgElement("path", { class: "arc", d: arcBetween(...ends), "stroke-opacity": 0.25 + 0.75 * weight });
      arc.style.strokeWidth = 14 + 76 * weight; // the engraving's own sheet sets another width
      const title = svgElement("title", {});
      title.textContent = `Note ${from + 1} looked at note ${to + 1}: ${Math.round(100 * weight)} %`;
      arc.append(title);
      page.append(arc);
    }
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

/** A curve from the top of one head to that of another, the higher the farther they are from each other. */
function arcBetween(...heads) {
  const [start, end] = heads.map((head) => {
    const box = (head.querySelector(".notehead") ?? head).getBBox();
    return { x: box.x + box.width / 2, y: box.y - box.height * 0.2 };
  });
  const { space } = staffLines(heads[0]);
  const rise = space * 2 + Math.min(Math.abs(start.x - end.x) * 0.3, space * 8);
  return `M${start.x} ${start.y}Q${(start.x + end.x) / 2} ${Math.min(start.y, end.y) - rise} ${end.x} ${end.y}`;
}

/** Top and bottom line of the staff that a head stands in, and the distance between two lines, in drawing units. */
function staffLines(head) {
  const lines = [...head.closest("g.staff").children].filter((child) => child.nodeName === "path");
  const heights = lines.map((line) => line.getBBox().y);
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  return { top, bottom, space: (bottom - top) / (lines.length - 1) };
}
