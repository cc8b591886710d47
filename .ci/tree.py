#!/usr/bin/env python3
"""Checks what CONTRIBUTING.md says of headers: includes point one way, no header is longer than 400 lines, and what
other libraries may have made macros of is set aside where it is used as a name.

Every folder of include/nwm uses only itself and the folders before it in ORDER. nwm.hpp, the umbrella, uses all.
Prints each include that points the other way, each header that is too long, each folder that ORDER lacks, and each
page that does not list the folders in that order: CONTRIBUTING.md and the tree of README.md.
"""
import pathlib
import re
import sys

ORDER = """memory grid cell tape backend time checkpointing readout layer io data loss optimizer model train simulation check
           mpi sound plot analysis drum report""".split()
LONGEST = 400

project = pathlib.Path(__file__).resolve().parent.parent
root = project / "include" / "nwm"
wrong = []


def rank(path):
    """Where a header stands: of those beside nwm.hpp error, random and version come first."""
    folder, slash, _ = path.partition("/")
    if not slash:  # drum.hpp, for instance, is the folder's own umbrella
        stem = path.removesuffix(".hpp")
        return ORDER.index(stem) if stem in ORDER else -1
    return ORDER.index(folder) if folder in ORDER else None


# The words of push_macros.inc, in a header's code.
set_aside = re.compile(r"\b(%s)\b" % "|".join(re.findall(r'push_macro\("(\w+)"\)', (root / "push_macros.inc").read_text())))


def code(text):
    """A header without its includes, comments and literal texts."""
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', re.sub(r"//[^\n]*|^#include.*", "", text, flags=re.MULTILINE))


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
    word = set_aside.search(code(text)) or re.search("<(xsimd|thrust|cub)/", text)
    guarded = ('#pragma once\n\n#include "nwm/push_macros.inc"\n' in text,
               text.endswith('\n#include "nwm/pop_macros.inc"\n'))
    if word and guarded != (True, True) or guarded[0] != guarded[1]:
        wrong.append(f"{path}: says {word and word[0]}, so it begins with push_macros.inc and ends with pop_macros.inc")
    if rank(path) is None:
        wrong.append(f"{path}: the folder is not in ORDER")
    elif path != "nwm.hpp":
        for used in re.findall(r'^#include [<"]nwm/([^">]+)[">]', text, re.MULTILINE):
            there = rank(used)
            if there is not None and there > rank(path):
                wrong.append(f"{path}: includes {used}, which stands behind it")


def listed(page, start, indent):
    """The folders that a page names on the lines below `start` that begin with `indent`: what stands there before three
    blanks is a description of them."""
    lines = (project / page).read_text().split(start, 1)[-1].splitlines()[1:]
    names = []
    for line in lines:
        if line.startswith(indent) and line[len(indent)] != " ":
            names += re.split(r" {3,}", line[len(indent):])[0].split()
        elif line and not line.startswith(indent):
            break
    return names


folders = [name for name in ORDER if (root / name).is_dir()]
if folders != ORDER:
    wrong.append(f"ORDER: no such folder: {' '.join(name for name in ORDER if name not in folders)}")
for page, start, indent in (("README.md", "\ninclude/nwm/", "  "),
                            ("CONTRIBUTING.md", "**Includes point one way.**", " " * 6)):
    found = listed(page, start, indent)
    if found != ORDER:
        wrong.append(f"{page}: lists the folders as {' '.join(found) or 'nothing'}, but ORDER is {' '.join(ORDER)}")
for line in wrong:
    print(line)
print(f"{len(headers)} headers, the longest {longest.relative_to(root)}")
sys.exit(1 if wrong else 0)
