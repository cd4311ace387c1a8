"""Agreements with a day in force in a month, read by id, by creator or by partner."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.agreement import PARTNER_OF
from ledger.aggregates.agreement_state import AgreementState, Ended
from ledger.aggregates.base import Recorded
from ledger.aggregates.partner import PartnerCertified, PartnerState, PartnerTerminated
from ledger.kernel.instants import EARLIEST, Instant, midnight
from ledger.kernel.period import ONE_DAY, Days
from ledger.programs.contract import Asked, Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.periods import month
from ledger.programs.service_agreement.parameters import Parameters, parameters_of

STREAM = "agreement:"
CERTIFYING = (PartnerCertified.TOPIC, PartnerTerminated.TOPIC)


class Terms(NamedTuple):
    """The edition with the month asked for, and what every agreement needs."""

    edition: Edition
    parameters: Parameters
    period: str
    days: Days
    """The month's days that lie within the edition's dates."""
    as_of: Instant
    assume: frozenset[str]
    many: bool
    """Whether so many agreements are asked for that rates are best read at once."""
    rates: dict[str, tuple[Rates, Edition]]
    """The rates into each currency of agreements, filled on demand."""

    @property
    def days_of_month(self) -> int:
        """How many days the calendar month has."""
        return monthrange(self.days.first.year, self.days.first.month)[1]

    def shifted(self, name: str, day: date) -> date:
        """A first or last day in force, moved where a what-if says so, within the calendar."""
        by = sum(by for what, by in ((f"{name}-1", -1), (f"{name}+1", 1)) if what in self.assume)
        return day + by * ONE_DAY if by and date.min < day < date.max else day


def terms_of(reader: Reader, asked: Asked) -> Terms:
    """The terms of a run. Raises `WrongPeriod` without a month."""
    days = month(asked.edition, asked.period)
    assert asked.period is not None, "without a month there are no days"
    parameters = parameters_of(asked.edition)
    run = (reader.clocks.as_of, asked.assume, asked.many)
    return Terms(asked.edition, parameters, asked.period, days, *run, {})


class InForce(NamedTuple):
    """An agreement with days in force in the month."""

    name: str
    state: AgreementState
    signing: Recorded
    first: date
    """The first day in force, in this month or before it."""
    days: Days
    """The month's days in force."""
    ended: Ended | None
    share: str | None

    def has_begun(self, as_of: Instant) -> bool:
        """Whether the first of these days has begun at as-of."""
        return midnight(self.days.first, self.days.zone) <= as_of

    @property
    def events(self) -> tuple[int, ...]:
        """Positions of every report and every end; of several, one counts."""
        facts = (*self.state.reports, *self.state.ends)
        return tuple(sorted(fact.position for fact in facts))


def all_names(reader: Reader) -> Iterable[str]:
    """Every agreement that was reported by as-of."""
    return {name for name, _ in reader.names("agreement", EARLIEST, reader.clocks.as_of + 1)}


def names_under(reader: Reader, kind: str, names: Iterable[str]) -> set[str]:
    """The agreements that name the given creators or partners."""
    streams = (stream for own in reader.named(kind, names).values() for stream in own)
    return {stream.removeprefix(STREAM) for stream in streams if stream.startswith(STREAM)}


def in_force(reader: Reader, names: Iterable[str], terms: Terms) -> Iterator[InForce]:
    """The given agreements that have a day in force in the month, by id."""
    for chunk in in_chunks(names):
        for name, state in reader.states("agreement", chunk, AgreementState).items():
            agreement = _in_force(name, state, terms)
            if agreement is not None:
                yield agreement


def _in_force(name: str, state: AgreementState, terms: Terms) -> InForce | None:
    signing = state.signing
    if signing is None:
        return None
    ended = state.ended(terms.edition.zone, day_inside=terms.parameters.end_day == "inside")
    lasts = [day for day in (signing.event.to, ended.last if ended else None) if day]
    first, last = terms.shifted("first", signing.event.first), min(lasts, default=None)
    month_last = terms.days.last
    if last is not None:
        month_last = min(month_last, terms.shifted("last", last))
    days = Days(max(first, terms.days.first), month_last, terms.edition.zone)
    if days.last < days.first:
        return None
    return InForce(name, state, signing, first, days, ended, signing.event.share)


def partners_of(
    reader: Reader, agreements: Sequence[InForce], terms: Terms
) -> dict[str, PartnerState]:
    """The certifications of the agreements' partners, where the terms require them."""
    if not terms.parameters.needs_certified:
        return {}
    partners = {agreement.signing.event.partner for agreement in agreements}
    return reader.states("partner", partners, PartnerState, CERTIFYING)


def with_other_shares(
    reader: Reader, agreements: Sequence[InForce], terms: Terms, which: int
) -> list[InForce]:
    """For a what-if: each agreement with another share of the same base, in force in the month,
    that its partner or its creator agreed elsewhere: the one at index `which`, smallest first.
    Where there is none it keeps its own."""
    names = names_under(
        reader, PARTNER_OF, {agreement.signing.event.partner for agreement in agreements}
    )
    creators = {agreement.signing.event.creator for agreement in agreements} - {None}
    names |= names_under(reader, "agreement-creator", creators)
    shares: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for event in (agreement.signing.event for agreement in in_force(reader, names, terms)):
        for party in ("partner", "creator"):
            if event.share is not None and getattr(event, party):
                shares[party, getattr(event, party), event.of].add(event.share)
    changed = []
    for agreement in agreements:
        event = agreement.signing.event
        others = shares["partner", event.partner, event.of]
        others = others | shares["creator", event.creator or "", event.of]
        choice = sorted(others - {event.share}, key=Decimal)[which : which + 1]
        changed.append(agreement._replace(share=choice[0]) if choice else agreement)
    return changed
