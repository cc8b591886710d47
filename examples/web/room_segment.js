// Segment: draw, and see the wave and what each pixel says.
"use strict";

const machines = [
  {name: "polygons", title: "Polygons", classes: polygonNames},
  {name: "tetrominoes", title: "Tetrominoes", classes: ["background", "I", "O", "T", "S", "J"]},
  {name: "digits", title: "Digits", classes: ["background", ..."0123456789"]},
];
const brightColours = [[1, 1, 1], [1, 0.35, 0.3], [1, 0.85, 0.25], [0.35, 0.9, 0.45], [0.3, 0.75, 1], [0.75, 0.5, 1]];
const greys = [[1, 1, 1], [0.75, 0.75, 0.75], [0.5, 0.5, 0.5]];
// Cells (row, column) of the five pieces, as the training pictures have them.
const pieces = {
  I: [[0, 0], [0, 1], [0, 2], [0, 3]], O: [[0, 0], [0, 1], [1, 0], [1, 1]], T: [[0, 0], [0, 1], [0, 2], [1, 1]],
  S: [[0, 1], [0, 2], [1, 0], [1, 1]], J: [[0, 0], [1, 0], [1, 1], [1, 2]],
};
const pieceCell = 7, polygonRadius = 0.22;

/** The piece turned clockwise by `turns` quarters. */
function turned(cells, turns) {
  for (let i = 0; i < turns; ++i) {
    const rows = 1 + Math.max(...cells.map(([r]) => r));
    cells = cells.map(([r, c]) => [c, rows - 1 - r]);
  }
  return cells;
}

/** The corners (x, y) of a regular polygon with a vertex up. */
const corners = (sides, radius, x, y) =>
  Array.from({length: sides}, (_, i) => [x + radius * Math.sin((2 * Math.PI * i) / sides), y - radius * Math.cos((2 * Math.PI * i) / sides)]);

/** Whether a point lies in a convex polygon whose corners go clockwise. */
const inside = (points, x, y) => points.every(([x0, y0], i) => {
  const [x1, y1] = points[(i + 1) % points.length];
  return (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0;
});

class SegmentRoom {
  constructor() {
    Object.assign(this, {machine: 0, sizes: null, image: null, mask: null, run: null, running: null, dirty: false, runs: 0,
                         tool: "brush", stamp: 0, turns: 0, colour: 0, channel: 0, seed: 0, askingLabels: false,
                         askingPixel: false, pixel: null, chosen: false, lastPoint: null});
    this.draw = new Field($("segment-draw"), {
      name: "Your drawing. Arrow keys move the cursor, space paints or stamps.",
      paint: (row, column, first) => this.stroke(row, column, first), hover: (row, column) => this.look(row, column),
    });
    const looked = {hover: (row, column) => this.look(row, column), pick: told((row, column) => this.hear(row, column))};
    this.wave = new Field($("segment-wave"), {name: "The wave. Arrow keys choose a pixel, Enter plays its sound.", ...looked});
    this.said = new Field($("segment-labels"), {name: "What each pixel says. Arrow keys choose a pixel, Enter plays its sound.", ...looked});
    this.player = new Player($("segment-player"), (step) => this.showStep(step));
    this.player.visible = () => shown === "segment";
    this.markMachine = choices($("machines"), machines.map((m) => m.title), told((i) => this.choose(i)));
    $("segment-clear").onclick = () => this.sizes && this.setImage(new Float32Array(this.image.length)).catch(() => {});
    $("segment-example").onclick = told(() => this.sizes && this.example(++this.seed));
    $("segment-erase-half").onclick = () => this.eraseHalf();
    $("segment-channel").onchange = () => {
      this.channel = Number($("segment-channel").value);
      $("segment-all").checked = false;
      this.showStep(this.player.step);
      this.askPixel();
    };
    $("segment-all").onchange = () => this.showStep(this.player.step);
    $("segment-hear").onclick = told(() => this.pixel ? this.hear(...this.pixel) : this.hear(this.wave.row, this.wave.column));
    redraws.push(() => this.redraw());
  }

  async enter() {
    this.engine = new Engine();
    await this.choose(this.machine);
  }

  ask(name, values = {}) {
    return this.engine.call(name, {machine: this.machine, sizes: this.sizes, ...values});
  }

  /** Opens a machine: 0 polygons, 1 tetrominoes, 2 digits. Shows an example where the engine draws some. */
  async choose(machine) {
    const {name, title, classes} = machines[machine];
    $("segment-status").textContent = `Loading ${title.toLowerCase()} …`;
    const weights = $("weights-" + name);
    if (!weights) throw new Error(`This page holds no weights for ${title.toLowerCase()}.`);
    const before = {machine: this.machine, sizes: this.sizes, run: this.run};
    this.markMachine(machine);
    // Until the new machine is open there is nothing to draw on, run or point at.
    Object.assign(this, {machine, sizes: null, run: null, dirty: false});
    this.choosing = (async () => {
      const sizes = await this.engine.call("segmentOpen", {machine, name, weights: weights.textContent});
      if (this.machine !== machine) return;  // another one was chosen meanwhile
      this.sizes = sizes;
      this.pixel = this.mask = this.shownLabels = this.amplitudes = null;
      this.chosen = false;
      this.image = new Float32Array(sizes.imageChannels * sizes.height * sizes.width);
      for (const field of [this.draw, this.wave, this.said]) {
        field.tiles = false;
        field.resize(sizes.height, sizes.width);
        field.cursor(field.row, field.column, false);
      }
      this.channel = 0;
      $("segment-channel").replaceChildren(...Array.from({length: sizes.oscillators}, (_, c) => make("option", {value: c, textContent: c + 1})));
      this.counts = legend($("segment-legend"), classes);
      this.tools();
    })();
    try {
      await this.choosing;
    } catch (problem) {
      Object.assign(this, before);
      this.markMachine(before.machine);
      $("segment-status").textContent = "";
      throw problem;
    }
    if (this.machine !== machine) return;
    if (machine === 2) await this.setImage(this.image);
    else await this.example(++this.seed);
  }

  /** The tools of the machine at hand. */
  tools() {
    const digits = this.machine === 2, colours = this.sizes.imageChannels === 3 ? brightColours : greys;
    const kinds = [["brush", "Brush"], ["eraser", "Eraser"], ...(digits ? [] : [["stamp", "Stamp"]])];
    this.tool = digits ? "brush" : "stamp";
    this.markTool = choices($("tool-kinds"), kinds.map(([, title]) => title), (i) => (this.tool = kinds[i][0]), digits ? 0 : 2);
    this.stampShapes = this.machine === 0 ? [3, 4, 5, 6] : this.machine === 1 ? Object.keys(pieces) : [];
    this.stamp = 0;
    this.drawStamps();
    this.colour = Math.min(digits ? 0 : 4, colours.length - 1);
    if (colours === greys) this.colour = 0;
    choices($("brush-colours"), colours, (i) => (this.colour = i), this.colour, (button, colour) => {
      button.style.background = cssColour(colour.map((c) => Math.round(255 * c)));
      button.setAttribute("aria-label", ["white", "red", "yellow", "green", "blue", "violet"][colours === greys ? 0 : colours.indexOf(colour)] +
                                        (colours === greys ? " at " + Math.round(100 * colour[0]) + " %" : ""));
    });
    $("brush-size").value = digits ? 2 : 3;
    $("segment-example").hidden = digits;
  }

  drawStamps() {
    const host = make("span", {className: "row"});
    host.style.margin = 0;
    host.setAttribute("role", "radiogroup");
    host.setAttribute("aria-label", "Stamp");
    const marks = choices(host, this.stampShapes, (i) => {
      this.stamp = i;
      this.tool = "stamp";
      this.markTool(2);
    }, this.stamp, (button, shape) => {
      button.className = "stamp";
      const path = this.machine === 0
        ? "M" + corners(shape, 11.5, 12, 12 + (shape === 3 ? 2.5 : 0)).map((p) => p.map((v) => v.toFixed(2)).join(" ")).join("L") + "Z"
        : turned(pieces[shape], this.turns).map(([r, c]) => `M${c * 6 + 1} ${r * 6 + 1}h5.4v5.4h-5.4z`).join("");
      button.innerHTML = `<svg viewBox="0 0 25 25" aria-hidden="true"><path d="${path}"/></svg>`;
      button.setAttribute("aria-label", this.machine === 0 ? polygonNames[shape - 2] : "piece " + shape);
    });
    this.markStamp = marks;
    const turn = make("button", {type: "button", textContent: "Turn ↻", onclick: () => {
      this.turns = (this.turns + 1) % 4;
      this.drawStamps();
    }});
    $("stamp-row").replaceChildren(...(this.stampShapes.length ? [host] : []), ...(this.machine === 1 ? [turn] : []));
  }

  // ---- Drawing.
  /** Sets a pixel to a colour, mixed in by `share`. */
  put(row, column, colour, share = 1) {
    const {height, width, imageChannels} = this.sizes;
    if (row < 0 || column < 0 || row >= height || column >= width) return;
    for (let c = 0; c < imageChannels; ++c) {
      const i = (c * height + row) * width + column;
      this.image[i] += share * (colour[c] - this.image[i]);
    }
  }

  dab(row, column) {
    const erases = this.tool === "eraser", soft = this.machine === 2 && !erases;
    const size = Number($("brush-size").value) * (erases ? 1.6 : 1), radius = size / 2, reach = Math.ceil(radius + 1);
    const colour = erases ? [0, 0, 0] : this.sizes.imageChannels === 3 ? brightColours[this.colour] : greys[this.colour];
    for (let r = row - reach; r <= row + reach; ++r)
      for (let c = column - reach; c <= column + reach; ++c) {
        const distance = Math.hypot(r - row, c - column);
        if (soft) {
          // The pen of handwritten digits: full in the middle, grey at its edge. It never darkens what stands.
          const share = Math.max(0, Math.min(1, radius + 0.5 - distance));
          const i = r * this.sizes.width + c;
          if (share > 0 && r >= 0 && c >= 0 && r < this.sizes.height && c < this.sizes.width)
            for (let k = 0; k < this.sizes.imageChannels; ++k) {
              const at = k * this.sizes.height * this.sizes.width + i;
              this.image[at] = Math.max(this.image[at], share * colour[k]);
            }
        } else if (distance <= Math.max(0.5, radius)) this.put(r, c, colour);
      }
  }

  stampAt(row, column) {
    const {height, width} = this.sizes, colour = this.sizes.imageChannels === 3 ? brightColours[this.colour] : greys[this.colour];
    if (this.machine === 0) {
      const points = corners(this.stampShapes[this.stamp], polygonRadius * Math.min(height, width), column, row);
      for (let r = 0; r < height; ++r)
        for (let c = 0; c < width; ++c) if (inside(points, c, r)) this.put(r, c, colour);
    } else {
      const cells = turned(pieces[this.stampShapes[this.stamp]], this.turns);
      const rows = 1 + Math.max(...cells.map(([r]) => r)), columns = 1 + Math.max(...cells.map(([, c]) => c));
      // The whole piece stays on the picture, as in training.
      const top = Math.max(0, Math.min(height - rows * pieceCell, row - Math.round((rows * pieceCell) / 2)));
      const left = Math.max(0, Math.min(width - columns * pieceCell, column - Math.round((columns * pieceCell) / 2)));
      for (const [cellRow, cellColumn] of cells)
        for (let r = 0; r < pieceCell; ++r)
          for (let c = 0; c < pieceCell; ++c) this.put(top + cellRow * pieceCell + r, left + cellColumn * pieceCell + c, colour);
    }
  }

  /** The pointer (or space) at a pixel; strokes are joined to the last point. */
  stroke(row, column, first) {
    if (!this.sizes) return;
    if (this.tool === "stamp") {
      if (!first) return;
      this.stampAt(row, column);
    } else {
      const [r0, c0] = first || !this.lastPoint ? [row, column] : this.lastPoint;
      const n = Math.max(1, Math.ceil(Math.hypot(row - r0, column - c0)));
      for (let i = 0; i <= n; ++i) this.dab(Math.round(r0 + ((row - r0) * i) / n), Math.round(c0 + ((column - c0) * i) / n));
      this.lastPoint = [row, column];
    }
    this.changed();
  }

  /** Takes away half of a shape: of the one under the cursor, else of the largest. */
  eraseHalf() {
    if (!this.sizes) return;
    const {height, width, imageChannels} = this.sizes, n = height * width;
    // A shape is what hangs together in about one colour, so that touching shapes are two.
    const bright = (i) => Array.from({length: imageChannels}, (_, c) => this.image[c * n + i]);
    const like = (a, b) => a.every((v, c) => Math.abs(v - b[c]) < (imageChannels === 3 ? 0.15 : 2));
    const seen = new Uint8Array(n), shapes = [];
    for (let start = 0; start < n; ++start) {
      if (seen[start] || Math.max(...bright(start)) < 0.2) continue;
      const shape = [start], colour = bright(start);
      seen[start] = 1;
      for (let next = 0; next < shape.length; ++next) {
        const i = shape[next], column = i % width;
        for (const j of [i - width, i + width, column > 0 ? i - 1 : -1, column < width - 1 ? i + 1 : -1])
          if (j >= 0 && j < n && !seen[j] && Math.max(...bright(j)) >= 0.2 && like(bright(j), colour)) {
            seen[j] = 1;
            shape.push(j);
          }
      }
      shapes.push(shape);
    }
    if (!shapes.length) {
      $("segment-verdict").textContent = "There is nothing to erase yet. Draw or stamp a shape first.";
      return;
    }
    const here = this.chosen ? this.pixel[0] * width + this.pixel[1] : -1;
    const shape = shapes.find((s) => s.includes(here)) || shapes.reduce((a, b) => (b.length > a.length ? b : a));
    const columns = shape.map((i) => i % width).sort((a, b) => a - b), middle = columns[columns.length >> 1];
    for (const i of shape)
      if (i % width >= middle) for (let c = 0; c < imageChannels; ++c) this.image[c * n + i] = 0;
    this.changed();
  }

  /** The drawing is not a known picture any more; run it. */
  changed() {
    this.mask = null;
    this.draw.drawImage(this.image, this.sizes.imageChannels);
    return this.rerun();
  }

  setImage(image, mask = null) {
    const settled = (this.image.set(image), this.changed());
    this.mask = mask;
    return settled;
  }

  // ---- Running. At most one run is in flight. Whatever was drawn meanwhile is run next, the latest drawing only.
  rerun() {
    this.dirty = true;
    this.running ??= this.runAll().finally(() => (this.running = null));
    // A button that does not wait for the run must not lose its failure, nor tell it twice.
    this.running.catch(() => {});
    return this.running;
  }

  async runAll() {
    try {
      while (this.dirty) {
        this.dirty = false;
        const {machine, sizes} = this;
        const run = await this.ask("segmentRun", {image: this.image.slice()});
        if (machine !== this.machine || sizes !== this.sizes) continue;
        this.take(run);
      }
    } catch (problem) {
      this.dirty = false;
      complain(problem);
      throw problem;
    }
  }

  take(run) {
    ++this.runs;
    run.cache = new Map([[this.sizes.steps, run.labels]]);
    this.run = run;
    const {oscillators, steps, height, width} = this.sizes;
    $("segment-status").textContent = `${steps} steps of ${oscillators} waves in ${Math.round(run.milliseconds)} ms`;
    this.player.resize(steps);
    if (!this.chosen && !this.dirty) {
      // Until the visitor chooses a pixel: one in the midst of what the machine sees.
      const seen = [...run.labels.keys()].filter((i) => run.labels[i]), i = seen[seen.length >> 1] ?? (height >> 1) * width + (width >> 1);
      this.look(Math.floor(i / width), i % width, false);
    }
    if (!this.dirty) {
      this.verdict();
      this.askPixel();
    }
  }

  /** Says in words what the machine sees, and how it compares with the truth where that is known. */
  verdict() {
    const counts = new Array(this.sizes.classes).fill(0), names = machines[this.machine].classes;
    for (const label of this.run.labels) ++counts[label];
    const dark = this.image.every((v) => v < 0.05);
    const some = counts.map((n, k) => [n, k]).filter(([n, k]) => k && n >= 12).sort((a, b) => b[0] - a[0]);
    let text = dark ? (this.machine === 2 ? "Draw a digit with the brush." : "Draw something, or take a stamp.")
      : some.length ? "In the end it sees " + some.map(([n, k]) => `${names[k]} (${n} pixels)`).join(", ") + "." : "It sees nothing but background.";
    if (this.mask) {
      let right = 0, drawn = 0;
      this.mask.forEach((truth, i) => {
        drawn += truth > 0;
        right += truth > 0 && truth === this.run.labels[i];
      });
      if (drawn) text += ` It is right in ${((100 * right) / drawn).toFixed(1)} % of the shapes' pixels.`;
    }
    $("segment-verdict").textContent = text;
    this.announce(text, 800);
  }

  // ---- Showing.
  showStep(step) {
    if (!this.run) return;
    const {oscillators, steps, dt} = this.sizes;
    this.wave.drawWave(this.run, oscillators, step, $("segment-all").checked ? -1 : this.channel);
    this.showLabels(step + 1);
    if (this.pixel && !(step % 2)) this.drawTime(step * dt);
  }

  /** Labels after `steps`: about forty of them are computed, when first needed; the last is always exact. */
  showLabels(steps) {
    const {run, sizes} = this, coarse = Math.max(1, Math.round(sizes.steps / 40));
    const wanted = steps >= sizes.steps ? sizes.steps : Math.max(coarse, steps - (steps % coarse));
    if (!run.cache.has(wanted) && !this.askingLabels && !this.running) {
      this.askingLabels = true;
      this.label(wanted).then(() => run === this.run && this.showLabels(this.player.step + 1)).catch(complain)
        .finally(() => (this.askingLabels = false));
    }
    let known = 0;
    for (const have of run.cache.keys()) if (have <= wanted && have > known) known = have;
    known ||= sizes.steps;  // while one draws, nothing earlier is known: show the answer
    if (this.shownLabels === run.cache.get(known)) return;
    this.shownLabels = run.cache.get(known);
    this.said.drawLabels(this.shownLabels);
    const counts = new Array(sizes.classes).fill(0);
    for (const label of this.shownLabels) ++counts[label];
    this.counts.forEach((place, k) => (place.textContent = counts[k]));
    $("segment-labels-step").textContent = known === sizes.steps ? `After all ${known} steps` : `After ${known} of ${sizes.steps} steps`;
    this.tellPixel();
  }

  /** What the machine says after this many steps of the last run. */
  async label(steps) {
    const run = this.run;
    if (!run.cache.has(steps)) {
      const {labels} = await this.ask("segmentLabels", {steps});
      if (run !== this.run) return labels;  // of a newer run, perhaps: not kept
      run.cache.set(steps, labels);
    }
    return run.cache.get(steps);
  }

  // ---- One pixel.
  look(row, column, aloud = true) {
    if (!this.sizes) return;
    this.pixel = [row, column];
    this.chosen ||= aloud;
    for (const field of [this.draw, this.wave, this.said]) field.cursor(row, column);
    this.tellPixel();
    if (this.draw.down || !this.run) return;  // while a stroke is drawn the run comes first
    this.askPixel();
    if (aloud) this.announce($("segment-pixel").textContent, 250);
  }

  /** Says it to screen readers, once nothing newer came for a while: a wave changes faster than one can listen. */
  announce(text, after) {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => ($("segment-announce").textContent = text), after);
  }

  tellPixel() {
    if (!this.pixel || !this.run) return;
    const [row, column] = this.pixel, name = machines[this.machine].classes[(this.shownLabels || this.run.labels)[row * this.sizes.width + column]];
    const text = `Row ${row}, column ${column}, oscillator ${this.channel + 1}: it says ${name}.`;
    if ($("segment-pixel").textContent !== text) $("segment-pixel").textContent = text;
  }

  async askPixel() {
    if (!this.pixel || !this.run) return;
    this.pixelDirty = true;
    if (this.askingPixel) return;
    this.askingPixel = true;
    try {
      while (this.pixelDirty) {
        this.pixelDirty = false;
        const [row, column] = this.pixel, {machine} = this;
        const {amplitudes} = await this.ask("segmentSpectrum", {row, column, channel: this.channel});
        if (machine !== this.machine || !this.pixel || !this.run) break;
        this.amplitudes = amplitudes;
        this.drawSpectrum();
        this.drawTime(this.player.step * this.sizes.dt);
      }
    } catch (problem) {
      complain(problem);
    } finally {
      this.askingPixel = false;
    }
  }

  drawSpectrum() {
    if (!this.amplitudes || !this.run) return;
    const {steps, dt} = this.sizes, x = Array.from(this.amplitudes, (_, k) => k / (steps * dt));
    const half = 0.5 / (steps * dt);
    chart($("segment-spectrum"), {bars: {x, y: this.amplitudes, colour: variable("--accent")}, low: 0, xLow: -half, xHigh: x[x.length - 1] + half,
                                  xName: "frequency, cycles per unit of time"});
    let top = 1;
    for (let k = 2; k < x.length; ++k) if (this.amplitudes[k] > this.amplitudes[top]) top = k;
    $("segment-spectrum").setAttribute("aria-label",
      `Spectrum of the pixel. Apart from its mean it is loudest at ${round(x[top] || 0)} cycles per unit of time.`);
  }

  drawTime(mark) {
    if (!this.pixel || !this.run) return;
    const {height, width, oscillators, steps, dt} = this.sizes, [row, column] = this.pixel;
    const y = Array.from({length: steps}, (_, t) => this.run.series[((t * oscillators + this.channel) * height + row) * width + column]);
    chart($("segment-time"), {lines: [{x: y.map((_, t) => t * dt), y, colour: variable("--series-1")}], mark, xName: "time"});
  }

  async hear(row, column) {
    this.look(row, column);
    if (!this.run) return;
    const {sound} = await this.ask("segmentSound", {row, column, rate: soundRate, samples: Math.round(1.6 * soundRate)});
    playSound(sound);
  }

  redraw() {
    if (!this.run || $("room-segment").hidden) return;
    this.counts = legend($("segment-legend"), machines[this.machine].classes);
    this.shownLabels = null;
    this.showStep(this.player.step);
    this.drawSpectrum();
    this.drawTime(this.player.step * this.sizes.dt);
  }

  async example(seed) {
    const {sizes} = this;
    const {image, mask} = await this.ask("segmentExample", {seed});
    if (sizes === this.sizes) await this.setImage(image, mask);
    return {image, mask};
  }
}
rooms.segment = new SegmentRoom();
