#!/usr/bin/env python3
"""Checks that what the project's pages point to is there: relative links, and headers named as `nwm/folder/x.hpp`.

CHANGELOG.md may name headers that are gone.
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
for line in wrong:
    print(line)
print(f"{len(pages)} pages, {links} links, {headers} headers named")
sys.exit(1 if wrong or links == 0 or headers == 0 else 0)
