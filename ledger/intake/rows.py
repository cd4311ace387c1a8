"""Turns one row of named values into one fact, or reports the one thing wrong with it.

The order of the checks is the order of usefulness: what the row is, when it happened, its
amounts, then every other field.
"""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from ledger.aggregates.base import Fact
from ledger.aggregates.catalogue import FACTS
from ledger.aggregates.fields import Id
from ledger.aggregates.orders import SOURCE as ORDERS
from ledger.intake.field_problems import problem_of, refuse_long_numbers
from ledger.intake.rejection import RowProblem
from ledger.kernel.currencies import EXPONENTS
from ledger.kernel.errors import BadAmount, BadInstant, NoZone, UnknownCurrency
from ledger.kernel.ids import EXPECTED, HINT, is_spoilt, is_sure, unfit, unguarded
from ledger.kernel.instants import DATE, Instant, format_instant, parse_instant
from ledger.kernel.money import canonical_amount, currency_hint, decimal_of
from ledger.kernel.shown import is_text, visible

BY_MAX = 200


class Parsed(NamedTuple):
    """A well-formed fact, when it happened, and who reported it."""

    fact: Fact
    at: Instant
    by: str


class _Reader(NamedTuple):
    """What is worked out once per fact type."""

    validate: Callable[..., Any]
    amounts: tuple[tuple[str, str], ...]
    not_negative: tuple[str, ...]
    rates: tuple[str, ...]
    currencies: tuple[str, ...]
    days: tuple[str, ...]
    numbers: tuple[str, ...]
    """Fields with whole numbers in them."""
    ids: tuple[str, ...]
    """Fields that hold ids, and the sender's own id of the fact."""
    usual: dict[str, str]
    """The default of each currency field that may be left out."""
    says_by: bool = False
    """Whether `by` is a field of the fact itself: who did what it reports."""


_readers: dict[str, _Reader] = {}
is_date = DATE.fullmatch


def _reader(kind: object) -> _Reader:
    fact = FACTS.get(kind) if isinstance(kind, str) else None
    if fact is None:
        near = get_close_matches(str(kind), FACTS, n=1)
        raise RowProblem(
            "unknown_type",
            f"type {kind!r} is not a fact that the book knows.",
            f"Did you mean {near[0]}?" if near else "List them: duebook facts",
        )
    pairs = {name for pair in fact.AMOUNTS for name in pair[1:]}
    currencies = tuple(pairs | ({"base", "quote"} & set(fact.model_fields)))
    fields = fact.model_fields
    days = tuple(name for name in fields if fields[name].annotation in (date, date | None))
    usual = {name: fields[name].default for name in pairs if not fields[name].is_required()}
    validate = fact.validator().validate_python
    amounts = (fact.AMOUNTS, fact.NOT_NEGATIVE, fact.RATES)
    ids = ("id", *id_fields(fact))
    numbers = tuple(name for name in fields if _has_number(fields[name].annotation))
    reader = _Reader(validate, *amounts, currencies, days, numbers, ids, usual, "by" in fields)
    _readers[fact.__name__] = reader
    return reader


def id_fields(fact: type[Fact]) -> Iterator[str]:
    """The fields of a fact that hold an id, as rows name them."""
    pattern = next(rule.pattern for rule in get_args(Id)[1].metadata if hasattr(rule, "pattern"))
    for name, hint in get_type_hints(fact, include_extras=True).items():
        if name in fact.model_fields and _has_pattern(hint, pattern):
            yield fact.model_fields[name].alias or name


def _has_pattern(hint: Any, pattern: str) -> bool:
    """Whether texts of a type, alone or in a list, must match a pattern."""
    for argument in get_args(hint):
        own = getattr(argument, "metadata", ())
        if any(getattr(each, "pattern", None) == pattern for each in own):
            return True
        if _has_pattern(argument, pattern):
            return True
    return False


def _has_number(hint: Any) -> bool:
    """Whether values of a type are whole numbers, or hold some."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return any(_has_number(field.annotation) for field in hint.model_fields.values())
    return hint is int or any(map(_has_number, get_args(hint)))


def _plain_ids(names: tuple[str, ...], row: dict[str, Any]) -> None:
    """Takes a spreadsheet's guards off the ids of a row. Raises `RowProblem` for a spoilt one."""
    for name in names:
        value = row.get(name)
        if value is None:
            continue
        if type(value) is str:
            if not is_sure(value):
                row[name] = _plain_id(name, value)
        elif type(value) is list:
            row[name] = [_plain_id(name, text) if type(text) is str else text for text in value]
        elif type(value) is dict:
            row[name] = {_plain_id(name, key): each for key, each in value.items()}


def _plain_id(name: str, text: str) -> str:
    if is_sure(text):
        return text
    plain = unguarded(text)
    if is_spoilt(plain):
        raise RowProblem("spoilt_id", f"{name}: found {plain!r}, expected {EXPECTED}.", HINT)
    if name != "id" and (expected := unfit(plain)):
        hint = "Give it another id, or take the character out where it was copied from."
        sentence = f"{name}: found '{visible(plain)}', expected {expected}."
        raise RowProblem("invalid_field", sentence, hint)
    return plain


def parse_row(row: dict[str, Any], now: Instant) -> Parsed:
    """Reads a row and consumes it: a caller that needs the row afterwards keeps a copy.

    Raises `RowProblem` with the code of the contract.
    """
    kind = row.pop("type", None)
    if kind is None:
        raise RowProblem("missing_field", "the field 'type' is missing.", "Say what happened.")
    reader = _readers.get(kind) if type(kind) is str else None
    if reader is None:
        reader = _reader(kind)
    text = row.pop("at", None)
    try:
        at = parse_instant(text)
    except BadInstant as refusal:
        raise _no_instant(text, refusal) from None
    if at > now:
        raise RowProblem(
            "in_future",
            f"at: {text} is in the future; it is {format_instant(now)}.",
            "Record it once it has happened, or correct the date or its zone.",
        )
    by = "" if reader.says_by else row.pop("by", "")
    if by != "" and (type(by) is not str or len(by) > BY_MAX or not is_text(by)):
        raise RowProblem(
            "invalid_field", f"by: found {by!r}, expected a text.", f"At most {BY_MAX} long."
        )
    if reader.currencies:
        _amounts(reader, row)
    for name in reader.days:
        day = row.get(name)
        if day is not None and not (type(day) is str and is_date(day)):
            raise _no_day(name, day)
    source = row.get("source")
    if source == "":
        del row["source"]
    elif source == ORDERS:
        raise RowProblem(
            "invalid_field",
            f"source: found {ORDERS!r}, expected the system that the fact comes from.",
            "That is what archived orders say of themselves; name the feed otherwise.",
        )
    _plain_ids(reader.ids, row)
    row.pop("error", None)  # a column of rejects files; corrected rows may keep it
    try:
        fact = reader.validate(row)
    except ValidationError as error:
        raise problem_of(kind, error) from None
    if reader.numbers:
        refuse_long_numbers(reader.numbers, fact)
    return tuple.__new__(Parsed, (fact, at, by))


def normalised(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its texts in Unicode NFC: one way to write one id."""
    return {
        key: unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        for key, value in row.items()
    }


def _no_instant(text: Any, refusal: BadInstant) -> RowProblem:
    """What is wrong with the field `at`."""
    if text is None:
        return RowProblem(
            "missing_field",
            "the field 'at' is missing.",
            "Say when it happened, such as 2026-01-10T09:00:00+08:00.",
        )
    code = "no_zone" if isinstance(refusal, NoZone) else "invalid_field"
    return RowProblem(code, f"at: {refusal.sentence}", refusal.hint)


def _amounts(reader: _Reader, row: dict[str, Any]) -> None:
    for name in reader.currencies:
        code = row.get(name)
        if type(code) is str and code not in EXPONENTS:
            raise RowProblem(
                "unknown_currency",
                f"{name}: {code!r} is not a currency of ISO 4217.",
                currency_hint(code),
            )
    try:
        for name, currency in reader.amounts:
            code = row.get(currency, reader.usual.get(currency))
            if type(code) is str and row.get(name) is not None:
                row[name] = canonical_amount(row[name], code)
        for name in reader.rates:
            if row.get(name) is not None:
                row[name] = _rate(row[name])
    except (BadAmount, UnknownCurrency) as refusal:
        raise RowProblem(refusal.code, f"{name}: {refusal.sentence}", refusal.hint) from None
    for name in reader.not_negative:
        if type(row.get(name)) is str and row[name].startswith("-"):
            raise RowProblem(
                "invalid_field",
                f"{name}: found {row[name]!r}, expected: an amount of zero or more.",
                "Leave it out where it is not known.",
            )


def _no_day(name: str, day: Any) -> RowProblem:
    """A day is written YYYY-MM-DD; pydantic would take numbers and instants for one too."""
    return RowProblem(
        "invalid_field", f"{name}: found {day!r}, expected a day.", "Write it as 2026-01-25."
    )


def _rate(text: Any) -> str:
    rate = decimal_of(text)
    if rate <= 0:
        raise BadAmount(f"{text!r} is not above zero.", "A rate is a positive decimal.")
    return f"{rate.normalize():f}"
