"""Every event there is: topics for the store, facts for the intake, in the order of the contract.

The order matters: facts of one instant are put in order by it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ledger.aggregates.base import Event, Fact, Recorded
from ledger.aggregates.book import BatchRecorded, BookOpened, FactWithdrawn
from ledger.aggregates.enrolment import (
    ContentDelivered,
    ContentPromised,
    FixedFeePaid,
    MerchantEnrolled,
    MerchantInvited,
    describe_enrolment,
)
from ledger.aggregates.live_task import LinkListed, LiveTaskOrdered, describe_task
from ledger.aggregates.merchant import MerchantTargeted, MerchantUntargeted, describe_merchant
from ledger.aggregates.orders import OrdersArchived
from ledger.aggregates.partner import (
    IncentiveWithheld,
    PartnerCertified,
    PartnerTerminated,
    describe_partner,
)
from ledger.aggregates.rate import RateQuoted, describe_rate
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
from ledger.aggregates.store_state import describe_store
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

STATES: dict[str, Callable[[str, Sequence[Recorded]], dict[str, Any]]] = {
    "store": describe_store,
    "partner": describe_partner,
    "merchant": describe_merchant,
    "rate": describe_rate,
    "enrolment": describe_enrolment,
    "task": describe_task,
}
"""Per kind of stream how its state is told, from a name and the facts that count."""

DECISIONS: tuple[type[Event], ...] = (
    *(TermsPublished, StatementIssued, PeriodClosed, StatementAdjusted, PaymentMade),
    *(ReconciliationRun, BreakResolved, OrdersArchived),
)
EVENTS: tuple[type[Event], ...] = (*FACTS.values(), *DECISIONS, BookOpened, BatchRecorded)

TOPICS: dict[str, type[Event]] = {event.TOPIC: event for event in EVENTS}

for _order, _fact in enumerate(FACTS.values()):
    _fact.ORDER = _order

assert len(TOPICS) == len(EVENTS), "two events claim one topic"
