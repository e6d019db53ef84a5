const TAP_KEYS = new Set(["Space", "KeyF", "KeyJ"]);
const SECOND_PX = 96; // width of a second while the time line scrolls
const NOW_AT = 0.86; // where the present stands in the lane, from the left
const recordings = new Map(); // by the component's key: a rhythm outlives the elements that show it

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
    if (!recordings.has(data.key)) recordings.set(data.key, new Recording());
    this.recording = recordings.get(data.key);
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.bars = new Map(); // tap -> its bar in the strip
    this.listening = new AbortController();
    this.#listen();
    this.draw();
  }

  update({ data, setStateValue }) {
    this.maxTaps = data.maxTaps;
    this.send = (taps) => setStateValue("taps", { nonce: newNonce(), taps });
    this.draw();
  }

  destroy() {
    this.letGo(performance.now());
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
    on(document, "visibilitychange", (event) => document.hidden && this.letGo(event.timeStamp));
    on(this.buttons.undo, "click", (event) => this.#edit(event, () => this.recording.undo(), "Last note taken back"));
    on(this.buttons.clear, "click", (event) => this.#edit(event, () => this.recording.clear(), "Cleared"));
    on(this.buttons.done, "click", (event) => this.done(event.timeStamp));
  }

  /** The keyboard is ours while the pad has the focus, or nothing has while a rhythm is being tapped. */
  #armed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const target = event.composedPath()[0];
    return target === this.pad || (this.recording.running && target === document.body);
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
    const begins = !recording.running;
    recording.press(source, stamp);
    if (begins) this.say("Recording");
    this.draw();
  }

  release(source, stamp) {
    this.recording.release(source, stamp);
    this.draw();
  }

  letGo(stamp) {
    if (this.recording.held) this.release(this.recording.held.source, stamp);
  }

  done(stamp) {
    if (!this.recording.taps.length) return;
    const taps = this.recording.finish(stamp);
    this.say(`${notes(taps.length)} taken. Press the pad again for a new rhythm.`, true);
    this.send(taps);
    this.draw();
  }

  #edit(event, change, message) {
    if (!this.recording.taps.length) return;
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
    this.root.dataset.state = running ? "recording" : taps.length ? "kept" : "idle";
    this.pad.classList.toggle("held", held !== null);
    this.parts.count.textContent = taps.length;
    this.parts.unit.textContent = taps.length === 1 ? "note" : "notes";
    this.parts.clock.textContent = seconds(recording.clock(stamp));
    for (const [name, button] of Object.entries(this.buttons))
      button.disabled = !taps.length || (sent && name === "done");
    this.#drawStrip(recording.clock(stamp), running && !this.still.matches);
    if (running) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Lay out the bars: scrolling while the clock runs, else the whole rhythm fitted to the width. */
  #drawStrip(now, scrolling) {
    const width = this.lane.clientWidth;
    const present = width * NOW_AT;
    const second = scrolling ? SECOND_PX : Math.min(SECOND_PX, present / Math.max(now / 1000, 0.001));
    const shift = Math.min(0, present - (now / 1000) * second);
    // only what changed: every bar's place depends on --second, and there may be thousands of them
    if (second !== this.second) this.lane.style.setProperty("--second", `${(this.second = second)}px`);
    this.lane.style.backgroundPositionX = this.strip.style.left = `${shift}px`;
    this.now.style.left = `${(now / 1000) * second + shift}px`;
    const taps = new Set(this.recording.taps);
    for (const [tap, bar] of this.bars) {
      if (taps.has(tap)) continue;
      bar.remove();
      this.bars.delete(tap);
    }
    for (const tap of taps) this.#drawBar(tap, now);
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
