"""The database server is killed while several record and one closes: what it has acknowledged
holds, what it has not is told in words, and the same again records the rest only."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from ledger.store.book import Book, open_book
from ledger.store.receipts import parse_receipt
from ledger.usecases.init import init
from ledger.usecases.terms.publish import append_terms
from ledger.usecases.verifying.verify import verify
from tests.marks import more, soak
from tests.quarter import GROWTH, Quarter, edition, enrolled, silent
from tests.soak.killed_server import Clerk, KilledServer, Told
from tests.stories.test_crash import batch, stores
from tests.stories.test_crash_decisions import (
    DECISIONS,
    MERCHANTS,
    WHOLE,
    events_of,
    facts_of,
    repeat,
)

CALLS = 12
"""How many files each of those who record has, a call each."""
FACTS = 6
RECORDERS = 2
AIMED_SECONDS = 0.015
"""A commit takes about so long until it is acknowledged, as the server is told to wait."""
Check = Callable[[Book], list[dict[str, Any]]]


@pytest.fixture
def server() -> Iterator[KilledServer]:
    with TemporaryDirectory(prefix="duebook-pg-", ignore_cleanup_errors=True) as folder:
        made = KilledServer(Path(folder))
        made.start()
        yield made
        made.close()


@pytest.fixture
def clerks() -> Iterator[list[Clerk]]:
    """Those who record, and last the one who decides."""
    made = [Clerk() for _ in range(RECORDERS + 1)]
    yield made
    for clerk in made:
        clerk.close()


class Office:
    """A book on the server, and what the clerks do in it: a program for each round."""

    def __init__(self, url: str, folder: Path, rounds: int) -> None:
        self.url, self.folder = url, folder
        self.programs = [f"growth-{number:02}" for number in range(rounds)]
        book, _ = init(url, "platform")
        editions = [edition(GROWTH, program=name, publisher="acme") for name in self.programs]
        with book.log.writing() as writer:
            append_terms(writer, editions, "finance")
        shops = [enrolled(one, gmv="100.00")[0] for one in MERCHANTS]
        facts = [fact for name in self.programs for fact in facts_of(name)]
        Quarter(book, folder).tell([*shops, *facts])
        book.close()

    def records(self, round_: int, clerk: int) -> list[str]:
        """The files of one who records."""
        run = round_ * RECORDERS + clerk
        paths = [self.folder / f"{run}-{number}.ndjson" for number in range(CALLS)]
        for number, path in enumerate(paths):
            path.write_text("".join(json.dumps(fact) + "\n" for fact in batch(run, number)))
        return [str(path) for path in paths]

    def command(self, *words: str) -> list[str]:
        return [*words, "--book", self.url, "--format", "json"]

    def work(self, round_: int) -> list[list[list[str]]]:
        """The command lines of each clerk."""
        program, by = self.programs[round_], ("--by", "lin")
        payment = ("--amount", "-9.00", "--currency", "USD", "--ref", "bank-1")
        reason = ("--leave-open", "--reason", "not paid yet", "--as-of", "2026-08-01T00:00:00Z")
        return [
            *(
                [self.command("record", name) for name in self.records(round_, clerk)]
                for clerk in range(RECORDERS)
            ),
            [
                self.command("close", program, *reason, *by),
                self.command("adjust", program, *by),
                self.command("pay", f"{program}/merchant:{MERCHANTS[0]}", *payment, "--yes", *by),
            ],
        ]


def claimed(told: list[Told]) -> str:
    """What the command that lost its server said became of its work, in words."""
    last = told[-1] if told else Told(0, "", "")
    if last.code == 0:
        return "done"
    assert last.code == 1, last
    assert "itself failed" not in last.err, last
    assert "Traceback" not in last.err, last
    if "cannot be opened" in last.err:
        return "nothing"
    assert "went away" in last.err, last
    said = {
        "nothing": "Nothing was recorded." in last.err,
        "unknown": "Whether it was recorded is not known." in last.err,
        "recorded": "Recorded at position" in last.err,
    }
    assert sum(said.values()) == 1, last
    return next(name for name, is_said in said.items() if is_said)


def answer_holds(told: list[Told], found: int) -> tuple[str, int]:
    """What was said became of the work, and what did: how much more than was acknowledged."""
    acknowledged = sum(one.code == 0 for one in told)
    claim, more_found = claimed(told), found - acknowledged
    allowed = {"done": (0,), "nothing": (0,), "recorded": (1,), "unknown": (0, 1)}[claim]
    assert more_found in allowed, f"{claim}, but {more_found} more calls are in the log: {told[-1]}"
    return claim, more_found


def check_after_kill(
    book: Book, round_: int, office: Office, told: list[list[Told]], check: Check
) -> tuple[list[int], list[tuple[str, int]]]:
    """Calls and decisions are wholly in or wholly out, and as was said; how many are in."""
    rows = check(book)
    found = []
    for clerk in range(RECORDERS):
        prefix = f"store:S-{round_ * RECORDERS + clerk}-"
        in_log = {name: n for name, n in stores(rows).items() if name.startswith(prefix)}
        assert in_log == {f"{prefix}{number}": FACTS for number in range(len(in_log))}
        found.append(len(in_log))
    decided = events_of(rows, office.programs[round_])
    states = [[topic for one in DECISIONS[:n] for topic in WHOLE[one]] for n in range(4)]
    assert decided in states, f"a decision is half in: {decided}"
    found.append(states.index(decided))
    return found, [answer_holds(*one) for one in zip(told, found, strict=True)]


def again(clerks: list[Clerk], office: Office, round_: int, found: list[int]) -> list[str]:
    """All files of the round sent once more, by the same processes; the receipts.

    Only what is missing is recorded.
    """
    for number, clerk in enumerate(clerks[:RECORDERS]):
        clerk.ask([office.command("record", *office.records(round_, number))])
    receipts = []
    for clerk, calls in zip(clerks, found[:RECORDERS], strict=False):
        (told,) = clerk.ended()
        assert told.code == 0, told
        answer = json.loads(told.out)
        assert answer["recorded"] == FACTS * (CALLS - calls)
        assert answer["known"] == FACTS * calls
        receipts.append(answer["receipt"])
    return receipts


def kill_in_the_middle(
    server: KilledServer, clerks: list[Clerk], chance: random.Random, lasts: float, aimed: bool
) -> list[list[Told]]:
    """Kills the server at a drawn moment, `aimed` about when somebody commits; what was told."""
    if aimed:
        number = chance.randrange(len(clerks))
        clerks[number].commits(chance.randint(1, CALLS if number < RECORDERS else len(DECISIONS)))
        time.sleep(AIMED_SECONDS * chance.random())
    else:
        time.sleep(lasts * chance.random())
    server.kill()
    return [clerk.ended() for clerk in clerks]


def holding(book: Book, receipts: list[str]) -> dict[str, str]:
    """What does not hold of the log and of all that was ever acknowledged."""
    given = [parse_receipt(one, "a clerk") for one in receipts]
    return {one.name: one.detail for one in verify(book, given, silent) if not one.ok}


@pytest.mark.parametrize("kills", [pytest.param(2, marks=more), pytest.param(50, marks=soak)])
def test_kill_minus_nine_of_the_server_loses_and_doubles_nothing_acknowledged(
    kills: int,
    server: KilledServer,
    clerks: list[Clerk],
    tmp_path: Path,
    assert_whole: Check,
    read_rows: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """Two record and one decides when the server and all its processes are killed, half of the
    times about when somebody commits; then it is started again on the same folder.

    Another run by SOAK_SEED.
    """
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SOAK_SEED={seed}")
    chance = random.Random(seed)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE books")
    office = Office(server.url("books"), tmp_path, kills + 1)
    receipts, outcomes, lasts = [], Counter[tuple[str, int]](), 0.0
    for round_ in range(kills + 1):
        started = time.monotonic()
        for clerk, commands in zip(clerks, office.work(round_), strict=True):
            clerk.ask(commands)
        if round_ == 0:
            told = [clerk.ended() for clerk in clerks]
            lasts = time.monotonic() - started
            assert [len(one) for one in told] == [CALLS, CALLS, len(DECISIONS)], told
        else:
            told = kill_in_the_middle(server, clerks, chance, lasts, aimed=round_ % 2 == 0)
            server.start()
        receipts += [one.receipt for answers in told for one in answers if one.receipt]
        book = open_book(office.url)
        found, became = check_after_kill(book, round_, office, told, assert_whole)
        outcomes.update(became)
        assert holding(book, receipts) == {}
        receipts += again(clerks, office, round_, found)
        program = office.programs[round_]
        repeat(book, program, found[-1], read_rows)
        assert Quarter(book, tmp_path).replay(program)["identical"] is True
        book.close()
    print(f"{len(receipts)} receipts; said and found: {dict(outcomes)}")
    book = open_book(office.url)
    assert holding(book, receipts) == {}
    assert Quarter(book, tmp_path).failing() == {}
    assert stores(assert_whole(book)).keys() >= {
        f"store:S-{run}-{number}"
        for run in range((kills + 1) * RECORDERS)
        for number in range(CALLS)
    }
    book.close()
