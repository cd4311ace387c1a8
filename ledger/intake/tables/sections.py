"""Sheets that hold several tables one below the other, and rows that continue the one above."""

from collections.abc import Iterator, Sequence

from ledger.intake.tables.header import Header
from ledger.intake.tables.layout import Found, folded
from ledger.intake.tables.mapping import Continued, Mapping
from ledger.intake.tables.rows import RawRow


def arranged(
    header: Found, below: Iterator[RawRow], mapping: Mapping | None, *, pads: bool
) -> tuple[Found, Iterator[RawRow]]:
    """The rows of all tables of a sheet that a mapping names, under one header that has the columns
    of each. A row with more cells than its own header is a fault; so is one with fewer, unless the
    file `pads` short rows."""
    if mapping is None or not (mapping.file.sections or mapping.file.ends):
        return header, below
    titles, ends = (set(map(folded, texts)) for texts in (mapping.file.sections, mapping.file.ends))
    names = list(header.names)
    places = list(range(len(names)))
    rows: list[tuple[RawRow, list[int]]] = []
    is_header = False
    for row in below:
        cells = [cell.strip() for cell in row.cells if cell.strip()]
        if is_header:
            places, is_header = _places(row.cells, names), False
            continue
        if len(cells) == 1 and folded(cells[0]) in ends:
            break
        if len(cells) == 1 and folded(cells[0]) in titles:
            is_header = True
            continue
        rows.append((row, places))
    return header._replace(names=names), (_spread(row, at, len(names), pads) for row, at in rows)


def _places(header: Sequence[str], names: list[str]) -> list[int]:
    """The places of a further header's columns among all of them; new ones are appended."""
    cells = [cell.strip() for cell in header]
    while cells and not cells[-1]:
        cells.pop()
    places = []
    for cell in cells:
        at = Header(names).at((cell,)) if cell else None
        if at is None:
            at = len(names)
            names.append(cell)
        places.append(at)
    return places


def _spread(row: RawRow, places: Sequence[int], width: int, pads: bool) -> RawRow:
    cells = [""] * width
    for at, cell in zip(places, row.cells, strict=False):
        cells[at] = cell
    fault = row.fault
    is_short = len(row.cells) < len(places) and not pads
    if is_short or any(cell.strip() for cell in row.cells[len(places) :]):
        said = f"found {len(row.cells)} cells, expected {len(places)} as in the header"
        fault = fault or f"wrong_cells|row: {said}."
    return row._replace(cells=cells, fault=fault)


class Continuation:
    """Recognises rows that continue the one above, one row after another."""

    def __init__(self, continued: Continued | None, names: Sequence[str]) -> None:
        header = Header(names)
        by = continued.by if continued else ()
        blank = continued.blank if continued else ()
        self._by = [at for name in by if (at := header.at((name,))) is not None]
        self._blank = [at for name in blank if (at := header.at((name,))) is not None]
        self._above: list[str] | None = None

    def passes_over(self, cells: Sequence[str]) -> bool:
        """Whether a row continues the one above it."""
        if not (self._by and self._blank):
            return False
        key = [cells[at].strip() if at < len(cells) else "" for at in self._by]
        goes_on = key == self._above and not any(
            cells[at].strip() for at in self._blank if at < len(cells)
        )
        self._above = key
        return goes_on
