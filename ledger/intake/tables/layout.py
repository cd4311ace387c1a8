"""Where the table begins in a file: its separator, its sheet, its header."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ledger.intake.border import COLUMNS_MAX
from ledger.intake.tables import rows
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.plain_file import PlainFile
from ledger.intake.tables.refusals import BadTable, HeaderNotFound
from ledger.intake.tables.rows import RawRow
from ledger.kernel.fold import fold, fold_signs
from ledger.kernel.near import listed, near

DELIMITERS = (",", "\t", ";", "|")
LOOKED_AT = 100
"""Rows in which the header is looked for."""
SAMPLE_BYTES = 256 * 1024
SHEETS_MAX = 20


class Found(NamedTuple):
    """The header of a file, and where it is."""

    names: list[str]
    place: int
    """The line or row on which it ends."""
    delimiter: str = ","
    sheet: str = ""
    above: int = 0
    """How many rows are above it."""


def of_text(file: PlainFile, mapping: Mapping | None, ours: Collection[str]) -> Found:
    """The header of a text, by the separator that gives one; without a mapping one of `ours`.
    Raises `BadTable`."""
    given = mapping.file.delimiter if mapping else None
    candidates: list[tuple[int, int, Found]] = []
    for sign in (given,) if given else DELIMITERS if mapping else (",", "\t"):
        sample = _sample(file, sign, mapping.file.quote if mapping else '"')
        if (best := _best(sample, mapping, ours)) is not None:
            at, score = best
            names = _named(_lowest(sample, at, mapping))
            candidates.append((score, len(names), Found(names, sample[at].place, sign, above=at)))
    if not candidates:
        raise _no_header(file.name, mapping, _sample(file, given or ","), ours)
    return max(candidates, key=lambda candidate: candidate[:2])[2]


def _sample(file: PlainFile, delimiter: str, quote: str = '"') -> list[RawRow]:
    """The first rows, as far as they can be parsed."""
    with file.path.open("rb") as stream:
        text = stream.read(SAMPLE_BYTES).decode("utf-8-sig", "ignore")
    csv.field_size_limit(SAMPLE_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **rows.quoting(quote))
    raw_rows: list[RawRow] = []
    try:
        for cells in islice(reader, 2 * LOOKED_AT):
            if any(cell.strip() for cell in cells):
                raw_rows.append(RawRow(reader.line_num, cells))
    except csv.Error:
        return raw_rows
    return raw_rows[:LOOKED_AT]


def of_workbook(
    file: PlainFile, mapping: Mapping | None, ours: Collection[str]
) -> tuple[Found, Iterator[RawRow]]:
    """The header of the sheet that the mapping names, or of the first that has one; and the rows
    below."""
    there = rows.sheets(file)
    wanted = mapping.file.sheet if mapping else ()
    named = [name for title in wanted for name in there if fold(name) == fold(title)]
    if wanted and not named:
        names = listed(list(map(repr, there))) or "none"
        raise BadTable(
            f"{file.name} has no sheet {' or '.join(map(repr, wanted))}; found {names}.",
            "Export the file again with that sheet, or name another in the mapping.",
        )
    first: list[RawRow] = []
    for sheet in (named or there)[:SHEETS_MAX]:
        below = rows.of_workbook(file, sheet)
        sample = list(islice(below, LOOKED_AT))
        first = first or sample
        if (best := _best(sample, mapping, ours)) is not None:
            at, _ = best
            header = _trimmed([_unmarked(cell) for cell in _lowest(sample, at, mapping)])
            return Found(header, sample[at].place, sheet=sheet, above=at), _chained(
                sample[at + 1 :], below
            )
    raise _no_header(file.name, mapping, first, ours)


def _chained(sample: list[RawRow], below: Iterator[RawRow]) -> Iterator[RawRow]:
    yield from sample
    yield from below


def _best(
    sample: Sequence[RawRow], mapping: Mapping | None, ours: Collection[str]
) -> tuple[int, int] | None:
    """Which row is the header, and how many of the mapping's columns, or of ours, it names."""
    known = {folded(name) for name in (mapping.headers if mapping else ours)}
    cell = folded(mapping.file.header) if mapping and mapping.file.header else None
    scores = []
    first = mapping.file.header_rows - 1 if mapping else 0
    for at in range(first, len(sample)):
        cells = _lowest(sample, at, mapping)
        names = {folded(_unmarked(cell)) for cell in cells if cell.strip()}
        if cell is not None and cell not in names:
            continue
        scores.append((len(names & known), -at))
    if not scores or (max(scores)[0] == 0 and cell is None and known):
        return None
    score, at = max(scores)
    return -at, score


def looked_at_text(file: PlainFile, mapping: Mapping | None) -> tuple[Found, list[RawRow]]:
    """The header of a text, by its looks where no mapping is given, and the rows below it."""
    if mapping is not None:
        header = of_text(file, mapping, ())
        return header, _sample(file, header.delimiter, mapping.file.quote)[header.above + 1 :]
    seen = []
    for sign in DELIMITERS:
        sample = _sample(file, sign)
        if (at := looks_like_header(sample)) is not None:
            names = _named(sample[at].cells)
            seen.append((Found(names, sample[at].place, sign, above=at), sample[at + 1 :]))
    if not seen:
        raise BadTable(f"{file.name} holds no table that could be read.", "Is it text?")
    return max(seen, key=_width)


def looked_at_workbook(file: PlainFile, mapping: Mapping | None) -> tuple[Found, list[RawRow]]:
    """The same of a workbook: the sheet that the mapping names, or the one with the widest
    header."""
    if mapping is not None:
        header, below = of_workbook(file, mapping, ())
        return header, list(islice(below, LOOKED_AT))
    there = rows.sheets(file)
    seen = []
    for sheet in there[:SHEETS_MAX]:
        sample = list(islice(rows.of_workbook(file, sheet), LOOKED_AT))
        if (at := looks_like_header(sample)) is not None:
            names = _trimmed([_unmarked(cell) for cell in sample[at].cells])
            seen.append((Found(names, sample[at].place, sheet=sheet, above=at), sample[at + 1 :]))
    if not seen:
        said = listed(list(map(repr, there)), 8) or "none"
        raise BadTable(f"{file.name} holds no table that could be read; its sheets: {said}.")
    return max(seen, key=_width)


def _width(seen: tuple[Found, list[RawRow]]) -> int:
    return len(seen[0].names)


def looks_like_header(sample: Sequence[RawRow]) -> int | None:
    """The row with the most names in it: texts that differ, and no numbers."""
    scores = []
    for at, row in enumerate(sample):
        cells = [cell.strip() for cell in row.cells if cell.strip()]
        names = {cell for cell in cells if not cell[:1].isdigit() and cell[:1] not in rows.MARKS}
        if len(names) > 1 or len(sample) < 2:
            scores.append((len(names) if len(names) * 10 >= len(cells) * 9 else 0, -at))
    if not scores or max(scores)[0] == 0:
        return None
    return -max(scores)[1]


def _lowest(sample: Sequence[RawRow], at: int, mapping: Mapping | None) -> list[str]:
    """The names of a header that ends in a row: of each column the lowest that is not blank."""
    cells = list(sample[at].cells)
    for row in reversed(sample[at - mapping.file.header_rows + 1 : at] if mapping else []):
        cells += [""] * (len(row.cells) - len(cells))
        cells = [
            cell if cell.strip() or number >= len(row.cells) else row.cells[number]
            for number, cell in enumerate(cells)
        ]
    return cells


def _unmarked(cell: str) -> str:
    return cell.lstrip("".join(rows.MARKS))


def folded(name: str) -> str:
    """A header in the form that is compared."""
    return fold_signs(fold(name))


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The names of a header without the blank cells after it, which a workbook has many of."""
    names = _named(cells)
    while names and not names[-1]:
        names.pop()
    return names


def _named(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > COLUMNS_MAX:
        raise BadTable(
            f"The header has {len(names):,} cells; {COLUMNS_MAX:,} are read.",
            "Is it the file that you mean?",
        )
    return names


def _no_header(
    name: str, mapping: Mapping | None, sample: Sequence[RawRow], ours: Collection[str]
) -> HeaderNotFound:
    """The refusal, with what was looked for and what is nearest to it."""
    marks = "".join(rows.MARKS)
    cells = [cell.strip().lstrip(marks) for row in sample for cell in row.cells if cell.strip()]
    wanted = list(mapping.headers if mapping else ours)[:6]
    if mapping and mapping.file.header:
        wanted = [mapping.file.header]
    close = [cell for header in wanted for cell in near(header, cells, 1)]
    shown = listed(list(map(repr, dict.fromkeys(close or cells))), 8) or "nothing"
    hint = "Is it the file that the mapping is for? Look at it: duebook files"
    if mapping is None:
        hint = "Headers of their own are read through a mapping. Have one drafted: duebook files"
    return HeaderNotFound(
        f"{Path(name).name}: none of its first {LOOKED_AT} rows is the header; expected columns "
        f"such as {', '.join(map(repr, wanted))}; found {shown}.",
        f"{hint} {name}",
    )


def begins_so(cells: Sequence[str], begins: Sequence[str]) -> bool:
    """Whether the first cell of a row that is not blank is one of some texts, where `*` stands for
    anything."""
    first = next((cell.strip() for cell in cells if cell.strip()), "")
    return any(
        fnmatchcase(_unmarked(first).casefold(), prefix.casefold().replace("[", "[[]"))
        for prefix in begins
    )
