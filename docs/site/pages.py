"""The guides in a form that Doxygen takes: named headings, links that lead within the site, and the pages that the site
has beside them: one for each example program."""
import re

from site_map import PAGES, anchor, example_page, leads_to

# How Doxygen is told the language of a block; all others are shown as they are.
SHOWN_AS = {"cpp": ".cpp", "python": ".py"}


def words(source, text):
    """A line of a guide outside code."""
    def link(match):
        picture, label, target = match.groups()
        if picture:
            return f"![{label}]({target.rsplit('/', 1)[-1]})"
        where = leads_to(source, target)
        return f"[{label}]({where})" if where else label

    text = re.sub(r"\*\*(`[^`]*`)\*\*", r"<b>\1</b>", text)  # Doxygen 1.9.4 leaves these stars
    parts = re.split(r"(`[^`]*`)", text)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"(?<!^)(?<!#)(#|@)(?=\w)", r"\\\1", parts[i]) if "](" not in parts[i] else parts[i]
    text = "".join(parts)
    return re.sub(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)", link, text)


def prepared(source, text):
    """A guide's Markdown for Doxygen."""
    page, out, code, paragraph = PAGES[source], [], False, []

    def flush():
        if paragraph:  # a link may stand on two lines
            out.extend(words(source, "\n".join(paragraph)).split("\n"))
            paragraph.clear()

    first = True
    for line in text.splitlines():
        fence = re.match(r"(\s*)```(\w*)$", line)
        if fence:
            flush()
            indent, language = fence.groups()
            out.append(f"{indent}~~~~~~" if code else f"{indent}~~~~~~{{{SHOWN_AS.get(language, '.unparsed')}}}")
            code = not code
        elif code:
            out.append(line)
        elif re.match(r"#+ ", line):
            flush()
            title = words(source, line)
            name = page if first else anchor(page, line.lstrip("# "))
            if first and page == "index":
                out.append(f"{title} {{#mainpage}}")
            else:
                out.append(f"{title} {{#{name}}}")
            first = False
        elif not line.strip() or line.lstrip().startswith(("|", "<!--")):
            flush()
            if not line.startswith("<!--"):
                out.append(words(source, line))
        else:
            paragraph.append(line)
    flush()
    return "\n".join(out) + "\n"


def example(source, text):
    """The page that shows one example: its opening comment, and all of it."""
    opening = re.match(r"((?://.*\n)*)", text)[1]
    said = " ".join(line[2:].strip() for line in opening.splitlines())
    name = source.removeprefix("examples/")
    return f"# {name} {{#{example_page(source)}}}\n\n{said}\n\n~~~~~~{{.cpp}}\n{text}~~~~~~\n"
