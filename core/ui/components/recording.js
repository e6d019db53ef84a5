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

  get running() {
    return this.origin !== null;
  }

  clock(stamp) {
    return this.running ? stamp - this.origin : this.stoppedAt;
  }

  press(source, stamp) {
    if (this.sent || this.#onlyArmed(source)) this.clear();
    this.rest(stamp);
    if (!this.running) this.origin = stamp - this.stoppedAt;
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
    Object.assign(this, { taps: [], held: null, origin: null, stoppedAt: 0, sent: false });
  }

  /** End the rhythm with its last note, released at `stamp` if it is still held. */
  finish(stamp) {
    if (this.held) this.release(this.held.source, stamp);
    this.#stop(this.taps.at(-1).up);
    this.sent = true;
    return this.taps.map(({ down, up }) => [down, up].map((time) => Math.round(time * 100) / 100));
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
