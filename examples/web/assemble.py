#!/usr/bin/env python3
"""Makes the page one HTML file: style, scripts, engine and weights all stand inside, and nothing is loaded from elsewhere.

python3 assemble.py --engine engine.js --weights FOLDER --out index.html

page.html holds a line `<!-- insert NAME -->` for each part. The parts of a FOLDER are its *.safetensors.
"""
import argparse
import base64
import pathlib
import re

here = pathlib.Path(__file__).resolve().parent


def script(text):
    """Text that may stand in a <script> element: HTML would end the element at the first, and stop ending it at the second."""
    return re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE).replace("<!--", "<\\!--")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", type=pathlib.Path, required=True, help="what emcc made of engine.cpp, the wasm inside")
    parser.add_argument("--weights", type=pathlib.Path, required=True, help="folder of polygons.safetensors and so on")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the page")
    options = parser.parse_args()

    def read(name):
        return (here / name).read_text(encoding="utf-8")

    def plain(name, text):
        return f'<script type="text/plain" id="{name}">{script(text)}</script>'

    weights = sorted(options.weights.glob("*.safetensors"))
    if not weights:
        parser.error(f"no *.safetensors in {options.weights}")
    parts = {
        "style": f"<style>\n{read('style.css')}</style>",
        "engine": plain("engine-source", options.engine.read_text(encoding="utf-8")),
        "worker": plain("worker-source", read("worker.js")),
        "weights": "\n".join(plain(f"weights-{path.stem}", base64.b64encode(path.read_bytes()).decode()) for path in weights),
        "scripts": "\n".join(f"<script>\n{script(read(name))}</script>"
                             for name in ("page.js", "field.js", "room_segment.js", "room_drum.js", "room_learn.js", "hooks.js")),
    }
    page = read("page.html")
    wanted = re.findall(r"<!-- insert (\w+) -->", page)
    if sorted(wanted) != sorted(parts):
        raise SystemExit(f"page.html inserts {wanted}, and there are {sorted(parts)}")
    page = re.sub(r"<!-- insert (\w+) -->", lambda found: parts[found[1]], page)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page, encoding="utf-8")
    print(f"{options.out}: {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
