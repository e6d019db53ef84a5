const REACH_PX = { mouse: 20, pen: 20, touch: 26 }; // how far beside a head one may click
const DRAG_PX = 6; // a mouse moves this far before a click becomes a drag
const NARROW_PX = 560; // below this width the narrow engraving is shown, if there is one
const KEY_PAUSE_MS = 180; // a held arrow key runs over many notes; only where it rests is told
const NONE = [0, 0];

const same = (a, b) => a[0] === b[0] && a[1] === b[1];
const span = (a, b) => [Math.min(a, b), Math.max(a, b) + 1];

class ScoreView {
  constructor({ parentElement }) {
    this.section = parentElement.querySelector(".score-view");
    this.box = this.section.querySelector(".sheet");
    this.status = this.section.querySelector(".status");
    this.passage = this.section.querySelector(".passage");
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.player = new Player(this.section, {
      signal,
      onFrame: (position) => this.#follow(position),
      onStop: () => this.sheet.play([]),
      onFailure: () => this.say("The sound cannot be played here. Reload the page, or download it."),
    });
    this.selection = NONE;
    this.anchor = 0; // where a passage starts
    this.#listen(signal);
    this.resizing = new ResizeObserver(() => this.#fit());
    this.resizing.observe(this.box);
  }

  update({ data, setStateValue }) {
    const before = this.data;
    this.data = data;
    this.emit = (value) => setStateValue("picked", value);
    this.reached = []; // latest offset of the notes up to each one: where a search for sounding notes may stop
    data.times.forEach(([, offset], i) => this.reached.push(Math.max(offset, this.reached[i - 1] ?? 0)));
    // A pick that Python has not answered yet is newer than what Python says.
    if (!this.pending || data.answers === this.pending) {
      this.pending = null;
      this.selection = data.selected;
      if (!same(this.selection, before?.selected ?? NONE)) this.anchor = this.selection[0];
    }
    if (before?.svg !== data.svg || before?.narrowSvg !== data.narrowSvg) this.shown = null;
    this.#fit();
    this.player.load(data.audio, this.#onset(this.selection));
  }

  destroy() {
    this.listening.abort();
    this.resizing.disconnect();
    this.player.destroy();
    clearTimeout(this.telling);
  }

  /** Put the engraving for this width on the page, unless it is there already, and mark it. */
  #fit() {
    const { svg, narrowSvg } = this.data ?? {};
    if (svg === undefined) return;
    const wanted = narrowSvg && this.box.clientWidth < NARROW_PX ? narrowSvg : svg;
    if (wanted !== this.shown) {
      const focused = this.box.querySelector("g.note:focus")?.dataset.note;
      this.shown = wanted;
      this.sheet = new Sheet(drawing(wanted));
      this.box.replaceChildren(this.sheet.svg);
      if (focused !== undefined) this.sheet.focus(Number(focused));
    }
    this.#mark();
  }

  #mark() {
    this.sheet.name(this.data.names);
    this.sheet.mark(this.selection, this.data.locked);
    this.sheet.colour(this.data.colours);
    this.sheet.drawArcs(this.data.arcs);
    this.passage.disabled = same(this.selection, NONE);
  }

  #onset([start, stop]) {
    return stop > start ? (this.data.times[start]?.[0] ?? 0) : 0;
  }

  /** Show a selection and go to its sound; tell Python now, or once no key has followed for a while. */
  select(selection, { focus, wait = 0 } = {}) {
    if (focus !== undefined) this.sheet.focus(focus);
    if (!same(selection, NONE)) this.player.seek(this.#onset(selection));
    this.#passageMode(false);
    if (same(selection, this.selection)) return;
    this.selection = selection;
    this.#mark();
    this.say(describe(selection), false);
    const [start, stop] = selection;
    this.pending = newNonce();
    const value = { start, stop, nonce: this.pending };
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.emit(value), wait);
  }

  pick(note, extend) {
    if (!extend || same(this.selection, NONE)) this.anchor = note;
    this.select(span(this.anchor, note), { focus: note });
  }

  #listen(signal) {
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal });
    on(this.box, "pointerdown", (event) => this.#pointerDown(event));
    on(this.box, "pointermove", (event) => this.#pointerMove(event));
    on(this.box, "pointerup", (event) => this.#pointerUp(event));
    on(this.box, "click", (event) => this.#click(event));
    on(this.section, "keydown", (event) => this.#keyDown(event));
    on(this.passage, "click", () => this.#passageMode(!this.extending));
    on(this.player.audio, "play", () => (this.leftAlone = true));
    for (const type of ["wheel", "touchmove"])
      window.addEventListener(type, () => (this.leftAlone = false), { signal, passive: true });
  }

  #passageMode(on) {
    this.extending = on;
    this.passage.setAttribute("aria-pressed", on);
    if (on) this.say("Now click the last note of the passage.");
    else if (this.status.classList.contains("visible")) this.say("");
  }

  #noteUnder(event) {
    const own = event.target.closest?.("g.note")?.dataset.note;
    return own === undefined ? this.sheet.noteAt(event.clientX, event.clientY, REACH_PX[event.pointerType] ?? 20) : +own;
  }

  /** With a mouse one can drag over a passage; a finger that moves scrolls the page. */
  #pointerDown(event) {
    this.dragged = false;
    const draggable = event.button === 0 && event.pointerType !== "touch" && !event.shiftKey && !this.extending;
    this.drag = draggable ? { note: this.#noteUnder(event), x: event.clientX, y: event.clientY } : null;
  }

  #pointerMove(event) {
    if (!this.drag || !(event.buttons & 1)) return;
    if (!this.dragged && Math.hypot(event.clientX - this.drag.x, event.clientY - this.drag.y) < DRAG_PX) return;
    if (!this.dragged) this.box.setPointerCapture(event.pointerId);
    this.dragged = true;
    const note = this.sheet.noteAt(event.clientX, event.clientY, Infinity);
    if (note === null) return;
    this.drag.note ??= note;
    this.drag.selection = span(this.drag.note, note);
    this.sheet.mark(this.drag.selection, this.data.locked);
  }

  #pointerUp() {
    if (this.drag?.selection) {
      this.anchor = this.drag.note;
      this.select(this.drag.selection, { focus: this.anchor });
    }
    this.drag = null;
  }

  #click(event) {
    if (this.dragged) return;
    const note = this.#noteUnder(event);
    if (note === null) this.select(NONE);
    else this.pick(note, event.shiftKey || this.extending);
  }

  #keyDown(event) {
    if (event.key === "Escape") {
      this.select(NONE);
      return;
    }
    const focused = event.target.closest?.("g.note")?.dataset.note;
    if (focused === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Number(focused);
    const last = this.sheet.heads.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, Enter: at, " ": at }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const note = Math.min(Math.max(to, 0), last);
    if (!event.shiftKey || same(this.selection, NONE)) this.anchor = event.shiftKey ? at : note;
    this.select(span(this.anchor, note), { focus: note, wait: KEY_PAUSE_MS });
    this.#bringIntoView(this.sheet.heads[note][0]);
  }

  /** Light up what sounds at `position` seconds. */
  #follow(position) {
    const { times } = this.data;
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle][0] <= position) low = middle + 1;
      else high = middle;
    }
    const sounding = [];
    for (let note = low - 1; note >= 0 && this.reached[note] > position; note--)
      if (times[note][1] > position) sounding.unshift(note);
    const head = this.sheet.play(sounding);
    if (head && this.leftAlone) this.#bringIntoView(head);
  }

  /** Scroll to the system of a head if it is out of sight. */
  #bringIntoView(head) {
    const system = head.closest("g.system") ?? head;
    const { top, bottom } = system.getBoundingClientRect();
    const { left, right } = head.getBoundingClientRect();
    const frame = this.box.getBoundingClientRect();
    const visible = top >= 0 && bottom <= this.player.button.getBoundingClientRect().top;
    if (visible && left >= frame.left && right <= frame.right) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    (visible ? head : system).scrollIntoView({ block: visible ? "nearest" : "center", inline: "nearest", behavior });
  }

  say(message, visible = true) {
    this.status.textContent = message;
    this.status.classList.toggle("visible", visible && message !== "");
  }
}

function describe([start, stop]) {
  if (start === stop) return "Nothing selected";
  return stop - start === 1 ? `Note ${start + 1} selected` : `Notes ${start + 1} to ${stop} selected`;
}

export default (component) => mount(component, (first) => new ScoreView(first));
