"""The checks of an order as SQL over whole columns; what does not pass becomes NULL.

Each column has a short way for how nearly every file writes it and a long way for the rest (blanks
around, other decimals, other scripts). `CASE` runs the long way only for the rows that need it.
`faults_in_words` holds the same rules in Python; a test compares the two.
"""

from collections.abc import Collection, Mapping

from ledger.intake.columns import Cell, iso_instant, trimmed
from ledger.kernel.currencies import EXPONENTS
from ledger.kernel.duck import literal
from ledger.kernel.ids import GUARDED, SPOILT
from ledger.kernel.instants import EARLIEST, Instant
from ledger.kernel.orderlines import DATED, ENUMERATIONS, MAY_BE_EMPTY
from ledger.kernel.shown import INVISIBLE

ID_CHARACTERS_MAX = 64
CATEGORY_CHARACTERS_MAX = 100
MINOR_MAX = 10**18 - 1
"""Minor units of one order; a sum of twenty million of them still fits the database's."""

_BY_USE = [code for digits in (2, 0, 3, 4) for code, has in EXPONENTS.items() if has == digits]
_ENDS = [sum(has in kinds for has in EXPONENTS.values()) for kinds in ((2,), (2, 0), (2, 0, 3))]
_ID = r"[\p{L}\p{N}\p{M}._-]+"
_UNSEEN = (
    "^-|[" + "".join(f"\\x{{{ord(sign):x}}}" if sign != "-" else sign for sign in INVISIBLE) + "]"
)
_PLAIN_ID = "[0-9A-Za-z_]*[0-9][0-9A-Za-z_]*|[A-Za-z][0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*"
_TWO_DECIMALS = "TRY_CAST({} AS DECIMAL(15, 2))"
_PLAIN = r"-?[0-9]+(?:\.[0-9]+)?"


def _enum(values: "tuple[str, ...] | list[str]") -> str:
    return f"ENUM({', '.join(map(literal, values))})"


CURRENCY = _enum(_BY_USE)
"""All of ISO 4217 in one byte a row, those of two decimals first: the rank gives the decimals."""


def tidy(text: str) -> str:
    """Trimmed, in Unicode NFC: one way to write one word."""
    return f"nfc_normalize({trimmed(text)})"


def tidy_id(text: str) -> str:
    """Tidy, and without a spreadsheet's guard."""
    bare = rf"regexp_replace({trimmed(text)}, {literal(GUARDED)}, '\1\2', 's')"
    return f"nfc_normalize({bare})"


def is_id(text: str) -> str:
    """Whether a tidy text is 1 to 64 visible letters, digits, `.`, `_` and `-` of any script, not
    spoilt, not the name of a folder and not beginning like an option."""
    return (
        f"length({text}) <= {ID_CHARACTERS_MAX} AND regexp_full_match({text}, '{_ID}')"
        f" AND {text} NOT IN ('.', '..') AND NOT regexp_matches({text}, {literal(_UNSEEN)})"
        f" AND NOT regexp_full_match({text}, {literal(SPOILT)})"
    )


def is_category(text: str) -> str:
    """Whether a tidy text is 1 to 100 characters without control characters."""
    return (
        f"length({text}) BETWEEN 1 AND {CATEGORY_CHARACTERS_MAX}"
        rf" AND NOT regexp_matches({text}, '[\p{{Cc}}]')"
    )


def staged(cells: Mapping[str, Cell], origin: str, place: str | None = None) -> str:
    """A query of the typed columns of every row of `origin`, in its order.

    Store and category are left as they are: they have few values, which `staging` checks once each.
    Amounts need the currency first, hence the two steps. `place` is the column that holds the
    number of each row, where there is one.
    """
    created = _instant(cells["created_at"])
    updated, dated = "NULL::BIGINT", "false"
    if "updated_at" in cells:
        cell = cells["updated_at"]
        updated = f"CASE WHEN {_is_blank(cell)} THEN {created} ELSE {_instant(cell)} END"
        dated = f"NOT {_is_blank(cell)}"
    amount, refunded = cells["amount"].sql, cells.get("refunded", Cell("'0'")).sql
    words = [f"{_word(name, cells[name].sql)} AS {name}" for name in ENUMERATIONS]
    currency = cells["currency"].sql
    read = ", ".join(
        [
            f"{_id(cells['order_id'].sql)} AS order_id",
            f"{cells['store'].sql} AS store",
            f"{created} AS created_at",
            f"{amount} AS amount, {_TWO_DECIMALS.format(amount)} AS amount_2",
            f"coalesce(TRY_CAST({currency} AS {CURRENCY}),"
            f" TRY_CAST({trimmed(currency)} AS {CURRENCY})) AS currency",
            *words,
            f"{cells['category'].sql} AS category",
            f"{refunded} AS refunded",
            f"{updated} AS updated_at",
            *([f"{dated} AS {DATED}"] if "updated_at" in cells else []),
            *(f"{_optional_id(cells[name])} AS {name}" for name in MAY_BE_EMPTY if name in cells),
            *([f"{place} AS source_row"] if place else []),
        ]
    )
    numbered = ["source_row"] if place else []
    changed = "updated_at" if "updated_at" in cells else "created_at"
    repaid = "0" if "refunded" not in cells else _refunded()
    return (
        f"SELECT order_id, store, created_at, {_minor('amount', 'amount_2')} AS amount_minor,"
        f" currency, {', '.join(ENUMERATIONS)}, category, {repaid}::BIGINT AS refunded_minor,"
        f" {', '.join([f'{changed} AS updated_at', *_optional(cells), *numbered])}"
        f" FROM (SELECT {read} FROM {origin})"
    )


def _optional(has: Collection[str]) -> list[str]:
    """The columns that are staged where a file has what they come from."""
    ids = [name for name in MAY_BE_EMPTY if name in has]
    return [*ids, DATED] if "updated_at" in has else ids


def filled_up(has: Collection[str]) -> str:
    """The other columns, as constants: not kept for every row of a file that lacks them."""
    lacks = [f"'' AS {name}" for name in MAY_BE_EMPTY if name not in has]
    if "updated_at" not in has:
        lacks.append(f"false AS {DATED}")
    return "".join(f", {lack}" for lack in lacks)


def is_good(now: Instant, has: Collection[str]) -> str:
    """Whether a staged and tidied row of a file that has some columns is an order."""
    ids = [name for name in MAY_BE_EMPTY if name in has]
    given = ["order_id", "store", "currency", *ENUMERATIONS, "category", *ids]
    return " AND ".join(
        [
            *(f"{name} IS NOT NULL" for name in given),
            f"created_at IS NOT NULL AND created_at BETWEEN {EARLIEST} AND {now}",
            f"updated_at IS NOT NULL AND updated_at BETWEEN {EARLIEST} AND {now}",
            f"amount_minor IS NOT NULL AND amount_minor BETWEEN 0 AND {MINOR_MAX}",
            "refunded_minor IS NOT NULL AND refunded_minor BETWEEN 0 AND amount_minor",
        ]
    )


def _is_blank(cell: Cell) -> str:
    if cell.given is not None:
        return f"{cell.given} IS NULL"
    if cell.is_instant:
        return f"{cell.sql} IS NULL"
    return f"({cell.sql} IS NULL OR {cell.sql} = '' OR {trimmed(cell.sql)} = '')"


def _id(text: str) -> str:
    """An id of nearly every file is digits, or plain letters and signs."""
    clean = tidy_id(text)
    return (
        f"CASE WHEN TRY_CAST({text} AS UBIGINT)::VARCHAR = {text} THEN {text}"
        f" WHEN strlen({text}) <= {ID_CHARACTERS_MAX}"
        f" AND regexp_full_match({text}, '{_PLAIN_ID}')"
        f" THEN {text} WHEN {is_id(clean)} THEN {clean} END"
    )


def _optional_id(cell: Cell) -> str:
    """An id that may be left out: then it is empty."""
    return f"CASE WHEN {_is_blank(cell)} THEN '' ELSE {_id(cell.sql)} END"


def _instant(cell: Cell) -> str:
    """Microseconds since the epoch. The session's time zone is UTC, and no text depends on it."""
    if cell.is_epoch:
        return cell.sql
    if cell.is_instant:
        return f"CASE WHEN isfinite({cell.sql}) THEN epoch_us({cell.sql}) END"
    return iso_instant(cell.sql)


def _word(column: str, text: str) -> str:
    kind = _enum(ENUMERATIONS[column])
    whens = " ".join(f"WHEN {literal(a)} THEN {literal(a)}::{kind}" for a in ENUMERATIONS[column])
    return f"CASE {text} {whens} ELSE CASE {trimmed(text)} {whens} END END"


def _refunded() -> str:
    return (
        "CASE WHEN refunded IS NULL OR refunded = '' OR refunded = '0' THEN 0"
        f" WHEN refunded = '0.00' AND enum_code(currency) < {_ENDS[0]} THEN 0"
        f" WHEN {trimmed('refunded')} = '' THEN 0"
        f" ELSE {_minor('refunded', _TWO_DECIMALS.format('refunded'))} END"
    )


def _minor(name: str, usual: str) -> str:
    """Minor units. A decimal of two places that reads back as the same text is certainly plain."""
    rank = "enum_code(currency)"
    exponent = (
        f"CASE WHEN {rank} < {_ENDS[0]} THEN 2 WHEN {rank} < {_ENDS[1]} THEN 0"
        f" WHEN {rank} < {_ENDS[2]} THEN 3 ELSE 4 END"
    )
    plain = trimmed(name)
    # Trailing zeros are not decimals.
    text = f"CASE WHEN contains({plain}, '.') THEN rtrim(rtrim({plain}, '0'), '.') ELSE {plain} END"
    text = f"({text})"
    digits = f"replace({text}, '.', '')"
    places = f"CASE WHEN contains({text}, '.') THEN length({text}) - strpos({text}, '.') ELSE 0 END"
    factor = (
        f"(CASE ({exponent}) - ({places})"
        " WHEN 0 THEN 1 WHEN 1 THEN 10 WHEN 2 THEN 100 WHEN 3 THEN 1000 WHEN 4 THEN 10000 END)"
    )
    return (
        f"CASE WHEN {rank} < {_ENDS[0]} AND {usual}::VARCHAR = {name}"
        f" THEN ({usual} * 100)::BIGINT"
        f" WHEN currency IS NOT NULL AND length(ltrim({digits}, '-')) <= 18"
        f" AND regexp_full_match({plain}, '{_PLAIN}')"
        f" THEN TRY_CAST(TRY_CAST({digits} AS HUGEINT) * {factor} AS BIGINT) END"
    )
