"""The mark of a statement: one line in its file with what is needed to ask the book again."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.kernel.shown import visible

NAME = "duebook-statement"
PATTERN = re.compile(
    rf"{NAME} (duebook\.book/[0-9a-f]{{32}}) known-at=([0-9]{{1,18}}) as-of=([0-9TZ:.+-]{{1,40}}) "
    r"in=((?:en|zh)(?:,(?:en|zh)){0,3}) sha256:([0-9a-f]{64}) (\S[^\n\r]{0,999})"
)
NO_AS_OF = "-"


class Mark(NamedTuple):
    """Which statement a file says it is, at which clocks, in which languages, and its
    fingerprint."""

    book: str
    known_at: int
    as_of: str | None
    languages: tuple[str, ...]
    sha256: str
    statement: str


def mark_of(answer: dict[str, Any], languages: Sequence[str]) -> str:
    """The mark of a `statement` answer with a fingerprint, as one line."""
    of, asked = answer["fingerprint"], answer["asked"]
    return visible(
        f"{NAME} {of['book']} known-at={asked['known_at']} as-of={asked['as_of'] or NO_AS_OF} "
        f"in={','.join(languages)} sha256:{of['sha256']} {of['statement']}"
    )


def mark_in(text: str) -> Mark | None:
    """The mark that a text is; None for another text."""
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    book, known_at, as_of, languages, sha256, statement = match.groups()
    spoken = tuple(languages.split(","))
    return Mark(
        book, int(known_at), None if as_of == NO_AS_OF else as_of, spoken, sha256, statement
    )
