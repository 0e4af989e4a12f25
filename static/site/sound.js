/**
 * Plays the chosen tone for as long as something rings.
 *
 * Browsers let a page make sounds only after somebody has clicked or pressed a key on it, so a sound can be wanted and
 * still be blocked; the page has to say so.
 */

import { samplesOf } from "./tones.js";

export const SOUND = { OFF: "off", BLOCKED: "blocked", READY: "ready", MISSING: "missing" };

export class Sound {
  /** Called when the browser lets the page be heard, or no longer does. */
  onState = () => {};
  #AudioContext;
  #context = null;
  #gain = null;
  #source = null;
  #tone = null;

  constructor(AudioContext = globalThis.AudioContext) {
    this.#AudioContext = AudioContext;
  }

  get state() {
    if (!this.#AudioContext) return SOUND.MISSING;
    if (!this.#context) return SOUND.OFF;
    return this.#context.state === "running" ? SOUND.READY : SOUND.BLOCKED;
  }

  /** Whether somebody could hear the tone now. */
  get isPlaying() {
    return this.#source !== null && this.state === SOUND.READY;
  }

  /** Ask the browser to let this page be heard; it agrees during a click or a key press, and may before. */
  unlock() {
    if (!this.#AudioContext) return;
    if (!this.#context) this.#open();
    if (this.#context.state !== "running") this.#context.resume().catch(() => {});
  }

  #open() {
    this.#context = new this.#AudioContext();
    this.#context.onstatechange = () => this.onState();
    this.#gain = this.#context.createGain();
    this.#gain.connect(this.#context.destination);
  }

  /** Play in a loop, for at most so many seconds from now; called again, go on and end by the new time. */
  ring({ tone, volume, seconds }) {
    if (!this.#context) return;
    if (this.#source && this.#tone !== tone) this.silence();
    this.#gain.gain.value = loudness(volume);
    if (!this.#source) this.#begin(tone);
    if (Number.isFinite(seconds)) this.#source.stop(this.#context.currentTime + Math.max(0, seconds));
  }

  /** Play one period, to be tried out or to warn; nothing while it rings. */
  once({ tone, volume }) {
    this.unlock();
    if (!this.#context || this.#source) return;
    this.#gain.gain.value = loudness(volume);
    const source = this.#sourceOf(tone);
    source.loop = false;
    source.start();
  }

  silence() {
    const source = this.#source;
    this.#source = null;
    source?.stop();
  }

  #begin(tone) {
    const source = this.#sourceOf(tone);
    source.loop = true;
    source.onended = () => {
      if (this.#source === source) this.#source = null;
    };
    source.start();
    this.#source = source;
    this.#tone = tone;
  }

  #sourceOf(tone) {
    const samples = samplesOf(tone, this.#context.sampleRate);
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#gain);
    return source;
  }
}

/** Ears hear steps of loudness, not of amplitude: half of 100 should sound half as loud. */
function loudness(volume) {
  return (Math.min(100, Math.max(0, volume)) / 100) ** 2;
}
