"""Runs in parts: however subjects are dealt, the lines are those of a run of all together."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.line import UNEXPLAINED, digest_of
from ledger.programs.periods import months_begun
from ledger.programs.registry import program_of, programs
from ledger.store.book import Book
from ledger.usecases.exceptions.touching_close import exceptions_touching, surprises
from ledger.usecases.init import demo_files
from ledger.usecases.recording.record import record
from ledger.usecases.settling import parts
from ledger.usecases.settling.parts import dealt
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from ledger.usecases.terms.editions import last_editions
from tests.quarter import PROGRAM, Quarter, certified, closure, store

NOW = parse_instant("2026-11-21T12:00:00Z")


def told_demo(book: Book, folder: Path) -> None:
    """The demo's facts: every program that settles facts has lines in it."""
    assert not record(book, list(demo_files()), now=NOW, by="demo").rejected
    more = []
    names = (("LiveTaskOrdered", "task"), ("ShopApplied", "application"))
    for kind, name in (*names, ("IncentiveGranted", "grant")):
        example = FACTS[kind].EXAMPLE
        more += [{**example, name: f"X-{number}"} for number in range(4)]
    Quarter(book, folder).tell(more)


@pytest.fixture
def quarter(book_with: Callable[[Any], Book], tmp_path: Path) -> Quarter:
    """An empty book that can be told facts."""
    return Quarter(book_with(None), tmp_path)


def sized(monkeypatch: pytest.MonkeyPatch, subjects: int) -> None:
    """Parts of at most that many subjects."""
    monkeypatch.setattr(parts, "SUBJECTS_MAX", subjects)


def periods(edition: Edition) -> list[str | None]:
    """The periods of an edition that may have lines in the demo."""
    program = program_of(edition.rules)
    if not program.periods.by_month:
        return [None]
    months = months_begun(edition, edition.window.start, NOW)[-30:]
    with suppress(WrongPeriod):
        program.days_of(edition, None)
        return [None, *months]
    return [*months]


def test_subjects_of_one_name_stay_together_and_parts_are_about_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The largest names are dealt first."""
    sized(monkeypatch, 10)
    names = [(f"S-{name}-{number}", name) for name, count in zip("abcdef", (9, 7, 4, 3, 3, 2),
             strict=True) for number in range(count)]  # fmt: skip
    found = dealt(names)
    assert sorted(map(len, found)) == [9, 9, 10]
    whose = [{subject[2] for subject in part} for part in found]
    assert all(not one & other for one in whose for other in whose if one is not other)
    assert sorted(subject for part in found for subject in part) == sorted(s for s, _ in names)


def test_a_name_with_more_subjects_than_a_part_holds_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that what is held at a time does not depend on the largest payee."""
    sized(monkeypatch, 10)
    found = dealt((f"S-{number}", "P-1") for number in range(95))
    assert len(found) == 10
    assert max(map(len, found)) == 10


def test_a_subject_that_two_names_share_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was reported first."""
    sized(monkeypatch, 1)
    one = dealt([("S-1", "P-2"), ("S-2", "P-2"), ("S-1", "P-1")])
    assert one == dealt([("S-1", "P-1"), ("S-1", "P-2"), ("S-2", "P-2")])
    assert sorted(map(sorted, one)) == [["S-1"], ["S-2"]]


def test_few_subjects_are_dealt_to_no_more_parts_than_there_are() -> None:
    """And none at all to one empty part."""
    assert len(dealt([("S-1", "P-1"), ("S-2", "P-1")], least=5)) == 2
    assert dealt([], least=5) == [frozenset()]


@pytest.mark.parametrize("subjects", [1, 3])
def test_the_demo_in_parts_has_the_lines_obligations_and_reasons_of_the_demo(
    book_with: Callable[[Any], Book], monkeypatch: pytest.MonkeyPatch, subjects: int
) -> None:
    """Of every program: agreements that share one creator's pool, requests for one store's
    samples, stores of one brand or partner lie in different parts."""
    book, compared = book_with(told_demo), set()
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        for edition in last_editions(connection, clocks.known_at, programs()):
            if not program_of(edition.rules).lines:
                continue
            for period in periods(edition):
                whole = settle(connection, edition, clocks, period=period)
                with monkeypatch.context() as patch:
                    sized(patch, subjects)
                    apart = settle(connection, edition, clocks, period=period)
                assert apart.lines == whole.lines
                assert apart.obligations == whole.obligations
                assert apart.head_json() == whole.head_json()
                if len(whole.lines) > 1:
                    compared.add(edition.rules)
    dealing = {name for name, program in programs().items() if program.dealt}
    assert compared >= dealing


def crossing() -> list[dict[str, Any]]:
    """Two stores of one brand by two partners, the second verified first; and a partner with two
    stores closed as counterfeit beside a good one."""
    facts = [*certified("P-1"), *certified("P-2"), *store(1), *store(2, "P-2")]
    facts += [fact for number in (3, 4, 5) for fact in store(number)]
    for fact in facts:
        if fact.get("brand") == "B-2":
            fact["brand"] = "B-1"
        if fact["type"] == "StoreVerified" and fact["store"] == "S-2":
            fact["at"] = "2026-01-11T09:00:00+08:00"
    return [*facts, closure("S-4", "counterfeit"), closure("S-5", "counterfeit")]


def run(quarter: Quarter, **how: Any) -> Settlement:
    """The quarter settled with everything that is known."""
    with quarter.book.reading() as connection:
        clocks = Clocks(NOW, quarter.book.head().position)
        edition = published_edition(connection, PROGRAM, clocks)
        return settle(connection, edition, clocks, **how)


def test_the_first_of_a_brand_and_a_partners_ratio_are_asked_across_parts(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rival is another partner's, the closed stores lie in other parts."""
    quarter.tell(crossing())
    whole = run(quarter)
    sized(monkeypatch, 1)
    found = {line.subject: line for line in run(quarter).lines}
    assert found["store:S-1"].unmet == ("first_verified",)
    assert found["store:S-2"].outcome == "payable"
    assert found["store:S-3"].held_for == ("governance_ratio_unset",)
    assert list(found.values()) == whole.lines


def test_a_close_in_parts_has_the_digest_and_the_exceptions_of_a_close(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts are examined part by part."""
    quarter.tell([*crossing(), {**store(6)[1], "store": "S-1", "at": "2026-01-11T09:00:00+08:00"}])
    seen = []
    for subjects in (1, 2, parts.SUBJECTS_MAX):
        sized(monkeypatch, subjects)
        made = run(quarter, examine=surprises, explained=False)
        with quarter.book.reading() as connection:
            found = exceptions_touching(connection, made, made.examined)
        seen.append((digest_of(made.lines), found))
    assert seen[0] == seen[1] == seen[2]
    assert "onboarded_twice" in {row["code"] for row in seen[0][1]}


def test_without_explanations_a_run_holds_the_facts_of_one_part_at_most(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its lines say the same."""
    quarter.tell(crossing())
    whole = run(quarter)
    sized(monkeypatch, 2)
    bare = run(quarter, explained=False)
    assert [line.said() for line in bare.lines] == [line.said() for line in whole.lines]
    assert all(line.explained is UNEXPLAINED for line in bare.lines)


def test_a_replay_in_parts_is_identical(quarter: Quarter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed as a whole, adjusted and replayed in parts."""
    quarter.tell(crossing())
    quarter.close(as_of=NOW, leave_open="ratios come later")
    sized(monkeypatch, 1)
    assert quarter.replay()["identical"]
    quarter.tell([closure("S-2", "counterfeit")])
    changed = quarter.adjust()["adjustments"]
    assert [row["line"].rpartition("/")[2] for row in changed] == ["S-2"]
    assert changed[0]["why"].startswith("store open: StoreClosed (counterfeit) at 2026-03-15")
    assert quarter.replay()["identical"]
