"""Editions without lines: they settle to nothing, and there is nothing to close."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoLines, NoSuchLine, TermsConflict, WrongPeriod
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.looking.show import show
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.terms.publish import publish

PROGRAMS = ["account-binding-us-2024", "pid-binding-2020"]
FACTS = [
    {"type": "MerchantOnboarded", "at": "2023-01-01T00:00:00Z", "merchant": "M-1", "store": "S-1"}
    | {"market": "US"},
    {"type": "StoreNamed", "at": "2024-03-01T12:00:00Z", "store": "S-1", "name": "Glow"},
    {"type": "ProbationStarted", "at": "2024-03-01T12:00:00Z", "store": "S-1"},
    {"type": "AccountBound", "at": "2024-03-02T12:00:00Z", "store": "S-1", "account": "A-1"}
    | {"role": "official"},
    {"type": "AccountBound", "at": "2024-03-03T12:00:00Z", "store": "S-1", "account": "A-2"}
    | {"role": "channel"},
    {"type": "FollowersCounted", "at": "2024-03-03T12:00:00Z", "account": "A-2", "followers": 7},
    {"type": "AccountNamed", "at": "2024-03-04T12:00:00Z", "account": "A-2", "name": "lucy"},
    {"type": "PidLinked", "at": "2020-07-01T12:00:00Z", "pid": "mm_1", "account": "A-2"},
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_edition_that_only_judges_settles_to_nothing(
    book: Book, record_facts: Callable[..., Any], now: int, program: str
) -> None:
    """Whatever was reported; no line is found, and no month of it."""
    position = record_facts(book, FACTS).position
    clocks = Clocks(now, position)
    with book.reading() as connection:
        edition = published_edition(connection, program, clocks)
        settled = settle(connection, edition, clocks)
        assert (settled.lines, settled.obligations, settled.totals) == ([], (), {})
        assert "to" not in settled.as_json()["period"]
        with pytest.raises(WrongPeriod):
            settle(connection, edition, clocks, period="2024-03")
        with pytest.raises(NoSuchLine, match="nothing is due or decided"):
            explain(connection, f"{program}/A-1", clocks)


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_edition_that_only_judges_cannot_be_closed(book: Book, now: int, program: str) -> None:
    """Nor adjusted or replayed; the sentence says why and where to look instead."""
    before = book.head()
    for decide in (close, adjust):
        with pytest.raises(NoLines, match=f"{program} has no lines") as refused:
            decide(book, program, by="lin", now=now)
        assert "duebook report exceptions" in refused.value.hint
    with pytest.raises(NoLines), book.reading() as connection:
        replay(connection, program, None, known_at=before.position)
    assert book.head() == before


@pytest.mark.parametrize("program", PROGRAMS)
def test_two_editions_of_one_day_would_both_judge(book: Book, program: str) -> None:
    """The second is refused, unless it begins where the first has ended."""
    (edition,) = (one for one in shipped() if one.program == program)
    other = edition.model_copy(update={"program": "another"})
    with pytest.raises(TermsConflict):
        publish(book, other, "lin")
    ended = {"version": 2, "last": date(2026, 12, 31)}
    publish(book, edition.model_copy(update=ended), "lin")
    assert publish(book, other.model_copy(update={"first": date(2027, 1, 1)}), "lin")["recorded"]


def test_streams_tell_how_stores_accounts_and_pids_stand(
    book: Book, record_facts: Callable[..., Any], now: int
) -> None:
    """A store with what other facts say of it, whatever the terms say of its accounts."""
    position = record_facts(book, FACTS).position
    with book.reading() as connection:
        clocks = Clocks(now, position)
        store, account, pid = (
            show(connection, stream, clocks)["state"]
            for stream in ("store:S-1", "account:A-2", "pid:mm_1")
        )
    told = {"name": "Glow", "in_probation": True, "merchant": "M-1", "state": "open"}
    told |= {"official_accounts": "A-1", "channel_accounts": "A-2"}
    assert told.items() <= store.items()
    assert next(iter(store)) == "store"
    assert account == {"account": "A-2", "name": "lucy", "followers": 7}
    assert pid == {"pid": "mm_1", "accounts": "A-2", "facts": 1}
