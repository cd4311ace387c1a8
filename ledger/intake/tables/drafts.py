"""A mapping drafted from a file: what is recognised in it, what is missing, what is in doubt."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.intake.columns import BLANKS
from ledger.intake.header import is_nameless
from ledger.intake.tables import guesses
from ledger.intake.tables.known_headers import meaning_of, rank_of
from ledger.intake.tables.layout import Found
from ledger.intake.tables.plain_file import PlainFile
from ledger.intake.tables.rows import MARKS, MOMENT, NUMBER, RawRow
from ledger.intake.tables.table import explains
from ledger.intake.tables.targets import RECONCILE, Target
from ledger.kernel.orderlines import ENUMERATIONS

SAMPLES_SHOWN = 3
WORDS_MAX = 12
BLANK = ("-", "--", "/", "N/A")
CHOOSE = "?"
"""Marks where a person has to choose."""


class Seen(NamedTuple):
    """A column of the file: its first cells, and what it seems to be."""

    header: str
    samples: tuple[str, ...]
    ours: str | None
    how: str


class Draft(NamedTuple):
    """A mapping as text; `missing` names what nothing in the file gives, `doubts` what has to be
    chosen before it can be used."""

    text: str
    trial: str
    """The same with one way tried for each doubt, so that rows can be shown."""
    columns: tuple[Seen, ...]
    missing: tuple[str, ...]
    doubts: tuple[str, ...]


class _Column(NamedTuple):
    ours: str
    header: str
    entry: str
    how: str
    doubt: str = ""
    trial: str = ""
    """How it is tried where it is in doubt; empty where it cannot be."""


def draft_of(
    file: PlainFile, layout: Found, rows: Sequence[RawRow], target: Target, own_zone: str | None
) -> Draft:
    """A mapping for a file, by its header and its first rows."""
    below = rows[1:] if rows and explains(rows[0].cells) else rows
    samples = {name: _samples(below, at) for at, name in enumerate(layout.names)}
    chosen = _chosen(layout.names, target)
    amounts = [h for ours, h in chosen.items() if target.kinds[ours] == "amount"]
    marks = guesses.marks_of(
        [cell for name in amounts for cell in samples[name] if cell[:1] != NUMBER]
    )
    columns = [
        _column(ours, header, samples[header], target, own_zone) for ours, header in chosen.items()
    ]
    doubts = [column.doubt for column in columns if column.doubt]
    if marks is not None and not marks.sure:
        doubts.append("the cells do not tell which sign stands before decimals")
    missing = _missing(target, chosen, samples)
    needs_zone = own_zone is None and any("zone" in column.how for column in columns)
    if needs_zone:
        doubts.append("times have no zone: name it, or give --zone")
    seen = tuple(
        Seen(
            name,
            tuple(_shown(cell) for cell in samples[name][:SAMPLES_SHOWN]),
            next((column.ours for column in columns if column.header == name), None),
            next((column.how for column in columns if column.header == name), ""),
        )
        for name in layout.names
        if not is_nameless(name)
    )
    described = bool(rows) and explains(rows[0].cells)
    if described:
        first = " | ".join(cell for cell in rows[0].cells if cell.strip())[:FIRST_SHOWN]
        doubts.append(f"the first row may explain the columns ({first}): then described = true")
    blanks = _blanks(below)
    whole = _Parts(file, layout, target, missing, seen, marks, needs_zone, described, blanks)
    text = _text(whole, columns)
    trial = _text(
        whole,
        [
            column._replace(entry=column.trial) if column.doubt else column
            for column in columns
            if not column.doubt or column.trial
        ],
    )
    return Draft(text, trial, seen, tuple(missing), tuple(doubts))


def _samples(rows: Sequence[RawRow], at: int) -> list[str]:
    cells = (row.cells[at].strip(BLANKS) for row in rows if at < len(row.cells))
    return [cell for cell in cells if cell and cell not in BLANK]


def _blanks(rows: Sequence[RawRow]) -> list[str]:
    """The signs that the file writes into blank cells."""
    cells = {cell.strip(BLANKS) for row in rows for cell in row.cells}
    return [sign for sign in BLANK if sign in cells]


def _shown(cell: str) -> str:
    return cell.lstrip("".join(MARKS))[:40]


def _chosen(names: Sequence[str], target: Target) -> dict[str, str]:
    """For each column of ours the header that most likely means it."""
    best: dict[str, tuple[int, int, str]] = {}
    for at, name in enumerate(names):
        ours = meaning_of(name, target.name, target.kinds)
        if ours is None or ours not in target.kinds or is_nameless(name):
            continue
        key = (rank_of(name, ours, target.name), at, name)
        best[ours] = min(best.get(ours, key), key)
    order = list(target.kinds)
    return {ours: best[ours][2] for ours in sorted(best, key=order.index)}


def _column(
    ours: str, header: str, samples: list[str], target: Target, own_zone: str | None
) -> _Column:
    plain = _quoted(header)
    texts = [_shown(sample) for sample in samples]
    match target.kinds[ours]:
        case "instant" | "day" as kind:
            if samples and all(sample[:1] == MOMENT for sample in samples):
                how = "times of the workbook" + ("" if own_zone else ", without a zone")
                return _Column(ours, header, plain, how if kind == "instant" else "days")
            return _time(ours, header, texts, is_day=kind == "day", zone=own_zone)
        case "id":
            marked = [text for text in texts if text[:1] in "#'`"]
            if marked:
                strip = "".join(dict.fromkeys(text[0] for text in marked))
                entry = f"{{ header = {plain}, strip = {_quoted(strip)} }}"
                return _Column(ours, header, entry, f"an id behind {strip}")
        case "currency":
            others = [
                text for text in texts if not (len(text) == 3 and text.isalpha() and text.isupper())
            ]
            if others:
                return _Column(ours, header, f"{{ unit = {plain} }}", "the currency in the cell")
        case _ if ours in ENUMERATIONS:
            return _words(ours, header, texts)
    return _Column(ours, header, plain, "")


def _time(ours: str, header: str, texts: list[str], *, is_day: bool, zone: str | None) -> _Column:
    plain = _quoted(header)
    times = guesses.times_of(texts)
    if times is None:
        entry = f"{{ header = {plain}, formats = [{_quoted(CHOOSE)}] }}"
        example = texts[0] if texts else "no cell"
        return _Column(ours, header, entry, "", f"{ours}: how {example!r} is written is not known")
    how = (
        "days" if is_day else "times with their zone" if times.has_zone else "times without a zone"
    )
    how = "local times" if zone and not is_day and not times.has_zone else how
    if not times.formats:
        return _Column(ours, header, plain, how)
    listed = ", ".join(map(_quoted, times.formats))
    entry = f"{{ header = {plain}, formats = [{listed}] }}"
    if len(times.formats) == 1:
        return _Column(ours, header, entry, how)
    doubt = f"{ours}: {texts[0]!r} can mean {' or '.join(times.formats)}; keep one"
    trial = f"{{ header = {plain}, formats = [{_quoted(times.formats[0])}] }}"
    return _Column(ours, header, entry, how, doubt, trial)


def _words(ours: str, header: str, texts: list[str]) -> _Column:
    meant = ENUMERATIONS[ours]
    words = list(dict.fromkeys(texts))
    if set(words) <= set(meant):
        return _Column(ours, header, _quoted(header), "")
    pairs = ", ".join(f"{_quoted(word)} = {_quoted(CHOOSE)}" for word in words[:WORDS_MAX])
    entry = f"{{ header = {_quoted(header)}, words = {{ {pairs} }} }}"
    doubt = f"{ours}: which words mean {' or '.join(meant)}"
    return _Column(ours, header, entry, "words", doubt, _quoted(header))


def _missing(target: Target, chosen: dict[str, str], samples: dict[str, list[str]]) -> list[str]:
    if target.name == RECONCILE:
        lacks = [] if {"line", "order_id", "store"} & set(chosen) else ["line (or order_id)"]
        return lacks + [name for name in ("amount", "currency") if name not in chosen]
    return [name for name in target.needed if name not in chosen]


class _Parts(NamedTuple):
    """What a draft says in addition to its columns."""

    file: PlainFile
    found: Found
    target: Target
    missing: list[str]
    seen: Sequence[Seen]
    marks: guesses.Marks | None
    needs_zone: bool
    described: bool
    blanks: list[str]


def _text(parts: _Parts, columns: list[_Column]) -> str:
    file, header, target, missing, seen, marks, needs_zone, described, blanks = parts
    name = Path(file.name).name
    lines = [
        f"# Drafted from {name}. Read every line; what begins with # is not said yet.",
        f"name = {_quoted(Path(name).name.partition('.')[0] or 'mapping')}",
        f"for = {_quoted(target.name)}",
        "",
        "[file]",
    ]
    if file.kind == "text":
        lines.append(f"encoding = {_quoted(file.encoding)}")
        lines.append(f"delimiter = {_quoted(header.delimiter)}")
    if header.sheet:
        lines.append(f"sheet = {_quoted(header.sheet)}")
    if header.above:
        first = next((name for name in header.names if name), "")
        lines.append(f"header = {_quoted(first)}")
    if described:
        lines.append("# described = true    # the row under the header explains it: pass it over")
    if blanks:
        lines.append(f"blanks = [{', '.join(map(_quoted, blanks))}]")
    if marks is not None and marks.decimal == ",":
        lines.append('decimal = ","')
    if marks is not None and marks.thousands:
        lines.append(f"thousands = {_quoted(marks.thousands)}")
    if marks is not None and not marks.sure:
        lines.append('# decimal = "," or "."')
    if needs_zone:
        lines.append('# zone = "Asia/Shanghai"')
    lines += ["", "[columns]"]
    for column in columns:
        lines += [f"# {column.doubt}"] if column.doubt else []
        lines.append(f"{column.ours} = {column.entry}")
    lines += [f"# {_example(ours, target)}" for ours in missing]
    ignored = [column.header for column in seen if column.ours is None]
    if ignored:
        listed = "".join(f"    {_quoted(heading)},\n" for heading in ignored)
        lines += ["", "[ignore]", f"headers = [\n{listed}]"]
    return "\n".join(lines) + "\n"


FIRST_SHOWN = 80


def _example(name: str, target: Target) -> str:
    """An entry for a column that the file lacks."""
    ours = name.partition(" ")[0]
    value = "|".join(ENUMERATIONS.get(ours, ("...",)))
    return f'{ours} = {{ constant = "{value}" }}    # nothing in the file was recognised as it'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
