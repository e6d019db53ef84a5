// Notes whether the server has said anything since the page last asked it something.
{
  const send = WebSocket.prototype.send;
  const watched = new WeakSet();
  WebSocket.prototype.send = function (data) {
    if (!watched.has(this)) {
      watched.add(this);
      this.addEventListener("message", () => (window.answered = true));
    }
    window.answered = false;
    send.call(this, data);
  };
}
