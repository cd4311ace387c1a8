"""What does not fit: a well-formed fact that the book is surprised by, as a code and a sentence.

One judgement serves both the warnings of `record` and the exceptions report; what differs is
only the directory that it looks names up in. Nothing here depends on the order of arrival.
"""

import hashlib
from typing import NamedTuple, Protocol

from ledger.aggregates.base import Event, Fact
from ledger.aggregates.enrolment import EnrolmentFact, MerchantEnrolled, MerchantInvited
from ledger.aggregates.live_task import LinkListed, LiveTaskOrdered
from ledger.aggregates.store import GMVRecorded, MerchantOnboarded
from ledger.kernel.instants import Instant, format_instant


class Mention(NamedTuple):
    """What a fact names, taken out of it once: all that judging it needs."""

    type: str
    at: Instant
    store: str | None
    partner: str | None
    program: str | None
    identity: bytes
    """The business order of an onboarding, enrolment or task among those of its name."""
    feed: tuple[str, str, str] | None = None
    """Day, basis and source of a GMV fact."""
    enrolment: str | None = None
    """Program and merchant of a fact about an enrolment."""
    task: str | None = None
    listing: tuple[str, str, str] | None = None
    """Media, link and category of a listed link."""


class Access(NamedTuple):
    """What the terms of a day ask of a link, and where they say so."""

    program: str
    needs_task: bool
    """Whether a task opens the way; without, no link of the kind may be listed."""
    since: str
    clause: str


class Directory(Protocol):
    """Who is known: at one known-at, or in the book together with a call."""

    def onboarding(self, store: str) -> tuple[Instant, bytes] | None:
        """Instant and identity of the onboarding that counts."""

    def knows_partner(self, partner: str) -> bool:
        """Whether a certification of the partner is recorded."""

    def knows_program(self, program: str) -> bool:
        """Whether an edition of that id is published."""

    def invited(self, enrolment: str) -> bool:
        """Whether an invitation of that program and merchant is recorded."""

    def enrolled(self, enrolment: str) -> tuple[Instant, bytes] | None:
        """Instant and identity of the enrolment that counts."""

    def ordered(self, task: str) -> tuple[Instant, bytes, str] | None:
        """Instant, identity and store of the report of a task that counts."""

    def access(self, at: Instant, media: str, link: str, category: str) -> Access | None:
        """What published terms ask of a link that is listed at an instant; None: nothing."""


class Surprise(NamedTuple):
    """A code, what it says in a sentence, what to do, and the name that it hangs on.

    `program` is the edition whose terms are not met, where the fact itself names none.
    """

    code: str
    sentence: str
    hint: str
    name: str
    program: str | None = None


def identity_of(event: Event) -> bytes:
    """What tells an onboarding from another of the same instant, as `order_key` does."""
    return hashlib.sha256(event.content()).digest()


def mention(event: Event, at: Instant) -> Mention:
    """What a fact names. A fact does not mention what it introduces, except its own store."""
    introduces = event.INTRODUCES if isinstance(event, Fact) else ""
    feed = None
    if isinstance(event, GMVRecorded):
        feed = (event.day.isoformat(), event.basis, event.source or "")
    data = event.__dict__
    return Mention(
        type(event).__name__,
        at,
        data.get("store"),
        None if introduces == "partner" else data.get("partner"),
        data.get("program"),
        identity_of(event) if introduces in ("store", "enrolment", "task") else b"",
        feed,
        event.name if isinstance(event, EnrolmentFact) else None,
        data.get("task"),
        (event.media, event.link, event.category) if isinstance(event, LinkListed) else None,
    )


_ONBOARDED = MerchantOnboarded.__name__
_ENROLLED = MerchantEnrolled.__name__
_INVITED = MerchantInvited.__name__
_ORDERED = LiveTaskOrdered.__name__
_OWN_STORE = {"IncentiveWithheld", _ENROLLED, _ORDERED}
"""Facts that name a store without living in it: an earlier onboarding does not matter to them."""


def judge(said: Mention, directory: Directory) -> list[Surprise]:
    """Everything about a fact that does not fit what is known."""
    found = []
    if said.store is not None:
        known = directory.onboarding(said.store)
        if known is None:
            found.append(_unknown("store", said.store, "until somebody onboards it"))
        elif said.type == _ONBOARDED:
            if known != (said.at, said.identity):
                found.append(
                    Surprise(
                        "onboarded_twice",
                        f"store {said.store} is reported onboarded at "
                        f"{format_instant(said.at)} too; {format_instant(known[0])} counts.",
                        "Withdraw the report that is wrong.",
                        said.store,
                    )
                )
        elif said.at < known[0] and said.type not in _OWN_STORE:
            found.append(
                Surprise(
                    "before_onboarding",
                    f"{said.type} at {format_instant(said.at)} lies before the onboarding of "
                    f"store {said.store}, {format_instant(known[0])}.",
                    "Check both instants and their zones.",
                    said.store,
                )
            )
    if said.partner is not None and not directory.knows_partner(said.partner):
        found.append(_unknown("partner", said.partner, "until it is certified"))
    if said.program is not None and not directory.knows_program(said.program):
        found.append(_unknown("program", said.program, "until it is published"))
    if said.enrolment is not None and said.type != _INVITED:
        found += _judge_enrolment(said, said.enrolment, directory)
    if said.type == _ORDERED:
        found += _judge_order(said, directory)
    elif said.listing is not None:
        found += _judge_listing(said, *said.listing, directory)
    return found


def _judge_enrolment(said: Mention, name: str, directory: Directory) -> list[Surprise]:
    """An enrolment wants an invitation and to be the only one; other facts want an enrolment."""
    program, _, merchant = name.partition("/")
    known = directory.enrolled(name)
    if said.type != _ENROLLED:
        if known is not None:
            return []
        sentence = f"merchant {merchant} is not enrolled in {program} yet."
        hint = "The fact is recorded and waits until the merchant enrols."
        return [Surprise("not_enrolled", sentence, hint, name)]
    found = []
    if not directory.invited(name):
        sentence = f"merchant {merchant} is enrolled in {program} without an invitation."
        hint = "Record its MerchantInvited; until then its lines are declined."
        found.append(Surprise("not_invited", sentence, hint, name))
    if known is not None and known != (said.at, said.identity):
        sentence = (
            f"merchant {merchant} is reported enrolled in {program} at "
            f"{format_instant(said.at)} too; {format_instant(known[0])} counts."
        )
        hint = "Withdraw the report that is wrong."
        found.append(Surprise("enrolled_twice", sentence, hint, name))
    return found


def _judge_order(said: Mention, directory: Directory) -> list[Surprise]:
    """A task is ordered once: of several reports the earliest counts."""
    task = said.task or ""
    known = directory.ordered(task)
    if known is None or known[:2] == (said.at, said.identity):
        return []
    sentence = (
        f"task {task} is reported ordered at {format_instant(said.at)} too; "
        f"{format_instant(known[0])} counts."
    )
    return [Surprise("ordered_twice", sentence, "Withdraw the report that is wrong.", task)]


def _judge_listing(
    said: Mention, media: str, link: str, category: str, directory: Directory
) -> list[Surprise]:
    """A link fits where the terms of its day ask nothing, or ask for a task that it has."""
    known = directory.ordered(said.task) if said.task else None
    found = []
    if said.task and known is None:
        found.append(_unknown("task", said.task, "until the task is reported"))
    access = directory.access(said.at, media, link, category)
    if access is None:
        return found
    if not access.needs_task:
        asked, seen = "are not allowed", ""
    elif known is None:
        asked = "need a star-map task"
        seen = f"; nobody has reported task {said.task}" if said.task else "; it names none"
    elif known[2] != said.store:
        asked, seen = "need a star-map task", f"; store {known[2]} ordered task {said.task}"
    else:
        return found
    where = f"{link.replace('_', ' ')} links for {category} {asked} in {media.replace('_', ' ')}"
    sentence = f"{where} from {access.since} on{seen}. Clause of {access.program}: {access.clause}."
    hint = "Withdraw the listing where it is wrong, or record the LiveTaskOrdered that it lacks."
    found.append(Surprise("link_not_allowed", sentence, hint, said.task or "", access.program))
    return found


def two_feeds(store: str, day: str, basis: str, sources: set[str]) -> Surprise:
    """Two systems report GMV of one store, day and basis: neither may be preferred."""
    names = " and ".join(repr(source) for source in sorted(sources))
    return Surprise(
        "two_feeds",
        f"{basis} GMV of store {store} for {day} is reported by {names}.",
        "Withdraw what one of them reports; until then the lines that rest on it are held.",
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


def _unknown(what: str, name: str, until: str) -> Surprise:
    return Surprise(
        f"unknown_{what}",
        f"{what} {name} is not known yet.",
        f"The fact is recorded and waits {until}.",
        name,
    )
