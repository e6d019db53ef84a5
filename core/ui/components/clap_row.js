/** The claps on the line: one of them is current, the one that keys go to and the Tab key stops at. */
class ClapRow {
  current = 0;

  constructor(row, signal) {
    this.row = row;
    row.addEventListener("focusin", (event) => this.#makeCurrent([...row.children].indexOf(event.target)), { signal });
  }

  draw(edits) {
    const { children } = this.row;
    while (children.length > edits.claps.length) this.row.lastChild.remove();
    while (children.length < edits.claps.length) this.row.append(newClap());
    this.current = clamp(this.current, 0, Math.max(edits.claps.length - 1, 0));
    edits.claps.forEach((sec, index) => this.#draw(children[index], sec, index, edits));
  }

  focus(index) {
    this.row.children[clamp(index, 0, this.row.children.length - 1)].focus({ preventScroll: true });
  }

  #makeCurrent(index) {
    this.row.children[this.current]?.setAttribute("tabindex", -1);
    this.current = index;
    this.row.children[index].tabIndex = 0;
  }

  #draw(clap, sec, index, edits) {
    const [low, high] = edits.range(index);
    clap.style.setProperty("--at", sec);
    clap.classList.toggle("own", edits.isOwn(sec));
    clap.tabIndex = index === this.current ? 0 : -1;
    clap.ariaLabel = `Clap ${index + 1} of ${edits.claps.length}`;
    clap.ariaValueNow = sec.toFixed(3);
    clap.ariaValueMin = low.toFixed(3);
    clap.ariaValueMax = high.toFixed(3);
    clap.ariaValueText = `${sec.toFixed(3)} s`;
  }
}

function newClap() {
  const clap = document.createElement("div");
  clap.className = "clap";
  clap.setAttribute("role", "slider");
  return clap;
}
