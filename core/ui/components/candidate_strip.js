const START = "M8 5.2v13.6a1 1 0 0 0 1.5.86l11-6.8a1 1 0 0 0 0-1.72l-11-6.8A1 1 0 0 0 8 5.2z";
const STOP = "M7 7h10v10H7z";

/** Cards in a grid, one audio element for all of them: only one candidate can sound. */
class CandidateStrip {
  constructor({ parentElement }) {
    this.grid = parentElement.querySelector(".candidates");
    this.status = parentElement.querySelector(".status");
    this.audio = parentElement.querySelector("audio");
    this.sounding = null; // index of the card that plays
    this.listening = new AbortController();
    const { signal } = this.listening;
    for (const type of ["pause", "ended"]) this.audio.addEventListener(type, () => this.#show(null), { signal });
    this.audio.addEventListener("playing", () => this.#follow(), { signal });
    playAlone(this.audio, signal);
  }

  update({ data, setStateValue }) {
    const cards = JSON.stringify(data.cards);
    if (cards !== this.cards) {
      this.cards = cards;
      this.#stop();
      this.grid.replaceChildren(...data.cards.map((card, index) => this.#card(card, index)));
    }
    this.emit = (index) => setStateValue("picked", { index, nonce: newNonce() });
    this.#mark(data.chosen);
  }

  destroy() {
    this.listening.abort();
    this.#stop();
    cancelAnimationFrame(this.frame);
  }

  #card({ svg, label, audio }, index) {
    const card = document.createElement("div");
    card.className = "card";
    card.innerHTML = `
      <button type="button" class="choose"><span class="roll"></span><span class="label"></span></button>
      <button type="button" class="play"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="${START}" /></svg></button>`;
    card.querySelector(".roll").append(drawing(svg));
    card.querySelector(".label").textContent = label;
    card.querySelector(".choose").addEventListener("click", () => this.#choose(index));
    const button = card.querySelector(".play");
    button.ariaLabel = `Play ${label}`;
    button.disabled = !audio;
    button.addEventListener("click", () => (this.sounding === index ? this.#stop() : this.#start(index, audio)));
    return card;
  }

  #choose(index) {
    if (this.chosen === index) return;
    this.#mark(index);
    this.emit(index);
  }

  #mark(chosen) {
    this.chosen = chosen;
    [...this.grid.children].forEach((card, index) => {
      card.classList.toggle("chosen", index === chosen);
      card.querySelector(".choose").ariaPressed = index === chosen;
    });
  }

  #start(index, address) {
    this.audio.src = audioAddress(address);
    this.#show(index);
    this.#say("");
    play(this.audio, () => {
      this.#show(null);
      this.#say("The sound cannot be played here. Reload the page.");
    });
  }

  #stop() {
    this.audio.pause();
    this.#show(null);
  }

  #show(sounding) {
    this.sounding = sounding;
    [...this.grid.children].forEach((card, index) => {
      const plays = index === sounding;
      card.classList.toggle("sounding", plays);
      card.style.setProperty("--done", 0);
      card.querySelector(".play path").setAttribute("d", plays ? STOP : START);
      card.querySelector(".play").ariaLabel = `${plays ? "Stop" : "Play"} ${card.querySelector(".label").textContent}`;
    });
  }

  /** Move the line over the sounding card's drawing. */
  #follow() {
    cancelAnimationFrame(this.frame);
    if (this.sounding === null) return;
    const { currentTime, duration } = this.audio;
    this.grid.children[this.sounding].style.setProperty("--done", duration ? currentTime / duration : 0);
    this.frame = requestAnimationFrame(() => this.#follow());
  }

  #say(message) {
    this.status.textContent = message;
    this.status.classList.toggle("visible", message !== "");
  }
}

export default (component) => mount(component, (first) => new CandidateStrip(first));
