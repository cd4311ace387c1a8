"""Another book's lines as the platform's file: whatever differs in its facts, breaks show."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.usecases.init import init
from tests.marks import decision, sql
from tests.quarter import GROWTH, PROGRAM, Facts, certified, enrolled, fee_paid, store
from tests.reconciling import Desk, breaks, changed, file_of, likely

pytestmark = decision

Change = Callable[[Facts], Facts]
Compared = Callable[[Change], dict[str, Desk]]
LAST_DAY = "2026-02-09T12:00:00+08:00"
"""Day 30 of every store here."""


def facts() -> Facts:
    """Three stores that sold on day 30, and M-7 with sales on the last day of its term."""
    stores = [one for n in (1, 2, 3) for one in changed(store(n), 4, at=LAST_DAY)]
    growth = enrolled(aigc=10, creator_video=0)
    last = growth[-1] | {"day": "2026-07-31", "at": "2026-08-02T09:00:00+08:00"}
    return [*certified("P-1"), *stores, *growth, last, fee_paid("6000.00")]


def without(name: str) -> Change:
    """A store is dropped, and everything about it."""
    return lambda all_: [one for one in all_ if one.get("store") != name]


def halved(all_: Facts) -> Facts:
    """Every amount of GMV is halved."""
    half = {"1500.00": "750.00", "40000.00": "20000.00"}
    return [
        one | {"amount": half[one["amount"]]} if one["type"] == "GMVRecorded" else one
        for one in all_
    ]


def a_day_later(all_: Facts) -> Facts:
    """First sales and days of GMV are told a day late."""
    days = {LAST_DAY: "2026-02-10T12:00:00+08:00", "2026-07-31": "2026-08-01"}
    return [
        one | {name: days[one[name]] for name in ("at", "day") if one.get(name) in days}
        for one in all_
    ]


def twice(all_: Facts) -> Facts:
    """A day of GMV is told twice, by the same system."""
    return [*all_, next(one for one in all_ if one.get("day") == "2026-07-31") | {"id": "again"}]


@pytest.fixture
def compared(book: Any, new_location: Callable[[], str], tmp_path: Path) -> Iterator[Compared]:
    """Two books: ours with the facts, theirs with the facts changed."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    other = init(new_location(), "platform")[0]
    yield lambda change: _told(Desk(book, tmp_path), Desk(other, folder), change)
    other.close()


def _told(ours: Desk, theirs: Desk, change: Change) -> dict[str, Desk]:
    ours.tell(facts())
    theirs.tell(change(facts()))
    return {"ours": ours, "theirs": theirs}


def found(desks: dict[str, Desk], program: str) -> Any:
    """Our lines beside those of the other book."""
    file = file_of(desks["theirs"].book, program, as_of=1_790_000_000_000_000)
    return desks["ours"].compare(file, program=program)


@sql
def test_the_same_facts_agree(compared: Compared) -> None:
    """The control: nothing changed, nothing found."""
    desks = compared(lambda all_: all_)
    for program, lines in ((PROGRAM, 3), (GROWTH, 3)):
        result = found(desks, program)
        assert (breaks(result), result.matched) == ({}, lines)


def test_a_dropped_store_is_missing(compared: Compared) -> None:
    """Exactly its line, and no other."""
    desks = compared(without("S-2"))
    assert breaks(found(desks, PROGRAM)) == {"S-2#missing_theirs": ("2000.00", None, "2000.00")}
    assert breaks(found(desks, GROWTH)) == {}


def test_a_dropped_enrolment_is_missing_with_all_its_lines(
    compared: Compared,
) -> None:
    """Three lines of one merchant."""
    desks = compared(without("S-M-7"))
    kinds = ("commission", "compensation", "fixed_fee")
    assert set(breaks(found(desks, GROWTH))) == {f"M-7/{kind}#missing_theirs" for kind in kinds}


def test_halved_amounts_break_every_line_that_rests_on_them(
    compared: Compared,
) -> None:
    """Below the threshold nothing is due, and commission is half; the fixed fee is what it was."""
    desks = compared(halved)
    assert set(breaks(found(desks, PROGRAM))) == {f"S-{n}#missing_theirs" for n in (1, 2, 3)}
    assert breaks(found(desks, GROWTH)) == {
        "M-7/commission#amount_differs": ("-16000.00", "-8000.00", "-8000.00"),
    }


def test_a_day_told_twice_breaks_the_commission(
    compared: Compared,
) -> None:
    """They charge more, by its share, and no single reading of ours explains it."""
    result = found(compared(twice), GROWTH)
    assert breaks(result) == {
        "M-7/commission#amount_differs": ("-16000.00", "-24000.00", "8000.00"),
    }
    assert likely(result) == {"M-7/commission#amount_differs": []}


def test_a_line_listed_twice_is_a_duplicate(
    compared: Compared,
) -> None:
    """Of the same facts and of the same amount: once it is ours, twice it is not."""
    desks = compared(lambda all_: all_)
    file = file_of(desks["theirs"].book)
    for row in file:
        name = row[0].partition("/")[2]
        result = desks["ours"].compare([*file, row])
        assert breaks(result) == {f"{name}#duplicate_theirs": (None, "2000.00", "-2000.00")}


def test_a_shifted_day_breaks_and_is_named(
    compared: Compared,
) -> None:
    """Their windows end a day before ours, as far as one can tell from here."""
    desks = compared(a_day_later)
    recruiting = likely(found(desks, PROGRAM))
    assert set(recruiting) == {f"S-{n}#missing_theirs" for n in (1, 2, 3)}
    for causes in recruiting.values():
        assert ("first_sale_window", "a day shorter: 29 days") in causes
    growth = likely(found(desks, GROWTH))
    assert growth == {
        "M-7/commission#amount_differs": [("term", "a day shorter: to 2026-07-30")],
    }
