"""Exceptions: what does not fit about a well-formed fact, as a code and a sentence.

The same judgement serves the warnings of `record` and the exceptions report; only the directory
for looking up names differs. Nothing here depends on the order of arrival. Exceptions under a
program's terms come from its `judges`.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple, Protocol

from ledger.aggregates.base import Event, Fact
from ledger.aggregates.store import GMVRecorded
from ledger.aggregates.things import COMMON, STORE, Thing, told
from ledger.kernel.instants import Instant, format_instant

LOOKS_LIKE = "looks_like"
EAST, DAY = 14 * 3_600_000_000, 86_400_000_000
"""How far the easternmost clocks are ahead of UTC, and a day, in microseconds."""
LATE_DAYS = 400
"""A reported day further back than this from its report's instant is probably a mistake."""
_EPOCH = date(1970, 1, 1).toordinal()
Known = tuple[Instant, bytes]
"""Instant and identity of the report that counts: the earliest."""


class Mention(NamedTuple):
    """What a fact names, extracted once: all that is needed to judge it."""

    type: str
    at: Instant
    store: str | None
    names: tuple[tuple[str, str], ...] = ()
    """Things other than stores: kind and name."""
    introduces: tuple[str, str] | None = None
    """Kind and name of what it makes known."""
    identity: bytes = b""
    """For things that become known only once: orders a report among those of the same name."""
    feed: tuple[str, str, str] | None = None
    """Day, basis and source of a GMV fact."""
    in_store: bool = False
    """Whether it is an event of its store, which must have been onboarded before."""
    unknown_store: str = ""
    """What to do while the store is not onboarded, if that differs from the usual hint."""
    odd_day: str = ""
    """The day that it reports on, where that is after its own instant or long before it."""


class Directory(Protocol):
    """What is known: at a known-at, or in the book together with the call being recorded."""

    def known(self, kind: str, name: str) -> Known | None:
        """The report of a thing that counts; None where there is none."""

    def alike(self, kind: str, name: str) -> str | None:
        """Another known thing of the kind whose name looks the same; None where there is none."""


class Surprise(NamedTuple):
    """One exception: its code, a sentence, what to do, and the name it is about.

    `program` is the edition whose terms are not met, where the fact itself names none.
    """

    code: str
    sentence: str
    hint: str
    name: str
    program: str | None = None
    advice: bool = False
    """Whether it is advice: shown, but never a reason to keep a period open."""


def identity_of(event: Event) -> bytes:
    """Distinguishes reports of the same instant, in the same way as `order_key`."""
    return hashlib.sha256(event.content()).digest()


@cache
def things_of(kind: type[Fact]) -> dict[str, Thing]:
    """The attributes of a kind of fact that name things other than its store, with the kinds."""
    introduced = kind.INTRODUCES[0] if kind.INTRODUCES else ""
    left_out = ("store", introduced, *kind.MAY_BE_UNKNOWN)
    common = {
        field: thing
        for field, thing in COMMON.items()
        if field in kind.model_fields and field not in left_out
    }
    return common | dict(kind.NAMES)


class _Names(NamedTuple):
    """What is worked out once per kind of fact."""

    type: str
    words: tuple[tuple[str, str], ...]
    """The words of the things that it names, each with its attribute."""
    introduces: tuple[str, Thing] | None
    in_store: bool
    unknown_store: str
    of_day: str | None
    reports_gmv: bool
    plain: bool
    """Whether it names its store at most, and nothing else that a judgement needs."""


@cache
def _names(kind: type[Fact]) -> _Names:
    words = tuple((thing.word, field) for field, thing in things_of(kind).items())
    introduces, unknown, of_day = kind.INTRODUCES, kind.UNKNOWN_STORE, kind.OF_DAY
    gmv = issubclass(kind, GMVRecorded)
    plain = not (words or introduces or unknown or of_day or gmv)
    return _Names(
        kind.__name__, words, introduces, kind.LIVES_IN_STORE, unknown, of_day, gmv, plain
    )


def mention(event: Event, at: Instant) -> Mention:
    """What a fact names. A fact does not mention what it introduces, except its own store."""
    if not isinstance(event, Fact):
        return Mention(type(event).__name__, at, None)
    return Mention(*mentioned(event, at))


def mentioned(fact: Fact, at: Instant) -> tuple[Any, ...]:
    """The fields of `mention`, of which the last may be left out where they are the default."""
    type_, words, introduced, in_store, unknown_store, of_day, gmv, plain = _names(type(fact))
    store = fact.__dict__.get("store")
    if plain:
        return type_, at, store, (), None, b"", None, in_store
    introduces, identity, feed = None, b"", None
    if introduced is not None:
        attribute, thing = introduced
        introduces = (thing.word, getattr(fact, attribute))
        identity = identity_of(fact) if thing.twice else b""
    if gmv:
        feed = _feed(fact)
    return (
        type_,
        at,
        store,
        tuple([(word, name) for word, field in words if (name := getattr(fact, field))]),
        introduces,
        identity,
        feed,
        in_store,
        unknown_store,
        "" if of_day is None else _odd_day(getattr(fact, of_day), at),
    )


def _feed(fact: Any) -> tuple[str, str, str]:
    return fact.day.isoformat(), fact.basis, fact.source or ""


def _odd_day(day: date, at: Instant) -> str:
    """The day, if it had not begun anywhere on earth at `at` or was over long before."""
    latest = (at + EAST) // DAY + _EPOCH
    return "" if latest - LATE_DAYS <= day.toordinal() <= latest else day.isoformat()


def fits(said: tuple[Any, ...], stores: Mapping[str, Known]) -> bool:
    """Fast check of a mention, as `mentioned` gives it: whether it names nothing but a store that
    is known by then, so that `judge` has nothing to say of it."""
    onboarding = stores.get(said[2])
    return not (
        onboarding is None
        or said[3]
        or said[4] is not None
        or (said[7] and said[1] < onboarding[0])
        or (len(said) > 8 and said[9])
    )


def judge(fact: Mention, directory: Directory, things: dict[str, Thing]) -> list[Surprise]:
    """All exceptions of a fact, given what is known."""
    surprises = []
    if fact.store is not None:
        onboarding = directory.known(STORE.word, fact.store)
        if onboarding is None:
            unknown = _unknown(STORE, fact.store)
            surprises.append(unknown._replace(hint=fact.unknown_store or unknown.hint))
        elif fact.in_store and fact.introduces is None and fact.at < onboarding[0]:
            surprises.append(_before_onboarding(fact, onboarding))
    for kind, name in fact.names:
        if directory.known(kind, name) is None:
            surprises.append(_unknown(things[kind], name))
    if fact.odd_day:
        surprises.append(_day_after_fact(fact))
    if fact.introduces is not None:
        kind, name = fact.introduces
        counts = directory.known(kind, name)
        if things[kind].twice and counts not in (None, (fact.at, fact.identity)):
            assert counts is not None
            surprises.append(_twice(things[kind], name, fact.at, counts))
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
    """The name; one that is not ASCII with its escaped spelling."""
    return name if name.isascii() else f"{name} ({ascii(name)[1:-1]})"


def _day_after_fact(fact: Mention) -> Surprise:
    """A reported day that had not begun, or was over for more than a year."""
    at = format_instant(fact.at)
    lies = "had not begun anywhere" if fact.odd_day > at[:10] else "was over for more than a year"
    return Surprise(
        "day_after_fact",
        f"{fact.type} of {fact.odd_day}, a day that {lies} at {at}, when it is reported.",
        "Check day and instant, and whether day and month changed places.",
        fact.store or "",
        advice=True,
    )


def _before_onboarding(fact: Mention, onboarding: Known) -> Surprise:
    return Surprise(
        "before_onboarding",
        f"{fact.type} at {format_instant(fact.at)} is before the onboarding of "
        f"store {fact.store}, {format_instant(onboarding[0])}.",
        "Check both instants and their zones.",
        fact.store or "",
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
