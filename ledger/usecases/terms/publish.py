"""Publishing terms: what a new version changes, and what it may not be."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.terms import TermsPublished
from ledger.kernel.errors import ConcurrentWrite, TermsConflict
from ledger.kernel.period import Days, OpenDays, in_days
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, program_of, shipped
from ledger.store.append import append
from ledger.store.book import Book
from ledger.store.head import Head, head_of
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import Writer
from ledger.usecases.record_decisions import Agree, at_once
from ledger.usecases.terms.differences import differences
from ledger.usecases.terms.editions import edition_from, published

Look = Callable[[Connection, Edition | None, Edition, int], dict[str, Any]]
"""From the terms in force, the new ones, and the head's position: what the change moves."""
SHIPPED = "duebook"
"""The publisher of the editions that come with duebook."""


def publish(
    book: Book,
    edition: Edition,
    by: str,
    *,
    replace: bool = False,
    look: Look | None = None,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Records a version of an edition, checked and with every parameter written out, if `agree`
    accepts how it differs from the version in force.

    `look` adds to the plan what the change moves. The same version of the same publisher with the
    same content is recorded only once. Raises `BadTerms` (a wrong key or value), `TermsConflict`
    (other content under that version, a version that is not higher than the publisher's last,
    another publisher's terms that are replaced without `replace`, or a new program that overlaps a
    published one), `ReadOnlyBook`, `BookLocked`, `ConcurrentWrite`.
    """
    complete = checked(edition)
    with book.reading() as connection:
        head = head_of(connection)
        versions = published(connection, head.position)
        known = _conflicts(complete, versions)
        if known:
            return _published_answer(complete, known.position, head.receipt, recorded=False)
        own = [version for version in versions if version.event.program == complete.program]
        _refuse_lower(complete, own)
        _refuse_takeover(complete, own, replace=replace)
        before = edition_from(own[-1]) if own else None
        plan = _published_answer(complete, None, None, recorded=False)
        plan |= _changes(connection, before, complete, head, look)
    if not agree(plan):
        return plan
    with book.log.writing() as writer:
        if writer.head != head:
            raise ConcurrentWrite("Somebody else wrote meanwhile. Nothing was published.")
        position = writer.head.position + 1
        append_terms(writer, [complete], by)
        written = writer.head
    keep_receipt(book, written)
    answer = _published_answer(complete, position, written.receipt, recorded=True)
    return plan | answer


def _changes(
    connection: Connection,
    before: Edition | None,
    after: Edition,
    head: Head,
    look: Look | None,
) -> dict[str, Any]:
    """How a version differs from the one in force, and what that moves."""
    changes: dict[str, Any] = {"replaces": None, "differences": []}
    if before is not None:
        changes["replaces"] = {"publisher": before.publisher, "version": before.version}
        changes["differences"] = [difference._asdict() for difference in differences(before, after)]
    return changes | (look(connection, before, after, head.position) if look else {})


def _refuse_lower(edition: Edition, own: Sequence[Recorded]) -> None:
    versions = [fact.event.version for fact in own if fact.event.publisher == edition.publisher]
    if versions and edition.version <= max(versions):
        raise TermsConflict(
            f"{edition.publisher} has published version {max(versions)} of {edition.program}; "
            f"found version {edition.version}, which is not higher.",
            f"Nothing was recorded. Give the file version = {max(versions) + 1}.",
        )


def _refuse_takeover(edition: Edition, own: Sequence[Recorded], *, replace: bool) -> None:
    """Refuses to supersede another publisher's terms by accident; shipped ones may be replaced."""
    if not own or replace:
        return
    publisher = own[-1].event.publisher
    if publisher not in (edition.publisher, SHIPPED):
        raise TermsConflict(
            f"The terms of {edition.program} in force are {publisher}'s, version "
            f"{own[-1].event.version}; the file's publisher is {edition.publisher}.",
            "Nothing was recorded. To replace them with these: --replace",
        )


def append_terms(writer: Writer, editions: list[Edition], by: str) -> None:
    """Appends `TermsPublished` for each edition."""
    events = [
        TermsPublished(
            program=edition.program,
            publisher=edition.publisher,
            version=edition.version,
            rules_version=edition.rules_version or 1,
            digest=edition.digest,
            edition=edition.as_data(),
        )
        for edition in editions
    ]
    append(writer, events, by=by)


def offered(connection: Connection, known_at: int) -> list[Edition]:
    """Shipped editions that are newer than what the book has of their publisher."""
    have: dict[tuple[str, str], int] = {}
    for fact in published(connection, known_at):
        key = (fact.event.program, fact.event.publisher)
        have[key] = max(have.get(key, 0), fact.event.version)
    return [
        edition
        for edition in shipped()
        if edition.version > have.get((edition.program, edition.publisher), 0)
    ]


def _conflicts(edition: Edition, known: Sequence[Recorded]) -> Recorded | None:
    """The same version where it is recorded already; raises `TermsConflict` where it may not be."""
    for fact in known:
        event = fact.event
        same = (event.program, event.publisher, event.version)
        if same == (edition.program, edition.publisher, edition.version):
            if event.digest == edition.digest:
                return fact
            named = _differing(event.edition, edition.as_data())
            raise TermsConflict(
                f"Version {edition.version} of {edition.program} by {edition.publisher} is "
                f"published at position {fact.position} with another {named}.",
                f"Give the changed file version = {_next_version(edition, known)}.",
            )
    _refuse_overlap(edition, [fact for fact in known if fact.event.program != edition.program])
    return None


def _refuse_overlap(edition: Edition, known: Sequence[Recorded]) -> None:
    last = {fact.event.program: fact for fact in known}
    for program, fact in last.items():
        other = Edition.from_data(fact.event.edition, program)
        both, days = _shared(edition, other), _overlap(edition, other)
        if other.rules == edition.rules and both and days:
            raise TermsConflict(
                f"program: {edition.program} overlaps {program}: both cover "
                f"{', '.join(both)} under {edition.rules}, {days}.",
                f"Publish a new version of {program}, or change the dates or markets.",
            )


def _shared(edition: Edition, other: Edition) -> list[str]:
    """What two editions both cover, by scope and market; empty where they do not overlap."""
    rules, others = program_of(edition.rules), program_of(other.rules)
    scope = set(rules.scope(edition)) & set(others.scope(other))
    mine, theirs = rules.markets(edition), others.markets(other)
    if mine is None or theirs is None:
        markets = set(mine or theirs or ())
    else:
        markets = set(mine) & set(theirs)
        if not markets:
            return []
    return [*sorted(scope), *sorted(markets)] if scope else []


def _overlap(edition: Edition, other: Edition) -> str | None:
    first = max(edition.first, other.first)
    ends = [day for day in (edition.last, other.last) if day]
    last = min(ends) if ends else None
    if last is not None and last < first:
        return None
    return in_days(Days(first, last, edition.zone) if last else OpenDays(first, edition.zone))


def _next_version(edition: Edition, known: Sequence[Recorded]) -> int:
    versions = [
        fact.event.version
        for fact in known
        if (fact.event.program, fact.event.publisher) == (edition.program, edition.publisher)
    ]
    return int(max(versions)) + 1


def _differing(old: dict[str, Any], new: dict[str, Any]) -> str:
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                return f"{key}.{_differing(old[key], new[key])}"
            return str(key)
    return "content"


def _published_answer(
    edition: Edition, position: int | None, receipt: str | None, *, recorded: bool
) -> dict[str, Any]:
    return {
        "program": edition.program,
        "publisher": edition.publisher,
        "version": edition.version,
        "digest": edition.digest,
        "recorded": recorded,
        "position": position,
        "receipt": receipt,
    }
