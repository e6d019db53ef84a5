const TYPING_PAUSE_MS = 500; // the score follows when the keys rest for so long
const CURSOR_PAUSE_MS = 150;

/** A text area over a sheet of marks: the characters of the notes picked in the score, and those that are wrong. */
class AbcEditor {
  constructor({ parentElement }) {
    this.area = parentElement.querySelector("textarea");
    this.marks = parentElement.querySelector(".marks");
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal });
    on(this.area, "input", () => this.#typed());
    on(this.area, "blur", () => this.#tell());
    on(this.area, "scroll", () => this.#align());
    on(document, "selectionchange", () => this.#moved());
    this.resizing = new ResizeObserver(() => this.#align());
    this.resizing.observe(this.area);
  }

  update({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    const before = this.data;
    this.data = data;
    this.area.maxLength = data.maxLength;
    if (data.revision !== before?.revision) {
      clearTimeout(this.telling);
      this.told = data.text;
      if (this.area.value !== data.text) this.area.value = data.text;
    }
    this.#draw();
    if (data.selected && String(data.selected) !== String(before?.selected)) this.#bringIntoView("note");
    else if (data.wrong && data.revision !== before?.revision) this.#bringIntoView("wrong");
  }

  destroy() {
    this.#tell();
    this.listening.abort();
    this.resizing.disconnect();
    clearTimeout(this.telling);
    clearTimeout(this.pointing);
  }

  #typed() {
    this.#draw();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.#tell(), TYPING_PAUSE_MS);
  }

  /** Send the text, unless it was sent before. */
  #tell() {
    clearTimeout(this.telling);
    const text = this.area.value;
    if (text === this.told) return;
    this.told = text;
    this.setStateValue("edited", { text, nonce: newNonce() });
  }

  /** The cursor is in another note than the one that is marked: mark that one in the score. */
  #moved() {
    if (this.area.getRootNode().activeElement !== this.area) return;
    clearTimeout(this.pointing);
    this.pointing = setTimeout(() => {
      if (this.area.value !== this.data.text) return; // the places are those of another text
      const { selectionStart: start, selectionEnd: stop } = this.area;
      const under = (at) => this.data.places.findIndex(([first, last]) => first <= at && at < last);
      const note = under(start) >= 0 || start !== stop ? under(start) : under(start - 1);
      if (note >= 0 && !this.#isMarked(note)) this.setStateValue("pointed", { note, nonce: newNonce() });
    }, CURSOR_PAUSE_MS);
  }

  #isMarked(note) {
    const [first, last] = this.data.places[note];
    return this.data.selected !== null && this.data.selected[0] <= first && last <= this.data.selected[1];
  }

  /** The marks belong to the text that Python read: while another one is being typed there are none. */
  #draw() {
    const text = this.area.value;
    const current = text === this.data.text;
    const ranges = current ? [["wrong", this.data.wrong], ["note", this.data.selected]].filter(([, range]) => range) : [];
    const edges = [...new Set([0, text.length, ...ranges.flatMap(([, range]) => range)])].sort((a, b) => a - b);
    const parts = edges.slice(1).map((end, i) => {
      const part = text.slice(edges[i], end);
      const names = ranges.filter(([, [start, stop]]) => start <= edges[i] && end <= stop).map(([name]) => name);
      if (!names.length) return part;
      const mark = document.createElement("mark");
      mark.className = names.join(" ");
      mark.textContent = part;
      return mark;
    });
    this.marks.replaceChildren(...parts, "\n"); // a line break at the end of a text area makes a line
    this.area.setAttribute("aria-invalid", current && this.data.wrong !== null);
    this.#align();
  }

  #align() {
    this.marks.scrollTop = this.area.scrollTop;
  }

  /** Scroll within the editor, never the page: the user is looking at the score. */
  #bringIntoView(name) {
    const mark = this.marks.querySelector(`.${name}`);
    if (!mark) return;
    const [box, frame] = [mark.getBoundingClientRect(), this.marks.getBoundingClientRect()];
    if (box.top >= frame.top && box.bottom <= frame.bottom) return;
    this.area.scrollTop += box.top - frame.top - frame.height / 3;
    this.#align();
  }
}

export default (component) => mount(component, (first) => new AbcEditor(first));
