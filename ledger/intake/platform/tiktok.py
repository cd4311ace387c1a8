"""The income file of TikTok Shop's seller centre, XLSX or CSV: one row per settled transaction.

Sheet `Order details`. Headers are matched without case, width, blanks and the slash's direction.
Rows above the header (a banner) and the first row under it, where it explains the columns, are
passed over. The file has no store column: the person says whose it is.

The settlement equation must hold in every row: Total settlement amount = Total revenue + Total
fees + Adjustment amount. Exports without the column of adjustments have none, so that term is
absent from theirs; a file that lacks any other column of the equation is refused, as nothing in
it could be checked. A blank cell, `/` and `-` mean zero. Fees are negative: the payee pays.

Days (`YYYY/MM/DD`, UTC) are checked and shown; nothing is moved to another zone.
"""

import re
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.intake.platform.cells import ZEROS, BadCell, amount_of, day_of, id_of, text_of
from ledger.intake.platform.orderfile import THEIRS, OrderFile
from ledger.intake.platform.rows import BadPlatformFile, Income, Problem, refuse
from ledger.intake.platform.sheets import LOOKED_AT, Cell, Rows, rows_of
from ledger.intake.platform.workbook import Unreadable
from ledger.kernel.errors import Refusal
from ledger.kernel.fold import fold as fold_header
from ledger.kernel.money import Money

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHEET = "Order details"
NEEDED = {
    "id": ("Order/adjustment ID",),
    "type": ("Type", "Transaction type"),
    "created": ("Order created time(UTC)", "Order created time"),
    "settled": ("Order settled time(UTC)", "Order settled time"),
    "currency": ("Currency",),
    "settlement": ("Total settlement amount",),
    "revenue": ("Total revenue",),
    "fees": ("Total fees",),
}
OPTIONAL = {
    "adjustment": ("Adjustment amount", "Ajustment amount"),
    "related": ("Related order ID",),
    "statement": ("Statement ID",),
}
AMOUNTS = ("settlement", "revenue", "fees", "adjustment", "compared")
ORDER = "order"
"""The type of a row that is of an order; every other row adjusts something."""
HEADER_NAMES_MIN = 3


class Header(NamedTuple):
    """Where the columns are."""

    place: int
    names: list[str]
    at: dict[str, int]


class Row(NamedTuple):
    """A transaction that was read, checked and added up."""

    place: int
    id: str
    is_order: bool
    amount: Money
    other: dict[str, Any]
    """What is shown of a row that is of no order."""


def fold(header: str) -> str:
    """A header as it is compared: `Order\\Adjustment  Id ` is `Order/adjustment ID`."""
    return re.sub(r" ?([/()]) ?", r"\1", fold_header(header).replace("\\", "/"))


def load(
    database: "DuckDBPyConnection", path: str, sha256: str, income: Income, *, flip_sign: bool
) -> OrderFile:
    """Reads an income file into the table `theirs`: one row per order, its transactions summed.

    Raises `StoreNeeded`, `MissingFile`, `BadPlatformFile` with every row that cannot be used.
    """
    store = income.needed_store
    rows = read(path, income.column)
    orders: dict[str, list[Row]] = {}
    for row in rows:
        if row.is_order:
            orders.setdefault(row.id, []).append(row)
    sign = -1 if flip_sign else 1
    firsts = [of_one[0] for of_one in orders.values()]
    database.execute(
        f"CREATE TEMP TABLE {THEIRS} AS SELECT unnest(?::BIGINT[]) AS place, ? AS store,"
        " unnest(?::VARCHAR[]) AS order_id, unnest(?::BIGINT[]) AS minor,"
        " unnest(?::VARCHAR[]) AS currency",
        [
            [one.place for one in firsts],
            store,
            list(orders),
            [sign * sum(one.amount.minor for one in of_one) for of_one in orders.values()],
            [one.amount.currency for one in firsts],
        ],
    )
    summed = {
        (store, name): tuple(one.place for one in of_one)
        for name, of_one in orders.items()
        if len(of_one) > 1
    }
    other = [row.other for row in rows if not row.is_order]
    return OrderFile(Path(path).name, sha256, len(rows), other, summed)


def read(path: str, column: str) -> list[Row]:
    """The transactions of an income file. Raises `MissingFile`, `BadPlatformFile`."""
    name = Path(path).name
    header, below = _header(name, rows_of(path, SHEET), column)
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, (place, cells) in enumerate(below):
        if number == 0 and _explains(header, cells):
            continue
        found = _row(header, place, cells)
        rows.append(found) if isinstance(found, Row) else problems.append(found)
    problems += _mixed(rows)
    refuse(name, sorted(problems, key=lambda one: one.place))
    return rows


def _header(name: str, table: Rows, column: str) -> tuple[Header, Rows]:
    """The first row that names three columns. Raises `BadPlatformFile` for what it lacks."""
    known = {fold(one) for names in (*NEEDED.values(), *OPTIONAL.values()) for one in names}
    first = list(islice(table, LOOKED_AT))
    for number, (place, cells) in enumerate(first):
        names = [one if isinstance(one, str) else "" for one in cells]
        if len(known.intersection(map(fold, names))) >= HEADER_NAMES_MIN:
            while names and not names[-1].strip():
                names.pop()
            header = Header(place, names, _places(name, place, names, column))
            return header, chain(first[number + 1 :], table)
    raise BadPlatformFile(
        f"{name}: no header among its first {LOOKED_AT} rows; expected columns such as "
        f"{', '.join(names[0] for names in NEEDED.values())}.",
        "Export the income file in English, with its order details.",
    )


def _places(name: str, place: int, names: list[str], column: str) -> dict[str, int]:
    folded = [fold(one) for one in names]
    at = {}
    for key, synonyms in {**NEEDED, **OPTIONAL, "compared": (column,)}.items():
        there = [i for i, one in enumerate(folded) if one in map(fold, synonyms)]
        if len(there) > 1:
            said = " and ".join(repr(names[i]) for i in there)
            raise BadPlatformFile(f"{name}:{place}: {said} are the same column.", "Keep one.")
        if there:
            at[key] = there[0]
        elif key not in OPTIONAL:
            near = get_close_matches(fold(synonyms[0]), folded, n=1)
            found = repr(names[folded.index(near[0])]) if near else ", ".join(map(repr, names))
            raise BadPlatformFile(
                f"{name}:{place}: the column {synonyms[0]!r} is missing; found {found}.",
                "Name the fee to compare: --column HEADER"
                if key == "compared"
                else "Export the income file again, in English, with all columns.",
            )
    return at


def _explains(header: Header, cells: list[Cell]) -> bool:
    """Whether a row says in words what the columns are, also where days and amounts would be."""
    keys = ("id", "created", "settled", *AMOUNTS)
    places = [header.at[key] for key in keys if header.at.get(key, len(cells)) < len(cells)]
    said = [text for place in places if (text := text_of(cells[place]))]
    words = [text for text in said if any(map(str.isalpha, text))]
    return len(words) > 1 and words == said and " " in text_of(cells[header.at["id"]])


def _row(header: Header, place: int, cells: list[Cell]) -> Row | Problem:
    if len(cells) < len(header.names) or any(text_of(one) for one in cells[len(header.names) :]):
        said = f"found {len(cells)} cells, expected {len(header.names)}."
        return Problem(place, "invalid_field", said)
    row = {key: cells[i] for key, i in header.at.items()}
    names = {key: header.names[i].strip() for key, i in header.at.items()}
    for key, cell in row.items():
        if isinstance(cell, Unreadable):
            said = f"{names[key]}: found {cell.said}, expected a value."
            return Problem(place, "cell_error", f"{said} Open the file and mend it, or ask again.")
    try:
        return _checked(place, row, names)
    except BadCell as bad:
        return Problem(place, bad.code, f"{names[bad.key]}: {bad.sentence}")
    except Refusal as refusal:
        return Problem(place, refusal.code, f"{refusal.sentence} {refusal.hint}")


def _checked(place: int, row: dict[str, Cell], names: dict[str, str]) -> Row | Problem:
    """A row whose cells are what they should be and whose amounts add up. Raises `BadCell`."""
    for key in ("type", "currency"):
        if not text_of(row[key]):
            raise BadCell(key, "missing_field", "is empty.")
    is_order = fold(text_of(row["type"])) == ORDER
    name, currency = id_of("id", row["id"]), text_of(row["currency"])
    days = {key: day_of(key, row[key], needed=is_order) for key in ("created", "settled")}
    money = {key: amount_of(key, row[key], currency) for key in AMOUNTS if key in row}
    terms = [key for key in ("revenue", "fees", "adjustment") if key in money]
    total = Money(sum(money[key].minor for key in terms), currency)
    if total != money["settlement"]:
        said = " + ".join(f"{names[key]} {money[key].text}" for key in terms)
        found = f"found {names['settlement']} {money['settlement'].text}"
        return Problem(place, "settlement_equation", f"{found}, expected {total.text} = {said}.")
    if is_order:
        return Row(place, name, True, money["compared"], {})
    texts = {key: text_of(row[key]) for key in ("type", "related", "statement") if key in row}
    other: dict[str, Any] = {
        "place": place,
        "id": name,
        **{key: text for key, text in texts.items() if text not in ZEROS},
        **{key: day for key, day in days.items() if day},
        **{key: money[key].text for key in ("settlement", "compared")},
        "currency": currency,
    }
    return Row(place, name, False, money["compared"], other)


def _mixed(rows: list[Row]) -> list[Problem]:
    """Rows whose order is settled in another currency further up: they cannot be added."""
    firsts: dict[str, Row] = {}
    found = []
    for row in rows:
        first = firsts.setdefault(row.id, row) if row.is_order else row
        if first.amount.currency != row.amount.currency:
            said = f"found {row.amount.currency}, expected {first.amount.currency}"
            said = f"order {row.id}: {said} as in row {first.place}."
            found.append(Problem(row.place, "mixed_currencies", said))
    return found
