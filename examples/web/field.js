// A grid of pixels that can be pointed at, painted on and walked over with the arrow keys.
"use strict";

class Field {
  /**
   * name: for screen readers. still: only looked at. Events, each with (row, column):
   * paint(row, column, first) while the pointer is down or space is pressed, hover, pick (a click, Enter or space).
   */
  constructor(host, {name, still = false, paint = null, hover = null, pick = null, done = null}) {
    Object.assign(this, {host, paint, hover, pick, done, rows: 1, columns: 1, row: 0, column: 0, down: false});
    this.canvas = make("canvas", {tabIndex: still ? -1 : 0});
    this.canvas.setAttribute("role", still ? "img" : "application");
    this.name = name;
    this.mark = make("div", {className: "cursor", hidden: true});
    host.className = "field" + (still || !paint ? " still" : "");
    host.replaceChildren(this.canvas, this.mark);
    this.context = this.canvas.getContext("2d");
    this.resize(1, 1);
    if (!still) this.listen();
  }

  resize(rows, columns) {
    Object.assign(this, {rows, columns, row: Math.floor(rows / 2), column: Math.floor(columns / 2)});
    this.canvasSize(rows, columns);
    this.say(this.name);
  }

  /** Sets the size in pixels that are drawn; small multiples draw more than the grid's. */
  canvasSize(height, width) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  say(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  flush() {
    this.context.putImageData(this.image, 0, 0);
  }

  /** Row and column under the pointer. Outside of the field: the nearest. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const clip = (x, n) => Math.max(0, Math.min(n - 1, x));
    let column = Math.floor(((event.clientX - box.left) / box.width) * this.canvas.width);
    let row = Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height);
    if (this.tiles) [row, column] = [row % (this.rows + 1), column % (this.columns + 1)];
    return [clip(row, this.rows), clip(column, this.columns)];
  }

  cursor(row, column, seen = true) {
    Object.assign(this, {row, column});
    this.mark.hidden = !seen || !!this.tiles;
    Object.assign(this.mark.style, {left: (100 * column) / this.columns + "%", top: (100 * row) / this.rows + "%",
                                    width: 100 / this.columns + "%", height: 100 / this.rows + "%"});
  }

  listen() {
    const c = this.canvas;
    c.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [row, column] = this.at(event);
      this.row = row;
      this.column = column;
      if (this.paint) {
        c.setPointerCapture(event.pointerId);
        this.down = true;
        this.paint(row, column, true);
      }
    });
    c.addEventListener("pointermove", (event) => {
      // Fast strokes: the browser keeps the points between two frames.
      const points = this.down && event.getCoalescedEvents ? event.getCoalescedEvents() : [event];
      for (const point of points.length ? points : [event]) {
        const [row, column] = this.at(point);
        if (this.down) this.paint(row, column, false);
        Object.assign(this, {row, column});
      }
      if (this.hover) this.hover(this.row, this.column);
    });
    const up = () => {
      if (this.down && this.done) this.done();
      this.down = false;
    };
    c.addEventListener("pointerup", up);
    c.addEventListener("pointercancel", up);
    c.addEventListener("click", (event) => {
      if (this.pick) this.pick(...this.at(event));
    });
    c.addEventListener("keydown", (event) => {
      const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
      if (move) {
        event.preventDefault();
        const far = event.shiftKey ? 5 : 1;
        const row = Math.max(0, Math.min(this.rows - 1, this.row + far * move[0]));
        const column = Math.max(0, Math.min(this.columns - 1, this.column + far * move[1]));
        this.cursor(row, column);
        if (this.hover) this.hover(row, column);
      } else if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        if (this.paint) this.paint(this.row, this.column, true);
        if (this.paint && this.done) this.done();
        if (this.pick) this.pick(this.row, this.column);
      }
    });
    c.addEventListener("focus", () => this.canvas.matches(":focus-visible") && this.cursor(this.row, this.column));
  }

  // ---- What is drawn.
  /** An image (channels, rows, columns) with values 0..1. */
  drawImage(image, channels) {
    const n = this.rows * this.columns, byte = (v) => Math.max(0, Math.min(255, Math.round(255 * v)));
    for (let i = 0; i < n; ++i) {
      const r = byte(image[i]);
      this.pixels[i] = channels === 3 ? pack(r, byte(image[n + i]), byte(image[2 * n + i])) : pack(r, r, r);
    }
    this.flush();
  }

  drawLabels(labels) {
    const colours = classColours.map((c) => pack(...c));
    for (let i = 0; i < labels.length; ++i) this.pixels[i] = colours[labels[i]] ?? colours[0];
    this.flush();
  }

  /** Step `step` of a series (T, C, H, W): one channel, or all of them as small multiples when channel is -1. */
  drawWave({series, scale}, channels, step, channel) {
    const n = this.rows * this.columns;
    const across = channel < 0 ? Math.ceil(Math.sqrt(channels)) : 1, deep = channel < 0 ? Math.ceil(channels / across) : 1;
    const gap = channel < 0 ? 1 : 0, width = across * (this.columns + gap) - gap, height = deep * (this.rows + gap) - gap;
    if (this.canvas.width !== width || this.canvas.height !== height) this.canvasSize(height, width);
    this.tiles = channel < 0;
    if (this.tiles) this.mark.hidden = true;
    for (let tile = 0; tile < (this.tiles ? channels : 1); ++tile) {
      const c = this.tiles ? tile : channel, from = (step * channels + c) * n, full = scale[c];
      const top = Math.floor(tile / across) * (this.rows + gap), left = (tile % across) * (this.columns + gap);
      for (let row = 0, i = from; row < this.rows; ++row)
        for (let column = 0, to = (top + row) * width + left; column < this.columns; ++column, ++to, ++i)
          this.pixels[to] = waveColour(series[i], full);
    }
    this.flush();
  }
}
