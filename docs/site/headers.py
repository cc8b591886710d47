"""The headers in a form that Doxygen takes.

Their code stays as it is. The comment that opens a header becomes the description of its file; equations, which stand
two blanks further in than the text around them, stay lines; and a name that a contract describes (contracts.txt)
gets the description from there, unless it has one.
"""
import re


def contracts(path):
    """(header, pattern of a declaration, description) of each line of contracts.txt."""
    found = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            header, declaration, text = (part.strip() for part in line.split(" | "))
            found.append((re.compile(header), re.compile(declaration), text))
    return found


def escape(text):
    """Words of a comment, which Doxygen would take for HTML, commands or Markdown; what is between `…` stays."""
    parts = re.split(r"(`[^`]*`)", text)
    for i in range(0, len(parts), 2):
        part = re.sub(r"([\\<>#@%*])", r"\\\1", parts[i])
        parts[i] = re.sub(r"\b(e\.g\.|i\.e\.|et al\.|cf\.) ", r"\1\\ ", part)
    return "".join(parts)


def comment(lines):
    """(number, line) of one comment from those of the header."""
    out, shown = [], False
    for number, line in lines:
        head, text = re.match(r"(\s*///<?)(.*)", line).groups()
        further_in = re.match(r"   +\S", text) is not None
        if further_in != shown:
            out += [(number, head), (number, head + " @code{.unparsed}")] if further_in else [(number, head + " @endcode")]
            shown = further_in
        out.append((number, head + (text[3:] if shown else escape(text))))
    if shown:
        out.append((lines[-1][0], head + " @endcode"))
    return out


def prepared(name, text, rules):
    """The header `name` for Doxygen, as (number of the line it comes from, line); adds what it used to `rules`."""
    lines = list(enumerate(text.splitlines(), 1))
    opening = []
    while lines[len(opening)][1].startswith("//"):
        opening.append(lines[len(opening)][1])
    out, at = [], 0
    here = [rule for rule in rules if rule[0].fullmatch(name)]
    described = False  # whether the lines so far, if any, describe what the next one declares
    begin = None  # where the declaration that is being read begins in `out`: at its template or requires
    while at < len(lines):
        number, line = lines[at]
        if re.match(r"\s*///", line):
            last = at
            while last < len(lines) and re.match(r"\s*///", lines[last][1]):
                last += 1
            out += comment(lines[at:last])
            at, described, begin = last, not re.match(r"\s*///<", line), None
            continue
        if begin is None:
            begin = len(out)
        if not described and "///<" not in line:
            for rule in here:
                if rule[1].match(line.strip()):
                    out.insert(begin, (number, "/// " + rule[2]))
                    rules[rule] += 1
                    break
        trailing = re.match(r"(.*\S.*///<)(.*)", line)
        out.append((number, trailing[1] + escape(trailing[2]) if trailing else line))
        if not re.match(r"\s*(template\b.*>|requires\b.*[^;{])$", line):
            described, begin = False, None
        at += 1
    words = "\n".join(escape(line[2:]) for line in opening)
    return out + [(1, line) for line in f"/** @file\n{words}\n*/".splitlines()]
