import assert from "node:assert/strict";
import { test } from "node:test";

import { samplesOf, TONES } from "../../../static/site/tones.js";

const RATE = 8000;
const peakOf = (samples) => Math.max(...samples.map(Math.abs));
const crossings = (samples) => samples.filter((sample, index) => index && sample * samples[index - 1] < 0).length;

test("each tone can be heard, is not clipped, and begins and ends silent, so that a loop does not click", () => {
  for (const tone of TONES) {
    const samples = samplesOf(tone, RATE);
    assert.ok(peakOf(samples) > 0.85 && peakOf(samples) < 1, tone);
    assert.ok(Math.abs(samples[0]) < 0.01 && Math.abs(samples.at(-1)) < 0.01, tone);
  }
});

test("a tone leaves a pause before it comes again", () => {
  for (const tone of TONES) assert.ok(peakOf(samplesOf(tone, RATE).slice(-RATE / 4)) < 0.1, tone);
});

test("the tones can be told apart: ping is the highest, low the lowest", () => {
  const [bell, ping, low] = ["bell", "ping", "low"].map((tone) => crossings(samplesOf(tone, RATE).slice(0, RATE / 5)));
  assert.ok(low < bell && bell < ping, `${low} ${bell} ${ping}`);
});

test("a name nobody knows is the bell", () => {
  assert.deepEqual(samplesOf("gong", RATE), samplesOf("bell", RATE));
});
