/** Full address of a file that the app's own server holds, whatever path the app is served under. */
function audioAddress(address) {
  if (!address.startsWith("media/")) return address;
  const script = document.querySelector('script[src*="static/js/"]');
  const root = script ? script.src.split("static/js/")[0] : `${location.origin}/`;
  return root + address;
}

const PLAYS = "tunesmith-plays";

/** Keep players from sounding together: when one starts, all others on the page pause. */
function playAlone(audio, signal) {
  audio.addEventListener("play", () => window.dispatchEvent(new CustomEvent(PLAYS, { detail: audio })), { signal });
  window.addEventListener(PLAYS, (event) => event.detail === audio || audio.pause(), { signal });
}

/** Start to play; a source that went away or a browser that refuses is not an exception of ours. */
function play(audio, onFailure) {
  audio.play().catch((error) => error.name === "AbortError" || onFailure(error));
}
