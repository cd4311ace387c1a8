"""A payee's statement as a page that can be sent: its own lines, in plain words, nothing of others.

The figures are those of the `statement` answer for one statement; codes are put into words, in one
language or in two.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from ledger.aggregates.partner import PartnerState
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import day_of, parse_instant
from ledger.programs.words import words
from ledger.store.reader import LogReader
from projections.pages.letterhead import Language, Letterhead
from projections.pages.rendering import rendered, seen

BETWEEN = " / "
"""Between two languages."""
FLOWS = ("brought_forward", "issued", "adjusted", "carried_forward", "due", "paid", "open")
ALWAYS = ("due", "paid", "open")
DIGITS, GROUP = 16, 4


@cache
def labels(language: Language) -> dict[str, str]:
    """What a statement says besides figures and names."""
    text = (files("projections.pages") / "labels.toml").read_text(encoding="utf-8")
    of_language: dict[str, str] = tomllib.loads(text)[language]
    return of_language


def name_of(connection: Connection, party: str, known_at: int) -> str:
    """The recorded name of a party; empty for one that has none."""
    kind, _, name = party.partition(":")
    if kind != "partner":
        return ""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    state = reader.states(kind, [name], PartnerState).get(name)
    return (state.name or "") if state else ""


def fingerprint(digest: str) -> str:
    """The beginning of a digest, in groups that can be compared by eye."""
    own = digest.partition(":")[2][:DIGITS]
    return " ".join(own[at : at + GROUP] for at in range(0, len(own), GROUP))


def statement_page(
    answer: dict[str, Any], statement: str, letterhead: Letterhead, name: str, zone: str
) -> str:
    """The page of a `statement` answer that is of one statement. `name`: the recipient's, as
    recorded; `zone`: in which days are shown."""
    rows, languages = answer["statements"], letterhead.languages
    return rendered(
        "statement.html",
        images=True,
        language=languages[0],
        letterhead=letterhead,
        label=_labelled(languages),
        word=_worded(languages),
        day=lambda instant: day_of(parse_instant(instant), zone).isoformat(),
        statement=statement,
        party=party_of(answer),
        name=name,
        answer=answer,
        flows=[
            (flow, [(row[flow], row["currency"]) for row in rows])
            for flow in FLOWS
            if any(_is_shown(flow, row[flow]) for row in rows)
        ],
        fingerprint=fingerprint(answer["seal"]["digest"]),
        negative=any((row["due"] or "").startswith("-") for row in rows),
    )


def party_of(answer: dict[str, Any]) -> str:
    """Whose statement it is."""
    rows = answer["statements"] or answer["lines"] or answer["adjustments"]
    party: str = rows[0]["payee"]
    return party


def _is_shown(flow: str, amount: str | None) -> bool:
    """Nothing of what facts pay; a zero only of what everybody looks for."""
    return amount is not None and (flow in ALWAYS or bool(amount.strip("-0.")))


def _labelled(languages: Sequence[Language]) -> Any:
    def label(name: str) -> str:
        return BETWEEN.join(dict.fromkeys(labels(language)[name] for language in languages))

    return label


def _worded(languages: Sequence[Language]) -> Any:
    def word(code: str) -> Markup:
        phrases = dict.fromkeys(words(language).get(code, code) for language in languages)
        return Markup.escape(seen(BETWEEN.join(phrases)))

    return word
