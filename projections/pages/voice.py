"""How a statement speaks to its recipient: its languages, the words for codes, days in the
program's zone, and nothing in it that could not be seen."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ledger.kernel.counted import grouped
from ledger.kernel.instants import DEFAULT_ZONE, day_of, parse_instant
from ledger.kernel.shown import visible
from ledger.programs.words import words
from projections.pages.letterhead import PLAIN, Language, Letterhead

BETWEEN = " / "
"""Between two languages."""


def money(amount: str | None) -> str:
    """An amount with its thousands apart; a dash for a decision, which has none."""
    return "–" if amount is None else grouped(amount)


@cache
def labels(language: Language) -> dict[str, str]:
    """What a statement says besides figures and names."""
    text = (files("projections.pages") / "labels.toml").read_text(encoding="utf-8")
    of_language: dict[str, str] = tomllib.loads(text)[language]
    return of_language


class Voice(NamedTuple):
    """The languages of a statement, and the zone of its days."""

    languages: Sequence[Language] = ("en",)
    zone: str = DEFAULT_ZONE

    def label(self, name: str, between: str = BETWEEN) -> str:
        """A label, in each language."""
        texts = (labels(language)[name] for language in self.languages)
        return between.join(dict.fromkeys(texts))

    def word(self, code: str) -> str:
        """What a code reads as, in each language; the code of one that has no words."""
        texts = (words(language).get(code, code) for language in self.languages)
        return visible(BETWEEN.join(dict.fromkeys(texts)))

    def label_or_word(self, code: str) -> str:
        """A state or an outcome: its label, or else what its code reads as."""
        return self.label(code) if code in labels("en") else self.word(code)

    def reasons(self, codes: Sequence[str]) -> str:
        """Codes in words, one after another."""
        return "; ".join(map(self.word, codes))

    def day(self, instant: str) -> str:
        """The day of an instant, `2026-07-01`."""
        return day_of(parse_instant(instant), self.zone).isoformat()

    def bank_day(self, payment: Mapping[str, Any]) -> str:
        """The bank's day of a payment; where none was given, the day on which it was recorded."""
        return payment.get("on") or self.day(payment["paid_at"])


class Addressed(NamedTuple):
    """To whom a statement goes, and how it looks; without an id several go into one file."""

    statement: str = ""
    letterhead: Letterhead = PLAIN
    name: str = ""
    """The recipient's, as recorded."""
    zone: str = DEFAULT_ZONE

    @property
    def voice(self) -> Voice:
        """In its letterhead's languages."""
        return Voice(self.letterhead.languages, self.zone)
