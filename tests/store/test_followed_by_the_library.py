"""A book is followed by the runners and readers of the `eventsourcing` package, over restarts."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.projection import EventSourcedProjectionRunner

from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import FollowerAhead
from ledger.store.book import Book
from ledger.store.following import FollowedBook, FollowedEvent
from ledger.store.reader import LogReader
from tests.following import SalesFollowed, Tallies, catch_up, environment, running

Facts = list[dict[str, Any]]
Record = Callable[..., Any]


def sale(store: str, amount: str, day: int, **more: Any) -> dict[str, Any]:
    """Settled GMV of a day of January, told at its end."""
    at = {"type": "GMVRecorded", "at": f"2026-01-{day:02}T23:00:00Z", "day": f"2026-01-{day:02}"}
    what = {"store": store, "amount": amount, "currency": "EUR", "basis": "settled"}
    return at | what | more


def withdrawal(**named: Any) -> dict[str, Any]:
    return {"type": "FactWithdrawn", "at": "2026-02-01T00:00:00Z", "reason": "wrong", **named}


def standing(book: Book, now: int) -> list[int]:
    """The positions of the GMV that counts, as the book itself has it."""
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(now, book.head().position))
        facts = list(reader.facts(["store:S-1", "store:S-2"], [GMVRecorded.TOPIC]))
    return sorted(one.position for one in facts)


@pytest.fixture
def env(book: Book, new_location: Callable[[], str]) -> dict[str, str]:
    """Follows the book into tables at another place, on the same kind of database."""
    return environment(book, new_location())


def test_a_runner_that_was_stopped_goes_on_where_it_was(
    book: Book, env: dict[str, str], record_facts: Record
) -> None:
    """What was recorded meanwhile is taken by the next one: nothing twice, nothing lost."""
    record_facts(book, [sale("S-1", "10.00", day) for day in range(1, 6)])
    with running(env) as runner:
        catch_up(runner, book)
        assert runner.view.totals() == {"S-1": 5000}
    record_facts(book, [sale("S-1", "0.01", 7), sale("S-2", "-3.50", 7)])
    with running(env) as runner:
        catch_up(runner, book)
        assert runner.view.totals() == {"S-1": 5001, "S-2": -350}
        assert runner.view.taken() == list(range(1, book.head().position + 1))


def test_a_runner_sees_what_is_recorded_while_it_runs(
    book: Book, env: dict[str, str], record_facts: Record
) -> None:
    """On SQLite too, where the package itself offers no subscription."""
    with running(env) as runner:
        for day in range(1, 4):
            record_facts(book, [sale("S-1", "1.00", day)])
            catch_up(runner, book)
            assert runner.view.totals() == {"S-1": 100 * day}


def test_a_runner_that_failed_in_the_middle_loses_nothing(
    book: Book, env: dict[str, str], record_facts: Record
) -> None:
    """The event that it failed on is the first that the next one takes."""

    class Failing(SalesFollowed):
        name = "SalesFollowed"

        def process_event(self, domain_event: FollowedEvent, tracking: Tracking) -> None:
            if getattr(domain_event.event, "amount", "") == "3.00":
                raise ArithmeticError("three")
            super().process_event(domain_event, tracking)

    record_facts(book, [sale("S-1", f"{day}.00", day) for day in range(1, 6)])
    with pytest.raises(ArithmeticError, match="three"), running(env, Failing) as runner:
        catch_up(runner, book)
    with running(env) as runner:
        catch_up(runner, book)
        assert runner.view.totals() == {"S-1": 1500}
        assert runner.view.taken() == list(range(1, book.head().position + 1))


def test_a_follower_is_told_which_facts_a_withdrawal_takes_back(
    book: Book, env: dict[str, str], record_facts: Record, now: int
) -> None:
    """By position, by id, before the fact comes, and again afterwards: as the book counts."""
    crm = {"source": "crm"}
    first = book.head().position + 2  # after the event of its batch
    calls: list[Facts] = [
        [sale("S-1", "1.00", 1), sale("S-1", "2.00", 2, id="a", **crm), sale("S-2", "4.00", 3)],
        [withdrawal(position=first)],
        [withdrawal(id="a", **crm), withdrawal(id="b", **crm)],
        [sale("S-2", "8.00", 4, id="b", **crm), sale("S-2", "16.00", 5)],
        [sale("S-1", "2.00", 2, id="a", **crm)],
    ]
    seen = []
    for facts in calls:
        assert record_facts(book, facts).recorded == len(facts)
        with running(env) as runner:
            catch_up(runner, book)
            assert runner.view.standing() == standing(book, now)
            seen.append(sum(runner.view.totals().values()))
    assert seen == [700, 600, 400, 2000, 2200]


def test_a_follower_that_has_seen_more_than_the_book_holds_is_refused(
    book: Book, env: dict[str, str]
) -> None:
    """It would wait in silence, and then pass over what is recorded next."""
    ahead = book.head().position + 1
    with running(env) as runner:
        catch_up(runner, book)
        runner.view.insert_tracking(Tracking("FollowedBook", ahead))
    with pytest.raises(FollowerAhead, match=f"position {ahead}; the book ends at {ahead - 1}"):
        running(env).__enter__()


def test_an_application_with_aggregates_of_its_own_follows_a_book(
    book: Book, env: dict[str, str], record_facts: Record
) -> None:
    """Its events and its position are one transaction, so that a restart counts nothing twice."""
    days = 0
    for more in (2, 3):
        record_facts(book, [sale("S-1", "1.00", day + 1) for day in range(days, days + more)])
        days += more
        with EventSourcedProjectionRunner(
            application_class=FollowedBook, projection_class=Tallies, env=env
        ) as runner:
            catch_up(runner, book)  # the last event is one of those that it asks for
            tally = runner.projection.tally("S-1")
            assert tally is not None
            assert tally.days == days


def test_a_process_application_pulls_from_the_log_of_a_book(
    book: Book, env: dict[str, str], record_facts: Record
) -> None:
    """With the mapper of books it reads the book's events and its own."""
    env["MAPPER_TOPIC"] = "ledger.store.following:BookMapper"
    for days in (1, 2):
        record_facts(book, [sale("S-2", "1.00", days), sale("S-1", "1.00", days)])
        with FollowedBook(env) as followed, Tallies(env) as follower:
            follower.follow(followed.name, followed.notification_log)
            follower.pull_and_process(followed.name)
            for store in ("S-1", "S-2"):
                tally = follower.tally(store)
                assert tally is not None
                assert (tally.store, tally.days) == (store, days)


def documented_example() -> str:
    """The Python script on the page about the uses that others make of a book."""
    page = Path(__file__).parents[2] / "docs" / "followed-by-others.md"
    text = page.read_text(encoding="utf-8")
    (script,) = re.findall(r"^```python gmv\.py\n(.*?)^```", text, re.S | re.M)
    return str(script)


def test_the_documented_example_runs_as_it_is(
    book: Book, record_facts: Record, tmp_path: Path
) -> None:
    """In a process of its own, then again after more was recorded and something withdrawn."""
    script = tmp_path / "gmv.py"
    script.write_text(documented_example(), encoding="utf-8")
    first = book.head().position + 2  # after the event of its batch
    placed = sale("S-2", "5.00", 3, basis="placed")
    for facts, printed in (
        ([sale("S-1", "10.00", 1), sale("S-1", "0.50", 2), placed], ["S-1 10.50 EUR"]),
        ([withdrawal(position=first), sale("S-2", "1.00", 4)], ["S-1 0.50 EUR", "S-2 1.00 EUR"]),
    ):
        record_facts(book, facts)
        command = [sys.executable, script.name, book.location]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert ran.stderr == ""
        assert ran.stdout.splitlines() == printed
