"""Validated texts of a mapping: bounded, and of one meaning."""

import codecs
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ledger.intake.tables.times import ABBREVIATIONS, WORDS
from ledger.kernel.zones import is_zone

DIRECTIVES = frozenset("YymdbBHMSfIpzZaAj%")
"""What a time format may hold: directives that DuckDB and Python read alike, and `%Z`, the
abbreviation of a zone after the time."""
PATTERN_MAX = 200
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "windows-1252", "iso-8859-1"),
    *("iso-8859-15", "shift_jis", "euc-jp", "euc-kr", "big5", "windows-1250", "windows-1251"),
)


def _format(text: str) -> str:
    if text in WORDS:
        return text
    pieces = text.replace("%%", "").split("%")[1:]
    wrong = [piece[:1] for piece in pieces if piece[:1] not in DIRECTIVES]
    if wrong or not pieces:
        raise ValueError(
            f"the time format {text!r} is written with %Y %y %m %d %b %B %H %I %M %S %f %p %z %Z, "
            f"or is one of {', '.join(WORDS)}"
        )
    if "%I" in text and "%p" not in text:
        raise ValueError(f"{text!r} has hours of half a day without %p, which says of which half")
    if "%Z" in text and not text.endswith("%Z"):
        raise ValueError(f"%Z stands at the end of {text!r}")
    return text


def _formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Formats of which no text could mean two days."""
    shapes: dict[str, str] = {}
    for format_ in formats:
        shape = re.sub("%[dmyYj]", "%d", format_)
        other = shapes.setdefault(shape, format_)
        if other != format_:
            raise ValueError(f"one text could be two days by {other!r} and {format_!r}: keep one")
    return formats


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError(f"{name!r} is not a time zone such as Asia/Shanghai")
    return name


def _zone_word(text: str) -> str:
    if text.upper() in ABBREVIATIONS or re.fullmatch(r"[+-][0-9]{2}:?[0-9]{2}", text, re.ASCII):
        return text
    return _zone(text)


def _encoding(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    known = {codecs.lookup(encoding).name for encoding in ENCODINGS} | {
        "gbk",
        "gb2312",
        "utf-8-sig",
    }
    if codec not in known:
        raise ValueError(f"{name!r} is not an encoding such as {', '.join(ENCODINGS[:6])}")
    return {"gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8"}.get(codec, codec)


def _delimiter(sign: str) -> str:
    if len(sign) != 1 or sign in '"\r\n\0':
        raise ValueError(f"{sign!r} separates no cells; one character does, such as ';'")
    return sign


def _mark(sign: str) -> str:
    if sign not in (".", ",", "'", "\u2019", " ", "\u00a0", "\u202f", ""):
        raise ValueError(f"{sign!r} stands neither before decimals nor between thousands")
    return sign


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{text!r} is no pattern: {error}") from None
    if groups < 1 or re.search(r"\\[1-9]|\(\?[=!<P]", text):
        raise ValueError(
            f"{text!r} has one group in round brackets, and neither looks ahead nor back"
        )
    return text


def _texts(value: Any) -> Any:
    return (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    )


Short = Annotated[str, Field(max_length=200)]
Texts = Annotated[tuple[Short, ...], BeforeValidator(_texts), Field(max_length=200)]
"""One text, or a list of them."""
Formats = Annotated[
    tuple[Annotated[Short, AfterValidator(_format)], ...],
    BeforeValidator(_texts),
    AfterValidator(_formats),
    Field(max_length=20),
]
ZoneWord = Annotated[Short, AfterValidator(_zone_word)]
ZoneName = Annotated[Short, AfterValidator(_zone)]
Encoding = Annotated[Short, AfterValidator(_encoding)]
Delimiter = Annotated[str, AfterValidator(_delimiter)]
Mark = Annotated[str, AfterValidator(_mark)]
Quote = Literal['"', "'", ""]
Marks = Annotated[str, Field(max_length=20)]
Pattern = Annotated[str, Field(max_length=PATTERN_MAX), AfterValidator(_pattern)]
