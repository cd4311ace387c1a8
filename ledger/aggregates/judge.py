"""What does not fit: a well-formed fact that the book is surprised by, as a code and a sentence.

One judgement serves both the warnings of `record` and the exceptions report; what differs is
only the directory that it looks names up in. Nothing here depends on the order of arrival.
What the terms of a program say of a fact, its `judges` say.
"""

import hashlib
from datetime import date
from functools import cache
from typing import NamedTuple, Protocol

from ledger.aggregates.base import Event, Fact
from ledger.aggregates.store import GMVRecorded
from ledger.aggregates.things import COMMON, STORE, Thing, told
from ledger.kernel.instants import Instant, format_instant

LOOKS_LIKE = "looks_like"
EAST, DAY = 14 * 3_600_000_000, 86_400_000_000
"""Microseconds that the easternmost clocks are ahead, and of a day."""
LATE_DAYS = 400
"""A day that lies further back than this from the instant of its report is seldom meant."""
_EPOCH = date(1970, 1, 1).toordinal()
Known = tuple[Instant, bytes]
"""The instant and the identity of the report that counts: the earliest."""


class Mention(NamedTuple):
    """What a fact names, taken out of it once: all that judging it needs."""

    type: str
    at: Instant
    store: str | None
    names: tuple[tuple[str, str], ...] = ()
    """Things other than stores: kind and name."""
    introduces: tuple[str, str] | None = None
    """Kind and name of what it makes known."""
    identity: bytes = b""
    """The business order of a report among those of its name, for what is known only once."""
    feed: tuple[str, str, str] | None = None
    """Day, basis and source of a GMV fact."""
    in_store: bool = False
    """Whether it is an event of its store, which must have been onboarded before."""
    unknown_store: str = ""
    """What to do where nobody has onboarded the store, if that is not the usual."""
    odd_day: str = ""
    """The day that it reports of, where that lies behind its own instant or far before it."""


class Directory(Protocol):
    """Who is known: at one known-at, or in the book together with a call."""

    def known(self, kind: str, name: str) -> Known | None:
        """The report of a thing that counts; None where there is none."""

    def alike(self, kind: str, name: str) -> str | None:
        """Another known thing of the kind whose name looks the same; None where there is none."""


class Surprise(NamedTuple):
    """A code, what it says in a sentence, what to do, and the name that it hangs on.

    `program` is the edition whose terms are not met, where the fact itself names none.
    """

    code: str
    sentence: str
    hint: str
    name: str
    program: str | None = None
    advice: bool = False
    """Whether it is advice: it is shown, and never keeps a period open."""


def identity_of(event: Event) -> bytes:
    """What tells a report from another of the same instant, as `order_key` does."""
    return hashlib.sha256(event.content()).digest()


@cache
def things_of(kind: type[Fact]) -> dict[str, Thing]:
    """The attributes of a kind of fact that name things, a store's apart, and what they are."""
    introduced = kind.INTRODUCES[0] if kind.INTRODUCES else ""
    left_out = ("store", introduced, *kind.MAY_BE_UNKNOWN)
    common = {
        field: thing
        for field, thing in COMMON.items()
        if field in kind.model_fields and field not in left_out
    }
    return common | dict(kind.NAMES)


@cache
def _words(kind: type[Fact]) -> tuple[tuple[str, str], ...]:
    """The words of things that a kind of fact names, each with its attribute."""
    return tuple((thing.word, one) for one, thing in things_of(kind).items())


def mention(event: Event, at: Instant) -> Mention:
    """What a fact names. A fact does not mention what it introduces, except its own store."""
    if not isinstance(event, Fact):
        return Mention(type(event).__name__, at, None)
    introduces, identity = None, b""
    if event.INTRODUCES:
        attribute, thing = event.INTRODUCES
        introduces = (thing.word, getattr(event, attribute))
        identity = identity_of(event) if thing.twice else b""
    feed = None
    if isinstance(event, GMVRecorded):
        feed = (event.day.isoformat(), event.basis, event.source or "")
    return Mention(
        type(event).__name__,
        at,
        event.__dict__.get("store"),
        tuple((word, name) for word, one in _words(type(event)) if (name := getattr(event, one))),
        introduces,
        identity,
        feed,
        event.LIVES_IN_STORE,
        event.UNKNOWN_STORE,
        "" if event.OF_DAY is None else _odd(getattr(event, event.OF_DAY), at),
    )


def _odd(day: date, at: Instant) -> str:
    """The day, if nowhere on earth it had begun by then, or if it was over for long."""
    latest = (at + EAST) // DAY + _EPOCH
    return "" if latest - LATE_DAYS <= day.toordinal() <= latest else day.isoformat()


def judge(said: Mention, directory: Directory, things: dict[str, Thing]) -> list[Surprise]:
    """Everything about a fact that does not fit what is known."""
    surprises = []
    if said.store is not None:
        onboarding = directory.known(STORE.word, said.store)
        if onboarding is None:
            unknown = _unknown(STORE, said.store)
            surprises.append(unknown._replace(hint=said.unknown_store or unknown.hint))
        elif said.in_store and said.introduces is None and said.at < onboarding[0]:
            surprises.append(_before_onboarding(said, onboarding))
    for kind, name in said.names:
        if directory.known(kind, name) is None:
            surprises.append(_unknown(things[kind], name))
    if said.odd_day:
        surprises.append(_day_after_fact(said))
    if said.introduces is not None:
        kind, name = said.introduces
        counts = directory.known(kind, name)
        if things[kind].twice and counts not in (None, (said.at, said.identity)):
            assert counts is not None
            surprises.append(_twice(things[kind], name, said.at, counts))
        other = directory.alike(kind, name)
        if other is not None:
            surprises.append(_looks_like(kind, name, other))
    return surprises


def _unknown(thing: Thing, name: str) -> Surprise:
    return Surprise(thing.unknown, told(thing.unknown_sentence, name), thing.until, name)


def _twice(thing: Thing, name: str, at: Instant, counts: Known) -> Surprise:
    """Of several reports of one thing the earliest counts."""
    return Surprise(
        thing.twice,
        f"{told(thing.twice_sentence, name)} {format_instant(at)} as well; "
        f"the report of {format_instant(counts[0])} is used.",
        "Withdraw the report that is wrong.",
        name,
    )


def _looks_like(kind: str, name: str, other: str) -> Surprise:
    """Two ids that people cannot tell apart are two things to the book."""
    return Surprise(
        LOOKS_LIKE,
        f"{kind} {_spelt(name)} looks like {kind} {_spelt(other)}, which is another.",
        "If they are one, withdraw the report with the id that is wrong.",
        name,
        advice=True,
    )


def _spelt(name: str) -> str:
    """The name, and where it has other characters than ASCII's, which they are."""
    return name if name.isascii() else f"{name} ({ascii(name)[1:-1]})"


def _day_after_fact(said: Mention) -> Surprise:
    """A day that had not come, or a year that was mistyped."""
    at = format_instant(said.at)
    lies = "had not begun anywhere" if said.odd_day > at[:10] else "was over for more than a year"
    return Surprise(
        "day_after_fact",
        f"{said.type} of {said.odd_day}, a day that {lies} at {at}, when it is reported.",
        "Check day and instant, and whether day and month changed places.",
        said.store or "",
        advice=True,
    )


def _before_onboarding(said: Mention, onboarding: Known) -> Surprise:
    return Surprise(
        "before_onboarding",
        f"{said.type} at {format_instant(said.at)} is before the onboarding of "
        f"store {said.store}, {format_instant(onboarding[0])}.",
        "Check both instants and their zones.",
        said.store or "",
    )


def two_feeds(store: str, day: str, basis: str, sources: set[str]) -> Surprise:
    """Two systems report GMV of one store, day and basis: neither may be preferred."""
    names = " and ".join(repr(source) for source in sorted(sources))
    return Surprise(
        "two_feeds",
        f"{basis} GMV of store {store} for {day} is reported by {names}.",
        "Withdraw what one of them reports; until then the lines based on it are held.",
        store,
    )


def unknown_fact(what: str) -> Surprise:
    """A withdrawal that finds nothing to withdraw."""
    return Surprise(
        "unknown_fact",
        f"there is no fact {what} that still counts.",
        "Find it with duebook log; a withdrawal by id waits for its fact.",
        what,
    )


def recorded_again() -> Surprise:
    """A fact that takes the place of a withdrawn one."""
    return Surprise(
        "recorded_again",
        "a fact under this name was withdrawn before; this one counts from here.",
        "If an old export was sent by mistake, withdraw it once more.",
        "",
    )
