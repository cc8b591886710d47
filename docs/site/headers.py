"""The headers in a form that Doxygen takes.

Their code stays as it is. The comment that opens a header becomes the description of its file; equations, tables and
code in comments stay lines; and a name that a contract describes (contracts.txt) gets the description from there, unless
it has one.
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


def comment(lines, code_blocks):
    """(number, line) of one comment from those of the header; its blocks of code are added to `code_blocks`.

    Lines two blanks further in than the text, equations and tables, are shown as they are; four further in it is code.
    """
    out, shown, in_list = [], "", False
    for number, line in lines:
        head, text = re.match(r"(\s*///<?)(.*)", line).groups()
        inside = re.match(r"   +\S", text) is not None
        in_list = inside and not shown and (in_list or re.match(r" +[*-] ", text) is not None)
        inside = inside and not in_list or bool(shown) and not text.strip()
        if inside and not shown:
            shown = ".cpp" if text.startswith("     ") else ".unparsed"
            if shown == ".cpp":
                code_blocks.append([])
            out += [(number, head), (number, f"{head} @code{{{shown}}}")]
        elif shown and not inside:
            out.append((number, head + " @endcode"))
            shown = ""
        if shown == ".cpp":
            code_blocks[-1].append(text)
        if in_list:
            text = text[2:]
        out.append((number, head + (text[3:] if shown else escape(text))))
    if shown:
        out.append((lines[-1][0], head + " @endcode"))
    return out


def each_alone(declaration):
    """The variables of `double low = 0, high = 1;`, each declared by itself: a comment is of the first or last only."""
    if re.match(r"\s*using Base::.*,", declaration):
        return [f"using {part.strip()};" for part in declaration.strip()[6:-1].split(",")]
    plain, last = declaration, ""
    while plain != last:  # what is between brackets
        plain, last = re.sub(r"\([^()]*\)|\{[^{}]*\}|<[^<>]*>", lambda m: "·" * len(m[0]), plain), plain
    if not plain.endswith(";") or "," not in plain or re.search(r"[(){}?]", plain):
        return [declaration]
    cuts = [-1] + [i for i, c in enumerate(plain) if c == ","] + [len(plain) - 1]
    parts = [declaration[i + 1:j] for i, j in zip(cuts, cuts[1:])]
    head = re.match(r"([^=·]*(?:·+\s+[^=·]*)?)", plain)[1].split(",")[0]
    name = re.search(r"[*&]*\w+\s*$", head)
    if not name:
        return [declaration]
    kind = declaration[:name.start()]
    return [parts[0].rstrip() + ";"] + [f"{kind}{part.strip()};" for part in parts[1:]]


def prepared(name, text, rules, code_blocks):
    """The header `name` for Doxygen, as (number of the line it comes from, line).

    Counts in `rules` what it used, and adds the code of comments to `code_blocks`.
    """
    lines = list(enumerate(text.splitlines(), 1))
    opening = []
    while lines[len(opening)][1].startswith("//"):
        opening.append(lines[len(opening)][1])
    out, at = [], 0
    here = [rule for rule in rules if rule[0].fullmatch(name)]
    said = []  # the comment above, if there is one
    begin = None  # where what is being read begins in `out`: at its template or requires
    while at < len(lines):
        number, line = lines[at]
        if re.match(r"\s*///", line):
            last = at
            while last < len(lines) and re.match(r"\s*///", lines[last][1]):
                last += 1
            shown = comment(lines[at:last], code_blocks)
            out += shown
            at, said, begin = last, [] if re.match(r"\s*///<", line) else shown, None
            continue
        while re.match(r"\s*static constexpr [^()]*=.*,$", line) and at + 1 < len(lines):  # goes on
            at += 1
            line += " " + lines[at][1].strip()
        if begin is None:
            begin = len(out)
        code, mark, behind = re.match(r"(.*?)(?:(\s*///<)(.*))?$", line).groups()
        if mark and not said and len(each_alone(code)) > 1:
            out.insert(begin, (number, "/// " + escape(behind)))
            said, mark = out[begin:], None
        if not said and not mark:
            for rule in here:
                if rule[1].match(line.strip()):
                    out.insert(begin, (number, "/// " + rule[2]))
                    said = out[begin:begin + 1]
                    rules[rule] += 1
                    break
        if said and not mark:
            for i, one in enumerate(each_alone(code)):
                out += [] if i == 0 else said
                out.append((number, one))
        else:
            out.append((number, code + mark + escape(behind) if mark else line))
        if not re.match(r"\s*(template\b.*>|requires\b.*[^;{])$", line):
            said, begin = [], None
        at += 1
    file = [(0, "/// @file")] + comment([(i, "/" + line) for i, line in enumerate(opening, 1)], code_blocks)
    return out + [(1, "")] + file
