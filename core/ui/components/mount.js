/**
 * One controller for each component on the page.
 *
 * Streamlit calls a module's default function again whenever the data or the theme changes, and may call the clean-up
 * of a superseded call after its successor. So we build once, update ever after, and take down only what has left the page.
 *
 * @param component what Streamlit hands to the module's default function
 * @param build makes the controller, an object with update(component) and destroy()
 */
const controllers = new WeakMap();

function mount(component, build) {
  const { parentElement } = component;
  if (!controllers.has(parentElement)) controllers.set(parentElement, build(component));
  controllers.get(parentElement).update(component);
  return () => {
    if (parentElement.isConnected) return;
    controllers.get(parentElement)?.destroy();
    controllers.delete(parentElement);
  };
}

/** Unlike any other, so that Python can tell a value that it has seen from a new one. */
function newNonce() {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}
