const SAME_PRESS_MS = 20; // two fingers that land together are one note
const LONGEST_REST_MS = 8000; // after that the clock waits for the next press
const SHORTEST_NOTE_MS = 1;

/**
 * A rhythm as it is tapped: notes held down one at a time, in milliseconds since the first press.
 *
 * Knows nothing of the page, so it outlives the elements that show it. Times given to it are event time stamps.
 */
class Recording {
  taps = []; // {down, up, source}; up is null while the note is held
  held = null;
  origin = null; // time stamp of the clock's zero while it runs
  stoppedAt = 0; // what the clock shows while it does not
  sent = false;
  metronome = null; // what it was tapped to: {tempo, metre, beat}, the beat on which it began

  get running() {
    return this.origin !== null;
  }

  clock(stamp) {
    return this.running ? stamp - this.origin : this.stoppedAt;
  }

  /**
   * Begin a note. After a pause its place is where the clock stopped; or, to a metronome, the nearest that keeps in time:
   * the clock's zero is then `beat.origin` or whole bars of `beat.bar` milliseconds away from it.
   */
  press(source, stamp, beat = null) {
    if (this.sent || this.#onlyArmed(source)) this.clear();
    this.rest(stamp);
    if (!this.running) this.origin = beat ? this.#inTime(stamp, beat) : stamp - this.stoppedAt;
    const down = this.clock(stamp);
    if (this.held && down - this.held.down < SAME_PRESS_MS) {
      this.held.source = source;
      return;
    }
    if (this.held) this.release(this.held.source, stamp);
    this.held = { source, down, up: null };
    this.taps.push(this.held);
  }

  release(source, stamp) {
    if (this.held?.source !== source) return;
    this.held.up = Math.max(this.clock(stamp), this.held.down + SHORTEST_NOTE_MS);
    this.held = null;
  }

  /** Stop the clock once nothing has sounded for so long that the user must have paused. */
  rest(stamp) {
    if (!this.running || this.held) return;
    const limit = this.taps.at(-1).up + LONGEST_REST_MS;
    if (this.clock(stamp) >= limit) this.#stop(limit);
  }

  /** Take back the last note and put the clock where it began: the next press takes its place. */
  undo() {
    const last = this.taps.pop();
    this.held = null;
    this.sent = false;
    this.#stop(this.taps.length ? last.down : 0);
  }

  clear() {
    Object.assign(this, { taps: [], held: null, origin: null, stoppedAt: 0, sent: false, metronome: null });
  }

  /** End the rhythm with its last note, released at `stamp` if it is still held. */
  finish(stamp) {
    if (this.held) this.release(this.held.source, stamp);
    this.#stop(this.taps.at(-1).up);
    this.sent = true;
    return this.taps.map(({ down, up }) => [down, up].map((time) => Math.round(time * 100) / 100));
  }

  #inTime(stamp, { origin, bar }) {
    const zero = origin + bar * Math.round((stamp - this.stoppedAt - origin) / bar);
    const tooEarly = (this.taps.at(-1)?.up ?? 0) - (stamp - zero); // it would begin within the note before
    return zero - bar * Math.max(Math.ceil(tooEarly / bar), 0);
  }

  #stop(at) {
    this.origin = null;
    this.stoppedAt = at;
  }

  /** A lone click before the first key is how one selects the pad, not a note. */
  #onlyArmed(source) {
    return this.taps.length === 1 && !this.held && this.taps[0].source.startsWith("mouse") && source.startsWith("key");
  }
}
