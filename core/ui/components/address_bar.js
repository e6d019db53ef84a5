export default function ({ data }) {
  const address = new URL(window.location.href);
  address.search = data.query;
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}
