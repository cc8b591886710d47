// Learn: a new machine trains epoch by epoch in the worker, and shows what it can do after each.
"use strict";

class LearnRoom {
  constructor() {
    Object.assign(this, {sizes: null, history: [], started: false, wanted: false, working: null, index: 0, channel: 0, view: null});
    this.image = new Field($("learn-image"), {name: "The picture", still: true});
    this.wave = new Field($("learn-wave"), {name: "Its wave", still: true});
    this.said = new Field($("learn-labels"), {name: "What the machine says of each pixel", still: true});
    this.truth = new Field($("learn-truth"), {name: "What each pixel is", still: true});
    this.player = new Player($("learn-player"), (step) => this.showStep(step));
    this.player.visible = () => shown === "learn";
    $("learn-go").onclick = told(() => this.go());
    $("learn-again").onclick = told(async () => {
      const seed = Math.floor(Math.random() * 1e6);
      const went = this.wanted;
      await this.start(seed);
      if (went) this.go();
    });
    $("learn-seed").onchange = told(() => this.start(Number($("learn-seed").value)));
    $("learn-other").onclick = told(async () => {
      this.index = (this.index + 1) % this.sizes.testImages;
      await this.show();
    });
    $("learn-channel").onchange = () => {
      this.channel = Number($("learn-channel").value);
      this.showStep(this.player.step);
    };
    redraws.push(() => this.redraw());
  }

  async enter() {
    this.engine = new Engine();
    this.engine.onprogress = ({step, steps, loss}) => {
      $("learn-progress").max = steps;
      $("learn-progress").value = step;
      $("learn-step").textContent = `epoch ${this.history.length + 1}, step ${step} of ${steps}, loss ${loss.toFixed(3)}`;
    };
    this.sizes = await this.engine.call("learnSizes");
    const {height, width, oscillators} = this.sizes;
    for (const field of [this.image, this.wave, this.said, this.truth]) field.resize(height, width);
    $("learn-channel").replaceChildren(...Array.from({length: oscillators}, (_, c) => make("option", {value: c, textContent: c + 1})));
    const names = polygonNames.slice(0, this.sizes.classes);
    while (names.length < this.sizes.classes) names.push("class " + names.length);
    this.names = names;
    await this.start(Number($("learn-seed").value));
  }

  /** A new machine and new pictures. An epoch under way is finished first: the engine cannot be interrupted. */
  async start(seed) {
    this.wanted = this.started = false;
    this.buttons();
    if (this.working) await this.working.catch(() => {});
    $("learn-seed").value = seed;
    $("learn-status").textContent = "Drawing pictures …";
    await this.engine.call("learnStart", {seed}).catch((problem) => {
      $("learn-status").textContent = "";
      throw problem;
    });
    this.history = [];
    this.index = 0;
    this.started = true;
    $("learn-progress").value = 0;
    $("learn-step").textContent = "";
    $("learn-verdict").textContent = "Untrained: what it says is chance.";
    $("learn-status").textContent = `${this.sizes.trainingImages} pictures to learn from`;
    this.buttons();
    this.drawLoss();
    await this.show();
  }

  /** Start, stop or go on. */
  async go() {
    if (this.wanted) {
      this.wanted = false;
      this.buttons();
      return;
    }
    if (this.done()) await this.start(Number($("learn-seed").value));
    this.wanted = true;
    this.buttons();
    try {
      while (this.wanted && !this.done()) await this.epoch();
    } finally {
      this.wanted = false;
      this.buttons();
    }
  }

  done() {
    return this.history.length >= this.sizes.epochs;
  }

  /** Trains one epoch. Who asks while one is under way gets that one. */
  epoch() {
    this.working ??= (async () => {
      $("learn-status").textContent = `Training, epoch ${this.history.length + 1} of ${this.sizes.epochs} …`;
      this.buttons();
      const result = await this.engine.call("learnEpoch");
      this.history.push(result);
      this.drawLoss();
      $("learn-verdict").textContent = `After epoch ${this.history.length}: ` +
        `validation loss ${result.validation.toFixed(3)}, IoU of the shapes ${result.iou.toFixed(3)}.`;
      $("learn-status").textContent = `${this.done() ? "Trained. " : ""}Epoch ${this.history.length} took ${result.seconds.toFixed(1)} s`;
      await this.show();
      return result;
    })().finally(() => {
      this.working = null;
      this.buttons();
    });
    return this.working;
  }

  buttons() {
    const go = $("learn-go");
    go.textContent = this.wanted ? "Stop after this epoch" : this.sizes && this.done() ? "Start again" : this.history.length ? "Continue" : "Start";
    go.disabled = !this.started || (!this.wanted && !!this.working);
  }

  async show() {
    const view = await this.engine.call("learnShow", {index: this.index, sizes: this.sizes});
    this.view = view;
    this.redraw(false);
    this.player.resize(this.sizes.steps);
  }

  showStep(step) {
    if (this.view) this.wave.drawWave(this.view, this.sizes.oscillators, step, this.channel);
  }

  redraw(again = true) {
    if (!this.view || $("room-learn").hidden) return;
    this.image.drawImage(this.view.image, this.sizes.imageChannels);
    this.said.drawLabels(this.view.labels);
    this.truth.drawLabels(this.view.mask);
    const counts = legend($("learn-legend"), this.names);
    this.names.forEach((_, k) => (counts[k].textContent = this.view.labels.reduce((n, label) => n + (label === k), 0)));
    const right = this.view.labels.reduce((n, label, i) => n + (this.view.mask[i] > 0 && label === this.view.mask[i]), 0);
    const drawn = this.view.mask.reduce((n, truth) => n + (truth > 0), 0);
    this.said.say(`What the machine says: right in ${Math.round((100 * right) / Math.max(1, drawn))} percent of the shapes' pixels`);
    this.showStep(this.player.step);
    if (again) this.drawLoss();
  }

  drawLoss() {
    const x = this.history.map((_, i) => i + 1);
    const lines = [["training", "loss", "--series-1"], ["validation", "validation", "--series-2"]];
    $("learn-keys").replaceChildren(...lines.map(([name, , colour]) => {
      const chip = make("i");
      chip.style.background = variable(colour);
      return make("span", {}, chip, name);
    }));
    const canvas = $("learn-loss");
    if (!x.length) return canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    const top = Math.max(...this.history.flatMap((h) => [h.loss, h.validation]));
    chart(canvas, {lines: lines.map(([, key, colour]) => ({x, y: this.history.map((h) => h[key]), colour: variable(colour), dots: true})),
                   low: 0, high: 1.05 * top, xLow: 1, xHigh: Math.max(2, this.sizes.epochs), xName: "epoch", whole: true});
    const told = this.history.map((h, i) => `${i + 1}: training ${h.loss.toFixed(3)}, validation ${h.validation.toFixed(3)}`);
    canvas.setAttribute("aria-label", "Loss by epoch: " + told.join("; "));
  }
}
rooms.learn = new LearnRoom();
