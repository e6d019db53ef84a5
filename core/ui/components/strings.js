const ATTACK_SEC = 0.006;
const DECAY_SEC = 1.6; // to about a third, as a struck string does
const RELEASE_SEC = 0.09;
const PARTIALS = new Float32Array([0, 1, 0.45, 0.22, 0.12, 0.05, 0.03]);
const LOUDNESS_OF_A_STRING = 0.28;

/** What sounds while a key is down. */
class Strings {
  sounding = new Map(); // source -> {tone, envelope}
  context = null;

  /** To be called from a press, or the browser keeps silent. */
  strike(source, pitch) {
    this.damp(source);
    this.context ??= new AudioContext({ latencyHint: "interactive" });
    this.context.resume().catch(() => {}); // no sound: the keys play on without
    this.wave ??= this.context.createPeriodicWave(new Float32Array(PARTIALS.length), PARTIALS);
    const now = this.context.currentTime;
    const tone = new OscillatorNode(this.context, { frequency: 440 * 2 ** ((pitch - 69) / 12), type: "custom", periodicWave: this.wave });
    const envelope = new GainNode(this.context, { gain: 0 });
    envelope.gain.linearRampToValueAtTime(LOUDNESS_OF_A_STRING, now + ATTACK_SEC);
    envelope.gain.setTargetAtTime(0, now + ATTACK_SEC, DECAY_SEC);
    tone.connect(envelope).connect(this.context.destination);
    tone.start(now);
    this.sounding.set(source, { tone, envelope });
  }

  damp(source) {
    const string = this.sounding.get(source);
    if (!string) return;
    const now = this.context.currentTime;
    string.envelope.gain.cancelAndHoldAtTime?.(now);
    string.envelope.gain.setTargetAtTime(0, now, RELEASE_SEC / 3);
    string.tone.stop(now + 2 * RELEASE_SEC);
    this.sounding.delete(source);
  }

  dampAll() {
    for (const source of [...this.sounding.keys()]) this.damp(source);
  }

  close() {
    this.sounding.clear();
    this.context?.close();
    this.context = null;
    this.wave = null;
  }
}
