const PLAY = "M8 5.2v13.6a1 1 0 0 0 1.5.86l11-6.8a1 1 0 0 0 0-1.72l-11-6.8A1 1 0 0 0 8 5.2z";
const PAUSE = "M7 5h3.4v14H7zM13.6 5H17v14h-3.4z";

function minutes(sec) {
  const whole = Math.floor(Number.isFinite(sec) ? sec : 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Play button, seek bar and time around an <audio> element; tells `onFrame` the position while it plays. */
class Player {
  constructor(section, { onFrame, onStop, onFailure, signal }) {
    const find = (selector) => section.querySelector(selector);
    Object.assign(this, { audio: find("audio"), button: find(".play"), seekBar: find(".seek"), time: find(".time") });
    Object.assign(this, { onFrame, onFailure });
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal });
    on(this.button, "click", () => this.toggle());
    on(this.seekBar, "input", () => this.seek(Number(this.seekBar.value)));
    for (const type of ["play", "pause", "seeked", "loadedmetadata", "durationchange"])
      on(this.audio, type, () => this.draw());
    on(this.audio, "play", () => this.#follow());
    on(this.audio, "ended", onStop);
    on(this.audio, "error", () => onFailure(this.audio.error));
    playAlone(this.audio, signal);
    this.draw();
  }

  /** Take other audio, stopped at `position` seconds; the same address changes nothing. */
  load(address, position) {
    if (address === this.address) return;
    this.address = address;
    this.audio.pause();
    if (address) this.audio.src = audioAddress(address);
    else this.audio.removeAttribute("src");
    this.seek(position);
  }

  toggle() {
    if (this.audio.paused) play(this.audio, this.onFailure);
    else this.audio.pause();
  }

  seek(position) {
    this.audio.currentTime = position;
    this.draw();
  }

  draw() {
    const { currentTime, paused } = this.audio;
    const duration = Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
    this.button.disabled = !this.address;
    this.button.ariaLabel = paused ? "Play" : "Pause";
    this.button.querySelector("path").setAttribute("d", paused ? PLAY : PAUSE);
    this.seekBar.max = duration || 1;
    this.seekBar.value = currentTime;
    this.seekBar.style.setProperty("--done", duration ? currentTime / duration : 0);
    this.seekBar.setAttribute("aria-valuetext", `${minutes(currentTime)} of ${minutes(duration)}`);
    this.time.textContent = `${minutes(currentTime)} / ${minutes(duration)}`;
  }

  #follow() {
    cancelAnimationFrame(this.frame);
    this.onFrame(this.audio.currentTime);
    this.draw();
    if (!this.audio.paused) this.frame = requestAnimationFrame(() => this.#follow());
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.audio.pause(); // an audio element that has left the page would play on
  }
}
