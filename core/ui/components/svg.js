const DRAWING = new Set(
  "svg g defs symbol use path rect line polygon polyline ellipse circle text tspan title desc style".split(" "),
);

/**
 * The drawing in a string, as an element with nothing in it that could run or fetch: only shapes and text, no
 * handlers, and no reference that leaves the drawing.
 */
function drawing(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.nodeName !== "svg") throw new Error("not an SVG drawing");
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
