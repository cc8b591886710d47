// Drum: draw a membrane, strike it, see and hear it, and let its neurons tell its area.
"use strict";

// What a kind is for drum_shape; the last draws two drums of different shape and the same tones.
const drumKinds = [["Square", 0], ["Rectangle", 1], ["Disc", 2], ["Triangle", 3], ["L", 4], ["Ring", 7], ["Two that sound alike", 5]];
const pairKind = 5, drawnKind = -1;

class DrumRoom {
  constructor() {
    Object.assign(this, {side: 0, kinds: [0, 5], masks: [null, null], generation: 0, pair: false, tool: "strike", ear: null, last: null,
                         fields: [null, null], peak: 0, playing: !calm, busy: null, ready: false});
    const field = (slot) => new Field($("drum-" + slot), {
      name: slot ? "The second drum. Arrow keys move the cursor, space strikes." : "The drum. Arrow keys move the cursor, space strikes or draws.",
      paint: told((row, column, first) => this.touch(slot, row, column, first)), done: told(() => this.drawn()),
    });
    this.views = [field(0), field(1)];
    this.markShape = choices($("drum-shapes"), drumKinds.map(([title]) => title), told((i) => this.shape(drumKinds[i][1])));
    const tools = [["strike", "Strike"], ["draw", "Draw"], ["erase", "Erase"]];
    this.markTool = choices($("drum-tools"), tools.map(([, title]) => title), (i) => this.choose(tools[i][0]));
    $("drum-play").onclick = () => this.play(!this.playing);
    $("drum-step").onclick = told(async () => {
      this.play(false);
      await this.frame();
    });
    $("drum-rest").onclick = told(() => this.rest());
    $("drum-clear").onclick = told(() => this.empty());
    $("drum-listen").onclick = told(() => this.listen());
    $("drum-hear").onclick = told(() => this.hear());
    this.makeEar();
    this.choose("strike");
    this.play(this.playing);
    redraws.push(() => {
      if (!this.ready || $("room-drum").hidden) return;
      this.drawAll();
      this.drawSound();
    });
  }

  async enter() {
    this.engine = new Engine();
    this.side = (await this.engine.call("drumSide")).side;
    this.views.forEach((view) => view.resize(this.side, this.side));
    await this.shape(0);
    const tick = () => {
      if (this.playing && shown === "drum" && this.moving && !this.busy) this.frame().catch(complain);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    // The first look is a drum that moves, not a flat one. Where motion is unwelcome, it waits.
    const {row, column} = this.middle(0);
    await this.strike(row, column, false);
  }

  get slots() {
    return this.pair ? [0, 1] : [0];
  }

  choose(tool) {
    this.tool = tool;
    $("drum-brush-row").hidden = tool === "strike";
    $("drum-help").textContent = tool === "strike"
      ? "Click the drum, or move with the arrow keys and press space, to strike it. Drag the ear, or move it with its own arrow keys."
      : tool === "draw" ? "Draw the skin where it shall be. What is left out is the rim." : "Erase skin. What is left out is the rim.";
  }

  play(on) {
    this.playing = on;
    $("drum-play").textContent = on ? "Pause" : "Play";
    $("drum-play").setAttribute("aria-pressed", String(on));
  }

  // ---- The skin.
  /** Shapes the drum: a kind of drum_shape; 5 and 6 are the pair, which stand side by side. */
  async shape(kind) {
    const pair = kind === 5 || kind === 6;
    this.markShape(drumKinds.findIndex(([, k]) => k === (pair ? pairKind : kind)));
    const kinds = pair ? [5, 6] : [kind];
    for (const [slot, each] of kinds.entries()) {
      const {mask} = await this.engine.call("drumShape", {kind: each, side: this.side});
      await this.engine.call("drumMake", {slot, mask: mask.slice()});
      this.masks[slot] = mask;
      this.kinds[slot] = each;
    }
    this.pair = pair;  // only now are there two: a frame that comes between asks for those that are there
    this.settle();
  }

  /** After a new skin: it lies flat, and what was heard is void. */
  settle() {
    this.ready = true;
    ++this.generation;
    this.moving = false;
    this.peak = 0;
    this.last = null;
    this.fields = [new Float32Array(this.side ** 2), new Float32Array(this.side ** 2)];
    $("drum-second").hidden = !this.pair;
    $("drums").classList.toggle("pair", this.pair);
    if (this.pair && this.tool !== "strike") {
      this.choose("strike");
      this.markTool(0);
    }
    $("drum-tools").querySelectorAll("button").forEach((button, i) => (button.disabled = this.pair && i > 0));
    $("drum-result").replaceChildren(make("p", {className: "note", textContent: this.pair
      ? "Two drums of different shape. Strike one, and the other is struck at the site nearest to the same place. Then let them hear."
      : "Each neuron listens to one strike and tells the area. Their median stands here, beside the truth."}));
    const {row, column} = this.middle(0);
    this.ear ??= [row, column + Math.round(this.side / 9)];
    this.moveEar(...this.ear);
    this.sound = null;
    this.drawAll();
    this.drawSound();
  }

  /** The site of the skin nearest to a place, which is the middle of the grid unless given. */
  middle(slot, toRow = this.side * 0.42, toColumn = this.side * 0.44) {
    let best = Infinity, found = {row: 0, column: 0, any: false};
    this.masks[slot].forEach((skin, i) => {
      if (!skin) return;
      const row = Math.floor(i / this.side), column = i % this.side, far = (row - toRow) ** 2 + (column - toColumn) ** 2;
      if (far < best) {
        best = far;
        found = {row, column, any: true};
      }
    });
    return found;
  }

  /** Draws or takes away skin. The outermost sites stay rim. */
  paint(row, column, value) {
    const mask = this.masks[0], radius = Number($("drum-size").value);
    for (let r = row - radius; r <= row + radius; ++r)
      for (let c = column - radius; c <= column + radius; ++c)
        if (r > 0 && c > 0 && r < this.side - 1 && c < this.side - 1 && Math.hypot(r - row, c - column) <= radius) mask[r * this.side + c] = value;
  }

  async touch(slot, row, column, first) {
    if (!this.ready) return;
    if (this.tool === "strike") {
      if (first) await this.strike(row, column, $("drum-sound").checked, slot);
      return;
    }
    const [r0, c0] = first || !this.lastPoint ? [row, column] : this.lastPoint;
    const n = Math.max(1, Math.ceil(Math.hypot(row - r0, column - c0) / 2));
    for (let i = 0; i <= n; ++i)
      this.paint(Math.round(r0 + ((row - r0) * i) / n), Math.round(c0 + ((column - c0) * i) / n), this.tool === "draw" ? 1 : 0);
    this.lastPoint = [row, column];
    this.kinds[0] = drawnKind;
    this.markShape(-1);
    this.moving = false;
    this.fields[0].fill(0);
    this.drawAll();
  }

  /** After a stroke: the engine gets the new skin. */
  async drawn() {
    if (this.tool === "strike") return;
    if (this.masks[0].some((skin) => skin)) await this.engine.call("drumMake", {slot: 0, mask: this.masks[0].slice()});
    this.settle();
  }

  async empty() {
    this.pair = false;
    this.masks[0] = new Uint8Array(this.side ** 2);
    this.kinds[0] = drawnKind;
    this.markShape(-1);
    this.settle();
    this.choose("draw");
    this.markTool(1);
  }

  needSkin() {
    if (!this.masks[0].some((skin) => skin)) throw new Error("There is no skin yet. Draw one, or choose a shape.");
  }

  // ---- Motion.
  /** Strikes a drum, and its partner at the place nearest to the same one. */
  async strike(row, column, sound = false, slot = 0) {
    this.needSkin();
    const at = this.slots.map((each) => (each === slot ? {row, column} : this.middle(each, row, column)));
    const own = this.masks[slot][row * this.side + column];
    if (!own) {
      const near = this.middle(slot, row, column);
      if (Math.hypot(near.row - row, near.column - column) > this.side / 10) return;  // far out on the rim: nothing to strike
      at[slot] = near;
    }
    for (const each of this.slots) await this.engine.call("drumStrike", {slot: each, ...at[each]});
    this.last = {slot, ...at[slot]};
    this.moving = true;
    this.peak = 0;
    if (!this.playing) await this.frame();
    if (sound) await this.listen();
  }

  /** A few steps, then a picture. One at a time; who asks while one is under way gets that one. */
  frame() {
    this.busy ??= (async () => {
      const {generation} = this;
      const {fields} = await this.engine.call("drumAdvance", {slots: this.slots, steps: Number($("drum-speed").value), side: this.side});
      if (generation !== this.generation) return;  // of a skin that is gone
      fields.forEach((u, slot) => (this.fields[slot] = u));
      this.drawAll();
    })().finally(() => (this.busy = null));
    return this.busy;
  }

  async rest() {
    for (const slot of this.slots) await this.engine.call("drumRest", {slot});
    this.moving = false;
    this.fields.forEach((u) => u.fill(0));
    this.drawAll();
  }

  /** Mean square of the displacement that is shown, over the whole grid. */
  energy() {
    return this.fields[0].reduce((sum, u) => sum + u * u, 0) / this.side ** 2;
  }

  drawAll() {
    let top = 0;
    for (const slot of this.slots) for (const u of this.fields[slot]) top = Math.max(top, Math.abs(u));
    // The scale follows the wave down slowly, so that it stays visible without flicker.
    this.peak = Math.max(this.peak * 0.985, 0.7 * top, 1e-12);
    const rim = darkMode.matches ? pack(36, 45, 57) : pack(222, 227, 233), rimShade = darkMode.matches ? pack(31, 39, 50) : pack(214, 220, 227);
    for (const slot of this.slots) {
      const view = this.views[slot], mask = this.masks[slot], u = this.fields[slot], side = this.side;
      for (let i = 0; i < mask.length; ++i)
        view.pixels[i] = mask[i] ? waveColour(u[i], this.peak) : (Math.floor(i / side) + (i % side)) % 4 ? rim : rimShade;
      view.flush();
    }
  }

  // ---- Sound.
  makeEar() {
    const button = make("button", {type: "button", className: "ear"});
    button.innerHTML = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">' +
      '<path d="M6 9a6 6 0 0 1 12 0c0 4-4 5-4 8a3 3 0 0 1-5 2"/><path d="M9.5 9.5a2.5 2.5 0 0 1 5 0c0 1.8-2 2-2 4"/></svg>';
    $("drum-0").append(button);
    button.onpointerdown = (event) => button.setPointerCapture(event.pointerId);
    button.onpointermove = (event) => button.hasPointerCapture(event.pointerId) && this.moveEar(...this.views[0].at(event));
    button.onkeydown = (event) => {
      const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
      if (!move || !this.ear) return;
      event.preventDefault();
      this.moveEar(this.ear[0] + move[0] * 2, this.ear[1] + move[1] * 2);
    };
    this.earButton = button;
  }

  /** The ear sits on the skin: on the site nearest to where it is put. */
  moveEar(row, column) {
    const near = this.middle(0, row, column);
    this.ear = near.any ? [near.row, near.column] : [row, column];
    Object.assign(this.earButton.style, {left: (100 * (this.ear[1] + 0.5)) / this.side + "%", top: (100 * (this.ear[0] + 0.5)) / this.side + "%"});
    this.earButton.setAttribute("aria-label", `Ear at row ${this.ear[0]}, column ${this.ear[1]}. Arrow keys move it.`);
  }

  /** Plays the last strike. Strikes come faster than sounds are made: the latest is heard. */
  async listen() {
    this.needSkin();
    this.wantsSound = true;
    if (this.listening) return;
    this.listening = true;
    try {
      while (this.wantsSound) {
        this.wantsSound = false;
        await this.listenOnce();
      }
    } finally {
      this.listening = false;
    }
  }

  async listenOnce() {
    const {slot, row, column} = this.last || {slot: 0, ...this.middle(0)};
    const ear = slot ? this.middle(1, ...this.ear) : {row: this.ear[0], column: this.ear[1]};
    const {sound} = await this.engine.call("drumListen", {slot, row, column, earRow: ear.row, earColumn: ear.column,
                                                          rate: soundRate, samples: Math.round(1.5 * soundRate)});
    this.sound = sound;
    playSound(sound);
    this.drawSound();
  }

  drawSound() {
    const canvas = $("drum-wave");
    $("drum-ear-figure").hidden = !this.sound;
    if (!this.sound) return;
    // The first tenth of a second: long enough for the echoes, short enough to see them.
    const y = Array.from(this.sound.subarray(0, Math.round(soundRate / 10))).filter((_, i) => i % 3 === 0);
    chart(canvas, {lines: [{x: y.map((_, i) => (3000 * i) / soundRate), y, colour: variable("--series-1")}], xName: "milliseconds"});
  }

  /** Lets the drum, or both of the pair, hear itself; returns what the first heard. */
  async hear() {
    this.needSkin();
    $("drum-hear").disabled = true;
    $("drum-hear").textContent = "Listening …";
    try {
      const heard = [];
      for (const slot of this.slots) heard.push(await this.engine.call("drumHear", {slot, kind: this.kinds[slot]}));
      this.heard = heard;
      this.showHeard(heard);
      return heard[0];
    } finally {
      $("drum-hear").disabled = false;
      $("drum-hear").textContent = "Let it hear its area";
    }
  }

  showHeard(heard) {
    const number = (v, digits = 0) => (Number.isFinite(v) ? v.toFixed(digits) : "–");
    const cells = (...texts) => texts.map((text, i) => make("td", {textContent: text, className: i || this.pair ? "" : "main"}));
    const line = (name, ...texts) => make("tr", {}, Object.assign(make("th", {textContent: name}), {scope: "row"}), ...cells(...texts));
    const head = (...names) => make("thead", {}, make("tr", {}, ...names.map((textContent) => make("th", {textContent, scope: "col"}))));
    const note = (textContent) => make("p", {className: "note", textContent});
    const share = (h) => number(100 * h.share) + " %";
    if (this.pair) {
      const [a, b] = heard, apart = Math.abs(a.tone - b.tone) / Math.max(a.tone, b.tone);
      $("drum-result").replaceChildren(
        make("table", {}, head("", "left", "right"), make("tbody", {}, line("Lowest tone", a.tone.toPrecision(6), b.tone.toPrecision(6)),
          line("Area heard, sites", number(a.areaHeard), number(b.areaHeard)), line("True area, sites", number(a.sites), number(b.sites)),
          line("Neurons that hear a tone", share(a), share(b)))),
        note(`Their lowest tones ${apart < 1e-12 ? "are equal" : `differ by ${(100 * apart).toPrecision(2)} %`}, ` +
             "and their shapes are not alike: one cannot hear the shape of a drum. " +
             "The area heard is that of the square with this tone, in both cases. Tones are in cycles per unit of time."));
      return;
    }
    const [h] = heard, body = make("tbody", {}, line("Area, sites", number(h.areaHeard), number(h.sites)));
    const sides = Number.isFinite(h.longHeard);
    if (sides)
      body.append(line("Long side", number(h.longHeard, 1), number(h.longTrue, 1)),
                  line("Short side", number(h.shortHeard, 1), number(h.shortTrue, 1)),
                  line("Long × short", number(h.longHeard * h.shortHeard), number(h.longTrue * h.shortTrue)));
    if (Number.isFinite(h.outlineArea)) body.append(line("Area of the outline", "", number(h.outlineArea)));
    $("drum-result").replaceChildren(
      make("table", {}, head("", "heard", "true"), body),
      note(`${share(h)} of the neurons hear a tone. The lowest is at ${h.tone.toPrecision(4)} cycles per unit of time.`),
      note(this.kinds[0] === 0 ? "Each neuron computes the area from its lowest tone alone: a square with this tone has this area."
        : this.kinds[0] === 1
        ? "The first line is the area of the square with this tone. " +
          "The two sides need a second tone: it tells the long one from the short one."
        : "This is the area of the square with this tone. " +
          "Of all drums of one area the disc sounds lowest, so a disc seems larger than it is, and a ring smaller."));
  }
}
rooms.drum = new DrumRoom();
