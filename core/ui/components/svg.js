const DRAWING = new Set(
  "svg g defs symbol use path rect line polygon polyline ellipse circle text tspan title desc style".split(" "),
);

/**
 * The drawing in a string, as an element with nothing in it that could run or fetch: only shapes and text, no
 * handlers, and no reference that leaves the drawing.
 */
function drawing(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.nodeName !== "svg") return failure();
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (!DRAWING.has(element.nodeName)) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const leaves = /^(xlink:)?href$/.test(name) && !value.trim().startsWith("#");
      if (/^on/i.test(name) || leaves) element.removeAttribute(name);
    }
    if (element.nodeName === "style" && /@import|url\(/i.test(element.textContent)) element.remove();
  }
  return document.importNode(root, true);
}

/** What stands in the place of a drawing that is none. */
function failure() {
  const sentence = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sentence.setAttribute("viewBox", "0 0 480 40");
  sentence.innerHTML = '<text x="0" y="25" font-size="16">This drawing cannot be shown; reload the page.</text>';
  return sentence;
}
