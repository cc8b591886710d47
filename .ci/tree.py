#!/usr/bin/env python3
"""Checks what CONTRIBUTING.md says of headers: includes point one way, and no header is longer than 400 lines.

Every folder of include/nwm uses only itself and the folders before it in ORDER. nwm.hpp, the umbrella, uses all.
Prints each include that points the other way, each header that is too long, and each folder that ORDER lacks.
"""
import pathlib
import re
import sys

ORDER = """memory grid cell backend time checkpointing readout layer io data loss optimizer model train simulation check
           sound plot analysis drum report""".split()
# Types that say how memory is laid out, without operations: they stand before backend/, which uses them.
BEFORE_BACKEND = {"backend/device/batched.hpp", "time/tape.hpp", "time/segment.hpp", "time/stage_site.hpp",
                  "time/stages.hpp"}
LONGEST = 400

root = pathlib.Path(__file__).resolve().parent.parent / "include" / "nwm"
wrong = []


def rank(path):
    """Where a header stands: of those beside nwm.hpp error, random and version come first."""
    folder, slash, _ = path.partition("/")
    if not slash:  # drum.hpp, for instance, is the folder's own umbrella
        stem = path.removesuffix(".hpp")
        return ORDER.index(stem) if stem in ORDER else -1
    if path in BEFORE_BACKEND:
        return ORDER.index("cell") + 0.5
    return ORDER.index(folder) if folder in ORDER else None


headers = sorted(p for suffix in ("*.hpp", "*.cuh") for p in root.rglob(suffix))
if len(headers) < 50:
    sys.exit(f"tree.py: only {len(headers)} headers under {root}")
longest = max(headers, key=lambda p: len(p.read_text().splitlines()))
for header in headers:
    path = header.relative_to(root).as_posix()
    text = header.read_text()
    lines = len(text.splitlines())
    if lines > LONGEST:
        wrong.append(f"{path}: {lines} lines, at most {LONGEST} are allowed")
    if rank(path) is None:
        wrong.append(f"{path}: the folder is not in ORDER")
    elif path != "nwm.hpp":
        for used in re.findall(r'^#include [<"]nwm/([^">]+)[">]', text, re.MULTILINE):
            there = rank(used)
            if there is not None and there > rank(path):
                wrong.append(f"{path}: includes {used}, which stands behind it")

for line in wrong:
    print(line)
print(f"{len(headers)} headers, the longest {longest.relative_to(root)}")
sys.exit(1 if wrong else 0)
