const SAME_CLAP_SEC = 0.015; // a clap found so near to a place that the user has touched is the one that stood there
const CLOSEST_SEC = 0.02; // no two claps of the user's own come closer

/**
 * The claps of a recording: those found in it, with what the user has changed. Times in seconds.
 *
 * Knows nothing of the page, so it outlives the elements that show it. Changes are kept as places, `own` where a clap
 * was put and `gone` where one was taken away, so they still hold when others are found at another sensitivity.
 */
class ClapEdits {
  found = [];
  changes = { own: [], gone: [] }; // replaced, never altered: undo goes back to an earlier one
  past = [];

  constructor(seconds) {
    this.seconds = seconds;
    this.#combine();
  }

  get count() {
    return this.changes.own.length + this.changes.gone.length;
  }

  find(found) {
    this.found = found;
    this.#combine();
  }

  isOwn(sec) {
    return this.changes.own.includes(sec);
  }

  /** Put a clap at `sec`; its index, or -1 where one is already. */
  add(sec) {
    sec = clamp(sec, 0, this.seconds);
    if (near(this.claps, sec, CLOSEST_SEC)) return -1;
    const { own, gone } = this.changes;
    this.#change({ own: [...own, sec], gone });
    return this.claps.indexOf(sec);
  }

  remove(index) {
    const sec = this.claps[index];
    const { own, gone } = this.changes;
    this.#change({ own: own.filter((other) => other !== sec), gone: [...gone, sec] });
  }

  /** Move a clap between its neighbours; `further` goes on with the last move, and is undone with it. Whether it moved. */
  move(index, to, further = false) {
    const from = this.claps[index];
    const [low, high] = this.range(index);
    const sec = clamp(to, low, high);
    if (sec === from) return false;
    const { own, gone } = this.changes;
    const others = own.filter((other) => other !== from);
    this.#change({ own: [...others, sec], gone: others.length < own.length ? gone : [...gone, from] }, further);
    return true;
  }

  /** Where a clap may go: neither past its neighbours nor out of the recording. */
  range(index) {
    const sec = this.claps[index];
    const low = index ? this.claps[index - 1] + CLOSEST_SEC : 0;
    const high = index + 1 < this.claps.length ? this.claps[index + 1] - CLOSEST_SEC : this.seconds;
    return [Math.min(low, sec), Math.max(high, sec)]; // two that were found closer may stay so
  }

  undo() {
    if (!this.past.length) return;
    this.changes = this.past.pop();
    this.#combine();
  }

  /** Leave what was found; can be undone. */
  reset() {
    this.#change({ own: [], gone: [] });
  }

  #change(changes, further = false) {
    if (!further) this.past.push(this.changes);
    this.changes = changes;
    this.#combine();
  }

  #combine() {
    const touched = [...this.changes.own, ...this.changes.gone].sort((a, b) => a - b);
    const untouched = this.found.filter((sec) => !near(touched, sec, SAME_CLAP_SEC));
    this.claps = [...untouched, ...this.changes.own].sort((a, b) => a - b);
  }
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Index of the first of the ascending `times` that is not before `sec`. */
function firstFrom(times, sec) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < sec) low = middle + 1;
    else high = middle;
  }
  return low;
}

function near(times, sec, reach) {
  return times[firstFrom(times, sec - reach)] <= sec + reach;
}

/** Index of the one of the ascending `times` that is nearest to `sec`; -1 where there is none. */
function nearest(times, sec) {
  const next = firstFrom(times, sec);
  const before = next > 0 && !(times[next] - sec < sec - times[next - 1]);
  return times.length ? next - (before ? 1 : 0) : -1;
}
