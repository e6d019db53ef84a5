const TAP_KEYS = new Set(["Space", "KeyF", "KeyJ"]);
const SECOND_PX = 96; // width of a second while the time line scrolls
const NOW_AT = 0.86; // where the present stands in the lane, from the left
const kept = new Map(); // by the component's key: a rhythm and the metronome's settings outlive the elements that show them
const INVITATION = "Press the pad or the space bar once for each note; hold for long notes";
const COUNTED_INVITATION = "Press the pad: a bar is counted in, then tap once for each note; hold for long notes";

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const notes = (count) => (count === 1 ? "1 note" : `${count} notes`);

class TapPad {
  constructor({ parentElement, data }) {
    const find = (selector) => parentElement.querySelector(selector);
    this.root = find(".tap-pad");
    this.pad = find(".pad");
    this.lane = find(".lane");
    this.strip = find(".strip");
    this.now = find(".now");
    this.parts = { count: find(".count"), unit: find(".unit"), clock: find(".clock"), status: find(".status") };
    this.buttons = { undo: find(".undo"), clear: find(".clear"), done: find(".done") };
    if (!kept.has(data.key)) kept.set(data.key, { recording: new Recording(), metronome: new Metronome() });
    Object.assign(this, kept.get(data.key));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.bars = new Map(); // tap -> its bar in the strip
    this.listening = new AbortController();
    this.metronomeRow = new MetronomeRow(this.root, this.metronome, {
      signal: this.listening.signal,
      onChange: () => this.#otherMetronome(),
      say: (message, visible) => this.say(message, visible),
    });
    this.#listen();
    this.#otherMetronome();
  }

  update({ data, setStateValue }) {
    this.maxTaps = data.maxTaps;
    this.send = (taps, metronome) => setStateValue("taps", { nonce: newNonce(), taps, metronome });
    this.draw();
  }

  destroy() {
    this.letGo(performance.now());
    this.metronome.stop();
    this.listening.abort();
    cancelAnimationFrame(this.frame);
  }

  #listen() {
    const on = (target, type, handler, capture = false) =>
      target.addEventListener(type, handler, { signal: this.listening.signal, capture });
    on(this.pad, "pointerdown", (event) => this.pointerDown(event));
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"])
      on(this.pad, type, (event) => this.release(pointerName(event), event.timeStamp));
    on(this.pad, "contextmenu", (event) => event.preventDefault()); // a long press on a phone is a long note
    on(document, "keydown", (event) => this.keyDown(event), true);
    on(document, "keyup", (event) => this.keyUp(event), true);
    on(window, "blur", (event) => this.letGo(event.timeStamp));
    on(document, "visibilitychange", (event) => document.hidden && this.#leave(event.timeStamp));
    on(this.buttons.undo, "click", (event) => this.#edit(event, () => this.recording.undo(), "Last note taken back"));
    on(this.buttons.clear, "click", (event) => this.#edit(event, () => this.#clear(), "Cleared"));
    on(this.buttons.done, "click", (event) => this.done(event.timeStamp));
  }

  /** The keyboard is ours while the pad has the focus, or nothing has while a rhythm is being tapped. */
  #armed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const target = event.composedPath()[0];
    return target === this.pad || (this.active && target === document.body);
  }

  get active() {
    return this.recording.running || this.metronome.running;
  }

  pointerDown(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.pad.focus({ preventScroll: true });
    this.pad.setPointerCapture(event.pointerId);
    this.press(pointerName(event), event.timeStamp);
  }

  keyDown(event) {
    if (!this.#armed(event)) return;
    const shortcut = { Enter: this.buttons.done, Backspace: this.buttons.undo }[event.code];
    if (!TAP_KEYS.has(event.code) && !shortcut) return;
    event.preventDefault(); // a held space bar would scroll the page
    if (event.repeat) return;
    if (shortcut) shortcut.click();
    else this.press(`key ${event.code}`, event.timeStamp);
  }

  keyUp(event) {
    if (this.recording.held?.source === `key ${event.code}`) event.preventDefault();
    this.release(`key ${event.code}`, event.timeStamp);
  }

  press(source, stamp) {
    const { recording } = this;
    if (!recording.sent && recording.taps.length >= this.maxTaps) {
      this.letGo(stamp);
      this.say(`That is all: a rhythm has at most ${this.maxTaps.toLocaleString("en")} notes. Press Done.`, true);
      return;
    }
    if (this.metronome.on && !this.metronome.running) {
      this.#countIn();
      return;
    }
    const begins = !recording.running;
    recording.press(source, stamp, this.#beat(stamp));
    if (this.metronome.running && recording.taps.length === 1) this.#noteMetronome(stamp);
    if (begins) this.say("Recording");
    this.draw();
  }

  /** With a metronome the first press is no note: it starts the clicks. */
  #countIn() {
    if (this.recording.sent) this.recording.clear();
    this.metronome.start();
    this.say("Counting in: tap when you are ready.");
    this.draw();
  }

  #noteMetronome(stamp) {
    const { tempo, metre } = this.metronome;
    this.recording.metronome = { tempo, metre, beat: this.metronome.beatAt(stamp) };
  }

  /** When, by the clicks, the clock of a rhythm that goes on may have been at zero; null where there are none. */
  #beat(stamp) {
    const { recording, metronome } = this;
    if (!metronome.running || !recording.metronome || recording.sent) return null;
    const since = metronome.beatAt(stamp) - recording.metronome.beat;
    return { origin: stamp - since * metronome.beatMs, bar: metronome.barMs };
  }

  /** Other settings: a rhythm that is being tapped does not go with them. */
  #otherMetronome() {
    this.recording.metronome = this.recording.sent ? this.recording.metronome : null;
    this.pad.querySelector("#how").textContent = this.metronome.on ? COUNTED_INVITATION : INVITATION;
    this.draw();
  }

  release(source, stamp) {
    this.recording.release(source, stamp);
    this.draw();
  }

  letGo(stamp) {
    if (this.recording.held) this.release(this.recording.held.source, stamp);
  }

  /** A page that is not seen neither hears taps nor clicks in time. */
  #leave(stamp) {
    this.letGo(stamp);
    this.metronome.stop();
  }

  #clear() {
    this.recording.clear();
    this.metronome.stop();
  }

  done(stamp) {
    if (!this.recording.taps.length) return;
    const taps = this.recording.finish(stamp);
    this.metronome.stop();
    this.say(`${notes(taps.length)} taken. Press the pad again for a new rhythm.`, true);
    this.send(taps, this.recording.metronome);
    this.draw();
  }

  #edit(event, change, message) {
    if (!this.recording.taps.length && !this.metronome.running) return;
    change();
    this.say(message);
    if (event.detail > 0) this.pad.focus({ preventScroll: true }); // after a click, not after a key on the button
    this.draw();
  }

  say(message, visible = false) {
    this.parts.status.textContent = message;
    this.parts.status.classList.toggle("visible", visible);
  }

  draw() {
    cancelAnimationFrame(this.frame);
    const { recording } = this;
    const stamp = performance.now();
    recording.rest(stamp);
    const { taps, running, held, sent } = recording;
    this.root.dataset.state = this.active ? "recording" : taps.length ? "kept" : "idle";
    this.metronomeRow.draw(stamp);
    this.pad.classList.toggle("held", held !== null);
    this.parts.count.textContent = taps.length;
    this.parts.unit.textContent = taps.length === 1 ? "note" : "notes";
    this.parts.clock.textContent = seconds(recording.clock(stamp));
    for (const [name, button] of Object.entries(this.buttons))
      button.disabled = (!taps.length && !(name === "clear" && this.active)) || (sent && name === "done");
    this.#drawStrip(recording.clock(stamp), running && !this.still.matches);
    if (this.active) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Lay out the bars: scrolling while the clock runs, else the whole rhythm fitted to the width. */
  #drawStrip(now, scrolling) {
    const width = this.lane.clientWidth;
    const present = width * NOW_AT;
    const second = scrolling ? SECOND_PX : Math.min(SECOND_PX, present / Math.max(now / 1000, 0.001));
    const shift = Math.min(0, present - (now / 1000) * second);
    // only what changed: every bar's place depends on --second, and there may be thousands of them
    if (second !== this.second) this.lane.style.setProperty("--second", `${(this.second = second)}px`);
    this.strip.style.left = `${shift}px`;
    this.#drawLines(second, shift);
    this.now.style.left = `${(now / 1000) * second + shift}px`;
    const taps = new Set(this.recording.taps);
    for (const [tap, bar] of this.bars) {
      if (taps.has(tap)) continue;
      bar.remove();
      this.bars.delete(tap);
    }
    for (const tap of taps) this.#drawBar(tap, now);
  }

  /** A line each second, or where the metronome clicked. */
  #drawLines(second, shift) {
    const { metronome } = this.recording;
    const apart = metronome ? 60 / metronome.tempo : 1;
    const first = metronome ? (Math.ceil(metronome.beat) - metronome.beat) * apart : 0;
    this.lane.style.setProperty("--line", `${apart * second}px`);
    this.lane.style.backgroundPositionX = `${shift + first * second}px`;
  }

  #drawBar(tap, now) {
    let bar = this.bars.get(tap);
    if (bar?.dataset.finished) return;
    if (!bar) {
      bar = this.strip.appendChild(Object.assign(document.createElement("div"), { className: "bar" }));
      bar.style.setProperty("--from", tap.down / 1000);
      this.bars.set(tap, bar);
    }
    bar.style.setProperty("--for", ((tap.up ?? now) - tap.down) / 1000);
    bar.classList.toggle("held", tap.up === null);
    if (tap.up !== null) bar.dataset.finished = "true";
  }
}

const pointerName = (event) => `${event.pointerType} ${event.pointerId}`;

export default (component) => mount(component, (first) => new TapPad(first));
