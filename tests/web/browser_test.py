#!/usr/bin/env python3
"""The page of examples/web in headless Chromium, beside the same functions compiled for this machine.

browser_test.py --page index.html --engine libweb_engine.so --weights FOLDER --out FOLDER

Draws known shapes and compares the pixels' classes with the native engine's, strikes drums and compares the areas that are heard
with the true ones, trains two epochs and sees the loss fall, looks for errors on the console, and keeps screenshots of the rooms
at 1400 and 400 px. Ends with 77, skipped, where there is no Chromium, no driver of it, or no selenium.
"""
import argparse
import ctypes
import functools
import http.server
import json
import pathlib
import re
import shutil
import sys
import threading
import time

MACHINES = ("polygons", "tetrominoes", "digits")
SIZES = ("height", "width", "image_channels", "oscillators", "steps", "classes", "bins")


class Native:
    """The engine's functions, of the library for this machine."""

    def __init__(self, library, weights):
        self.dll = ctypes.CDLL(str(library))
        self.dll.nwm_error.restype = ctypes.c_char_p
        self.weights = weights

    def must(self, result):
        if result < 0:
            sys.exit("native engine: " + self.dll.nwm_error().decode())

    def sizes(self, machine):
        return {name: self.dll.segment_size(machine, i) for i, name in enumerate(SIZES)}

    def open(self, machine):
        self.must(self.dll.segment_open(machine, str(self.weights / f"{MACHINES[machine]}.safetensors").encode()))

    def labels(self, machine, image, steps):
        s = self.sizes(machine)
        picture = (ctypes.c_float * len(image))(*image)
        series = (ctypes.c_float * (s["steps"] * s["oscillators"] * s["height"] * s["width"]))()
        labels = (ctypes.c_ubyte * (s["height"] * s["width"]))()
        self.must(self.dll.segment_run(machine, picture, series))
        self.must(self.dll.segment_labels(machine, steps, labels))
        return list(labels)

    def example(self, machine, seed):
        s = self.sizes(machine)
        image = (ctypes.c_float * (s["image_channels"] * s["height"] * s["width"]))()
        mask = (ctypes.c_ubyte * (s["height"] * s["width"]))()
        self.must(self.dll.segment_example(machine, seed, image, mask))
        return list(image), list(mask)


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, what, fine, told=""):
        print(f"{'ok    ' if fine else 'FAILED'} {what}{': ' if told else ''}{told}", flush=True)
        self.failed += not fine


def start(page):
    """A browser, or the reason why there is none."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        return None, "no selenium for this Python"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        return None, "no Chromium" if not chromium else "no chromedriver"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(service=Service(driver), options=options)
    browser.set_script_timeout(300)
    browser.get(page.resolve().as_uri())
    return browser, ""


def call(browser, code):
    """The value of an expression of the page's, awaited."""
    told = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "(async () => (" + code + "))().then(v => done(JSON.stringify({value: v}, "
        "(k, x) => ArrayBuffer.isView(x) ? Array.from(x) : x)), e => done(JSON.stringify({error: String(e && e.stack || e)})))")
    told = json.loads(told)
    if "error" in told:
        sys.exit(f"FAILED {code[:80]}: {told['error']}")
    return told.get("value")


def same(a, b):
    return sum(x == y for x, y in zip(a, b)) / len(a)


def overlap(labels, mask):
    """The share of the pixels of shapes, in truth or in the labels, that have the right class."""
    either = [(a, b) for a, b in zip(labels, mask) if a or b]
    return sum(a == b for a, b in either) / len(either)


def segment(browser, native, check, numbers):
    for machine, name in enumerate(MACHINES):
        call(browser, f"nwmPage.segment.choose({machine})")
        native.open(machine)
        s = native.sizes(machine)
        if name == "digits":  # an upright stroke in the middle, two pixels wide: a one
            rows, columns = range(s["height"] // 5, s["height"] * 4 // 5), range(s["width"] // 2 - 1, s["width"] // 2 + 1)
            image = [float(p // s["width"] in rows and p % s["width"] in columns) for p in range(s["height"] * s["width"])]
            mask = None
        else:
            image, mask = native.example(machine, 7)
            drawn = call(browser, "nwmPage.segment.example(7)")
            check(f"{name}: the page draws the picture that C++ draws", drawn["mask"] == mask and
                  max(abs(a - b) for a, b in zip(drawn["image"], image)) < 1e-6)
        shown = call(browser, f"nwmPage.segment.show(new Float32Array({json.dumps(image)}))")
        expected = native.labels(machine, image, s["steps"])
        agree = same(shown["labels"], expected)
        check(f"{name}: classes as in C++", agree >= 0.999, f"{agree:.5f} of the pixels")
        half = call(browser, f"nwmPage.segment.label({s['steps'] // 2})")
        expected = native.labels(machine, image, s["steps"] // 2)
        check(f"{name}: half way, as in C++", same(half, expected) >= 0.999, f"{same(half, expected):.5f}")
        if mask:
            right = overlap(shown["labels"], mask)
            check(f"{name}: the shapes are told", right >= 0.9, f"{right:.3f} of their pixels")
        else:
            check("digits: ink is told from ground", any(shown["labels"]) and not all(shown["labels"]))
            ink = [label for label, v in zip(shown["labels"], image) if v]
            check("digits: and is told to be a one", ink.count(2) > len(ink) / 2, f"{ink.count(2)} of {len(ink)} pixels")
        numbers[f"{name}: seconds to segment"] = shown["milliseconds"] / 1000
        check(f"{name}: segmented within a second", shown["milliseconds"] < 1000, f"{shown['milliseconds']:.0f} ms")
        numbers[f"{name}: steps of the field a second while drawing"] = rate = call(browser, "nwmPage.segment.stepsPerSecond()")
        check(f"{name}: 30 steps a second while drawing", rate >= 30, f"{rate:.0f}")
        if mask:
            call(browser, f"nwmPage.segment.example({machine + 3})")
        else:
            call(browser, f"nwmPage.segment.show(new Float32Array({json.dumps(image)}))")


def refusals(native, check):
    """Numbers that make no sense are told, and touch no memory."""
    dll, room = native.dll, ctypes.create_string_buffer(16)
    for what, function, *arguments in (("a pixel outside", dll.segment_spectrum, 0, -1, 0, 0, room), ("a pixel beyond", dll.segment_spectrum, 0, 0, 999, 0, room),
                         ("no such machine", dll.segment_labels, 3, 1, room), ("no steps", dll.segment_labels, 0, 0, room),
                         ("a negative length", dll.segment_sound, 0, 1, 1, 22050, -5, room), ("no rate", dll.segment_sound, 0, 1, 1, 0, 4, room),
                         ("no such shape", dll.drum_shape, 9, room), ("no drum yet", dll.drum_strike, 1, 40, 40),
                         ("no lesson yet", dll.learn_epoch, room), ("no such file", dll.segment_open, 0, b"/nowhere.safetensors")):
        check(f"refused: {what}", function(*arguments) == -1, dll.nwm_error().decode())


def drum(browser, check):
    call(browser, "nwmPage.open('drum')")
    for kind, name, within in ((0, "square", 0.01), (1, "rectangle", 0.03)):
        call(browser, f"nwmPage.drum.shape({kind})")
        call(browser, "nwmPage.drum.strike(48, 48)")
        energy = call(browser, "nwmPage.drum.energy()")
        check(f"{name}: a strike moves it", energy > 0, f"mean square {energy:.3g}")
        heard = call(browser, "nwmPage.drum.hear()")
        sides = heard["longTrue"] * heard["shortTrue"], heard["longHeard"] * heard["shortHeard"]
        check(f"{name}: its area is heard", abs(sides[1] / sides[0] - 1) < within, f"{sides[1]:.1f}, in truth {sides[0]:.1f}")
        check(f"{name}: and its sides", abs(heard["longHeard"] / heard["longTrue"] - 1) < within,
              f"{heard['longHeard']:.2f} x {heard['shortHeard']:.2f}, in truth {heard['longTrue']:.0f} x {heard['shortTrue']:.0f}")
    pair = call(browser, "nwmPage.drum.hearPair()")
    check("the pair sounds alike", abs(pair[0]["tone"] / pair[1]["tone"] - 1) < 1e-3,
          f"{pair[0]['tone']:.6f} and {pair[1]['tone']:.6f} cycles a unit time")
    call(browser, "nwmPage.drum.strike(48, 40)")


def learn(browser, check, numbers):
    call(browser, "nwmPage.open('learn')")
    call(browser, "nwmPage.learn.start(1)")
    first, second = (call(browser, "nwmPage.learn.epoch()") for _ in range(2))
    check("two epochs: the loss falls", second["loss"] < 0.8 * first["loss"] and second["validation"] < first["validation"],
          f"{first['loss']:.3f}, {second['loss']:.3f}; validation {first['validation']:.3f}, {second['validation']:.3f}")
    numbers["learn: seconds an epoch"] = second["seconds"]


def pictures(browser, check, out):
    out.mkdir(parents=True, exist_ok=True)
    for width, height in ((1400, 1000), (400, 900)):
        # A window cannot be as narrow as a phone: the page's own measure is set.
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        for room in ("segment", "drum", "learn"):
            call(browser, f"nwmPage.open('{room}')")
            time.sleep(1.5)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            check(f"{room} at {width} px: nothing beyond the edge", wide <= width, f"{wide} px")
            browser.save_screenshot(str(out / f"{room}-{width}.png"))
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def served(browser, page, check):
    """The page from a file server: the same labels as from the file."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(page.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = "(await nwmPage.ready, await nwmPage.segment.choose(0), await nwmPage.segment.example(5), await nwmPage.segment.label(40))"
        from_file = call(browser, code)
        browser.get(f"http://127.0.0.1:{server.server_address[1]}/{page.name}#segment")
        from_server = call(browser, code)
        server.shutdown()
    check("the same from a file server", from_file == from_server and any(from_server))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("page", "engine", "weights", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    browser, missing = start(options.page)
    if not browser:
        print("skipped:", missing)
        return 77
    check, numbers = Checks(), {}
    try:
        size = options.page.stat().st_size
        numbers["bytes"] = size
        check("the page is under 3 MB", size < 3e6, f"{size} bytes")
        page = options.page.read_text(encoding="utf-8")
        check("nothing is loaded from elsewhere", not re.search(r"(?:src|href)=[\"']?(?:https?:)?//(?!arxiv)", page.split('id="engine-source"')[0]))
        call(browser, "nwmPage.ready")
        native = Native(options.engine, options.weights)
        refusals(native, check)
        segment(browser, native, check, numbers)
        drum(browser, check)
        learn(browser, check, numbers)
        pictures(browser, check, options.out)
        told = call(browser, "nwmPage.errors")
        served(browser, options.page, check)
        told += call(browser, "nwmPage.errors")
        check("the page told no error", not told, "; ".join(map(str, told)))
        console = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        check("no error on the console", not console, "; ".join(console))
    finally:
        browser.quit()
    for name, value in numbers.items():
        print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
