const FRAME = 'iframe[title^="streamlit_webrtc"]';
const THEIRS = ".MuiAlert-root";

/** Says in the page what the frame of streamlit-webrtc would say in its own words, which are hidden there. */
class MicrophoneNotice {
  constructor({ parentElement }) {
    this.notice = parentElement.querySelector(".notice");
    this.observer = new MutationObserver(() => this.#tell());
    this.entered = () => this.#enter();
  }

  update({ data }) {
    this.words = data.words;
    const frame = document.querySelector(FRAME);
    if (frame === this.frame) return;
    this.destroy();
    this.frame = frame;
    frame?.addEventListener("load", this.entered);
    this.#enter();
  }

  destroy() {
    this.observer.disconnect();
    this.frame?.removeEventListener("load", this.entered);
  }

  /** Before the frame has anything to say, so that it never makes room for it. */
  #enter() {
    const inside = this.frame?.contentDocument; // it has our origin
    if (!inside?.body) return;
    const style = inside.createElement("style");
    style.textContent = `${THEIRS} { display: none !important; }`;
    inside.head.append(style);
    this.observer.disconnect();
    this.observer.observe(inside.body, { childList: true, subtree: true, characterData: true });
    this.#tell();
  }

  /** An exception reads "NotAllowedError: Permission denied"; the one other notice is that connecting takes long. */
  #tell() {
    const said = this.frame.contentDocument.querySelector(THEIRS)?.textContent ?? "";
    const error = said.match(/^(\w+): /)?.[1];
    const text = error ? (this.words[error] ?? this.words.Error) : said && this.words.slow;
    if (text !== this.notice.textContent) this.notice.textContent = text;
    this.notice.hidden = !text;
  }
}

export default (component) => mount(component, (first) => new MicrophoneNotice(first));
