"""Every event there is: topics for the store, facts for the intake, in the order of the contract.

The order matters: facts of one instant are put in order by it.
"""

from ledger.aggregates.base import Event, Fact
from ledger.aggregates.book import BatchRecorded, BookOpened, FactWithdrawn
from ledger.aggregates.enrolment import (
    ContentDelivered,
    ContentPromised,
    FixedFeePaid,
    MerchantEnrolled,
    MerchantInvited,
)
from ledger.aggregates.live_task import LinkListed, LiveTaskOrdered
from ledger.aggregates.merchant import MerchantTargeted, MerchantUntargeted
from ledger.aggregates.orders import OrdersArchived
from ledger.aggregates.partner import IncentiveWithheld, PartnerCertified, PartnerTerminated
from ledger.aggregates.rate import RateQuoted
from ledger.aggregates.reconciliation import BreakResolved, ReconciliationRun
from ledger.aggregates.settlement import (
    PaymentMade,
    PeriodClosed,
    StatementAdjusted,
    StatementIssued,
)
from ledger.aggregates.store import (
    DiscountRevoked,
    FirstSale,
    GMVRecorded,
    MerchantOnboarded,
    StockDelisted,
    StockListed,
    StoreClosed,
    StoreClosing,
    StoreReopened,
    StoreSuspended,
    StoreVerified,
)
from ledger.aggregates.terms import TermsPublished

FACTS: dict[str, type[Fact]] = {
    fact.__name__: fact
    for fact in (
        PartnerCertified,
        PartnerTerminated,
        IncentiveWithheld,
        MerchantTargeted,
        MerchantUntargeted,
        MerchantOnboarded,
        StoreVerified,
        StockListed,
        StockDelisted,
        FirstSale,
        GMVRecorded,
        StoreSuspended,
        StoreClosing,
        StoreReopened,
        StoreClosed,
        RateQuoted,
        MerchantInvited,
        MerchantEnrolled,
        ContentPromised,
        ContentDelivered,
        FixedFeePaid,
        DiscountRevoked,
        LiveTaskOrdered,
        LinkListed,
        FactWithdrawn,
    )
}

DECISIONS: tuple[type[Event], ...] = (
    *(TermsPublished, StatementIssued, PeriodClosed, StatementAdjusted, PaymentMade),
    *(ReconciliationRun, BreakResolved, OrdersArchived),
)
EVENTS: tuple[type[Event], ...] = (*FACTS.values(), *DECISIONS, BookOpened, BatchRecorded)

TOPICS: dict[str, type[Event]] = {event.TOPIC: event for event in EVENTS}

for _order, _fact in enumerate(FACTS.values()):
    _fact.ORDER = _order

assert len(TOPICS) == len(EVENTS), "two events claim one topic"
