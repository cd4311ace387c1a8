"""What the decision on a sample request reads: each request with everything it depends on."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ledger.aggregates.affiliate_state import CreatorState
from ledger.aggregates.base import Recorded
from ledger.aggregates.sample import REQUESTS_OF_STORE
from ledger.aggregates.sample_state import OfferState, RequestState
from ledger.kernel.instants import Instant
from ledger.kernel.period import Window
from ledger.programs.contract import Reader
from ledger.programs.store_samples.balance import Balance, Terms, balances

Offered = tuple[str, str]
"""A store and one of its products."""


class Approved(NamedTuple):
    """An approved request: the instant and fact of its first approval, and the request's report."""

    at: Instant
    request: str
    approval: Recorded
    report: Recorded


class Case(NamedTuple):
    """A request: everything its conditions depend on."""

    state: RequestState
    report: Recorded
    balance: Balance
    offer: OfferState
    creator: CreatorState
    approved: list[Approved]
    """The requests for its store and product that were ever approved, in order of approval."""

    @property
    def at(self) -> Instant:
        """When the sample was requested."""
        return self.report.at

    @property
    def threshold(self) -> Recorded | None:
        """The threshold for its product at its instant."""
        return self.offer.threshold(self.report.event.product, self.at)

    @property
    def submission(self) -> Recorded | None:
        """The last submission of its product at its instant."""
        return self.offer.submission(self.report.event.product, self.at)

    def approved_before(self) -> list[Approved]:
        """The other requests whose first approval is before this one's instant."""
        count = bisect_left(self.approved, self.at, key=lambda approved: approved.at)
        return [
            approved for approved in self.approved[:count] if approved.request != self.state.request
        ]


def cases_of(reader: Reader, names: Iterable[str], window: Window, terms: Terms) -> Iterator[Case]:
    """The requests of these ids whose report that counts is in the window."""
    reported = [
        (state, report)
        for state in reader.states("request", names, RequestState).values()
        if (report := state.report) is not None and report.at in window
    ]
    stores = {report.event.store for _, report in reported}
    kept = {balance.store: balance for balance in balances(reader, stores, terms)}
    offers = reader.states("store", stores, OfferState, OfferState.TOPICS)
    creators = {report.event.creator for _, report in reported}
    known = reader.states("creator", creators, CreatorState, CreatorState.TOPICS)
    approved = _approved(reader, offers, [report for _, report in reported])
    for state, report in reported:
        event = report.event
        yield Case(
            state,
            report,
            kept[event.store],
            offers[event.store],
            known[event.creator],
            approved.get((event.store, event.product), []),
        )


def _approved(
    reader: Reader, offers: Mapping[str, OfferState], reports: Collection[Recorded]
) -> dict[Offered, list[Approved]]:
    """The approved requests by store and product, in order of first approval; only for submitted
    products, as no others are counted."""
    wanted = {
        (report.event.store, report.event.product)
        for report in reports
        if offers[report.event.store].submission(report.event.product, report.at)
    }
    streams = reader.named(REQUESTS_OF_STORE, {store for store, _ in wanted}) if wanted else {}
    names = {stream.partition(":")[2] for own in streams.values() for stream in own}
    by_offer: dict[Offered, list[Approved]] = defaultdict(list)
    for state in reader.states("request", names, RequestState).values() if names else ():
        report, approval = state.report, state.approval
        if report is not None and approval is not None:
            place = (report.event.store, report.event.product)
            if place in wanted:
                by_offer[place].append(Approved(approval.at, state.request, approval, report))
    for own in by_offer.values():
        own.sort(key=lambda approved: (approved.at, approved.request))
    return by_offer
