#!/usr/bin/env python3
"""Checks that what the project's pages and comments point to is there.

Pages: relative links, and headers named as `nwm/folder/x.hpp`; CHANGELOG.md may name headers that are gone. Comments of
headers: every file they name, by its path from include/nwm, from the header's folder or a folder above it, or from the
project's folder.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
pages = subprocess.run(["git", "-C", str(root), "ls-files", "*.md"], check=True, capture_output=True,
                       text=True).stdout.split()
wrong, links, headers = [], 0, 0
for name in pages:
    page = root / name
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            links += 1
            if not (page.parent / target).exists():
                wrong.append(f"{name}: the link {target} leads nowhere")
    if name != "CHANGELOG.md":
        for header in re.findall(r"`(nwm/[\w/]+\.(?:hpp|cuh))`", text):
            headers += 1
            if not (root / "include" / header).exists():
                wrong.append(f"{name}: there is no header {header}")
sources = subprocess.run(["git", "-C", str(root), "ls-files", "include/*.hpp", "include/*.cuh"], check=True,
                         capture_output=True, text=True).stdout.split()
named = 0
for name in sources:
    above = [parent for parent in (root / name).parents if parent.is_relative_to(root)]
    for number, line in enumerate((root / name).read_text().splitlines(), 1):
        comment = re.search(r"(?:^|\s)//(.*)", line)
        for target in re.findall(r"[\w./-]+\.(?:hpp|cuh|cpp|cu|md|py)\b", comment.group(1) if comment else ""):
            named += 1
            if not any((folder / target).exists() for folder in above):
                wrong.append(f"{name}:{number}: there is no {target}")
for line in wrong:
    print(line)
print(f"{len(pages)} pages, {links} links, {headers} headers named; {named} files named in {len(sources)} headers")
sys.exit(1 if wrong or links == 0 or headers == 0 or named == 0 else 0)
