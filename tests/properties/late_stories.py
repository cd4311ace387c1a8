"""Stories that go on after a close: facts, withdrawals, payments and adjustments, as data.

A story is drawn before anything is recorded, so that it can be told to a second book in one
call, and so that one that fails can be printed and cut down.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition

Fact = dict[str, Any]


class Told(NamedTuple):
    """One call of `record`."""

    facts: list[Fact]


class Lifted(NamedTuple):
    """A fact without an id, withdrawn by its position: which call it came with, which line."""

    call: int
    line: int


class Published(NamedTuple):
    """A version of an edition."""

    edition: Edition


class Closed(NamedTuple):
    """The period of a program is closed."""

    program: str
    as_of: str


class Adjusted(NamedTuple):
    """It is adjusted; `again`: at once a second time."""

    program: str
    as_of: str
    again: bool


class Paid(NamedTuple):
    """A statement, one of all there are by then, is paid: what is open, more, less, or back."""

    which: float
    how: str


class Looked(NamedTuple):
    """The read models are brought up to date."""


Step = Told | Lifted | Published | Closed | Adjusted | Paid | Looked
PAID_HOW = ("open", "open", "more", "less", "ahead", "back")
NAMED_SHARE = 0.7
LATEST = datetime.fromisoformat("2026-11-19T00:00:00+08:00")


class Later(NamedTuple):
    """A second term of a program: its days, and how a fact of the first becomes one of it."""

    program: str
    days: tuple[date, date]
    shift: timedelta
    adjust_at: list[str]
    renamed: tuple[str, ...]
    """Fields with ids that are others in the second term."""
    terms: dict[str, Any]
    """Parameters that follow from its days."""

    def moved(self, fact: Fact) -> Fact:
        """The fact as it happens in the second term."""
        at = min(datetime.fromisoformat(fact["at"]) + self.shift, LATEST)
        moved = {**fact, "at": at.isoformat()}
        if "day" in fact:
            moved["day"] = (date.fromisoformat(fact["day"]) + self.shift).isoformat()
        if "program" in fact:
            moved["program"] = self.program
        return moved | {key: f"{fact[key]}-2" for key in self.renamed if fact.get(key)}


class Subject(NamedTuple):
    """A program to tell stories of."""

    program: str
    close_at: list[str]
    adjust_at: list[str]
    first: Callable[[Random], list[Fact]]
    late: Callable[[Random], list[Fact]]
    changed: list[dict[str, Any]]
    """Other values for parameters, as a user's version may have them."""
    fills: list[dict[str, Any]]
    """A parameter that is empty at the close, and what two later versions set it to."""
    later: Later


def told_by(story: list[Step]) -> list[Fact]:
    """All facts of a story, for one call; those withdrawn by position are left out."""
    calls = [step.facts for step in story if isinstance(step, Told)]
    lifted = {step for step in story if isinstance(step, Lifted)}
    return [
        fact
        for number, call in enumerate(calls)
        for line, fact in enumerate(call, 1)
        if Lifted(number, line) not in lifted
    ]


class Teller:
    """Splits facts over calls, names some, and withdraws what was told before."""

    def __init__(self, chance: Random, instants: list[str]) -> None:
        self.chance, self.instants = chance, instants
        self.steps: list[Step] = []
        self.calls = 0
        self.live: list[Fact] = []
        """Facts with an id that count."""
        self.gone: list[Fact] = []
        """Facts with an id that were withdrawn, to be recorded again or put right."""
        self.nameless: list[Lifted] = []
        self.expected: list[str] = []
        """Ids that were withdrawn before any fact came under them."""
        self._said: set[str] = set()
        self._number = 0

    def tell(self, facts: list[Fact], *, withdrawing: int = 0) -> None:
        """One call of these facts, with so many withdrawals of what was told before."""
        call: list[Fact] = []
        self.chance.shuffle(facts)
        own: set[str] = set()
        for fact in facts:
            fact = {name: value for name, value in fact.items() if value not in (None, {})}
            if self.chance.random() < NAMED_SHARE:
                call.append(self._named(fact))
            elif (said := _content(fact)) not in self._said:
                # The same again without an id is the same fact, unless it is in the same call.
                own.add(said)
                call.append(fact)
        for _ in range(withdrawing):
            call += self._withdrawal()
        self._said |= own
        if call:
            lines = enumerate(call, 1)
            self.nameless += [Lifted(self.calls, n) for n, one in lines if "id" not in one]
            self.steps.append(Told(call))
            self.calls += 1

    def lift(self) -> None:
        """Withdraws a fact without an id, by its position."""
        if self.nameless:
            self.steps.append(self.nameless.pop(self.chance.randrange(len(self.nameless))))

    def adjust(self, subject: Subject) -> None:
        """Adjusts the subject's period, now and then twice."""
        as_of, again = self.chance.choice(subject.adjust_at), self.chance.random() < 0.3
        self.steps.append(Adjusted(subject.program, as_of, again))

    def _named(self, fact: Fact) -> Fact:
        self._number += 1
        name = f"f-{self._number}"
        if self.expected and self.chance.random() < 0.5:
            name = self.expected.pop()
        named = {**fact, "id": name, "source": self.chance.choice(["", "", "erp"])}
        if name.startswith("later-"):
            named["source"] = ""
        else:
            self.live.append(named)
        return named

    def _withdrawal(self) -> list[Fact]:
        """A withdrawal, and sometimes the same fact again, or another under its id."""
        self._number += 1
        chance, reason = self.chance, f"wrong, no. {self._number}"
        withdrawn = {"type": "FactWithdrawn", "at": chance.choice(self.instants), "reason": reason}
        if self.gone and chance.random() < 0.3:
            again = self.gone.pop(chance.randrange(len(self.gone)))
            if chance.random() < 0.3 and again["type"] == "GMVRecorded":
                again = {**again, "amount": "1200.00"}
            self.live.append(again)
            return [again]
        if chance.random() < 0.1:
            self.expected.append(f"later-{self._number}")
            return [{**withdrawn, "id": self.expected[-1], "source": ""}]
        if not self.live:
            return []
        target = self.live.pop(chance.randrange(len(self.live)))
        self.gone.append(target)
        return [{**withdrawn, "id": target["id"], "source": target["source"]}]


def _content(fact: Fact) -> str:
    return json.dumps({**fact, "at": parse_instant(fact["at"])}, sort_keys=True)


def rounds_of(chance: Random, teller: Teller, subject: Subject, count: int) -> None:
    """So many rounds of late facts, each followed by an adjustment, with payments between."""
    for _ in range(count):
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            teller.steps.append(Paid(chance.random(), chance.choice(PAID_HOW)))
        teller.tell(subject.late(chance), withdrawing=chance.choice([0, 0, 1, 1, 2, 4]))
        if chance.random() < 0.25:
            teller.lift()
        if chance.random() < 0.3:
            teller.steps.append(Looked())
        teller.adjust(subject)
        if chance.random() < 0.5:
            teller.steps.append(Looked())


def late_story(
    chance: Random, subject: Subject, edition_with: Callable[..., Edition]
) -> list[Step]:
    """A period closed on what was known, and up to three rounds of late facts."""
    teller = Teller(chance, subject.adjust_at)
    changed = chance.choice([None, None, *subject.changed])
    if changed is not None:
        teller.steps.append(Published(edition_with(subject.program, changed, version=1)))
    teller.tell(subject.first(chance), withdrawing=chance.choice([0, 0, 2]))
    teller.steps.append(Closed(subject.program, chance.choice(subject.close_at)))
    if chance.random() < 0.2:  # a later version changes nothing that was set at the close
        other = chance.choice(subject.changed)
        teller.steps.append(Published(edition_with(subject.program, other, version=2)))
    rounds_of(chance, teller, subject, chance.choice([1, 2, 2, 3]))
    return teller.steps


def carried_story(
    chance: Random, subject: Subject, edition_with: Callable[..., Edition]
) -> list[Step]:
    """Two terms of one program, the second closed when the first was paid and adjusted."""
    later = subject.later
    teller = Teller(chance, subject.adjust_at)
    first, last = later.days
    head = {"program": later.program, "first": first, "last": last, "version": 1}
    teller.steps.append(Published(edition_with(subject.program, later.terms, **head)))
    teller.tell(subject.first(chance))
    teller.steps.append(Closed(subject.program, subject.close_at[0]))
    for _ in range(chance.choice([1, 2, 4])):
        teller.steps.append(Paid(chance.random(), chance.choice(["open", "more", "more"])))
    rounds_of(chance, teller, subject, chance.choice([1, 1, 2]))
    second = subject._replace(
        program=later.program,
        adjust_at=later.adjust_at,
        first=lambda chance: [later.moved(one) for one in subject.first(chance)],
        late=lambda chance: [later.moved(one) for one in subject.late(chance)],
    )
    teller.tell(second.first(chance))
    teller.steps.append(Closed(later.program, later.adjust_at[0]))
    for how in ("more", "ahead"):
        teller.steps.append(Paid(chance.random(), how))
    for one in (second, subject):
        if chance.random() < 0.6:
            rounds_of(chance, teller, one, 1)
    return teller.steps


def filled_story(
    chance: Random, subject: Subject, edition_with: Callable[..., Edition]
) -> list[Step]:
    """A parameter is empty at the close; later versions set it, one this way, one that way."""
    empty, *later = subject.fills
    teller = Teller(chance, subject.adjust_at)
    teller.steps.append(Published(edition_with(subject.program, empty, version=1)))
    teller.tell(subject.first(chance))
    teller.steps.append(Closed(subject.program, subject.close_at[0]))
    if chance.random() < 0.5:
        rounds_of(chance, teller, subject, 1)
    for version, values in enumerate(later, 2):
        teller.steps.append(Published(edition_with(subject.program, values, version=version)))
        if chance.random() < 0.5:
            teller.adjust(subject)
        else:
            rounds_of(chance, teller, subject, 1)
    return teller.steps
