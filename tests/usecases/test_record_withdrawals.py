"""A wrong fact is withdrawn by another fact: from there on it counts for nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.store.reader import LogReader

Record = Callable[..., Any]
Counting = Callable[..., list[int]]
AT = "2026-02-01T08:00:00Z"
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-01-10T09:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "EU",
}
CLOSED = {"type": "StoreClosed", "at": AT, "store": "S-1", "reason": "counterfeit", "id": "c-1"}
NAMELESS = {"type": "StoreSuspended", "at": AT, "store": "S-1"}
BY_ID = {"type": "FactWithdrawn", "at": AT, "reason": "another store's", "id": "c-1"}


def by_position(position: int, **changed: Any) -> dict[str, Any]:
    fact = {"type": "FactWithdrawn", "at": AT, "reason": "wrong", "position": position}
    return {**fact, **changed}


def codes(answer: Any) -> list[str]:
    return [one.code for one in answer.warnings]


@pytest.fixture
def counting(now: int) -> Counting:
    """Positions of the store's facts that count, at the head or as known at a position."""

    def positions(book: Book, known_at: int | None = None) -> list[int]:
        with book.reading() as connection:
            clocks = Clocks(now, known_at or book.head().position)
            reader = LogReader(connection, clocks)
            found = [one.position for one in reader.facts(["store:S-1"])]
            located = [position for _, _, position in reader.located("store", ["S-1"])]
            closed = [position for _, _, position in reader.located("closed", ["S-1"])]
        assert set(located + closed) <= set(found), "the index leads only to what counts"
        return found

    return positions


@pytest.fixture
def filled(book: Book, record_facts: Record) -> tuple[Book, int, int]:
    """A store with a closure under an id and a suspension under none; their positions."""
    last = record_facts(book, [ONBOARDED, CLOSED, NAMELESS]).position
    return book, last - 1, last


@pytest.mark.parametrize("named", [True, False], ids=["by id", "by position"])
def test_a_withdrawn_fact_counts_for_nothing_from_then_on(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting, named: bool
) -> None:
    """Whatever the withdrawal's own instant; known at an earlier position it still counts."""
    book, closed, suspended = filled
    fact = BY_ID if named else by_position(closed)
    answer = record_facts(book, [{**fact, "at": "2020-01-01T00:00:00Z"}])
    assert (answer.recorded, codes(answer)) == (1, [])
    assert counting(book) == [closed - 1, suspended]
    assert counting(book, known_at=answer.position) == [closed - 1, suspended]
    assert counting(book, known_at=answer.position - 1) == [closed - 1, closed, suspended]


def test_a_withdrawal_does_not_wait_for_its_instant(
    filled: tuple[Book, int, int], record_facts: Record, now: int
) -> None:
    """It works by position alone: as of a day before it, the fact is gone as well."""
    book, closed, _ = filled
    record_facts(book, [{**BY_ID, "at": "2026-11-20T00:00:00Z"}])
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(now - 200 * 86_400_000_000, book.head().position))
        assert closed not in [one.position for one in reader.facts(["store:S-1"])]


def test_a_withdrawal_by_id_waits_for_its_fact(
    book: Book, record_facts: Record, counting: Counting
) -> None:
    """Recorded later, the fact counts for nothing from its first moment."""
    early = record_facts(book, [BY_ID])
    assert codes(early) == ["unknown_fact"]
    late = record_facts(book, [ONBOARDED, CLOSED])
    assert (late.recorded, codes(late)) == (2, [])
    assert counting(book) == [late.position - 1]
    assert counting(book, known_at=late.position) == [late.position - 1]


@pytest.mark.parametrize("facts", [[CLOSED, BY_ID], [BY_ID, CLOSED]], ids=["after", "before"])
@pytest.mark.parametrize("files", [1, 2])
def test_both_in_one_call_in_either_order(
    book: Book,
    record_facts: Record,
    counting: Counting,
    facts: list[dict[str, Any]],
    files: int,
) -> None:
    """The fact and its withdrawal are both in the log; neither surprises."""
    answer = record_facts(book, [ONBOARDED], *([facts] if files == 1 else [facts[:1], facts[1:]]))
    assert (answer.recorded, codes(answer)) == (3, [])
    assert counting(book) == [answer.position - 2]


def test_an_id_belongs_to_its_source_in_a_withdrawal_too(
    book: Book, record_facts: Record, counting: Counting
) -> None:
    """Another system's fact of the same id stays."""
    facts = [{**CLOSED, "source": "erp"}, {**CLOSED, "source": "shop"}]
    last = record_facts(book, [ONBOARDED, *facts]).position
    assert codes(record_facts(book, [BY_ID])) == ["unknown_fact"]
    assert counting(book) == [last - 2, last - 1, last]
    assert codes(record_facts(book, [{**BY_ID, "source": "erp"}])) == []
    assert counting(book) == [last - 2, last]


@pytest.mark.parametrize("split", [False, True], ids=["one call", "two calls"])
@pytest.mark.parametrize("named", [True, False], ids=["by id", "by position"])
def test_a_second_withdrawal_finds_nothing(
    filled: tuple[Book, int, int],
    record_facts: Record,
    counting: Counting,
    named: bool,
    split: bool,
) -> None:
    """It is recorded with a warning and changes nothing."""
    book, closed, suspended = filled
    first = BY_ID if named else by_position(closed)
    second = {**first, "reason": "said twice"}
    if split:
        assert codes(record_facts(book, [first])) == []
        assert codes(record_facts(book, [second])) == ["unknown_fact"]
    else:
        answer = record_facts(book, [first, second])
        assert [(one.line, one.code) for one in answer.warnings] == [(2, "unknown_fact")]
    assert counting(book) == [closed - 1, suspended]


def test_a_withdrawal_cannot_be_withdrawn_nor_can_what_is_no_fact(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting
) -> None:
    """Nor terms, nor batches, nor positions that the log has not reached."""
    book, closed, suspended = filled
    withdrawal = record_facts(book, [BY_ID]).position
    targets = [1, 2, closed - 2, withdrawal, withdrawal + 1, 10_000]
    answer = record_facts(book, [by_position(target) for target in targets])
    assert (answer.recorded, codes(answer)) == (len(targets), ["unknown_fact"] * len(targets))
    assert counting(book) == [closed - 1, suspended]


def test_the_old_id_is_free_for_another_content(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting
) -> None:
    """The mended fact is recorded under the id of the wrong one, and then stands under it."""
    book, closed, suspended = filled
    mended = {**CLOSED, "reason": "voluntary"}
    assert [one.code for one in record_facts(book, [mended]).rejected] == ["conflicting_id"]
    record_facts(book, [BY_ID])
    answer = record_facts(book, [mended])
    assert (answer.recorded, codes(answer)) == (1, [])
    assert counting(book) == [closed - 1, suspended, answer.position]
    assert record_facts(book, [NAMELESS, mended]).known == 2
    third = record_facts(book, [{**CLOSED, "reason": "other"}])
    assert [one.code for one in third.rejected] == ["conflicting_id"]
    assert f"position {answer.position}" in third.rejected[0].error


@pytest.mark.parametrize("named", [True, False], ids=["by id", "by position"])
def test_the_withdrawal_and_the_mended_fact_may_come_in_one_call(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting, named: bool
) -> None:
    """A correction is one file: away with the old, here is the new."""
    book, closed, suspended = filled
    call = [BY_ID if named else by_position(closed), {**CLOSED, "reason": "voluntary"}]
    answer = record_facts(book, call)
    assert (answer.recorded, answer.rejected, codes(answer)) == (2, [], [])
    assert counting(book) == [closed - 1, suspended, answer.position]
    assert record_facts(book, call).recorded == 0
    assert counting(book) == [closed - 1, suspended, answer.position]


def test_the_mended_fact_can_be_withdrawn_in_its_turn(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting
) -> None:
    """A withdrawal by id always means the fact that counts under it."""
    book, closed, suspended = filled
    for reason in ("voluntary", "other", "counterfeit"):
        assert codes(record_facts(book, [{**BY_ID, "reason": f"not {reason}"}])) == []
        assert record_facts(book, [{**CLOSED, "reason": reason}]).recorded == 1
    assert len(counting(book)) == 3
    assert codes(record_facts(book, [{**BY_ID, "reason": "no closure at all"}])) == []
    assert counting(book) == [closed - 1, suspended]


def test_the_same_files_again_bring_nothing_back(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting
) -> None:
    """A job that sends its exports again does not undo a withdrawal; it is told how many."""
    book, closed, suspended = filled
    record_facts(book, [BY_ID, by_position(suspended)])
    head = book.head()
    again = record_facts(book, [ONBOARDED, CLOSED, NAMELESS])
    assert (again.recorded, again.known, again.still_withdrawn) == (0, 3, 2)
    assert record_facts(book, [BY_ID, by_position(suspended)]).recorded == 0
    whole = record_facts(book, [ONBOARDED, CLOSED, NAMELESS, BY_ID, by_position(suspended)])
    assert (whole.recorded, whole.known) == (0, 5)
    assert book.head() == head
    assert counting(book) == [closed - 1]


@pytest.mark.parametrize("fact", [CLOSED, NAMELESS], ids=["id", "no id"])
def test_a_new_file_records_the_withdrawn_fact_again_and_says_so(
    filled: tuple[Book, int, int],
    record_facts: Record,
    counting: Counting,
    fact: dict[str, Any],
) -> None:
    """Somebody means it: the fact counts again from here, with a warning, once."""
    book, closed, suspended = filled
    position = closed if "id" in fact else suspended
    record_facts(book, [by_position(position)])
    without = [one for one in (closed - 1, closed, suspended) if one != position]
    assert counting(book) == without
    answer = record_facts(book, [fact])
    assert (answer.recorded, codes(answer)) == (1, ["recorded_again"])
    assert counting(book) == [*without, answer.position]
    again = record_facts(book, [fact])
    assert (again.recorded, again.known) == (0, 1)
    assert counting(book, known_at=answer.position - 1) == without


def test_of_two_equal_facts_one_is_withdrawn(
    book: Book, record_facts: Record, counting: Counting
) -> None:
    """Facts without an id are told apart by position, and only that one goes."""
    last = record_facts(book, [ONBOARDED, NAMELESS, NAMELESS]).position
    record_facts(book, [by_position(last - 1)])
    assert counting(book) == [last - 2, last]
    assert record_facts(book, [ONBOARDED, NAMELESS, NAMELESS]).recorded == 0
    assert counting(book) == [last - 2, last]


def test_a_withdrawal_recorded_again_is_dropped_under_strict_with_what_it_lifts(
    filled: tuple[Book, int, int], record_facts: Record, counting: Counting
) -> None:
    """Strict refuses what surprises, and what hangs on it finds nothing, without a crash."""
    book, closed, suspended = filled
    record_facts(book, [BY_ID])
    call = [CLOSED, {**BY_ID, "reason": "again"}, {**NAMELESS, "at": "2026-02-02T08:00:00Z"}]
    answer = record_facts(book, call, strict=True, keep_good=True)
    assert "recorded_again" in [one.code for one in answer.rejected] or answer.recorded == 3
    assert counting(book) == [closed - 1, suspended, answer.position]
