/**
 * Plays the chosen tone while something rings.
 *
 * Browsers allow sound only after a click or key press on the page. Until then it is blocked, and the page says so.
 */

import { samplesOf } from "./tones.js";

export const SOUND = { OFF: "off", BLOCKED: "blocked", READY: "ready", MISSING: "missing" };

export class Sound {
  /** Called when the browser allows or blocks the sound. */
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

  /** Whether the tone can be heard. */
  get isPlaying() {
    return this.#source !== null && this.state === SOUND.READY;
  }

  /** Ask the browser to allow sound; it does so during a click or key press. */
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

  /** Play in a loop for at most `seconds` from now; another call continues the loop with the new end. */
  ring({ tone, volume, seconds }) {
    if (!this.#context) return;
    if (this.#source && this.#tone !== tone) this.silence();
    this.#gain.gain.value = loudness(volume);
    if (!this.#source) this.#begin(tone);
    if (Number.isFinite(seconds)) this.#source.stop(this.#context.currentTime + Math.max(0, seconds));
  }

  /** Play one period, as a test or warning; nothing while the loop plays. */
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

/** Perceived loudness is not linear in amplitude; the square makes 50 sound half as loud as 100. */
function loudness(volume) {
  return (Math.min(100, Math.max(0, volume)) / 100) ** 2;
}
