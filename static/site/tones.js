/**
 * The tones, computed as samples, so that no sound file has to be loaded.
 *
 * A tone is one period of a loop with its silence: a looping buffer plays on in a hidden tab, where timers are throttled.
 */

const TAU = 2 * Math.PI;
const PERIOD = 2.4; // seconds

/** The strokes of each tone: start and fade in seconds, partials as [hertz, strength]. */
const STROKES = {
  bell: [
    { at: 0, fade: 0.45, partials: [[880, 1], [2429, 0.45], [4752, 0.15]] },
    { at: 0.32, fade: 0.6, partials: [[698, 1], [1927, 0.45], [3770, 0.15]] },
  ],
  ping: [
    { at: 0, fade: 0.12, partials: [[1318, 1], [2636, 0.3]] },
    { at: 0.22, fade: 0.2, partials: [[1760, 1], [3520, 0.3]] },
  ],
  low: [
    { at: 0, fade: 0.5, partials: [[196, 1], [392, 0.6], [588, 0.3]] },
    { at: 0.5, fade: 0.7, partials: [[147, 1], [294, 0.6], [441, 0.3]] },
  ],
};
const ATTACK = 0.008; // seconds; a stroke that begins at once would click
const LOUDEST = 0.9;

export const TONES = Object.keys(STROKES);

/** Return one period of a tone as samples between -1 and 1; the bell for an unknown name. */
export function samplesOf(tone, rate) {
  const samples = new Float32Array(Math.round(PERIOD * rate));
  for (const stroke of STROKES[tone] ?? STROKES.bell) addStroke(samples, stroke, rate);
  const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
  return samples.map((sample) => (sample / peak) * LOUDEST);
}

function addStroke(samples, { at, fade, partials }, rate) {
  const first = Math.round(at * rate);
  for (let index = first; index < samples.length; index += 1) {
    const time = (index - first) / rate;
    const envelope = Math.min(1, time / ATTACK) * Math.exp(-time / fade) * tail(index, samples.length, rate);
    for (const [hertz, strength] of partials) samples[index] += envelope * strength * Math.sin(TAU * hertz * time);
  }
}

/** Fade out over the last 0.1 s, so that the loop does not click. */
function tail(index, length, rate) {
  return Math.min(1, (length - 1 - index) / (0.1 * rate));
}
