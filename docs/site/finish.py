#!/usr/bin/env python3
"""Ends the site that Doxygen made, and judges it: finish.py WORK SITE

Links to headers and to names of the library are set, tables can be scrolled, the menu marks the page, and the list of
all names is made. Fails, with a line each, on
  a warning of Doxygen; a public name without a description (machinery.txt says whose members are not public);
  a link, a picture or an anchor that leads nowhere; anything that is loaded from elsewhere;
  a name `nwm::…` or a header `nwm/….hpp` that a guide mentions and that is not there.
"""
import html
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

from site_map import MENU, PAGES, project

folder = pathlib.Path(sys.argv[1])
site = pathlib.Path(sys.argv[2])
wrong = []

# ---- what Doxygen warned of ------------------------------------------------------------------------------------
come_from = json.loads((folder / "lines.json").read_text())
machinery = [re.compile(line) for line in (project / "docs/site/machinery.txt").read_text().splitlines()
             if line and not line.startswith("#")]
prefix = re.compile(r"^.*/site-work/(include|pages)/([^:]*):(\d+): warning: ")


def told(line):
    """A warning with the place in the project that it comes from."""
    match = prefix.match(line)
    if not match:
        return line
    kind, name, number = match[1], match[2], int(match[3])
    if kind == "include":
        lines = come_from[name]
        return f"include/{name}:{lines[min(number, len(lines)) - 1]}: {line[match.end():]}"
    source = next((source for source, page in PAGES.items() if f"{page}.md" == name), name)
    return f"{source}: {line[match.end():]}"


described = 0
for line in sorted(set((folder / "warnings.txt").read_text().splitlines())):
    # Not ours: what Doxygen 1.9 cannot read of C++20, and specialisations in namespace std.
    if line and not re.search(r"Internal inconsistency: scope for class std::", line):
        wrong.append(told(line))
for line in sorted(set((folder / "undocumented.txt").read_text().splitlines())):
    match = re.search(r"/include/nwm/([^:]*):\d+: warning: (Member|Compound) (.*) is not documented", line)
    if not match or re.match(r"std::|.* of (class|struct) std::", match[3]) or match[3].startswith("NWM_DETAIL_"):
        continue
    inner = match[2] == "Member" and re.search(r" of (class|struct|union) ", match[3])
    if not (inner and any(pattern.match(match[1]) for pattern in machinery)):
        wrong.append(told(line))

# ---- the library's names ---------------------------------------------------------------------------------------
headers, names, entries = {}, {}, []
for compound in ElementTree.parse(folder / "tags.xml").getroot():
    kind, name = compound.get("kind"), compound.findtext("name")
    page = compound.findtext("filename") or ""
    page = page if page.endswith(".html") else page + ".html"
    if kind == "file":
        path = compound.findtext("path") or ""
        headers[path[path.rfind("/include/") + len("/include/"):] + name] = page
        for member in compound.iter("member"):
            if member.get("kind") == "define":
                entries.append((member.findtext("name"), "macro",
                                f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"))
    if kind not in ("class", "struct", "namespace", "concept", "union") or not name.startswith("nwm"):
        continue
    names.setdefault(name, page)
    plain = re.sub(r"<.*>", "", name)
    names.setdefault(plain, page)
    if kind != "namespace":
        entries.append((name, kind, page))
    for member in compound.findall("member"):
        where = f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"
        full = f"{plain}::{member.findtext('name')}"
        names.setdefault(full, where)
        entries.append((full, member.get("kind"), where))
entries = sorted({entry[0]: entry for entry in reversed(entries)}.values(), key=lambda e: (e[0].split("::")[-1].lower(), e[0]))
shorter = {}  # Trainer for nwm::Trainer
for name, where in names.items():
    shorter.setdefault(name.removeprefix("nwm::"), where)


def all_names():
    """The list of all public names, by the last word of each."""
    out, letter, letters = [], "", []
    for name, kind, where in entries:
        last = name.split("::")[-1]
        first = last[0].upper() if last[0].isalpha() else "others"
        if first != letter:
            out.append(("</ul>" if letter else "") + f'<h2 id="names-{first}">{first}</h2><ul class="names">')
            letter = first
            letters.append(f'<a href="#names-{first}">{first}</a>')
        shown = html.escape(last)
        out.append(f'<li><a href="{where}"><code>{shown}</code></a> <span>{html.escape(name[:-len(last) - 2])}</span></li>')
    return f'<p class="letters">{" ".join(letters)}</p><p>{len(entries)} names.</p>' + "".join(out) + "</ul>"


# ---- every page ------------------------------------------------------------------------------------------------
MARKDOWN = {f"{page}.html" for page in PAGES.values()}
GUIDES = {f"{page}.html" for source, page in PAGES.items() if source.startswith("docs/")}

TARGETS = re.findall(r"add_library\((nwm::\w+) ALIAS", (project / "CMakeLists.txt").read_text())  # of CMake


def header_link(match):
    path = match[1]
    if path in headers:
        return f'href="{headers[path]}"'
    return 'href="files.html"' if (project / "include" / path).is_dir() else match[0]


def mention(page):
    """What a piece of code on `page` becomes: a link where it names a header or a part of the library."""
    def replaced(match):
        text = html.unescape(match[1])
        where = None
        if re.fullmatch(r"nwm/[\w/]+\.(hpp|cuh)", text):
            where = headers.get(text)
            if where is None and page in GUIDES:
                wrong.append(f"{page}: there is no header {text}")
        elif name := re.fullmatch(r"(nwm::[\w:]+)(<[^<>]*>)?(\(.*\))?", text):
            where = names.get(name[1])
            if where is None and page in GUIDES and name[1] not in TARGETS:
                wrong.append(f"{page}: the reference has no {name[1]}")
        elif name := re.fullmatch(r"([A-Za-z_]\w*(?:::\w+)+)(<[^<>]*>)?(\(.*\))?|([A-Z][a-z]+(?:[A-Z]\w*)+)(<[^<>]*>)?", text):
            where = shorter.get(name[1] or name[4])
        return f'<a href="{where}">{match[0]}</a>' if where and where != page else match[0]
    return replaced


def contents(text):
    """The headings of a page, as links, where there are several."""
    found = re.findall(r'<h2><a class="anchor" id="([^"]*)"></a>\s*(.*?)</h2>', text, re.DOTALL)
    items = "".join(f'<li><a href="#{place}">{re.sub("<[^>]*>", "", words)}</a></li>' for place, words in found)
    return f'<nav class="toc" aria-label="On this page"><ul>{items}</ul></nav>' if len(found) > 2 else ""


def finished(name, text):
    text = re.sub(r'href="header:([^"]*)"', header_link, text)
    text = re.sub(r"<code>#include &lt;(nwm/[\w/.]+)&gt;</code>",
                  lambda m: f'<code>#include &lt;<a href="{headers[m[1]]}">{m[1]}</a>&gt;</code>', text)
    # Parts of Doxygen's pages that need its scripts.
    text = re.sub(r' onclick="[^"]*"|<img src="(?:closed|open)\.png"[^>]*/>', "", text)
    text = re.sub(r'<div class="ttc".*?</div></div>\n|<div class="levels">.*?</div>', "", text)
    text = re.sub(r'(class="entry"><span style="width:)(\d+)(px;display:inline-block;">&#160;</span>)',
                  lambda m: f"{m[1]}{int(m[2]) // 2}{m[3]}", text)
    if name in MARKDOWN:
        for level in (3, 2, 1):  # the title is the first heading
            text = text.replace(f"<h{level}>", f"<h{level + 1}>").replace(f"</h{level}>", f"</h{level + 1}>")
        text = text.replace('<div class="textblock">', '<div class="textblock">' + contents(text), 1)
    text = re.sub(r'<div class="title">(.*?)</div>', r'<h1 class="title">\1</h1>', text)
    if name in GUIDES:  # Doxygen links names in prose; a piece of code within a link stays as it is
        parts = re.split(r"(<a [^>]*>.*?</a>|<div class=\"fragment\">.*?</div><!-- fragment -->)", text, flags=re.DOTALL)
        for i in range(0, len(parts), 2):
            parts[i] = re.sub(r"<code>([^<]*)</code>", mention(name), parts[i])
        text = "".join(parts)
    text = re.sub(r'(<table class="(?:markdownTable|doxtable|memberdecls|directory|params|fieldtable)".*?</table>)',
                  r'<div class="scroll">\1</div>', text, flags=re.DOTALL)
    text = text.replace(f'<li><a href="{name}">', f'<li><a href="{name}" aria-current="page">', 1)
    text = re.sub(r'(<div id="nav-path".*?</ul>\s*</div>\s*)(</div><!-- top -->)', r"\2\1", text, flags=re.DOTALL)
    text = re.sub(r'(<h1 class="title">[^<]*) (File|(?:Class|Struct|Union)(?: Template)?|Namespace|Concept|Directory) Reference',
                  r"\1", text)
    text = text.replace('<h1 class="title">File List</h1>', '<h1 class="title">Headers</h1>')
    text = text.replace('<h1 class="title">Class List</h1>', '<h1 class="title">Types</h1>')
    return re.sub(r'<div class="(header|contents)">', r'<div class="\1" id="page">', text, count=1)


class Links(HTMLParser):
    """The links of a page, what it loads, and its anchors."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.anchors, self.titles = [], [], set(), 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        for key in ("id", "name"):
            if values.get(key):
                self.anchors.add(values[key])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link":
            self.loaded.append(values["href"])
        if tag == "script" or any(key.startswith("on") for key in values):
            self.loaded.append(f"<{tag}> with a script")
        self.titles += tag == "title"


pages = {}
for path in sorted(site.glob("*.html")):
    text = finished(path.name, path.read_text())
    if path.name == "names.html":
        text, places = re.subn(r"<p[^<>]*>(<a [^<>]*></a>)?\s*ALL_NAMES_HERE\s*</p>", lambda m: all_names(), text)
        if places != 1:
            wrong.append("names.html: no place for the names")
    if path.name in MARKDOWN:
        words = re.sub(r"<(code|pre)>.*?</\1>|<div class=\"fragment\">.*?<!-- fragment -->|<[^>]*>", "", text, flags=re.DOTALL)
        for left in re.findall(r".{0,30}(?:\*\*|\]\(|`).{0,30}", words):
            wrong.append(f"{path.name}: Markdown that Doxygen did not read: {left.strip()}")
    path.write_text(text)
    pages[path.name] = Links(text)
links = 0
for name, page in pages.items():
    for target in page.links:
        if re.match(r"(https?|mailto):", target):
            continue
        links += 1
        where, _, place = target.partition("#")
        where = where or name
        if where not in pages:
            if not (site / where).is_file():
                wrong.append(f"{name}: the link {target} leads nowhere")
        elif place and place not in pages[where].anchors:
            wrong.append(f"{name}: {where} has no place {place}")
    for target in page.loaded:
        if re.match(r"(\w+:)?//", target) or not (target.startswith("data:") or (site / target).is_file()):
            wrong.append(f"{name}: {target} is loaded, and is not of the site")
    if page.titles != 1:
        wrong.append(f"{name}: {page.titles} titles")
for _, page, _ in (entry for group in MENU.values() for entry in group):
    if f"{page}.html" not in pages:
        wrong.append(f"the menu's {page}.html is not there")
for css in site.glob("*.css"):
    if re.search(r"url\(\s*['\"]?(?:\w+:)?//", css.read_text()):
        wrong.append(f"{css.name}: loads from elsewhere")

loaded = {target for page in pages.values() for target in page.loaded}
for path in site.iterdir():  # what only Doxygen's own look needs
    if path.suffix != ".html" and path.name not in loaded:
        path.unlink()

for line in wrong[:200]:
    print(line)
print(f"{site}: {len(pages)} pages, {links} links, {len(entries)} names, {len(headers)} headers; {len(wrong)} faults")
sys.exit(1 if wrong or links < 1000 or len(entries) < 500 or len(headers) < 50 else 0)
