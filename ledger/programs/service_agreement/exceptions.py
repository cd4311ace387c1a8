"""Agreements that conflict with each other, or with the kind of their partner.

Judged at the clocks, as the agreements are in force after all ends, so that a late or withdrawn
fact makes an exception appear or go. Source: seed 000, the two types of partner.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ledger.aggregates.agreement import PARTNER_OF
from ledger.aggregates.agreement_state import AgreementState
from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.aggregates.partner import PartnerCertified, PartnerState
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Judged, Names
from ledger.programs.service_agreement.gather import STREAM, names_under
from ledger.programs.service_agreement.parameters import parameters_of


class Spell(NamedTuple):
    """The days on which an agreement is in force, after all ends; both included."""

    name: str
    signing: Recorded
    first: date
    last: date

    def meets(self, other: "Spell") -> bool:
        """Whether both are in force on any day."""
        return max(self.first, other.first) <= min(self.last, other.last)


def judge_agreements(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """An agreement must fit the kind of its partner, and be the creator's only one with an agency
    on each of its days. A second report of an agreement is not judged any further."""
    mine: dict[str, list[Recorded]] = defaultdict(list)
    for fact in facts:
        if fact.at < edition.window.end:
            mine[fact.event.agreement].append(fact)
    for chunk in in_chunks(mine):
        spells = _spells(reader, edition, chunk)
        kinds = _kinds(reader, {spell.signing.event.partner for spell in spells.values()})
        creators = {spell.signing.event.creator for spell in spells.values()} - {None}
        by_creator = _by_creator(reader, edition, creators)
        for name in chunk:
            spell = spells.get(name)
            for fact in mine[name]:
                if spell is not None and spell.signing.position == fact.position:
                    yield from _two_agencies(fact, spell, by_creator, edition)
                    yield from _kind_differs(fact, kinds[fact.event.partner], edition)


def streams_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From changed agreements to all agreements of the same creators, and from changed partners to
    theirs."""
    names = set(changed.get("agreement", ()))
    creators = {
        report.event.creator
        for state in _states(reader, names).values()
        for report in state.reports
    } - {None}
    touched = names_under(reader, "agreement-creator", creators) if creators else set()
    partners = set(changed.get("partner", ()))
    touched |= names_under(reader, PARTNER_OF, partners) if partners else set()
    yield from (f"{STREAM}{name}" for name in sorted(touched))


def _states(reader: Reader, names: Collection[str]) -> dict[str, AgreementState]:
    return reader.states("agreement", names, AgreementState) if names else {}


def _spells(reader: Reader, edition: Edition, names: Collection[str]) -> dict[str, Spell]:
    """The spells of the given agreements, empty for one that ended before it began."""
    day_inside = parameters_of(edition).end_day == "inside"
    spells = {}
    for name, state in _states(reader, names).items():
        if state.signing is not None:
            event = state.signing.event
            ended = state.ended(edition.zone, day_inside=day_inside)
            last = min(event.to or date.max, ended.last if ended else date.max)
            spells[name] = Spell(name, state.signing, event.first, last)
    return spells


def _by_creator(
    reader: Reader, edition: Edition, creators: Collection[str]
) -> dict[str, list[Spell]]:
    by_creator: dict[str, list[Spell]] = defaultdict(list)
    names = names_under(reader, "agreement-creator", creators) if creators else set()
    for spell in _spells(reader, edition, names).values():
        if spell.signing.event.creator:
            by_creator[spell.signing.event.creator].append(spell)
    return by_creator


def _kinds(reader: Reader, partners: Collection[str]) -> dict[str, str | None]:
    """The kind of each partner, by the last of its certifications that names one."""
    topics = (PartnerCertified.TOPIC,)
    states = reader.states("partner", partners, PartnerState, topics) if partners else {}
    return {name: state.kind for name, state in states.items()}


def _two_agencies(
    fact: Recorded, spell: Spell, by_creator: dict[str, list[Spell]], edition: Edition
) -> Judged:
    """Another partner's agreement with the same creator is in force on some of its days."""
    creator = fact.event.creator
    others = [
        other
        for other in by_creator.get(creator, ())
        if other.signing.event.partner != fact.event.partner and spell.meets(other)
    ]
    if others:
        others.sort(key=lambda other: other.name)
        named = ", ".join(f"{other.name} of {other.signing.event.partner}" for other in others)
        yield (
            fact,
            Surprise(
                "two_agencies",
                f"agreement {spell.name} of {fact.event.partner} with creator {creator} is in "
                f"force on days of {named}.",
                "Record the AgreementEnded that is lacking, or withdraw the one that is wrong.",
                spell.name,
                edition.program,
            ),
        )


def _kind_differs(fact: Recorded, kind: str | None, edition: Edition) -> Judged:
    """Partners that operate shops agree with merchants, managers of creators with creators."""
    event = fact.event
    if (kind == "agency" and event.creator) or (kind == "reach" and event.merchant):
        payer = f"creator {event.creator}" if event.creator else f"merchant {event.merchant}"
        yield (
            fact,
            Surprise(
                "kind_differs",
                f"agreement {event.agreement} is with {payer}, but partner {event.partner} is "
                f"certified as {kind}.",
                "Withdraw what is wrong, or record the certification of the other kind.",
                event.agreement,
                edition.program,
            ),
        )
