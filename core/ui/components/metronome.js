/** Metres that the metronome knows: beats in a bar, clicks in a beat, quarters in a beat. */
const METRES = {
  "4/4": { beats: 4, clicks: 1, quarters: 1 },
  "3/4": { beats: 3, clicks: 1, quarters: 1 },
  "2/4": { beats: 2, clicks: 1, quarters: 1 },
  "6/8": { beats: 2, clicks: 3, quarters: 1.5 },
};
const [SLOWEST, FASTEST] = [30, 240]; // beats a minute
const COUNT_IN_BEATS = 4; // at least; whole bars
const AHEAD_SEC = 1.5; // clicks are handed to the sound card so long before they sound: a page may be busy
const EVERY_MS = 100;
const FIRST_SEC = 0.15; // from the start to the first click
const CLICK_SEC = 0.04;
const PITCH = { bar: 1760, beat: 1175, click: 880 }; // hertz
const LOUDNESS = { bar: 0.5, beat: 0.35, click: 0.12 };
const TAP_PAUSE_MS = 2500; // a longer pause begins another tempo
const TAPS_NEEDED = 4;
const TAPS_COUNTED = 8;

/**
 * Clicks on the clock of the sound card, and says where in the bar a moment is.
 *
 * Moments are event time stamps in milliseconds. What is asked about them is true to what is heard: the way from the
 * sound card to the ear is taken off as far as the browser knows it.
 */
class Metronome {
  on = false; // whether the user wants it
  tempo = 100; // beats a minute
  metre = "4/4";
  context = null; // while it clicks
  taps = [];

  get running() {
    return this.context !== null;
  }

  get beatMs() {
    return 60_000 / this.tempo;
  }

  get barMs() {
    return METRES[this.metre].beats * this.beatMs;
  }

  get countInBars() {
    return Math.ceil(COUNT_IN_BEATS / METRES[this.metre].beats);
  }

  setTempo(tempo) {
    if (Number.isFinite(tempo)) this.tempo = Math.min(Math.max(Math.round(tempo), SLOWEST), FASTEST);
  }

  /** The user taps a tempo; returns how many taps it still takes. */
  tapTempo(stamp) {
    if (stamp - this.taps.at(-1) > TAP_PAUSE_MS) this.taps = [];
    this.taps = [...this.taps, stamp].slice(-TAPS_COUNTED);
    const intervals = this.taps.length - 1;
    if (intervals + 1 >= TAPS_NEEDED) this.setTempo((60_000 * intervals) / (stamp - this.taps[0]));
    return Math.max(TAPS_NEEDED - this.taps.length, 0);
  }

  /** Begin with the count-in; to be called from a press, or the browser keeps silent. */
  start() {
    this.stop();
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.context.resume().catch(() => {}); // no sound: the light goes on by the page's own clock
    this.startedMs = performance.now();
    this.zeroSec = this.context.currentTime + FIRST_SEC;
    this.nextClick = 0;
    this.#schedule();
    this.timer = setInterval(() => this.#schedule(), EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
  }

  /** Beats since the count-in ended at a moment; negative within it. */
  beatAt(stamp) {
    return (this.#heardSec(stamp) - this.zeroSec) / (this.beatMs / 1000) - this.countInBars * METRES[this.metre].beats;
  }

  #heardSec(stamp) {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    if (contextTime > 0) return contextTime + (stamp - performanceTime) / 1000;
    if (this.context.state === "running") return this.context.currentTime + (stamp - performance.now()) / 1000;
    return (stamp - this.startedMs) / 1000;
  }

  #schedule() {
    const { beats, clicks } = METRES[this.metre];
    const clickSec = this.beatMs / 1000 / clicks;
    const until = this.context.currentTime + AHEAD_SEC;
    for (; this.zeroSec + this.nextClick * clickSec < until; this.nextClick++) {
      const kind = this.nextClick % (beats * clicks) === 0 ? "bar" : this.nextClick % clicks === 0 ? "beat" : "click";
      this.#click(this.zeroSec + this.nextClick * clickSec, kind);
    }
  }

  #click(at, kind) {
    if (at < this.context.currentTime) return; // better none than a late one
    const tone = new OscillatorNode(this.context, { frequency: PITCH[kind], type: "triangle" });
    const envelope = new GainNode(this.context, { gain: 0 });
    envelope.gain.setValueAtTime(LOUDNESS[kind], at);
    envelope.gain.exponentialRampToValueAtTime(0.001, at + CLICK_SEC);
    tone.connect(envelope).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + CLICK_SEC);
  }
}
