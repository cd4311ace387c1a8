"""Editions: a program's terms as dated, versioned, cited data, read from TOML and recorded."""

import hashlib
import json
import tomllib
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from ledger.aggregates.fields import Currency, Id
from ledger.kernel.errors import BadTerms
from ledger.kernel.findings import expected_in, names_expected
from ledger.kernel.ids import unfit
from ledger.kernel.instants import DATE
from ledger.kernel.near import near
from ledger.kernel.nesting import nesting_of
from ledger.kernel.period import Days, OpenDays, Span, Window
from ledger.kernel.zones import is_zone


def _plain_day(day: Any) -> Any:
    """A TOML date, or its text as recorded; numbers, which pydantic would accept, are refused."""
    if isinstance(day, str) and not DATE.fullmatch(day):
        raise ValueError("a day is written as 2026-01-01")
    if not isinstance(day, str | date):
        raise ValueError("a day is written as 2026-01-01")
    return day


def _near_day(day: date) -> date:
    if not 2000 <= day.year <= 2199:
        raise ValueError("terms lie within the years 2000 to 2199")
    return day


Day = Annotated[date, BeforeValidator(_plain_day), AfterValidator(_near_day)]
"""A calendar day that terms name."""


HOW_TO_BEGIN = "Print an edition and change it: duebook programs PROGRAM --format toml"
NESTING_MAX = 20
SHOWN_MAX = 80
NUMBER_MAX = 10**9
"""The largest version, number of days or count."""


class Source(BaseModel):
    """A text that values are cited from."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: Id
    title: str
    date: date
    url: str | None = None


class Edition(BaseModel):
    """One version of a program's terms. `terms` are the parameters of its rules, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    rules: Id
    rules_version: Annotated[int | None, Field(ge=1, strict=True)] = None
    program: Id
    publisher: Id
    version: Annotated[int, Field(ge=1, strict=True)]
    zone: str
    first: Annotated[Day, Field(validation_alias=AliasChoices("from"), serialization_alias="from")]
    last: Annotated[
        Day | None, Field(validation_alias=AliasChoices("to"), serialization_alias="to")
    ] = None
    currency: Currency
    terms: dict[str, Any]
    assumed: dict[str, str] = {}
    cite: dict[str, str] = {}
    source: tuple[Source, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError(f"{zone!r} is not a time zone such as Asia/Shanghai")
        return zone

    def refuse_unsourced(self) -> None:
        """Raises `BadTerms` for a citation whose source the edition does not name."""
        keys = {source.key for source in self.source}
        for parameter, place in self.cite.items():
            if place.partition(",")[0].strip() not in keys:
                raise BadTerms(
                    f"{self.program}: [cite] {parameter}: found {place[:60]!r}, expected the key "
                    "of a [[source]] and the place in it.",
                    "Add the source, or cite one that is there.",
                )

    def model_copy(self, *, update: Any = None, deep: bool = False) -> "Edition":
        """A changed copy, without the window worked out from the old dates."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("window", None)
        return copied

    @property
    def days(self) -> Days:
        """The term's calendar days. Only for editions with an end."""
        assert self.last is not None, "an open-ended edition has no last day"
        return Days(self.first, self.last, self.zone)

    @property
    def span(self) -> Span:
        """The term's calendar days, with or without an end."""
        return self.days if self.last is not None else OpenDays(self.first, self.zone)

    @cached_property
    def window(self) -> Window:
        """The term as instants, half-open."""
        return self.span.window

    def as_data(self) -> dict[str, Any]:
        """Plain JSON data, as recorded; unset parameters are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON: equal for equal content, however the file was written."""
        return "sha256:" + hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def canonical(self) -> str:
        """The content as JSON with sorted keys, in ASCII, without blanks."""
        return json.dumps(self.as_data(), sort_keys=True, separators=(",", ":"))

    def assumptions(self) -> list[dict[str, str]]:
        """The assumptions and their reasons, in the order of the file."""
        return [{"parameter": key, "because": why} for key, why in self.assumed.items()]

    @classmethod
    def from_data(cls, data: dict[str, Any], where: str) -> "Edition":
        """Builds an edition. Raises `BadTerms` naming each key that is wrong."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise BadTerms(sentence_of(error, where, cls), facts=error.errors()) from None


def parse_toml(text: str, where: str) -> Edition:
    """Reads a terms file. Raises `BadTerms` for bad TOML, floats, unknown or missing keys."""
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))  # some editors begin a file with this
    except ValueError as error:  # also raised for a number of thousands of digits
        raise BadTerms(f"{where} is not TOML: {error}.", HOW_TO_BEGIN) from None
    except RecursionError:
        raise BadTerms(f"{where} is nested too deeply for terms.", HOW_TO_BEGIN) from None
    if nesting_of(data) > NESTING_MAX:
        raise BadTerms(f"{where} is nested more than {NESTING_MAX} deep.", HOW_TO_BEGIN)
    _refuse_floats(data, "", where)
    edition = Edition.from_data(data, where)
    for key in ("program", "publisher"):
        if expected := unfit(str(getattr(edition, key))):
            raise BadTerms(f"{where}: {key} = {getattr(edition, key)!r}, expected {expected}.")
    return edition


def to_toml(edition: Edition) -> str:
    """The edition as a terms file that can be changed and published again."""
    data = edition.as_data()
    head = [(k, v) for k, v in data.items() if k not in ("terms", "assumed", "cite", "source")]
    lines = [f"{key} = {_toml(value, key)}" for key, value in head]
    for table in ("terms", "assumed", "cite"):
        if data.get(table) or table == "terms":  # a file always has this table, even empty
            lines += ["", f"[{table}]"]
            lines += [f"{key} = {_toml(value, '')}" for key, value in data[table].items()]
    for source in data.get("source", ()):
        lines += ["", "[[source]]"]
        lines += [f"{key} = {_toml(value, key)}" for key, value in source.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any, key: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case str() if key in ("from", "to", "date"):
            return value
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return "[" + ", ".join(_toml(entry, "") for entry in value) + "]"
        case dict():
            inner = ", ".join(f"{name} = {_toml(entry, '')}" for name, entry in value.items())
            return "{ " + inner + " }"
    raise AssertionError(f"{value!r} has no place in terms")


def _refuse_floats(value: Any, path: str, where: str) -> None:
    match value:
        case float():
            raise BadTerms(
                f"{where}: {path} = {value} is a float; decimals are written as strings.",
                f'Write {path.rsplit(".", 1)[-1]} = "{value}".',
            )
        case int() if abs(value) > NUMBER_MAX:
            raise BadTerms(
                f"{where}: {path} = {str(value)[:40]} is beyond {NUMBER_MAX:,}.",
                "Amounts are written as decimal strings.",
            )
        case datetime():
            raise BadTerms(f"{where}: {path} is a date-time; terms are dated by day.")
        case dict():
            for key, inner in value.items():
                _refuse_floats(inner, f"{path}.{key}" if path else key, where)
        case list():
            for inner in value:
                _refuse_floats(inner, path, where)


def sentence_of(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """All of the model's findings, each with its key and the value there, as written in TOML."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    parts = []
    for finding in error.errors():
        key = ".".join(str(piece) for piece in finding["loc"]) or "the file"
        if finding["type"] == "missing":
            parts.append(f"{key}: it is missing")
            continue
        if finding["type"] == "extra_forbidden":
            meant = near(key, names)
            message = f"unknown key, perhaps {meant[0]}" if meant else "unknown key"
        elif names_expected(finding):
            message = f"expected {expected_in(finding)}"
        else:
            message = expected_in(finding)
        known = repr(finding["input"]) in message
        parts.append(
            f"{key}: {message}" + ("" if known else f" (found {_shown(finding['input'])})")
        )
    return f"{where}: " + "; ".join(parts) + "."


def _shown(value: Any) -> str:
    """A value as written in a terms file; of a long one the beginning."""
    try:
        text = _toml(value, "")
    except AssertionError:
        text = str(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]} ..."
