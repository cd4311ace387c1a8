"""Times as files write them: other formats, zones of file or row, hours that occur twice.

An hour that a zone's clocks show twice is not an instant until a column says which one is meant;
one that they skip never is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.intake.columns import ISO_LOCAL, iso_instant
from ledger.intake.tables.clock_changes import changed_hours, settled
from ledger.kernel.duck import literal

ABBREVIATIONS = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "WET": 0,
    "WEST": 60,
    "BST": 60,
    "CET": 60,
    "CEST": 120,
    "MET": 60,
    "MEST": 120,
    "EET": 120,
    "EEST": 180,
    "MSK": 180,
    "TRT": 180,
    "EST": -300,
    "EDT": -240,
    "CDT": -300,
    "MST": -420,
    "MDT": -360,
    "PST": -480,
    "PDT": -420,
    "AKST": -540,
    "AKDT": -480,
    "HST": -600,
    "BRT": -180,
    "BRST": -120,
    "ART": -180,
    "JST": 540,
    "KST": 540,
    "SGT": 480,
    "HKT": 480,
    "PHT": 480,
    "WIB": 420,
    "ICT": 420,
    "AWST": 480,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
}
"""Minutes east of Greenwich. CST, IST and others of two places need a mapping's words."""
EPOCH, EPOCH_MS, SERIAL = "epoch", "epoch_ms", "serial"
WORDS = (EPOCH, EPOCH_MS, SERIAL)
"""Formats of times that are numbers: seconds and milliseconds since 1970, and the days of a
spreadsheet."""
_NAMED = r"'^(.*?) ?([A-Za-z]{1,5}|(?:UTC|GMT) ?[+-][0-9]{1,2}(?::?[0-9]{2})?)$'"
_OFFSET = r"'^(.*?) ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$'"


@dataclass(frozen=True)
class Zoned:
    """Where the zone of a row's time comes from, in SQL: a text of the row, or a name for all."""

    name: str | None = None
    text: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)


NO_ZONE = Zoned()


def instant(text: str, formats: tuple[str, ...], zone: Zoned) -> str:
    """Microseconds since the epoch, in SQL."""
    if not formats:
        if zone == NO_ZONE:
            return iso_instant(text)
        short = f"regexp_full_match({text}, '{ISO_LOCAL}')"
        whole = f"CASE WHEN strlen({text}) = 16 THEN {text} || ':00' ELSE {text} END"
        there = in_zone(f"TRY_CAST({whole} AS TIMESTAMP)", zone)
        return f"CASE WHEN {short} THEN {there} ELSE {iso_instant(text)} END"
    ways = []
    if bare := [format_ for format_ in formats if is_bare(format_)]:
        ways.append(in_zone(parsed(text, bare), zone))
    if SERIAL in formats:
        ways.append(in_zone(_of_serial(text), zone))
    if named := [format_ for format_ in formats if "%Z" in format_]:
        local = parsed(f"regexp_extract({text}, {_NAMED}, 1)", _without(named, "%Z"))
        which = f"nullif(regexp_extract({text}, {_NAMED}, 2), '')"
        ways.append(in_zone(local, Zoned(None, which, zone.words)))
    ways += [f"epoch_us({parsed(text, [format_])})" for format_ in formats if "%z" in format_]
    ways += [_of_epoch(text, format_) for format_ in formats if format_ in (EPOCH, EPOCH_MS)]
    return ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"


def is_bare(format_: str) -> bool:
    """Whether times of a format say no zone."""
    return "%z" not in format_ and "%Z" not in format_ and format_ not in WORDS


def _without(formats: list[str], directive: str) -> list[str]:
    return [format_.removesuffix(directive).rstrip() for format_ in formats]


def _of_epoch(text: str, format_: str) -> str:
    """Seconds or milliseconds since 1970, with enough digits to be of 1973 or later, so that
    neither can be taken for the other."""
    if format_ == EPOCH_MS:
        return (
            f"CASE WHEN regexp_full_match({text}, '[0-9]{{12,14}}')"
            f" THEN TRY_CAST({text} AS BIGINT) * 1000 END"
        )
    return (
        f"CASE WHEN regexp_full_match({text}, '[0-9]{{9,11}}(?:[.][0-9]{{1,6}})?')"
        f" THEN (TRY_CAST({text} AS DECIMAL(30, 6)) * 1000000)::BIGINT END"
    )


def _of_serial(text: str) -> str:
    """The local time of a spreadsheet's number of days, which is exact to the millisecond."""
    days = f"round(TRY_CAST({text} AS DOUBLE) * 86400000)::BIGINT"
    return (
        f"CASE WHEN regexp_full_match({text}, '[2-7][0-9]{{4}}(?:[.][0-9]+)?')"
        f" THEN make_timestamp(({days} - 2209161600000) * 1000) END"
    )


def day(text: str, formats: tuple[str, ...], zone: Zoned = NO_ZONE) -> str:
    """A calendar day as `2026-01-25`, in SQL; without formats the text as it is.

    For a time that says its own zone it is the day as written, or the day in `zone`.
    """
    if not formats:
        return (
            f"CASE WHEN regexp_full_match({text}, '[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}')"
            f" THEN replace({text}, '/', '-') ELSE {text} END"
        )
    ways = []
    if bare := [format_ for format_ in formats if is_bare(format_)]:
        ways.append(parsed(text, bare))
    if SERIAL in formats:
        ways.append(_of_serial(text))
    zoned = tuple(format_ for format_ in formats if not is_bare(format_) and format_ != SERIAL)
    if zoned and zone.name is not None:
        moment = f"make_timestamp({instant(text, zoned, Zoned(None, None, zone.words))})"
        ways.append(f"timezone({literal(zone.name)}, timezone('UTC', {moment}))")
    elif zoned:
        ways += _as_written(text, zoned)
    local = ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"
    return f"CASE WHEN {local} >= '1900-01-01' THEN strftime({local}, '%Y-%m-%d') END"


def _as_written(text: str, formats: tuple[str, ...]) -> list[str]:
    """Times as their texts show them, whatever zone they say; of seconds since 1970 in UTC."""
    ways = []
    if named := [format_ for format_ in formats if "%Z" in format_]:
        ways.append(parsed(f"regexp_extract({text}, {_NAMED}, 1)", _without(named, "%Z")))
    if own := [format_ for format_ in formats if format_.endswith("%z")]:
        ways.append(parsed(f"regexp_extract({text}, {_OFFSET}, 1)", _without(own, "%z")))
    epochs = [format_ for format_ in formats if format_ in (EPOCH, EPOCH_MS)]
    return ways + [f"make_timestamp({_of_epoch(text, epoch)})" for epoch in epochs]


def parsed(text: str, formats: list[str]) -> str:
    """A time as the text says it, of whatever zone. Years of two digits are of this century."""
    short = [format_ for format_ in formats if "%y" in format_]
    ways = []
    if whole := [format_ for format_ in formats if format_ not in short]:
        ways.append(_strptime(text, whole))
    if short:
        read = _strptime(text, short)
        shift = f"{read} + INTERVAL 100 YEAR"
        ways.append(f"CASE WHEN year({read}) < 2000 THEN {shift} ELSE {read} END")
    return ways[0] if len(ways) == 1 else f"coalesce({', '.join(ways)})"


def _strptime(text: str, formats: list[str]) -> str:
    shapes = ", ".join(map(literal, formats))
    return f"try_strptime({text}, {f'[{shapes}]' if len(formats) > 1 else shapes})"


def in_zone(local: str, zone: Zoned) -> str:
    """The instant at which clocks of a zone show a time, in SQL; NULL where they never do, or
    twice, or where no zone is known."""
    if zone.text is not None:
        return _by_row(local, zone)
    if zone.name is None:
        return "NULL::BIGINT"
    return _in_named(local, zone.name)


def _by_row(local: str, zone: Zoned) -> str:
    """By what a column of the row says: a word of the mapping, an abbreviation or an offset."""
    text = zone.text
    offset = r"(?:UTC|GMT)? ?([+-])([0-9]{1,2}):?([0-9]{2})?"
    sign = f"CASE regexp_extract({text}, '{offset}', 1) WHEN '-' THEN -1 ELSE 1 END"
    hours = f"TRY_CAST(regexp_extract({text}, '{offset}', 2) AS BIGINT)"
    minutes = f"coalesce(TRY_CAST(nullif(regexp_extract({text}, '{offset}', 3), '') AS BIGINT), 0)"
    given = f"epoch_us({local}) - {sign} * ({hours} * 60 + {minutes}) * 60000000"
    whens = []
    for word, meant in zone.words.items():
        whens.append(f"WHEN {text} = {literal(word)} THEN {_in_word(local, meant)}")
    for word, east in ABBREVIATIONS.items():
        if word not in zone.words:
            whens.append(
                f"WHEN upper({text}) = '{word}' THEN epoch_us({local}) - {east * 60_000_000}"
            )
    whens.append(f"WHEN regexp_full_match({text}, '{offset}') THEN {given}")
    if zone.name is not None:
        whens.append(f"WHEN {text} IS NULL THEN {_in_named(local, zone.name)}")
    return f"CASE {' '.join(whens)} END"


def _in_word(local: str, meant: str) -> str:
    """What a mapping's word means: an offset, an abbreviation, or a zone."""
    if meant.upper() in ABBREVIATIONS:
        return f"epoch_us({local}) - {ABBREVIATIONS[meant.upper()] * 60_000_000}"
    if meant[:1] in "+-":
        east = offset_minutes(meant)
        return f"epoch_us({local}) - {east * 60_000_000}"
    return _in_named(local, meant)


def offset_minutes(text: str) -> int:
    """`+08:00` as minutes. Raises `ValueError`."""
    digits = text[1:].replace(":", "").ljust(4, "0")
    if text[:1] not in "+-" or len(digits) != 4 or not digits.isascii() or not digits.isdigit():
        raise ValueError(text)
    east = int(digits[:2]) * 60 + int(digits[2:])
    return -east if text[0] == "-" else east


def _in_named(local: str, zone: str) -> str:
    if zone == "UTC":
        return f"epoch_us({local})"
    there = f"timezone({literal(zone)}, {local})"
    hours, shifts = changed_hours(zone)
    if not hours:
        return f"epoch_us({there})"
    again = [
        f"timezone({literal(zone)}, {there} {sign} INTERVAL {minutes} MINUTE) = {local}"
        for minutes in shifts
        for sign in "+-"
    ]
    shown = f"timezone({literal(zone)}, {there}) = {local}"
    once = f"{shown} AND NOT ({' OR '.join(again)})"
    listed = ", ".join(f"TIMESTAMP '{hour}'" for hour in hours)
    since = settled(zone, hours[-1])
    often = ", ".join(sorted({str(int(hour[11:13])) for hour in hours}))
    return (
        f"CASE {since.format(local=local)}WHEN hour({local}) IN ({often}) THEN CASE"
        f" WHEN date_trunc('hour', {local}) NOT IN ({listed}) OR {once} THEN epoch_us({there}) END"
        f" ELSE epoch_us({there}) END"
    )


def day_of_cell(text: str) -> str:
    """The day of a workbook's date, in SQL; NULL for a time of a day."""
    moment = f"TRY_CAST(substr({text}, 2) AS TIMESTAMP)"
    midnight = f"{moment} = date_trunc('day', {moment})"
    return f"CASE WHEN {midnight} THEN strftime({moment}, '%Y-%m-%d') END"
