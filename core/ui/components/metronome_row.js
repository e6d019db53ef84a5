/** The metronome's switch, tempo, metre and lamps above the pad. */
class MetronomeRow {
  constructor(root, metronome, { signal, onChange, say }) {
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { metronome, onChange, say, root });
    Object.assign(this, { on: find(".on"), tempo: find(".tempo"), metre: find(".metre"), lamps: find(".lamps") });
    this.countIn = find(".count-in");
    this.metre.append(...Object.keys(METRES).map((name) => new Option(name, name)));
    const listen = (target, type, handler) => target.addEventListener(type, handler, { signal });
    for (const field of [this.on, this.tempo, this.metre]) listen(field, "change", () => this.#read());
    const button = find(".tap-tempo");
    listen(button, "pointerdown", (event) => event.button === 0 && this.#tap(event.timeStamp));
    listen(button, "click", (event) => event.detail === 0 && this.#tap(event.timeStamp)); // by a key on the button
    this.#show();
  }

  #read() {
    Object.assign(this.metronome, { on: this.on.checked, metre: this.metre.value });
    this.metronome.setTempo(this.tempo.valueAsNumber);
    this.#changed();
  }

  #tap(stamp) {
    const missing = this.metronome.tapTempo(stamp);
    this.metronome.on = true;
    this.#changed();
    this.say(missing ? `${missing} more` : `${this.metronome.tempo} beats a minute`, true);
  }

  /** Another setting: what clicks now stops, for taps to it would no longer fit. */
  #changed() {
    this.metronome.stop();
    this.#show();
    this.onChange();
  }

  #show() {
    const { on, tempo, metre } = this.metronome;
    this.root.classList.toggle("with-metronome", on);
    this.on.checked = on;
    this.tempo.value = tempo;
    this.metre.value = metre;
    this.lamps.replaceChildren(...Array.from({ length: METRES[metre].beats }, () => document.createElement("i")));
  }

  /** Light the lamp of the beat that sounds, and count in. */
  draw(stamp) {
    const { beats } = METRES[this.metronome.metre];
    const beat = this.metronome.running ? Math.floor(this.metronome.beatAt(stamp)) : null;
    const lit = beat === null ? -1 : ((beat % beats) + beats) % beats;
    [...this.lamps.children].forEach((lamp, index) => lamp.classList.toggle("lit", index === lit));
    const counting = beat !== null && beat < 0;
    this.root.classList.toggle("counting", counting);
    const text = counting && this.metronome.beatAt(stamp) >= -this.metronome.countInBars * beats ? String(lit + 1) : "";
    if (this.countIn.textContent !== text) this.countIn.textContent = text;
  }
}
