const REACH_PX = { mouse: 9, pen: 12, touch: 20 }; // how far beside a clap one may press
const DRAG_PX = 3; // a pointer moves this far before a press becomes a drag
const DOUBLE_MS = 400; // two taps on a clap within this time delete it
const STEP_SEC = 0.005;
const WIDE_STEP_SEC = 0.02;
const SECOND_PX = { least: 4, most: 1200 };
const GAP_PX = 20; // between close claps, as the line is first shown
const TRACK_PX = 60_000; // at most, however long the recording
const ZOOM = 1.6;
const takes = new Map(); // by the component's key: changes outlive the elements that show them

const claps = (count) => (count === 1 ? "1 clap" : `${count.toLocaleString("en")} claps`);
const at = (sec) => `${sec.toFixed(3)} s`;

class ClapLine {
  constructor({ parentElement }) {
    this.section = parentElement.querySelector(".clap-line");
    this.listening = new AbortController();
    const find = (selector) => this.section.querySelector(selector);
    Object.assign(this, { box: find(".box"), track: find(".track"), wave: find(".wave"), cursor: find(".cursor") });
    this.status = find(".status");
    this.row = new ClapRow(find(".claps"), this.listening.signal);
    this.buttons = Object.fromEntries(
      ["in", "out", "add", "delete", "undo", "reset", "use"].map((name) => [name, find(`button.${name}`)]),
    );
    this.player = new Player(this.section, {
      signal: this.listening.signal,
      onFrame: (position) => this.#showCursor(position, true),
      onStop: () => {},
      onFailure: () => this.say("This browser cannot play the recording; the claps can still be used."),
    });
    this.#listen(this.listening.signal);
    this.resizing = new ResizeObserver(() => this.#zoom(this.second));
    this.resizing.observe(this.box);
  }

  update({ data, setStateValue }) {
    this.emit = (value) => setStateValue("claps", value);
    if (JSON.stringify(data) === this.shown) return;
    this.shown = JSON.stringify(data);
    const before = this.data;
    this.data = data;
    const known = takes.get(data.key);
    const same = known?.take === data.take;
    if (!same) takes.set(data.key, { take: data.take, edits: new ClapEdits(data.seconds) });
    this.edits = takes.get(data.key).edits;
    const changed = this.edits.found.join() !== data.found.join();
    this.edits.find(data.found);
    if (before?.take !== data.take) this.#open();
    if (same && changed) this.say(this.#foundAgain());
    this.draw();
  }

  destroy() {
    this.listening.abort();
    this.resizing.disconnect();
    this.player.destroy();
  }

  #foundAgain() {
    const { count } = this.edits;
    const kept = count ? ` Your ${count === 1 ? "change is" : `${count} changes are`} kept.` : "";
    return `${claps(this.data.found.length)} found.${kept}`;
  }

  /** Another recording: its wave, its sound, and a scale at which its claps can be told apart. */
  #open() {
    const { levels, seconds, found, audio } = this.data;
    const up = levels.map((level, i) => `L${i} ${50 - level / 2}`);
    const down = levels.map((level, i) => `L${i} ${50 + level / 2}`).reverse();
    this.wave.setAttribute("viewBox", `0 0 ${Math.max(levels.length - 1, 1)} 100`);
    this.wave.querySelector("path").setAttribute("d", levels.length ? `M0 50${up.join("")}${down.join("")}Z` : "");
    const gaps = found.slice(1).map((sec, i) => sec - found[i]);
    gaps.sort((a, b) => a - b);
    this.row.current = 0;
    this.say("");
    this.player.load(audio, 0);
    this.#zoom(Math.min(GAP_PX / (gaps[Math.floor(gaps.length / 10)] ?? Infinity), 160));
    this.box.scrollLeft = 0;
    this.#showCursor(0);
    if (!this.box.clientWidth) return;
    if (seconds * this.second > this.box.clientWidth) this.#bringIntoView((found[0] ?? 0) * this.second);
  }

  #zoom(second) {
    if (!this.data) return;
    const { seconds } = this.data;
    const fit = this.box.clientWidth / seconds;
    this.second = Math.max(fit, clamp(second, SECOND_PX.least, Math.min(SECOND_PX.most, TRACK_PX / seconds)));
    this.track.style.width = `${this.second * seconds}px`;
    this.track.style.setProperty("--second", `${this.second}px`);
    this.buttons.out.disabled = this.second <= fit;
    this.buttons.in.disabled = this.second >= Math.min(SECOND_PX.most, TRACK_PX / seconds);
  }

  /** Zoom around the middle of what is seen. */
  #zoomBy(factor) {
    const middle = (this.box.scrollLeft + this.box.clientWidth / 2) / this.second;
    this.#zoom(this.second * factor);
    this.box.scrollLeft = middle * this.second - this.box.clientWidth / 2;
  }

  #listen(signal) {
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal });
    on(this.track, "pointerdown", (event) => this.#pointerDown(event));
    on(this.track, "pointermove", (event) => this.#pointerMove(event));
    for (const type of ["pointerup", "pointercancel"]) on(this.track, type, () => this.#pointerUp());
    on(this.track, "click", (event) => this.#click(event));
    on(this.track, "dblclick", (event) => this.#doubleClick(event));
    on(this.track, "contextmenu", (event) => event.preventDefault()); // a long press is the beginning of a drag
    on(this.section, "keydown", (event) => this.#keyDown(event));
    on(this.player.audio, "seeked", () => this.#showCursor(this.player.audio.currentTime));
    const { buttons } = this;
    on(buttons.in, "click", () => this.#zoomBy(ZOOM));
    on(buttons.out, "click", () => this.#zoomBy(1 / ZOOM));
    on(buttons.add, "click", () => this.#add(this.player.audio.currentTime));
    on(buttons.delete, "click", () => this.#remove(this.row.current));
    on(buttons.undo, "click", () => this.#edit(() => this.edits.undo(), "Taken back."));
    on(buttons.reset, "click", () => this.#edit(() => this.edits.reset(), "As found."));
    on(buttons.use, "click", () => this.#use());
  }

  #use() {
    const { claps: secs } = this.edits;
    const rounded = secs.map((sec) => Math.round(sec * 1e5) / 1e5);
    this.emit({ nonce: newNonce(), take: this.data.take, claps: rounded });
    this.say(`${claps(secs.length)} taken.`);
  }

  #edit(change, message) {
    change();
    this.say(message);
    this.draw();
  }

  #add(sec, focus = true) {
    if (this.edits.claps.length >= this.data.maxClaps) {
      this.say(`A rhythm has at most ${claps(this.data.maxClaps)}; delete one first.`);
      return;
    }
    const index = this.edits.add(sec);
    if (index < 0) {
      this.say("There is a clap already.");
      return;
    }
    this.row.current = index;
    this.say(`Clap added at ${at(this.edits.claps[index])}.`);
    this.draw();
    if (focus) this.#focus(index);
  }

  #remove(index, focus = false) {
    if (!(index in this.edits.claps)) return;
    const sec = this.edits.claps[index];
    this.edits.remove(index);
    this.row.current = Math.min(index, this.edits.claps.length - 1);
    this.say(`Clap at ${at(sec)} deleted.`);
    this.draw();
    if (!focus) return;
    if (this.row.current < 0) this.box.focus();
    else this.#focus(this.row.current);
  }

  #move(index, to, further) {
    const moved = this.edits.move(index, to, further);
    this.say(`Clap ${index + 1} at ${at(this.edits.claps[index])}`);
    this.draw();
    return moved;
  }

  /** Where the pointer is: seconds, and the index of the clap under it or -1. */
  #place(event) {
    const sec = clamp((event.clientX - this.track.getBoundingClientRect().left) / this.second, 0, this.data.seconds);
    const index = nearest(this.edits.claps, sec);
    const reach = REACH_PX[event.pointerType || this.pointerType] ?? REACH_PX.mouse;
    return { sec, index: Math.abs(this.edits.claps[index] - sec) * this.second <= reach ? index : -1 };
  }

  #pointerDown(event) {
    this.pointerType = event.pointerType;
    this.dragged = false;
    const { sec, index } = this.#place(event);
    if (event.button !== 0 || index < 0 || !event.isPrimary) return;
    this.row.current = index;
    this.drag = { index, x: event.clientX, grip: sec - this.edits.claps[index] };
    this.#focus(index);
    event.preventDefault(); // the browser's own focus would go to what lies on top
  }

  #pointerMove(event) {
    if (!this.drag) return;
    if (!this.dragged && Math.abs(event.clientX - this.drag.x) < DRAG_PX) return;
    if (!this.dragged) this.track.setPointerCapture(event.pointerId);
    const { sec } = this.#place(event);
    this.dragged = true;
    this.drag.moved = this.#move(this.drag.index, sec - this.drag.grip, this.drag.moved) || this.drag.moved;
  }

  #pointerUp() {
    this.drag = null;
  }

  /** On an empty place a mouse moves the cursor and a finger adds a clap; two taps on a clap delete it. */
  #click(event) {
    if (this.dragged) return;
    const { sec, index } = this.#place(event);
    if (index < 0 && this.pointerType === "touch") this.#add(sec, false);
    else if (index < 0) this.player.seek(sec);
    if (this.pointerType !== "touch") return;
    const twice = index >= 0 && this.tapped?.index === index && event.timeStamp - this.tapped.stamp < DOUBLE_MS;
    this.tapped = twice || index < 0 ? null : { index, stamp: event.timeStamp };
    if (twice) this.#remove(index);
  }

  #doubleClick(event) {
    if (this.pointerType === "touch" || this.dragged) return;
    const { sec, index } = this.#place(event);
    if (index < 0) this.#add(sec);
    else this.#remove(index);
  }

  #keyDown(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "z") this.buttons.undo.click();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onClap = event.target.closest?.(".clap");
    const onLine = event.target === this.box || event.target === this.player.seekBar;
    const addHere = () => this.#add(this.player.audio.currentTime, false);
    const act = onClap ? this.#clapKeys(event)[event.key] : onLine && event.key === "Enter" && addHere;
    if (!act) return;
    event.preventDefault();
    act();
  }

  #clapKeys({ shiftKey, repeat }) {
    const index = this.row.current;
    const { claps: secs } = this.edits;
    const step = shiftKey ? WIDE_STEP_SEC : STEP_SEC;
    const next = secs[index + 1] ?? this.data.seconds;
    return {
      ArrowLeft: () => this.#move(index, secs[index] - step, repeat),
      ArrowRight: () => this.#move(index, secs[index] + step, repeat),
      ArrowUp: () => this.#focus(index - 1),
      ArrowDown: () => this.#focus(index + 1),
      Home: () => this.#focus(0),
      End: () => this.#focus(secs.length - 1),
      Delete: () => this.#remove(index, true),
      Backspace: () => this.#remove(index, true),
      Enter: () => this.#add((secs[index] + next) / 2),
    };
  }

  #focus(index) {
    this.row.focus(index);
    this.#bringIntoView(this.edits.claps[this.row.current] * this.second);
  }

  #bringIntoView(px) {
    const { scrollLeft, clientWidth } = this.box;
    const margin = Math.min(40, clientWidth / 4);
    if (px < scrollLeft + margin || px > scrollLeft + clientWidth - margin) this.box.scrollLeft = px - margin;
  }

  #showCursor(position, playing = false) {
    this.cursor.style.left = `calc(${position} * var(--second))`;
    if (playing && !this.drag) this.#bringIntoView(position * this.second);
  }

  draw() {
    const { claps: secs } = this.edits;
    this.row.draw(this.edits);
    const { buttons, edits } = this;
    buttons.delete.disabled = !secs.length;
    buttons.undo.disabled = !edits.past.length;
    buttons.reset.disabled = !edits.count;
    buttons.use.disabled = !secs.length;
    buttons.use.textContent = secs.length === 1 ? "Use this clap" : `Use these ${claps(secs.length)}`;
  }

  say(message) {
    this.status.textContent = message;
    this.status.classList.toggle("visible", message !== "");
  }
}

export default (component) => mount(component, (first) => new ClapLine(first));
