"""The platform's file by order, millions of rows: read and checked in DuckDB, not row by row."""

import codecs
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.intake.border import check_ordinary
from ledger.intake.columns import trimmed
from ledger.intake.encodings import to_utf8
from ledger.intake.header import is_nameless
from ledger.intake.in_words import of_csv, of_reader
from ledger.intake.line_ends import with_one_line_end
from ledger.intake.lines import BLOCK_BYTES, LINE_BYTES_MAX, other_format
from ledger.intake.platform.canonical import refuse_header
from ledger.intake.problems import BadPlatformFile, Problem, refuse
from ledger.intake.sums import LABELS, differing
from ledger.kernel.duck import PLAIN, literal, spill_of, whole
from ledger.kernel.errors import MissingFile, Refusal
from ledger.kernel.ids import GUARDED, HINT, SPOILT, is_spoilt
from ledger.kernel.money import Money, exponent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

THEIRS = "theirs"
PROBLEMS_MAX = 1000
FIRST_ROW = 2
"""The header is row 1."""
USUAL = 2
"""The decimals of most currencies: amounts are read with these in the first pass."""


class OrderFile(NamedTuple):
    """A file in the table `theirs`: place, store, order_id, minor, currency.

    `other` are rows without an order, as they are shown; `summed` says, by store and order, which
    rows an amount was added up from, where there are several.
    """

    name: str
    sha256: str
    rows: int
    other: Sequence[Mapping[str, Any]] = ()
    summed: Mapping[tuple[str, str], tuple[int, ...]] = MappingProxyType({})
    nameless: int = 0
    """Columns without a name, which were passed over."""
    totals: int = 0
    """Total rows, which were checked."""


Load = Callable[["DuckDBPyConnection"], OrderFile]
"""Reads one file, of whatever profile, into the table `theirs`."""


def header_of(path: str) -> list[str]:
    """The header of a CSV. Raises `MissingFile`, `BadPlatformFile`."""
    import csv

    check_ordinary(path)
    try:
        with Path(path).open("rb") as raw:
            begins = raw.read(LINE_BYTES_MAX)
        other = other_format(begins[:8])
        if other:
            raise BadPlatformFile(
                f"{path} is {other}, not CSV.",
                "Save it as CSV in UTF-8, or name its profile: --profile tiktok-income --store S",
            )
        # No header is longer; a character may be cut in two at the end.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(begins)
        return [cell.strip() for cell in next(csv.reader(io.StringIO(text, newline="")), [])]
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    except UnicodeDecodeError:
        said = to_utf8(begins, Path(path).name)
        raise BadPlatformFile(f"{path} is not UTF-8 text.", said) from None
    except csv.Error as error:
        raise BadPlatformFile(
            f"{path}:1: the header is not CSV: {of_csv(error)}.", "Quote cells with quotes."
        ) from None


def load(
    database: "DuckDBPyConnection", path: str, digest: Callable[[], str], *, flip_sign: bool
) -> OrderFile:
    """Reads a CSV with `order_id`, `store`, `amount`, `currency` into the table `theirs`.

    Amounts become minor units; `digest` is called once the file has been read. Raises
    `BadPlatformFile` with every row that cannot be used.
    """
    import duckdb

    name = Path(path).name
    tidy = _is_tidy(path)
    header = header_of(path)
    refuse_header(name, header)
    with TemporaryDirectory(prefix="duebook-lines-", dir=spill_of(database)) as folder:
        try:
            _read(database, path, tidy=tidy)
        except duckdb.Error as error:
            # DuckDB reads files whose lines all end alike.
            copy = Path(folder, "lines")
            if not with_one_line_end(Path(path), copy):
                raise _not_csv(name, error) from None
            try:
                _read(database, str(copy), tidy=tidy)
            except duckdb.Error as again:
                raise _not_csv(name, again) from None
    read = _count(database)
    rows = checked(database, name, f"rowid + {FIRST_ROW}", flip_sign=flip_sign)
    nameless = sum(map(is_nameless, header))
    return OrderFile(name, digest(), rows, nameless=nameless, totals=read - rows)


def _count(database: "DuckDBPyConnection") -> int:
    (rows,) = database.execute("SELECT count(*) FROM platform_rows").fetchone() or (0,)
    return int(rows)


def checked(
    database: "DuckDBPyConnection",
    name: str,
    place: str,
    *,
    flip_sign: bool,
    known: Sequence[Problem] = (),
) -> int:
    """Makes the table `theirs` from `platform_rows`; returns its number of rows.

    `place` is the number of a row, in SQL; `known` are problems that were found before. Raises
    `BadPlatformFile` with every row that cannot be used, those included.
    """
    digits = _digits(database)
    cases = " ".join(
        f"WHEN '{code}' THEN {'usual' if places == USUAL else minor_of(places, 'amount')}"
        for code, places in digits.items()
    )
    minor = f"CASE currency {cases} END" if digits else "NULL::BIGINT"
    _take_out_totals(database, name, minor, place)
    problems = [*known, *_bad_rows(database, minor, digits, place)]
    refuse(name, sorted(problems, key=lambda problem: problem.place))
    database.execute(
        f"CREATE TEMP VIEW {THEIRS} AS SELECT {place} AS place, store, order_id,"
        f" {'-' if flip_sign else ''}({minor}) AS minor, currency FROM platform_rows"
    )
    return _count(database)


def _not_csv(name: str, error: Exception) -> BadPlatformFile:
    said = of_reader(error)
    return BadPlatformFile(f"{name} is not CSV: {said}.", "Export it again, as CSV in UTF-8.")


def _read(database: "DuckDBPyConnection", path: str, *, tidy: bool) -> None:
    """Fills the table `platform_rows`: cells as they are, amounts of most currencies converted."""
    # Tidying every cell takes as long as reading it; most files hold nothing to tidy.
    cell = "{}" if tidy else trimmed("{}")
    guards = rf"regexp_replace({cell}, {literal(GUARDED)}, '\1\2', 's')"
    name_cell = cell if tidy else f"nfc_normalize({guards})"
    # Reading keeps the order of the file, so that a row's number gives its place.
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE platform_rows AS SELECT {name_cell.format('store')} AS"
        f" store, {name_cell.format('order_id')} AS order_id, {cell.format('amount')} AS amount,"
        f" {cell.format('currency')} AS currency,"
        f" {minor_of(USUAL, cell.format('amount'))} AS usual"
        f" FROM read_csv(?, {PLAIN}, all_varchar = true,"
        " header = true, delim = ',', quote = '\"', escape = '\"', null_padding = false)",
        [whole(path)],
    )


def minor_of(places: int, text: str) -> str:
    """The minor units of a plain decimal of at most 15 digits and `places` decimals, trailing zeros
    not counted; else NULL."""
    decimals = f"([.][0-9]{{1,{places}}}0*)?" if places else "([.]0+)?"
    shape = f"-?[0-9]{{1,{15 - places}}}{decimals}"
    amount = f"({text}::DECIMAL(18, {places}) * {10**places})::BIGINT"
    return f"CASE WHEN regexp_full_match({text}, '{shape}') THEN {amount} END"


def _digits(database: "DuckDBPyConnection") -> dict[str, int]:
    """The decimals of every known currency in the file."""
    rows = database.execute("SELECT DISTINCT currency FROM platform_rows ORDER BY 1").fetchall()
    digits = {}
    for (code,) in rows:
        with suppress(Refusal):
            digits[code] = exponent(code or "")
    return digits


def _take_out_totals(database: "DuckDBPyConnection", name: str, minor: str, place: str) -> None:
    """Checks the total rows and removes them: they are not orders. Raises `BadPlatformFile`."""
    labels = ", ".join(map(literal, sorted(LABELS)))
    labelled = f"lower(trim(order_id)) IN ({labels}) OR lower(trim(store)) IN ({labels})"
    totals = database.execute(
        f"SELECT rowid, {place}, amount, currency, ({minor}) FROM platform_rows WHERE {labelled}"
        " ORDER BY rowid"
    ).fetchall()
    if not totals:
        return
    database.execute(f"DELETE FROM platform_rows WHERE {labelled}")
    problems: list[Problem] = []
    before = dict[str, int]()
    for row, number, amount, currency, total in totals:
        if total is None:
            said = f"{amount!r} {currency or ''} cannot be read as a total."
            problems.append(Problem(number, "bad_amount", said))
            continue
        above, since = database.execute(
            f"SELECT coalesce(sum({minor}), 0), coalesce(sum({minor}) FILTER (rowid > ?), 0)"
            " FROM platform_rows WHERE rowid < ? AND currency = ?",
            [before.get(currency, -1), row, currency],
        ).fetchall()[0]
        problem = differing(number, Money(total, currency), int(above), int(since))
        problems += [problem] if problem else []
        before[currency] = row
    refuse(name, problems)


def _bad_rows(
    database: "DuckDBPyConnection", minor: str, digits: dict[str, int], place: str
) -> list[Problem]:
    """What is wrong with every row that is not good."""
    spoilt = literal(SPOILT)
    bad = database.execute(
        f"SELECT {place} AS place, store, order_id, amount, currency"
        " FROM platform_rows WHERE NOT coalesce(store <> '' AND order_id <> '', false)"
        f" OR regexp_full_match(store, {spoilt}) OR regexp_full_match(order_id, {spoilt})"
        f" OR ({minor}) IS NULL ORDER BY place LIMIT {PROBLEMS_MAX}"
    ).fetchall()
    return [_problem(*row, digits=digits) for row in bad]


def _problem(
    place: int,
    store: str | None,
    order_id: str | None,
    amount: str | None,
    currency: str | None,
    *,
    digits: dict[str, int],
) -> Problem:
    """What is wrong with a row, from left to right."""
    given = (("order_id", order_id), ("store", store), ("amount", amount), ("currency", currency))
    empty = next((field for field, value in given if not value), None)
    if empty:
        return Problem(place, "missing_field", f"{empty} is empty.")
    for field, value in given[:2]:
        if is_spoilt(value or ""):
            return Problem(place, "spoilt_id", f"{field}: found {value!r}. {HINT}")
    if currency not in digits:
        said = f"{currency!r} is not a currency of ISO 4217."
        return Problem(place, "unknown_currency", said)
    said = f"{amount!r} is not an exact decimal amount of its currency."
    return Problem(place, "bad_amount", said)


def _is_tidy(path: str) -> bool:
    """Whether a file holds no blank and no guard around an id, and nothing but ASCII."""
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if not block.isascii() or any(sign in block for sign in (b" ", b"\t", b"'", b"=")):
                return False
    return True


def is_by_order(path: str) -> bool:
    """Whether a file names orders: then it is compared order by order."""
    header = header_of(path)
    return "order_id" in header and "line" not in header
