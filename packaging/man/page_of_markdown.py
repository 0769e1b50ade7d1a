#!/usr/bin/env python3
"""Writes docs/configuration.md as the manual page sentinel-spoa.yaml(5).

    page_of_markdown.py MARKDOWN VERSION DATE PAGE

Knows the Markdown of that document and no more: headings, paragraphs, bullets, code blocks, tables.
"""

import re
import sys


def roff(text):
    """A line of plain text for troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def inline(text):
    """Code and emphasis become bold and italic; of a link its words remain."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*[^*]+\*\*|\*[^*]+\*)", text)
    out = ""
    for part in parts:
        if part.startswith("`"):
            out += "\\fB" + roff(part[1:-1]).removeprefix("\\&") + "\\fR"
        elif part.startswith("**"):
            out += "\\fB" + roff(part[2:-2]).removeprefix("\\&") + "\\fR"
        elif part.startswith("*") and len(part) > 2:
            out += "\\fI" + roff(part[1:-1]).removeprefix("\\&") + "\\fR"
        else:
            out += roff(part).removeprefix("\\&")
    return "\\&" + out if out.startswith((".", "'")) else out


def cells(row):
    """Those of a row of a table; `\\|` is no border."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def table(rows):
    """Each row as a tagged paragraph: the first cell, then the others with their headings."""
    heading, _, *body = rows
    names = cells(heading)
    for row in body:
        first, *others = cells(row)
        yield ".TP\n" + inline(first)
        told = [(name, text) for name, text in zip(names[1:], others) if text]
        meaning = [text for name, text in told if name in ("meaning", "remarks")]
        facts = [f"{name}: {text}" for name, text in told if name not in ("meaning", "remarks")]
        yield inline(" ".join(meaning + (["(" + "; ".join(facts) + ")"] if facts else [])))


def blocks(lines):
    """(kind, lines) of each block of the document."""
    kind, block = None, []
    fenced = False
    for line in lines:
        if line.startswith("```"):
            yield kind, block
            fenced = not fenced
            kind, block = ("code" if fenced else None), []
            continue
        if fenced:
            block.append(line)
            continue
        new = ("heading" if line.startswith("#") else
               "table" if line.startswith("|") else
               "bullet" if line.startswith("- ") else
               "code" if line.startswith("    ") and kind in (None, "code") else
               "bullet" if kind == "bullet" and line.startswith("  ") else
               "text" if line.strip() else None)
        if new != kind or new in ("bullet", "heading") and line.startswith(("- ", "#")):
            yield kind, block
            kind, block = new, []
        block.append(line)
    yield kind, block


def render(kind, lines):
    if kind == "heading":
        level, title = re.match(r"(#+) (.*)", lines[0]).groups()
        if level != "#":
            yield (".SH " if level == "##" else ".SS ") + roff(title.upper() if level == "##" else title)
    elif kind == "code":
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        yield from [".PP", ".in +4n", ".nf", *(roff(line[indent:]) for line in lines), ".fi", ".in"]
    elif kind == "table":
        yield from table(lines)
    elif kind == "bullet":
        yield ".IP \\(bu 2"
        yield inline(" ".join(line.strip().removeprefix("- ") for line in lines))
    elif kind == "text":
        yield ".PP"
        yield inline(" ".join(line.strip() for line in lines))


def page(markdown, version, date):
    yield f'.TH SENTINEL-SPOA.YAML 5 "{date}" "sentinel-spoa {version}" "File formats"'
    yield ".SH NAME"
    yield "sentinel-spoa.yaml \\- configuration of sentinel-spoa"
    yield ".SH DESCRIPTION"
    after_heading = True
    for kind, lines in blocks(markdown.splitlines()):
        out = list(render(kind, lines))
        yield from out[1:] if after_heading and out[:1] == [".PP"] else out
        after_heading = kind == "heading" if out else after_heading
    yield ".SH SEE ALSO"
    yield ".BR sentinel-spoa (8)"


def main():
    _, source, version, date, target = sys.argv
    with open(source, encoding="utf-8") as file:
        text = "\n".join(page(file.read(), version, date)) + "\n"
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
