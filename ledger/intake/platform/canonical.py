"""The canonical CSV: `line`, or `store` (with `kind`), or `order_id` and `store`; an amount, or
the outcome of a decision."""

import csv
import hashlib
import io
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from unicodedata import normalize

from ledger.intake.border import COLUMNS_MAX, MIB, read_bounded
from ledger.intake.encodings import to_utf8
from ledger.intake.header import is_nameless, one_cell, other_separator
from ledger.intake.in_words import of_csv
from ledger.intake.lines import other_format
from ledger.intake.platform.rows import PlatformFile, PlatformRow
from ledger.intake.platform.totals import without_totals
from ledger.intake.problems import BadPlatformFile, Problem, refuse
from ledger.kernel.errors import Refusal
from ledger.kernel.ids import HINT, is_spoilt, unguarded
from ledger.kernel.money import Money
from ledger.kernel.near import listed

BYTES_MAX = 256 * MIB
KEYS = ("line", "store", "kind", "order_id")
NEEDED = ("amount", "currency")
OPTIONAL = ("outcome", "payer")
OUTCOMES = ("payable", "granted", "declined", "held")
NAMES = (*KEYS, *NEEDED, *OPTIONAL)
IDS = ("store", "order_id")
COLUMNS_SHOWN = 20
HEADER_MAX = 1000
"""The most characters that a column's name may have."""


def read_bytes(path: str) -> bytes:
    """A file's bytes. Raises `MissingFile`."""
    return read_bounded(path, BYTES_MAX)


def read(path: str) -> PlatformFile:
    """The rows of a canonical CSV. Raises `MissingFile`, `BadPlatformFile` with every problem."""
    raw = read_bytes(path)
    name = Path(path).name
    digest = hashlib.sha256(raw).hexdigest()
    return _file(name, digest, text_of(name, raw))


def text_of(name: str, raw: bytes) -> str:
    """The text of a CSV. Raises `BadPlatformFile` for anything else."""
    other = other_format(raw[:8])
    if other:
        raise BadPlatformFile(
            f"{name} is {other}, not CSV.", "Save it as CSV in UTF-8, or name its profile."
        )
    if not raw.strip():
        raise BadPlatformFile(f"{name} is empty.", "Ask the platform for the file again.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadPlatformFile(
            f"{name}: byte {error.start + 1} is not UTF-8 text.", to_utf8(raw, name)
        ) from None


def _file(name: str, digest: str, text: str) -> PlatformFile:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
    except csv.Error as error:
        raise BadPlatformFile(
            f"{name}:1: the header is not CSV: {of_csv(error)}.", "Quote cells with quotes."
        ) from None
    refuse_header(name, header)
    problems: list[Problem] = []
    good: list[PlatformRow] = []
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            row = row_of(rows.line_num, header, cells)
            if isinstance(row, Problem):
                problems.append(row)
            else:
                good.append(row)
    except csv.Error as error:
        problems.append(Problem(rows.line_num, "not_csv", f"{of_csv(error)}."))
    kept, differing = without_totals(good)
    refuse(name, sorted([*problems, *differing], key=lambda problem: problem.place))
    return PlatformFile(name, digest, kept, sum(map(is_nameless, header)), len(good) - len(kept))


def refuse_header(name: str, header: list[str]) -> None:
    """Raises `BadPlatformFile` for a missing or doubled column, with the nearest names."""
    if len(header) > COLUMNS_MAX:
        raise BadPlatformFile(
            f"{name}:1: the header has {len(header):,} cells; {COLUMNS_MAX:,} are read.",
            "Is it the file that you mean?",
        )
    if long := [cell for cell in header if len(cell) > HEADER_MAX]:
        raise BadPlatformFile(
            f"{name}:1: a column's name begins {long[0][:20]!r} and has {len(long[0])} characters.",
            "A quote that is not closed, perhaps.",
        )
    doubled = sorted(cell for cell, count in Counter(header).items() if cell and count > 1)
    if doubled:
        raise BadPlatformFile(f"{name}:1: the column {doubled[0]!r} appears twice.", "Keep one.")
    if separator := other_separator(header):
        raise BadPlatformFile(
            f"{name}:1: {one_cell(header, separator)}", "Save it with commas between the cells."
        )
    needed = () if "outcome" in header and not set(NEEDED) & set(header) else NEEDED
    lacks = [need for need in needed if need not in header]
    if not {"line", "store", "order_id"} & set(header):
        lacks.insert(0, "line (or store, or order_id and store)")
    elif "order_id" in header and "store" not in header and "line" not in header:
        lacks.insert(0, "store")
    if lacks:
        near = [
            f"{cell!r} (did you mean {close[0]!r}?)"
            for cell in header
            if cell not in NAMES and (close := get_close_matches(cell.lower(), NAMES, n=1))
        ]
        shown = ", ".join(near) or listed([*map(repr, header)], COLUMNS_SHOWN) or "nothing"
        raise BadPlatformFile(
            f"{name}:1: the column {lacks[0]} is missing; found {shown}.",
            "The header names line, or store (and kind), or order_id and store; and amount, "
            "currency.",
        )


def row_of(place: int, header: list[str], cells: list[str]) -> PlatformRow | Problem:
    """A row by its header, or what is wrong with it."""
    if len(cells) != len(header):
        said = f"found {len(cells)} cells, expected {len(header)}."
        return Problem(place, "invalid_field", said)
    texts = (normalize("NFC", cell.strip()) for cell in cells)
    row = {name: text for name, text in zip(header, texts, strict=True) if name}
    for name in IDS:
        if name in row:
            row[name] = unguarded(row[name])
            if is_spoilt(row[name]):
                return Problem(place, "spoilt_id", f"{name}: found {row[name]!r}. {HINT}")
    outcome = row.get("outcome") or None
    if outcome is not None and outcome not in OUTCOMES:
        said = f"outcome: found {outcome!r}, expected one of {', '.join(OUTCOMES)}."
        return Problem(place, "invalid_field", said)
    decides = outcome is not None and not row.get("amount")
    for need in () if decides else NEEDED:
        if not row.get(need):
            return Problem(place, "missing_field", f"{need} is empty.")
    if not any(row.get(key) for key in ("line", "store", "order_id")):
        return Problem(place, "missing_field", "names no line, store or order.")
    if not (row.get("line") or row.get("store")):
        return Problem(place, "missing_field", "store is empty.")
    try:
        amount = None if decides else Money.parse(row["amount"], row["currency"])
    except Refusal as refusal:
        return Problem(place, refusal.code, f"{refusal.sentence} {refusal.hint}")
    other = {name: cell for name, cell in row.items() if name not in NAMES and cell}
    keys = (row.get("line") or None, row.get("store") or None, row.get("kind") or None)
    order = row.get("order_id") or None
    return PlatformRow(place, *keys, order, amount, other, outcome, row.get("payer") or None)
