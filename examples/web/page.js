// What all rooms share: the worker, errors, colours, the clock that plays waves, charts, sound and the tabs.
"use strict";

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const darkMode = matchMedia("(prefers-color-scheme: dark)");

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties))
    if (key in element && !key.startsWith("aria")) element[key] = value;
    else element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// ---- Errors: said in words, in the page, and kept for the tests.
const errors = [];

function complain(problem) {
  const text = String((problem && problem.message) || problem);
  errors.push(text);
  // The same sentence twice helps nobody: an error while drawing would come with every stroke.
  if ([...$("alerts").children].some((box) => box.firstChild.textContent === text)) return;
  const box = make("div", {className: "alert"}, make("span", {textContent: text}));
  box.append(make("button", {textContent: "Close", type: "button", onclick: () => box.remove()}));
  $("alerts").append(box);
}

addEventListener("error", (event) => complain(event.message));
addEventListener("unhandledrejection", (event) => complain(event.reason));

/** What a button does: failures are told. */
const told = (action) => async (...given) => {
  try {
    return await action(...given);
  } catch (problem) {
    complain(problem);
  }
};

// ---- The engine, in a worker of its own for each room. Made from a Blob, so that it works from file:// too.
class Engine {
  constructor() {
    const parts = [$("engine-source").textContent, "\n;\n", $("worker-source").textContent];
    const address = URL.createObjectURL(new Blob(parts, {type: "text/javascript"}));
    this.worker = new Worker(address);
    this.waiting = new Map();
    this.last = 0;
    this.onprogress = () => {};
    this.worker.onmessage = ({data}) => {
      if (data.event === "progress") return this.onprogress(data);
      const {resolve, reject} = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error !== undefined) reject(new Error(data.error));
      else resolve(data.result);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      const problem = new Error("The engine could not be started: " + (event.message || "its text could not be read") + ".");
      if (!this.waiting.size) complain(problem);
      for (const {reject} of this.waiting.values()) reject(problem);
      this.waiting.clear();
    };
  }

  /** Asks the worker; the answer comes as a promise. */
  call(name, values) {
    return new Promise((resolve, reject) => {
      this.waiting.set(++this.last, {resolve, reject});
      this.worker.postMessage({id: this.last, call: name, values});
    });
  }
}

// ---- Colours. Waves: blue - middle - red, where the middle is the paper's colour. Classes: Okabe and Ito's.
const waveStops = {
  light: [[20, 70, 150], [88, 150, 206], [247, 248, 250], [226, 120, 96], [160, 22, 44]],
  dark: [[130, 205, 255], [44, 112, 184], [16, 21, 29], [186, 66, 52], [255, 160, 130]],
};
const waveColours = new Uint32Array(256);  // the bytes r, g, b, a, as a canvas keeps them
const pack = (r, g, b, a = 255) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

// Okabe and Ito have eight colours, of which black would look like the drawing's ground. Digits need ten: a brown, a
// grey and a violet are added.
const okabeIto = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [213, 94, 0], [204, 121, 167], [0, 114, 178], [240, 228, 66],
                  [140, 81, 10], [150, 150, 150], [120, 94, 240]];
let classColours = [];

function mixColours() {
  const stops = waveStops[darkMode.matches ? "dark" : "light"];
  for (let i = 0; i < 256; ++i) {
    const at = (i / 255) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), share = at - low;
    waveColours[i] = pack(...stops[low].map((from, c) => Math.round(from + (stops[low + 1][c] - from) * share)));
  }
  classColours = [darkMode.matches ? [31, 39, 50] : [232, 236, 241], ...okabeIto];
}
mixColours();

/** The colour of a displacement, where ±scale gets the full colour. */
const waveColour = (value, scale) => waveColours[Math.max(0, Math.min(255, Math.round(127.5 + (127.5 * value) / scale)))];
const cssColour = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Called when light turns to dark or back, and when the window's size changes. */
const redraws = [];
darkMode.addEventListener("change", () => {
  mixColours();
  redraws.forEach((redraw) => redraw());
});
let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => redraws.forEach((redraw) => redraw()), 120);
});

// ---- A choice of one among few, as buttons: arrow keys move, as in radio buttons.
function choices(host, names, pick, chosen = 0, dress = (button, name) => (button.textContent = name)) {
  const buttons = names.map((name, i) => {
    const button = make("button", {type: "button", role: "radio"});
    button.setAttribute("role", "radio");
    dress(button, name, i);
    button.onclick = () => {
      mark(i);
      pick(i);
    };
    button.onkeydown = (event) => {
      const move = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (!move) return;
      event.preventDefault();
      const next = (i + move + names.length) % names.length;
      buttons[next].focus();
      buttons[next].click();
    };
    return button;
  });
  function mark(which) {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-checked", String(i === which));
      button.tabIndex = i === which || (which < 0 && i === 0) ? 0 : -1;
    });
  }
  mark(chosen);
  host.replaceChildren(...buttons);
  return mark;
}

// ---- The clock that plays a series of steps.
class Player {
  /** `show(step)` draws step 0..steps-1. */
  constructor(host, show) {
    // Where motion is unwelcome the clock starts at rest, at the last step: the answer.
    Object.assign(this, {show, steps: 0, step: calm ? Infinity : 0, playing: !calm, speed: 20, exact: 0, before: 0, visible: () => true});
    this.button = make("button", {type: "button", className: "play"});
    this.slider = make("input", {type: "range", className: "scrub", min: 0, max: 0, value: 0});
    this.slider.setAttribute("aria-label", "Step");
    this.output = make("output");
    const speed = make("select", {}, ...[5, 10, 20, 40, 80].map((n) => make("option", {value: n, textContent: n + " steps/s", selected: n === 20})));
    speed.setAttribute("aria-label", "Speed");
    speed.onchange = () => (this.speed = Number(speed.value));
    this.button.onclick = () => this.play(!this.playing);
    this.slider.oninput = () => {
      this.play(false);
      this.go(Number(this.slider.value));
    };
    host.replaceChildren(make("div", {className: "player"}, this.button, this.slider, this.output, speed));
    this.play(this.playing);
    const tick = (now) => {
      const seconds = Math.min(0.25, (now - this.before) / 1000);
      this.before = now;
      if (this.playing && this.steps && this.visible()) {
        // The last step is held for a second: it is the answer.
        this.exact = (this.exact + seconds * this.speed) % (this.steps + this.speed);
        const step = Math.min(this.steps - 1, Math.floor(this.exact));
        if (step !== this.step) this.go(step, true);
      }
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  play(on) {
    this.playing = on;
    this.button.textContent = on ? "Pause" : "Play";
    if (on && this.step >= this.steps - 1) this.exact = 0;
  }

  /** A series of this many steps; playing goes on where it is. */
  resize(steps) {
    this.steps = steps;
    this.slider.max = Math.max(0, steps - 1);
    this.go(Math.min(this.step, steps - 1), true);
  }

  go(step, moving = false) {
    this.step = Math.max(0, step);
    if (!moving) this.exact = this.step;
    this.slider.value = this.step;
    this.output.textContent = `step ${this.step + 1} of ${this.steps}`;
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    this.show(this.step);
  }
}

// ---- Charts.
/** About `count` round numbers from low to high; `whole`: whole ones. */
function ticks(low, high, count, whole = false) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw && (!whole || s >= 1));
  const found = [];
  for (let at = Math.ceil(low / size - 1e-9) * size; at <= high + size * 1e-6; at += size) found.push(Math.abs(at) < size * 1e-6 ? 0 : at);
  return found;
}
const round = (value) => String(Number(value.toPrecision(3)));

/**
 * Draws lines or bars. lines: [{x: [..], y: [..], colour, dots}]; bars: {x, y, colour}; mark: an x with a thin line.
 * low, high: of the y axis, else of what is drawn. whole: the x axis counts. xName stands below the axis.
 */
function chart(canvas, {lines = [], bars = null, xName = "", xLow, xHigh, low, high, mark = null, whole = false}) {
  const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio || 1;
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  const all = [...lines, ...(bars ? [bars] : [])], xs = all.flatMap((l) => [...l.x]), ys = all.flatMap((l) => [...l.y]);
  if (!xs.length) return;
  xLow ??= Math.min(...xs);
  xHigh ??= Math.max(...xs);
  low ??= Math.min(...ys);
  high ??= Math.max(...ys);
  if (!(high > low)) high = low + 1;
  if (!(xHigh > xLow)) xHigh = xLow + 1;
  const left = 48, right = 10, top = 8, bottom = xName ? 40 : 22;
  const px = (x) => left + ((x - xLow) / (xHigh - xLow)) * (width - left - right);
  const py = (y) => height - bottom - ((y - low) / (high - low)) * (height - top - bottom);
  c.font = "12px system-ui, sans-serif";
  c.fillStyle = variable("--soft");
  c.strokeStyle = variable("--grid");
  c.lineWidth = 1;
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const y of ticks(low, high, 3)) {
    c.beginPath();
    c.moveTo(left, py(y));
    c.lineTo(width - right, py(y));
    c.stroke();
    c.fillText(round(y), left - 7, py(y));
  }
  c.textAlign = "center";
  c.textBaseline = "top";
  for (const x of ticks(xLow, xHigh, Math.max(2, Math.floor(width / 90)), whole)) c.fillText(round(x), px(x), height - bottom + 6);
  if (xName) c.fillText(xName, (left + width - right) / 2, height - 16);
  if (mark !== null) {
    c.strokeStyle = variable("--soft");
    c.beginPath();
    c.moveTo(px(mark), top);
    c.lineTo(px(mark), height - bottom);
    c.stroke();
  }
  if (bars) {
    c.fillStyle = bars.colour;
    const wide = Math.max(1, (0.75 * (width - left - right)) / bars.x.length);
    bars.x.forEach((x, i) => c.fillRect(px(x) - wide / 2, py(bars.y[i]), wide, Math.max(0, py(Math.max(low, 0)) - py(bars.y[i]))));
  }
  for (const line of lines) {
    c.strokeStyle = c.fillStyle = line.colour;
    c.lineWidth = 2;
    c.lineJoin = "round";
    c.beginPath();
    line.x.forEach((x, i) => (i ? c.lineTo(px(x), py(line.y[i])) : c.moveTo(px(x), py(line.y[i]))));
    c.stroke();
    if (line.dots)
      line.x.forEach((x, i) => {
        c.beginPath();
        c.arc(px(x), py(line.y[i]), 3.5, 0, 7);
        c.fill();
      });
  }
}

// ---- Sound. Browsers allow it only after a click or a key.
let audio = null, sounding = null;
const soundRate = 22050;

function playSound(samples) {
  audio ??= new AudioContext();
  audio.resume();
  if (sounding) sounding.stop();
  const buffer = audio.createBuffer(1, samples.length, soundRate);
  buffer.copyToChannel(samples, 0);
  const source = audio.createBufferSource();
  source.buffer = buffer;
  source.connect(audio.destination);
  source.start();
  sounding = source;
}

// ---- Rooms are tabs. Each tells `enter`, called when it is shown; the first call makes its worker.
const rooms = {};
let shown = "segment";

async function openRoom(name) {
  if (!rooms[name]) throw new Error(`There is no room “${name}”.`);
  shown = name;
  for (const each of Object.keys(rooms)) {
    const tab = $("tab-" + each);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    $("room-" + each).hidden = each !== name;
  }
  if (location.hash !== "#" + name) history.replaceState(null, "", "#" + name);
  rooms[name].entered ??= rooms[name].enter().catch((problem) => {
    rooms[name].entered = null;  // so that another try is a try
    complain(problem);
    throw problem;
  });
  await rooms[name].entered;
  redraws.forEach((redraw) => redraw());  // charts of a hidden room have no size
}

function startTabs() {
  const names = Object.keys(rooms), open = (name) => openRoom(name).catch(() => {});  // already told
  names.forEach((name, i) => {
    const tab = $("tab-" + name);
    tab.onclick = () => open(name);
    tab.onkeydown = (event) => {
      const to = {ArrowRight: i + 1, ArrowLeft: i - 1 + names.length, Home: 0, End: names.length - 1}[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = names[to % names.length];
      $("tab-" + next).focus();
      open(next);
    };
  });
  const asked = () => (rooms[location.hash.slice(1)] ? location.hash.slice(1) : null);
  addEventListener("hashchange", () => asked() && asked() !== shown && open(asked()));
  return openRoom(asked() || "segment");
}

/** A legend: a colour and a name for each class, with a place for the number of pixels. */
function legend(host, names) {
  const counts = [];
  host.replaceChildren(...names.map((name, i) => {
    const chip = make("i");
    chip.style.background = cssColour(classColours[i]);
    counts.push(make("span", {className: "count"}));
    return make("li", {}, chip, name, counts[i]);
  }));
  return counts;
}
const polygonNames = ["background", "triangle", "square", "pentagon", "hexagon"];
