const NOTE_NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const noteName = (pitch) => `${NOTE_NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;

/** Note values by their names: in sixteenths, and the same dotted where that is on the grid. */
const VALUES = {
  "1/16": { plain: 1 },
  "1/8": { plain: 2, dotted: 3 },
  "1/4": { plain: 4, dotted: 6 },
  "1/2": { plain: 8, dotted: 12 },
  "1/1": { plain: 16, dotted: 24 },
};
const LENGTHS = { 1: "/4", 2: "/2", 3: "*3/4", 4: "", 6: "*3/2", 8: "*2", 12: "*3", 16: "*4", 24: "*6" };

/**
 * A melody that is put together note by note, each with the value that is chosen at the time.
 *
 * Knows nothing of the page, so it outlives the elements that show it.
 */
class Melody {
  notes = []; // {pitch, sixteenths}; a rest has no pitch
  value = "1/4";
  dotted = false;
  sent = false;

  get sixteenths() {
    const { plain, dotted } = VALUES[this.value];
    return this.dotted && dotted ? dotted : plain;
  }

  get text() {
    return this.notes.map(({ pitch, sixteenths }) => (pitch === null ? "r" : noteName(pitch)) + LENGTHS[sixteenths]).join(" ");
  }

  get count() {
    return this.notes.filter(({ pitch }) => pitch !== null).length;
  }

  add(pitch) {
    if (this.sent) this.clear();
    this.notes.push({ pitch, sixteenths: this.sixteenths });
  }

  undo() {
    this.notes.pop();
    this.sent = false;
  }

  clear() {
    Object.assign(this, { notes: [], sent: false });
  }
}
