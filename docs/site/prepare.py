#!/usr/bin/env python3
"""Makes ready what Doxygen reads: prepare.py FOLDER

Writes FOLDER/include (headers.py), FOLDER/pages (pages.py), FOLDER/header.html with the menu, and FOLDER/lines.json: of
each header, which line each of its lines comes from. Code in the headers' comments must be code that is compiled.
"""
import collections
import json
import pathlib
import shutil
import subprocess
import sys

import headers
import pages
from site_map import MENU, PAGES, example_page, project

folder = pathlib.Path(sys.argv[1])
for name in ("include", "pages"):
    shutil.rmtree(folder / name, ignore_errors=True)
site = project / "docs/site"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


rules = collections.Counter({rule: 0 for rule in headers.contracts(site / "contracts.txt")})
come_from, foreign = {}, []
compiled = "".join("".join(path.read_text().split()) for part in ("examples", "tests")
                   for path in sorted((project / part).rglob("*.[ch]*p")) + sorted((project / part).rglob("*.cu")))
for header in sorted(p for suffix in ("*.hpp", "*.cuh") for p in (project / "include").rglob(suffix)):
    name = header.relative_to(project / "include").as_posix()
    blocks = []
    lines = headers.prepared(name, header.read_text(), rules, blocks)
    foreign += [f"include/{name}:\n" + "\n".join(block) for block in blocks
                if "".join("".join(block).split()) not in compiled]
    write(folder / "include" / name, "".join(line + "\n" for _, line in lines))
    come_from[name] = [number for number, _ in lines]
if foreign:
    sys.exit("code in comments that no example and no test compiles:\n" + "\n".join(foreign))
idle = [f"{rule[0].pattern} | {rule[1].pattern}" for rule, times in rules.items() if not times]
if idle:
    sys.exit("docs/site/contracts.txt: these describe nothing:\n" + "\n".join(idle))
write(folder / "lines.json", json.dumps(come_from))

for source, name in PAGES.items():
    write(folder / "pages" / f"{name}.md", pages.prepared(source, (project / source).read_text()))
for path in sorted((project / "examples").iterdir()):
    source = path.relative_to(project).as_posix()
    if example_page(source):
        write(folder / "pages" / f"{example_page(source)}.md", pages.example(source, path.read_text()))
write(folder / "pages/names.md", "# All names, A to Z {#names}\n\nALL_NAMES_HERE\n")

menu = "".join(f'<p class="group">{group}</p><ul>' + "".join(f'<li><a href="{name}.html">{words}</a></li>'
                                                 for _, name, words in entries) + "</ul>"
               for group, entries in MENU.items())
write(folder / "header.html", (site / "header.html").read_text().replace("MENU_HERE", menu))
