const SECOND_PX = 110; // width of a second of the scrolling line
const NOW_AT = 0.9; // where the present stands, from the left
const FLOOR_DB = -60; // the left end of the meter
const CALLS = { waiting: "Get ready …", clapping: "", full: "That is all: press Done", silent: "Nothing is heard" };

class LiveLine {
  constructor({ parentElement }) {
    const find = (selector) => parentElement.querySelector(selector);
    Object.assign(this, { lane: find(".lane"), strip: find(".strip"), call: find(".call"), status: find(".status") });
    Object.assign(this, { count: find(".count"), unit: find(".unit"), clock: find(".clock"), meter: find(".meter") });
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.dots = new Map(); // number of a clap -> its dot
  }

  update({ data }) {
    if (this.take !== data.take) this.dots.clear(), this.strip.replaceChildren();
    Object.assign(this, { take: data.take, data, heardAt: performance.now() });
    for (const [number, sec] of data.claps) if (!this.dots.has(number)) this.dots.set(number, this.#dot(sec));
    for (const [number, dot] of this.dots)
      if (number < (data.claps[0]?.[0] ?? 0)) dot.remove(), this.dots.delete(number);
    this.#call(data.state === "counting" ? String(data.countIn) : CALLS[data.state]);
    this.count.textContent = data.numClaps;
    this.unit.textContent = data.numClaps === 1 ? "clap" : "claps";
    this.clock.textContent = `${Math.max(data.seconds, 0).toFixed(1)} s`;
    this.meter.ariaValueNow = data.level;
    this.meter.ariaValueText = `${data.level} decibels`;
    this.meter.style.setProperty("--level", Math.min(Math.max(1 - data.level / FLOOR_DB, 0), 1));
    this.meter.classList.toggle("clipped", data.level > -0.5);
    this.#scroll();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }

  #dot(sec) {
    const dot = this.strip.appendChild(Object.assign(document.createElement("div"), { className: "dot" }));
    dot.dataset.sec = sec;
    dot.style.left = `${sec * SECOND_PX}px`;
    return dot;
  }

  #call(text) {
    const said = this.data.state === "clapping" && this.call.textContent ? "Clap!" : text;
    if (text !== this.call.textContent) this.status.textContent = said;
    this.call.textContent = text;
  }

  /** Let the line run on between two messages, unless the user wants things to stand still. */
  #scroll() {
    cancelAnimationFrame(this.frame);
    const runs = this.data.state === "clapping" && !this.still.matches;
    const since = runs ? Math.min((performance.now() - this.heardAt) / 1000, 0.5) : 0;
    const present = this.lane.clientWidth * NOW_AT;
    const shift = Math.min(0, present - Math.max(this.data.seconds + since, 0) * SECOND_PX);
    this.lane.style.backgroundPositionX = `${shift}px`;
    this.strip.style.transform = `translateX(${shift}px)`;
    this.lane.style.setProperty("--now", `${Math.max(this.data.seconds + since, 0) * SECOND_PX + shift}px`);
    if (runs) this.frame = requestAnimationFrame(() => this.#scroll());
  }
}

export default (component) => mount(component, (first) => new LiveLine(first));
