// Runs in a Web Worker, after the text of engine.js: the page's main thread never computes waves.
// A message {id, call, values} is answered by {id, result} or {id, error}. Results travel as transferred buffers.
"use strict";

const starting = createEngine({print: () => {}, printErr: () => {}});
let engine = null;
const kept = new Map();    // name -> {address, bytes}: memory of the engine that is used again by each call
const opened = new Set();  // machines whose weights were read
let noProgressBefore = 0;

/** The address of at least `bytes` bytes, the same memory at each call with this name. */
function room(name, bytes) {
  const old = kept.get(name);
  if (old && old.bytes >= bytes) return old.address;
  if (old) engine._free(old.address);
  const address = engine._malloc(bytes);
  if (!address) throw new Error("There is not enough memory for this.");
  kept.set(name, {address, bytes});
  return address;
}

/** Turns the engine's -1 into an exception with its sentence. */
function checked(code) {
  if (code < 0) throw new Error(engine.UTF8ToString(engine._nwm_error()) || "The engine failed.");
  return code;
}

// Memory may have grown during a call, so that views are made anew each time. slice() copies out of it.
const floats = (address, n) => engine.HEAPF32.slice(address >> 2, (address >> 2) + n);
const bytes = (address, n) => engine.HEAPU8.slice(address, address + n);
const doubles = (address, n) => engine.HEAPF64.slice(address >> 3, (address >> 3) + n);

/** For each channel of (T, C, H, W) the displacement that gets the full colour: 2.5 root mean squares. */
function scales(series, steps, channels, pixels) {
  const sum = new Float64Array(channels), seen = new Float64Array(channels);
  for (let t = 0; t < steps; ++t)
    for (let c = 0; c < channels; ++c)
      for (let i = (t * channels + c) * pixels, end = i + pixels; i < end; i += 5) {
        sum[c] += series[i] * series[i];
        ++seen[c];
      }
  return Float32Array.from(sum, (s, c) => 2.5 * Math.sqrt(s / seen[c]) || 1);
}

const sizeNames = ["height", "width", "imageChannels", "oscillators", "steps", "classes", "bins"];

const calls = {
  segmentOpen({machine, name, weights}) {
    if (!opened.has(machine)) {
      const text = atob(weights.trim());
      const content = Uint8Array.from(text, (c) => c.charCodeAt(0));
      const path = "/" + name + ".safetensors";
      engine.FS.writeFile(path, content);
      // The string goes into the engine's memory by hand: paths are plain ASCII.
      const at = room("path", path.length + 1);
      for (let i = 0; i < path.length; ++i) engine.HEAPU8[at + i] = path.charCodeAt(i);
      engine.HEAPU8[at + path.length] = 0;
      checked(engine._segment_open(machine, at));
      opened.add(machine);
    }
    const sizes = {};
    sizeNames.forEach((key, what) => (sizes[key] = checked(engine._segment_size(machine, what))));
    sizes.dt = engine._segment_dt(machine);
    return sizes;
  },

  segmentRun({machine, sizes, image}) {
    const {height, width, oscillators, steps} = sizes, pixels = height * width;
    const n = steps * oscillators * pixels;
    const at = room("image", 4 * image.length), out = room("series", 4 * n);
    const labels = room("labels", pixels);
    engine.HEAPF32.set(image, at >> 2);
    const began = performance.now();
    checked(engine._segment_run(machine, at, out));
    checked(engine._segment_labels(machine, steps, labels));
    const milliseconds = performance.now() - began;
    const series = floats(out, n);
    return {series, labels: bytes(labels, pixels), scale: scales(series, steps, oscillators, pixels), milliseconds};
  },

  segmentLabels({machine, sizes, steps}) {
    const pixels = sizes.height * sizes.width, at = room("labels", pixels);
    checked(engine._segment_labels(machine, steps, at));
    return {labels: bytes(at, pixels)};
  },

  segmentSpectrum({machine, sizes, row, column, channel}) {
    const at = room("spectrum", 4 * sizes.bins);
    checked(engine._segment_spectrum(machine, row, column, channel, at));
    return {amplitudes: floats(at, sizes.bins)};
  },

  segmentSound({machine, row, column, rate, samples}) {
    const at = room("sound", 4 * samples);
    checked(engine._segment_sound(machine, row, column, rate, samples, at));
    return {sound: floats(at, samples)};
  },

  segmentExample({machine, sizes, seed}) {
    const pixels = sizes.height * sizes.width, n = sizes.imageChannels * pixels;
    const at = room("image", 4 * n), mask = room("mask", pixels);
    checked(engine._segment_example(machine, seed, at, mask));
    return {image: floats(at, n), mask: bytes(mask, pixels)};
  },

  drumSide() {
    return {side: checked(engine._drum_side())};
  },

  drumShape({kind, side}) {
    const at = room("mask", side * side);
    checked(engine._drum_shape(kind, at));
    return {mask: bytes(at, side * side)};
  },

  drumMake({slot, mask}) {
    const at = room("mask", mask.length);
    engine.HEAPU8.set(mask, at);
    checked(engine._drum_make(slot, at));
    return {};
  },

  drumStrike({slot, row, column}) {
    checked(engine._drum_strike(slot, row, column));
    return {};
  },

  drumAdvance({slots, steps, side}) {
    const at = room("u", 4 * side * side);
    return {fields: slots.map((slot) => {
      checked(engine._drum_advance(slot, steps, at));
      return floats(at, side * side);
    })};
  },

  drumRest({slot}) {
    checked(engine._drum_rest(slot));
    return {};
  },

  drumListen({slot, row, column, earRow, earColumn, rate, samples}) {
    const at = room("sound", 4 * samples);
    checked(engine._drum_listen(slot, row, column, earRow, earColumn, rate, samples, at));
    return {sound: floats(at, samples)};
  },

  drumHear({slot, kind}) {
    const at = room("out", 8 * 16);
    checked(engine._drum_hear(slot, kind, at));
    const o = doubles(at, 9);
    return {sites: o[0], areaHeard: o[1], share: o[2], longHeard: o[3], shortHeard: o[4], longTrue: o[5],
            shortTrue: o[6], tone: o[7], outlineArea: o[8]};
  },

  learnSizes() {
    const sizes = {};
    [...sizeNames, "epochs", "trainingImages", "testImages"].forEach((key, what) => {
      sizes[key] = checked(engine._learn_size(what));
    });
    return sizes;
  },

  learnStart({seed}) {
    checked(engine._learn_start(seed));
    return {};
  },

  learnEpoch() {
    const at = room("out", 8 * 16);
    // Messages leave the worker while it trains. Ten a second are enough for a progress bar.
    engine.onProgress = (step, steps, loss) => {
      const now = performance.now();
      if (now < noProgressBefore && step < steps) return;
      noProgressBefore = now + 100;
      postMessage({event: "progress", step, steps, loss});
    };
    checked(engine._learn_epoch(at));
    const o = doubles(at, 5);
    return {epoch: o[0], loss: o[1], validation: o[2], iou: o[3], seconds: o[4]};
  },

  learnShow({index, sizes}) {
    const {height, width, imageChannels, oscillators, steps} = sizes, pixels = height * width;
    const n = steps * oscillators * pixels;
    const image = room("image", 4 * imageChannels * pixels), mask = room("mask", pixels);
    const labels = room("labels", pixels), out = room("series", 4 * n);
    checked(engine._learn_show(index, image, mask, labels, out));
    const series = floats(out, n);
    return {image: floats(image, imageChannels * pixels), mask: bytes(mask, pixels), labels: bytes(labels, pixels),
            series, scale: scales(series, steps, oscillators, pixels)};
  },
};

/** The buffers of a result, arrays of arrays included, which are handed over rather than copied. */
function buffersOf(value) {
  if (ArrayBuffer.isView(value)) return [value.buffer];
  return value && typeof value === "object" ? Object.values(value).flatMap(buffersOf) : [];
}

/** A sentence for whatever was thrown: an uncaught C++ exception arrives as a number. */
function sentence(thrown) {
  if (typeof thrown === "number") return "The engine stopped with an exception of its own (" + thrown + ").";
  return String((thrown && thrown.message) || thrown);
}

onmessage = async ({data: {id, call, values}}) => {
  try {
    engine = await starting;
    const result = calls[call](values || {});
    postMessage({id, result}, buffersOf(result));
  } catch (thrown) {
    postMessage({id, error: sentence(thrown)});
  }
};
