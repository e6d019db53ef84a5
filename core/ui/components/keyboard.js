const OCTAVE = 12;
const NUM_KEYS = 25;
const FEW_KEYS = 13; // as many are shown where there is little room
const BLACK = new Set([1, 3, 6, 8, 10]);
const LETTERS = ["A", "W", "S", "E", "D", "F", "T", "G", "Y", "H", "U", "J", "K", "O", "L", "P", ";", "'"];
const CODES = [..."AWSEDFTGYHUJKOLP"].map((letter) => `Key${letter}`).concat("Semicolon", "Quote");

/** The drawn keys of a piano, two octaves from a C. */
class Keyboard {
  constructor(root, lowest, highest) {
    Object.assign(this, { root, lowest, highest, start: 60 });
    root.replaceChildren(...Array.from({ length: NUM_KEYS }, (_, offset) => this.#key(offset)));
    this.move(0);
  }

  #key(offset) {
    const black = BLACK.has(offset % OCTAVE);
    const key = Object.assign(document.createElement("div"), { className: `key ${black ? "black" : "white"}` });
    key.setAttribute("role", "button");
    key.classList.toggle("far", offset >= FEW_KEYS);
    if (black) key.style.setProperty("--place", whitesBelow(offset));
    key.append(...["name", "letter"].map((className) => Object.assign(document.createElement("span"), { className })));
    key.children[1].textContent = LETTERS[offset] ?? "";
    return key;
  }

  /** Another octave, as far as some of its keys can be played. */
  move(octaves) {
    const start = this.start + OCTAVE * octaves;
    if (start + OCTAVE <= this.lowest || start > this.highest - OCTAVE) return;
    this.start = start;
    [...this.root.children].forEach((key, offset) => {
      const pitch = start + offset;
      key.dataset.pitch = pitch;
      key.setAttribute("aria-label", noteName(pitch));
      key.setAttribute("aria-disabled", !this.has(pitch));
      key.children[0].textContent = pitch % OCTAVE === 0 ? noteName(pitch) : "";
    });
  }

  has(pitch) {
    return this.lowest <= pitch && pitch <= this.highest;
  }

  /** The pitch of the key that an element belongs to, of a letter on the computer's keyboard; null for none. */
  pitchAt(element) {
    const key = element.closest?.(".key");
    return key ? this.#playable(Number(key.dataset.pitch)) : null;
  }

  pitchOf(code) {
    const offset = CODES.indexOf(code);
    return offset < 0 ? null : this.#playable(this.start + offset);
  }

  #playable(pitch) {
    return this.has(pitch) ? pitch : null;
  }

  show(pitches) {
    for (const key of this.root.children) key.classList.toggle("held", pitches.has(Number(key.dataset.pitch)));
  }
}

const whitesBelow = (offset) => Array.from({ length: offset }, (_, below) => below).filter((below) => !BLACK.has(below % OCTAVE)).length;
