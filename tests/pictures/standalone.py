"""A chart of a report, and a terminal's answer, as pictures that a page can show by themselves.

They load nothing and have their colours inside: a chart those of the report in light and dark, a
terminal those of dark alone.
"""

import re
from collections.abc import Iterator
from html import escape

from projections.pages.rendering import _source
from projections.pictures.terminal import EIGHTHS

MARGIN = 12
CELL, LINE, PAD = 8, 19, 14
"""Pixels of a character, of a line, and around them."""
NAMED = {1: "declined", 2: "payable", 3: "held"}
"""The numbers of a terminal's red, green and yellow, and what the report calls these."""
OTHER_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")
"""What moves the cursor or clears a line; colours end with m."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
BLOCKS = re.compile(f"[{EIGHTHS[1:]}]+")
"""A bar: drawn, so that it has no gaps in any font."""
PIECES = re.compile(f"{BLOCKS.pattern}|[^ {EIGHTHS[1:]}]+(?: [^ {EIGHTHS[1:]}]+)*")


def palettes() -> tuple[dict[str, str], dict[str, str]]:
    """The report's colours, light and dark, by name."""
    light, dark = re.findall(r":root \{(.*?)\}", _source("style.css"), re.S)[:2]
    return dict(re.findall(r"--(\w+): (#\w+);", light)), dict(re.findall(r"--(\w+): (#\w+);", dark))


def _rules(palette: dict[str, str]) -> Iterator[str]:
    """The report's rules for marks and texts, with the colours themselves."""
    yield f".ground {{ fill: {palette['page']}; }}"
    for rule in re.findall(r"svg (\.\w+ \{[^}]*\})", _source("style.css")):
        yield re.sub(r"var\(--(\w+)\)", lambda name: palette[name[1]], rule)


def chart(svg: str) -> str:
    """A chart out of a report, as a file of its own."""
    light, dark = palettes()
    (width, height) = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    box = f"{-MARGIN} {-MARGIN} {width + 2 * MARGIN} {height + 2 * MARGIN}"
    style = [
        "<style>",
        "text { font-family: system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif; }",
        *_rules(light),
        "@media (prefers-color-scheme: dark) {",
        *_rules(dark),
        "}",
        "</style>",
        f'<rect class="ground" x="{-MARGIN}" y="{-MARGIN}" width="100%" height="100%" rx="8"/>',
    ]
    head, end, rest = svg.partition("</desc>\n")
    head = re.sub(r'class="picture" viewBox="[^"]*"', f'viewBox="{box}"', head)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{head}{end}" + "\n".join(style) + f"\n{rest}\n"


def terminal(command: str, written: str) -> str:
    """What a command wrote to a terminal, below the command."""
    from rich.cells import cell_len

    _, dark = palettes()
    plain = OTHER_CONTROLS.sub("", written.replace("\r\n", "\n"))
    rows = [row.split("\r")[-1] for row in plain.strip("\n").split("\n")]
    rows = [f"\x1b[1m$ {command}\x1b[0m", *(row for row in rows if "━" not in row)]
    cells = max(cell_len(COLOURS.sub("", row)) for row in rows)
    wide, high = cells * CELL + 2 * PAD, len(rows) * LINE + 2 * PAD
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">',
        f"<title>{escape(command)}</title>",
        "<style>",
        f"text {{ font: 13px ui-monospace, 'Noto Sans Mono', monospace; fill: {dark['ink']}; }}",
        f".bar {{ fill: {dark['plain']}; }}",
        ".bold { font-weight: bold; }",
        *(f".{kind} {{ fill: {dark[kind]}; }}" for kind in NAMED.values()),
        "</style>",
        f'<rect width="{wide}" height="{high}" rx="8" fill="{dark["page"]}"/>',
    ]
    for number, row in enumerate(rows):
        lines += _pieces(row, PAD + number * LINE + 14)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _pieces(row: str, y: int) -> Iterator[str]:
    """The pieces of a row, each in its style and its place, whatever the font's own widths are."""
    from rich.ansi import AnsiDecoder
    from rich.cells import cell_len
    from rich.console import Console

    console, cell = Console(), 0
    for text in AnsiDecoder().decode(row):
        for segment in text.render(console):
            own, style = segment.text.rstrip("\n"), segment.style
            kinds = ["bold"] if style and style.bold else []
            if style and style.color and style.color.number in NAMED:
                kinds.append(NAMED[style.color.number])
            named = f' class="{" ".join(kinds)}"' if kinds else ""
            for word in PIECES.finditer(own):
                x = PAD + (cell + cell_len(own[: word.start()])) * CELL
                if BLOCKS.fullmatch(word[0]):
                    pixels = sum(map(EIGHTHS.index, word[0])) * CELL // 8
                    yield f'<rect class="bar" x="{x}" y="{y - 12}" width="{pixels}" height="14"/>'
                    continue
                place = f'x="{x}" y="{y}" textLength="{cell_len(word[0]) * CELL}"'
                yield f"<text{named} {place}>{escape(word[0])}</text>"
            cell += cell_len(own)
