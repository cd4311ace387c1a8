"""How cells of a column seem to be written, from the first of them: for a draft, never to read."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.intake.columns import ISO_8601, ISO_LOCAL
from ledger.intake.tables.times import ABBREVIATIONS

_DAYS = (
    *("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y"),
    *("%m/%d/%y", "%d.%m.%y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y"),
    *("%d-%b-%y", "%b-%d-%y", "%Y%m%d", "%Y-%m-%d"),
)
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S")
_NUMBER = re.compile(r"[0-9][0-9.,'’\u00a0\u202f ]*")
_ZONED = re.compile(r"(.*) ([A-Z]{1,5})$")


class Marks(NamedTuple):
    """The signs in amounts, before decimals and between thousands; `sure` where there is no
    doubt."""

    decimal: str | None
    thousands: str | None
    sure: bool


class Times(NamedTuple):
    """How times are written: formats that all of them have, more than one where day and month
    cannot be told apart; and whether they say their zone."""

    formats: tuple[str, ...]
    has_zone: bool


def marks_of(samples: Sequence[str]) -> Marks | None:
    """The marks of amounts; None where no cell holds a number."""
    decimals: set[str] = set()
    thousands: set[str] = set()
    unsure = False
    numbers = [number[0].strip() for sample in samples if (number := _NUMBER.search(sample))]
    if not numbers:
        return None
    for text in numbers:
        signs = [sign for sign in text if not sign.isdigit()]
        last = signs[-1] if signs else ""
        behind = len(text.rpartition(last)[2]) if last else 0
        if not last:
            continue
        if len(set(signs)) > 1:
            thousands.add(signs[0])
            decimals.add(last)
        elif len(signs) > 1:
            thousands.add(last)
        elif behind == 3 and last in ".,":
            unsure = True
        elif last in ".,":
            decimals.add(last)
        else:
            thousands.add(last)
    sure = len(decimals) < 2 and len(thousands) < 2 and not (unsure and not decimals)
    return Marks(
        next(iter(decimals), None) if len(decimals) == 1 else None,
        next(iter(thousands), None) if len(thousands) == 1 else None,
        sure and not decimals & thousands,
    )


def times_of(samples: Sequence[str]) -> Times | None:
    """The formats of times or days; None where no known one fits."""
    if not samples:
        return None
    for counted, digits in (("epoch", "1[0-9]{9}"), ("epoch_ms", "1[0-9]{12}")):
        if all(re.fullmatch(digits, sample) for sample in samples):
            return Times((counted,), True)
    if all(re.fullmatch(ISO_8601, sample) for sample in samples):
        return Times((), True)
    if all(re.fullmatch(ISO_LOCAL, sample) for sample in samples):
        return Times((), False)
    zoned = [_ZONED.match(sample) for sample in samples]
    if all(match is not None and match[2] in ABBREVIATIONS for match in zoned):
        bare = times_of([match[1] for match in zoned if match is not None])
        if bare is not None and not bare.has_zone:
            formats = bare.formats or ("%Y-%m-%d %H:%M:%S",)
            return Times(tuple(f"{format_} %Z" for format_ in formats), True)
    offsets = [f"{day}{time}{gap}%z" for day in _DAYS for time in _TIMES for gap in ("", " ")]
    plain = [f"{day}{time}" for day in _DAYS for time in _TIMES]
    for shapes, has_zone in ((plain, False), (offsets, True)):
        fitting = tuple(shape for shape in shapes if all(_fits(text, shape) for text in samples))
        if fitting:
            return Times(_shortest(fitting), has_zone)
    return None


def _fits(text: str, shape: str) -> bool:
    try:
        return datetime.strptime(text, shape).year >= 1990
    except ValueError:
        return False


def _shortest(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that say the same in another way, such as `%b` and `%B` of May."""
    seen: dict[str, str] = {}
    for format_ in formats:
        seen.setdefault(format_.replace("%B", "%b"), format_)
    return tuple(seen.values())
