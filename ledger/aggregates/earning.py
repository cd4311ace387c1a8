"""What creators earn, and what the platform grants to partners outside any agreement."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from ledger.aggregates.agreement import PARTNER_OF, NotedFact
from ledger.aggregates.base import Reference
from ledger.aggregates.fields import Amount, Currency, Id, above_zero
from ledger.aggregates.things import Thing
from ledger.kernel.errors import Refusal
from ledger.kernel.money import canonical_amount

GRANT = Thing(
    "grant",
    listed="grant",
    unknown="unknown_grant",
    unknown_sentence="grant {name} is not known yet.",
    until="The fact is recorded and waits until the grant is reported.",
    twice="granted_twice",
    twice_sentence="grant {name} is reported at",
    in_one_period=True,
)


class CommissionEarned(NotedFact):
    """A creator earned commissions on a day; what is taken back is negative."""

    TOPIC = "commission-earned.v1"
    ORDER = 380
    AMOUNTS = (("amount", "currency"),)
    WARNINGS = ("unknown_store", "day_after_fact")
    OF_DAY = "day"
    EXAMPLE: ClassVar = {
        "type": "CommissionEarned",
        "at": "2026-05-21T02:00:00+08:00",
        "creator": "C-88",
        "store": "S-1001",
        "day": "2026-05-20",
        "amount": "1240.50",
        "currency": "CNY",
    }

    creator: Annotated[Id, Field(description="the creator")]
    store: Annotated[Id | None, Field(description="the store whose goods were sold")] = None
    day: Annotated[date, Field(description="the day for which it was earned")]
    amount: Annotated[Amount, Field(description="signed; what is taken back is negative")]
    currency: Currency

    @property
    def stream(self) -> str:
        """The creator's month: shares for its agencies are worked out month by month."""
        return f"commission:{self.creator}/{self.day.isoformat()[:7]}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("earned-at", self.store),) if self.store else ()


class IncentiveGranted(NotedFact):
    """The platform grants a partner an incentive; of several reports the earliest counts."""

    TOPIC = "incentive-granted.v1"
    ORDER = 390
    AMOUNTS = (("amount", "currency"),)
    INTRODUCES = ("grant", GRANT)
    WARNINGS = ("unknown_program", "unknown_partner", "granted_twice")
    EXAMPLE: ClassVar = {
        "type": "IncentiveGranted",
        "at": "2026-05-29T10:00:00+08:00",
        "grant": "IG-7",
        "program": "service-agreements-2022",
        "partner": "P-01",
        "amount": "50000",
        "commodity": "TRAFFIC",
    }

    grant: Annotated[Id, Field(description="the grant's id")]
    program: Annotated[Id, Field(description="the edition's id")]
    partner: Annotated[Id, Field(description="the partner")]
    currency: Annotated[Currency | None, Field(description="of money: ISO 4217 code")] = None
    commodity: Annotated[
        Literal["USD.AD", "TRAFFIC"] | None,
        Field(description="or of what is no money: ad credit, traffic", validate_default=True),
    ] = None
    amount: Annotated[Amount, Field(description="how much of it, above zero")]

    @field_validator("commodity")
    @classmethod
    def _one_of_two(cls, commodity: str | None, info: ValidationInfo) -> str | None:
        if "currency" in info.data and (commodity is None) == (info.data["currency"] is None):
            raise ValueError("a currency or a commodity, exactly one of them")
        return commodity

    @field_validator("amount")
    @classmethod
    def _exact(cls, amount: str, info: ValidationInfo) -> str:
        """A commodity's amount gets exactly its decimals; money has been normalised before."""
        commodity = info.data.get("commodity")
        if commodity:
            try:
                amount = canonical_amount(amount, commodity)
            except Refusal as refusal:
                raise ValueError(refusal.sentence.removesuffix(".")) from None
        return above_zero(amount)

    @property
    def unit(self) -> str:
        """The currency or the commodity."""
        return self.currency or self.commodity or ""

    @property
    def stream(self) -> str:
        return f"grant:{self.grant}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("grant", self.grant), Reference(PARTNER_OF, self.partner))
