"""The platform's file by order, millions of rows: read and checked in DuckDB, not row by row."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.intake.platform.canonical import refuse_header
from ledger.intake.platform.rows import BadPlatformFile, Problem, refuse
from ledger.kernel.errors import MissingFile, Refusal
from ledger.kernel.money import exponent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

THEIRS = "theirs"
PROBLEMS_MAX = 1000


class OrderFile(NamedTuple):
    """A file in the table `theirs`: place, store, order_id, minor, currency.

    `other` are rows that are of no order, as they are shown; `summed` says, by store and order,
    which rows an amount was added up from, where there are several.
    """

    name: str
    sha256: str
    rows: int
    other: Sequence[Mapping[str, Any]] = ()
    summed: Mapping[tuple[str, str], tuple[int, ...]] = MappingProxyType({})


Load = Callable[["DuckDBPyConnection"], OrderFile]
"""Reads one file, of whatever profile, into the table `theirs`."""


def header_of(path: str) -> list[str]:
    """The header of a CSV. Raises `MissingFile`, `BadPlatformFile`."""
    import csv

    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return [cell.strip() for cell in next(csv.reader(file), [])]
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    except UnicodeDecodeError:
        raise BadPlatformFile(f"{path} is not UTF-8 text.", "Save it as CSV in UTF-8.") from None


def load(database: "DuckDBPyConnection", path: str, sha256: str, *, flip_sign: bool) -> OrderFile:
    """Reads a CSV with `order_id`, `store`, `amount`, `currency` into the table `theirs`.

    Amounts become minor units. Raises `BadPlatformFile` with every row that cannot be used.
    """
    import duckdb

    name = Path(path).name
    refuse_header(name, header_of(path))
    try:
        database.execute(
            "CREATE TEMP TABLE platform_rows AS SELECT row_number() OVER () + 1 AS place,"
            " trim(store) AS store, trim(order_id) AS order_id, trim(amount) AS amount,"
            " trim(currency) AS currency FROM read_csv(?, all_varchar = true, header = true,"
            " delim = ',', quote = '\"', escape = '\"', null_padding = false)",
            [path],
        )
    except duckdb.Error as error:
        said = str(error).partition("\n")[0]
        raise BadPlatformFile(f"{name} is not CSV: {said}", "Save it as CSV in UTF-8.") from None
    digits = _digits(database)
    shape = " ".join(
        f"WHEN '{code}' THEN regexp_full_match(amount, '{_shape(places)}')"
        for code, places in digits.items()
    )
    shaped = f"CASE currency {shape} END" if digits else "false"
    _refuse_rows(database, name, f"store <> '' AND order_id <> '' AND {shaped}", digits)
    minor = " ".join(
        f"WHEN '{code}' THEN (amount::DECIMAL(18, {places}) * {10**places})::BIGINT"
        for code, places in digits.items()
    )
    amount = f"CASE currency {minor} END" if digits else "0::BIGINT"
    sign = "-" if flip_sign else ""
    database.execute(
        f"CREATE TEMP TABLE {THEIRS} AS SELECT place, store, order_id,"
        f" {sign}({amount}) AS minor, currency FROM platform_rows"
    )
    database.execute("DROP TABLE platform_rows")
    (rows,) = database.execute(f"SELECT count(*) FROM {THEIRS}").fetchone() or (0,)
    return OrderFile(name, sha256, rows)


def _shape(places: int) -> str:
    """A plain decimal of at most 15 digits and so many decimals."""
    return f"-?[0-9]{{1,{15 - places}}}" + (f"([.][0-9]{{1,{places}}})?" if places else "")


def _digits(database: "DuckDBPyConnection") -> dict[str, int]:
    """The decimals of every currency in the file that is one."""
    found = database.execute("SELECT DISTINCT currency FROM platform_rows ORDER BY 1").fetchall()
    digits = {}
    for (code,) in found:
        with suppress(Refusal):
            digits[code] = exponent(code or "")
    return digits


def _refuse_rows(
    database: "DuckDBPyConnection", name: str, good: str, digits: dict[str, int]
) -> None:
    """Raises `BadPlatformFile` with every row that is not good, in the order of the file."""
    bad = database.execute(
        f"SELECT place, store, order_id, amount, currency FROM platform_rows"
        f" WHERE NOT coalesce({good}, false) ORDER BY place LIMIT {PROBLEMS_MAX}"
    ).fetchall()
    refuse(name, [_problem(*row, digits=digits) for row in bad])


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
    if currency not in digits:
        said = f"{currency!r} is not a currency of ISO 4217."
        return Problem(place, "unknown_currency", said)
    said = f"{amount!r} is not an exact decimal amount of its currency."
    return Problem(place, "bad_amount", said)


def sha256_of(path: str) -> str:
    """The digest of a file. Raises `MissingFile`."""
    import hashlib

    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None


def is_by_order(path: str) -> bool:
    """Whether a file names orders: then it is compared order by order."""
    header = header_of(path)
    return "order_id" in header and "line" not in header
