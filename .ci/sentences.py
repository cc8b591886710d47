#!/usr/bin/env python3
"""Every sentence that refuses a cell (include/nwm/cell/check.hpp) is what a test of tests/compile_fail expects."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
check = (root / "include/nwm/cell/check.hpp").read_text()
sentences = {}
for mistake, text in re.findall(r'static_assert\(\s*m != (\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)', check):
    sentences[mistake] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')
if len(sentences) != check.count("static_assert(m != ") + check.count("static_assert(\n      m != "):
    sys.exit("include/nwm/cell/check.hpp: some sentences are written in a way that this script does not read")

expected = []
for test in sorted((root / "tests/compile_fail").glob("cell_*.cpp")):
    expected += re.findall(r"(?m)^// expect: *(.+)$", test.read_text())
untested = [m for m, text in sentences.items() if not any(re.search(e, text) for e in expected)]
if untested:
    sys.exit("mistakes of a cell without a test in tests/compile_fail: " + ", ".join(untested))
print(f"{len(sentences)} sentences that refuse a cell, each with a test")
