const HINT =
  "Each key adds a note of the chosen value. On a computer: A to ' are the white keys from C and the row above the black " +
  "ones, Z and X change the octave, 1 to 5 the value, the point dots it, Space is a rest.";
const TOUCH_HINT = "Each key adds a note of the chosen value.";
const COUNTED_HINT = "Press a key: a bar is counted in, then play. What you play is written as you time it, to the nearest sixteenth.";
const kept = new Map(); // by the component's key: what was played outlives the elements that show it

const notes = (count) => (count === 1 ? "1 note" : `${count} notes`);

class Piano {
  constructor({ parentElement, data }) {
    const find = (selector) => parentElement.querySelector(selector);
    this.root = find(".piano");
    this.parts = { count: find(".count"), unit: find(".unit"), status: find(".status"), melody: find(".melody"), hint: find(".hint") };
    this.buttons = { undo: find(".undo"), clear: find(".clear"), done: find(".done") };
    if (!kept.has(data.key)) kept.set(data.key, { melody: new Melody(), recording: new Recording(), metronome: new Metronome() });
    Object.assign(this, kept.get(data.key));
    this.keyboard = new Keyboard(find(".keys"), data.lowest, data.highest);
    this.strings = new Strings();
    this.held = new Map(); // source -> pitch
    this.listening = new AbortController();
    this.#buildValues(find(".values"));
    this.metronomeRow = new MetronomeRow(this.root, this.metronome, {
      signal: this.listening.signal,
      onChange: () => this.#otherMetronome(),
      say: (message, visible) => this.say(message, visible),
    });
    this.#listen(find);
  }

  update({ data, setStateValue }) {
    this.maxNotes = data.maxNotes;
    this.send = (played) => setStateValue("played", { nonce: newNonce(), ...played });
    this.draw();
  }

  destroy() {
    this.#letGo(performance.now());
    this.metronome.stop();
    this.strings.close();
    this.listening.abort();
    cancelAnimationFrame(this.frame);
  }

  /** Whether what is played is timed, rather than put together note by note. */
  get timed() {
    return this.metronome.on;
  }

  get count() {
    return this.timed ? this.recording.taps.length : this.melody.count;
  }

  get sent() {
    return this.timed ? this.recording.sent : this.melody.sent;
  }

  #buildValues(row) {
    const button = (className, text, label, choose) => {
      const made = Object.assign(document.createElement("button"), { type: "button", className, textContent: text });
      if (label) made.setAttribute("aria-label", label);
      made.addEventListener("click", choose, { signal: this.listening.signal });
      row.append(made);
      return made;
    };
    this.values = Object.keys(VALUES).map((name) => button("value", name, `${name} note`, () => this.#choose({ value: name })));
    this.dot = button("dot", "dotted", "", () => this.#choose({ dotted: !this.melody.dotted }));
    this.rest = button("rest", "Rest", "", () => this.#add(null));
  }

  #listen(find) {
    const on = (target, type, handler, capture = false) =>
      target.addEventListener(type, handler, { signal: this.listening.signal, capture });
    const keys = this.keyboard.root;
    on(keys, "pointerdown", (event) => this.pointerDown(event));
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"])
      on(keys, type, (event) => this.release(pointerName(event), event.timeStamp));
    on(keys, "contextmenu", (event) => event.preventDefault()); // a long press on a phone is a long note
    on(document, "keydown", (event) => this.keyDown(event), true);
    on(document, "keyup", (event) => this.release(`key ${event.code}`, event.timeStamp), true);
    on(window, "blur", (event) => this.#letGo(event.timeStamp));
    on(document, "visibilitychange", (event) => document.hidden && this.#leave(event.timeStamp));
    on(find(".lower"), "click", () => this.keyboard.move(-1));
    on(find(".higher"), "click", () => this.keyboard.move(1));
    on(this.buttons.undo, "click", () => this.#undo());
    on(this.buttons.clear, "click", () => this.#clear());
    on(this.buttons.done, "click", (event) => this.done(event.timeStamp));
  }

  pointerDown(event) {
    const pitch = this.keyboard.pitchAt(event.target);
    if (event.button !== 0 || pitch === null) return;
    event.preventDefault();
    this.keyboard.root.focus({ preventScroll: true });
    this.keyboard.root.setPointerCapture(event.pointerId);
    this.press(pointerName(event), pitch, event.timeStamp);
  }

  /** The letters are ours while the piano has the focus, but for its fields; its buttons keep Enter and Space. */
  #armed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const target = event.composedPath()[0];
    if (!this.root.contains(target)) return this.metronome.running && target === document.body;
    const onButton = target.tagName === "BUTTON" && ["Enter", "Space"].includes(event.code);
    return !["INPUT", "SELECT"].includes(target.tagName) && !onButton;
  }

  keyDown(event) {
    const pitch = this.keyboard.pitchOf(event.code);
    const action = this.#shortcuts()[event.code];
    if (!this.#armed(event) || (pitch === null && !action)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (pitch === null) action(event.timeStamp);
    else this.press(`key ${event.code}`, pitch, event.timeStamp);
  }

  #shortcuts() {
    const common = {
      KeyZ: () => this.keyboard.move(-1),
      KeyX: () => this.keyboard.move(1),
      Backspace: () => this.#undo(),
      Enter: (stamp) => this.done(stamp),
    };
    if (this.timed) return common;
    const values = Object.keys(VALUES).map((value, index) => [`Digit${index + 1}`, () => this.#choose({ value })]);
    const others = { Space: () => this.#add(null), Period: () => this.#choose({ dotted: !this.melody.dotted }) };
    return { ...common, ...others, ...Object.fromEntries(values) };
  }

  press(source, pitch, stamp) {
    this.strings.strike(source, pitch);
    this.held.set(source, pitch);
    if (!this.timed) this.#add(pitch);
    else if (this.metronome.running) this.#record(source, pitch, stamp);
    else this.#countIn();
    this.draw();
  }

  release(source, stamp) {
    if (!this.held.delete(source)) return;
    this.strings.damp(source);
    this.recording.release(source, stamp);
    this.draw();
  }

  #full() {
    if (this.sent || this.count < this.maxNotes) return false;
    this.say(`That is all: a melody to go on from has at most ${this.maxNotes} notes. Press Done.`, true);
    return true;
  }

  #add(pitch) {
    if (this.#full()) return;
    this.melody.add(pitch);
    this.say("");
    this.draw();
  }

  #record(source, pitch, stamp) {
    if (this.#full()) return;
    const { recording, metronome } = this;
    recording.press(source, stamp, this.#beat(stamp));
    recording.held.pitch = pitch;
    if (recording.taps.length === 1)
      recording.metronome = { tempo: metronome.tempo, metre: metronome.metre, beat: metronome.beatAt(stamp) };
  }

  /** When, by the clicks, the clock of a melody that goes on may have been at zero; null where it begins. */
  #beat(stamp) {
    const { recording, metronome } = this;
    if (!recording.metronome || recording.sent) return null;
    const since = metronome.beatAt(stamp) - recording.metronome.beat;
    return { origin: stamp - since * metronome.beatMs, bar: metronome.barMs };
  }

  /** The first press is no note: it starts the clicks. */
  #countIn() {
    if (this.recording.sent) this.recording.clear();
    this.metronome.start();
    this.say("Counting in: play when you are ready.");
  }

  #otherMetronome() {
    if (!this.recording.sent) this.recording.clear(); // what was played to other clicks does not go with these
    this.draw();
  }

  #choose(chosen) {
    Object.assign(this.melody, chosen);
    this.draw();
  }

  #undo() {
    if (!this.timed) this.melody.undo();
    else if (this.recording.taps.length) this.recording.undo();
    this.say("Last note taken back");
    this.draw();
  }

  #clear() {
    this.melody.clear();
    this.recording.clear();
    this.metronome.stop();
    this.say("Cleared");
    this.draw();
  }

  #letGo(stamp) {
    for (const source of [...this.held.keys()]) this.release(source, stamp);
  }

  /** A page that is not seen neither hears keys nor clicks in time. */
  #leave(stamp) {
    this.#letGo(stamp);
    this.metronome.stop();
  }

  done(stamp) {
    if (!this.count || this.sent) return;
    this.say(`${notes(this.count)} taken. Press a key again for a new melody.`, true);
    if (this.timed) this.#sendTimed(stamp);
    else {
      this.melody.sent = true;
      this.send({ text: this.melody.text });
    }
    this.draw();
  }

  #sendTimed(stamp) {
    const taps = this.recording.finish(stamp);
    this.metronome.stop();
    this.send({ taps, pitches: this.recording.taps.map(({ pitch }) => pitch), metronome: this.recording.metronome });
  }

  say(message, visible = false) {
    this.parts.status.textContent = message;
    this.parts.status.classList.toggle("visible", visible);
  }

  draw() {
    cancelAnimationFrame(this.frame);
    const stamp = performance.now();
    this.recording.rest(stamp);
    this.metronomeRow.draw(stamp);
    this.keyboard.show(new Set(this.held.values()));
    this.#drawValues();
    this.#drawMelody();
    for (const [name, button] of Object.entries(this.buttons))
      button.disabled = (!this.melody.notes.length && !this.recording.taps.length) || (name === "done" && (this.sent || !this.count));
    if (this.metronome.running) this.frame = requestAnimationFrame(() => this.draw());
  }

  #drawValues() {
    const { melody } = this;
    for (const button of this.values) button.setAttribute("aria-pressed", button.textContent === melody.value);
    this.dot.setAttribute("aria-pressed", melody.dotted);
    this.dot.disabled = !VALUES[melody.value].dotted;
  }

  #drawMelody() {
    const { parts, recording } = this;
    const text = this.timed ? recording.taps.map(({ pitch }) => noteName(pitch)).join(" ") : this.melody.text;
    const hint = this.timed ? COUNTED_HINT : matchMedia("(hover: none)").matches ? TOUCH_HINT : HINT;
    if (parts.hint.textContent !== hint) parts.hint.textContent = hint;
    if (parts.melody.textContent !== text) parts.melody.textContent = text;
    parts.count.textContent = this.count;
    parts.unit.textContent = this.count === 1 ? "note" : "notes";
  }
}

const pointerName = (event) => `finger ${event.pointerType} ${event.pointerId}`;

export default (component) => mount(component, (first) => new Piano(first));
