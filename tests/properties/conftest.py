"""Facts told in two ways, in any order and split: both must give the same answer."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of, shipped
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import RecordAnswer, record
from ledger.usecases.settling.settle import Settlement, settle

Fact = dict[str, Any]
Way = list[list[list[Fact]]]
"""Calls of files of facts."""
NOW = parse_instant("2026-11-21T12:00:00Z")


class Story(NamedTuple):
    """Facts, two ways to send them, and the question that is asked afterwards."""

    facts: list[Fact]
    ways: tuple[Way, Way]
    as_of: str
    edition: Edition


def _named(chance: Random, facts: list[Fact], instants: Sequence[str]) -> list[Fact]:
    """Some of the facts with an id of their own, and some of those withdrawn."""
    named: list[Fact] = []
    for number, fact in enumerate(facts):
        if chance.random() < 0.6:
            named.append(fact)
            continue
        identity = {"id": f"f-{number}", "source": chance.choice(["", "erp"])}
        named.append({**fact, **identity})
        if chance.random() < 0.15:
            at = chance.choice(instants)
            named.append({"type": "FactWithdrawn", "at": at, "reason": "wrong", **identity})
    return named


def _sent(chance: Random, facts: list[Fact]) -> Way:
    """The facts in some order, in up to three calls of up to two files.

    Equal facts without an id stay in one call: nothing else tells them from one fact sent twice.
    """
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        same = {**fact, "at": parse_instant(fact["at"])}
        groups.setdefault(json.dumps(same, sort_keys=True), []).append(fact)
    calls: list[list[Fact]] = [[] for _ in range(chance.randint(1, 3))]
    for group in groups.values():
        calls[chance.randint(0, len(calls) - 1)] += group
    ordered = [chance.sample(call, len(call)) for call in calls if call]
    cuts = [chance.randint(0, len(call)) for call in ordered]
    both = zip(ordered, cuts, strict=True)
    return [[part for part in (call[:cut], call[cut:]) if part] for call, cut in both]


def _told(
    chance: Random, facts: list[Fact], instants: Sequence[str], as_of: Sequence[str], edition: Any
) -> Story:
    facts = _named(chance, facts, instants)
    facts = [{name: v for name, v in fact.items() if v is not None} for fact in facts]
    return Story(facts, (_sent(chance, facts), _sent(chance, facts)), chance.choice(as_of), edition)


@pytest.fixture
def told() -> Callable[..., Story]:
    """Makes a story of facts: some get ids, some are withdrawn, and two ways to send them all."""
    return _told


@pytest.fixture
def edition_with() -> Callable[[str, dict[str, Any]], Edition]:
    """The shipped edition of a program, with other values for some of its parameters."""
    found = {one.program: one for one in shipped()}

    def make(program: str, changed: dict[str, Any]) -> Edition:
        edition = found[program]
        terms = {name: v for name, v in edition.terms.items() if name != "rest_days"}
        changed_terms = {"terms": {**terms, **changed}}
        return program_of(edition.rules).check(edition.model_copy(update=changed_terms))

    return make


class Scene:
    """Makes books and sends facts to them, in a folder of its own."""

    def __init__(self, folder: Path, new_book: Callable[[], Book]) -> None:
        self.folder, self.new_book = folder, new_book
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        """Why lines were declined or held, and how obligations stood."""

    def send(self, book: Book, files: list[list[Fact]]) -> RecordAnswer:
        paths = []
        for number, facts in enumerate(files):
            path = self.folder / f"{number}.ndjson"
            path.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
            paths.append(str(path))
        return record(book, paths, now=NOW, by="test")

    def answer(self, book: Book, story: Story) -> list[tuple[Any, ...]]:
        """What lines and obligations say; positions differ from one order to another."""
        clocks = Clocks(parse_instant(story.as_of), book.head().position)
        with book.reading() as connection:
            found = settle(connection, story.edition, clocks)
        self._count(found)
        lines = [
            (one.line, one.payee, one.outcome, one.amount, one.unmet, one.held_for)
            for one in found.lines
        ]
        return [*lines, *(one._replace(events=()) for one in found.obligations)]

    def _count(self, found: Settlement) -> None:
        self.outcomes.update(one.outcome for one in found.lines)
        self.codes.update(code for one in found.lines for code in (*one.unmet, *one.held_for))
        self.codes.update(one.state for one in found.obligations)

    def check(self, story: Story) -> None:
        """Both ways give the same answer, and everything again changes nothing."""
        answers = []
        for way in story.ways:
            book = self.new_book()
            sent = [self.send(book, files) for files in way]
            assert not any(one.rejected for one in sent)
            assert sum(one.recorded for one in sent) == len(story.facts)
            answers.append(self.answer(book, story))
            head = book.head()
            again = [self.send(book, files) for files in way]
            whole = self.send(book, [story.facts])
            assert [one.recorded for one in (*again, whole)] == [0] * (len(way) + 1)
            assert book.head() == head
            assert self.answer(book, story) == answers[-1]
            book.close()
        assert answers[0] == answers[1]

    def check_many(self, story_of: Callable[[Random], Story], examples: int) -> None:
        """Stories drawn from seeds: hypothesis repeats parts of what it draws, and finds less."""

        @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
        @given(seed=st.integers(0, 2**32 - 1))
        def check(seed: int) -> None:
            self.check(story_of(Random(seed)))

        check()


@pytest.fixture
def sqlite_scene(tmp_path: Path) -> Scene:
    """Every book a copy of one that was made once."""
    template = tmp_path / "template.db"
    init(str(template), "platform")[0].close()

    def new_book() -> Book:
        path = tmp_path / "book.db"
        for old in tmp_path.glob("book.db*"):
            old.unlink()
        shutil.copy(template, path)
        return open_book(str(path))

    return Scene(tmp_path, new_book)


@pytest.fixture
def postgresql_scene(tmp_path: Path, new_location: Callable[[], str]) -> Scene:
    """Every book in a database of its own; for tests whose `database` is `postgresql`."""
    return Scene(tmp_path, lambda: init(new_location(), "platform")[0])
