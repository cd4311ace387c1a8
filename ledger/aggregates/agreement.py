"""What a partner agrees with a merchant or a creator, and when that ends."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, create_model, field_validator

from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.fields import (
    Amount,
    Case,
    Currency,
    Id,
    Reason,
    Ref,
    Text,
    above_zero,
    decimal_said,
)
from ledger.aggregates.store import StoreId
from ledger.aggregates.things import Thing

PARTNER_OF = "partner-of"
"""The index kind that leads from a partner to its agreements and grants."""
AGREEMENT = Thing(
    "agreement",
    listed="agreement",
    unknown="unknown_agreement",
    unknown_sentence="agreement {name} is not known yet.",
    until="The fact is recorded and waits until the agreement is reported.",
    twice="signed_twice",
    twice_sentence="agreement {name} is reported signed at",
    in_one_period=True,
)


class NotedFact(Fact):
    """A fact with an optional reference, reason and case."""

    ref: Ref = None
    reason: Reason = None
    case: Case = None


class AgreementTerms(NotedFact):
    """Between whom, for what, and for how much; a fee, a share, both, or neither."""

    AMOUNTS = (("flat", "currency"),)

    agreement: Annotated[Id, Field(description="the agreement's id")]
    partner: Annotated[Id, Field(description="the partner, who is paid")]
    merchant: Annotated[Id | None, Field(description="the merchant, who pays")] = None
    creator: Annotated[
        Id | None, Field(description="or the creator, who pays", validate_default=True)
    ] = None
    stores: Annotated[
        tuple[StoreId, ...] | None, Field(description="the merchant's stores that it is about")
    ] = None
    services: Annotated[
        tuple[Text, ...] | None, Field(description="services agreed, such as broadcasting")
    ] = None
    flat: Annotated[Amount | None, Field(description="a fee, above zero")] = None
    per: Annotated[
        Literal["month", "once"] | None,
        Field(description="with a fee: for every month, or once", validate_default=True),
    ] = None
    share: Annotated[str | None, Field(description="a share as a decimal string, 0 to 1")] = None
    of: Annotated[
        Literal["gmv", "commission"] | None,
        Field(
            description="with a share: of the stores' GMV, or of the creator's commissions",
            validate_default=True,
        ),
    ] = None
    basis: Annotated[
        Literal["placed", "settled"] | None,
        Field(description="of GMV: orders as placed, or as settled; without it the terms say"),
    ] = None
    currency: Currency

    @field_validator("creator")
    @classmethod
    def _one_payer(cls, creator: str | None, info: ValidationInfo) -> str | None:
        if (creator is None) == (info.data.get("merchant") is None):
            raise ValueError("a merchant or a creator, exactly one of them")
        return creator

    @field_validator("flat")
    @classmethod
    def _is_fee(cls, flat: str | None) -> str | None:
        return None if flat is None else above_zero(flat)

    @field_validator("per")
    @classmethod
    def _goes_with_flat(cls, per: str | None, info: ValidationInfo) -> str | None:
        if "flat" in info.data and (per is None) != (info.data["flat"] is None):
            raise ValueError("month or once with flat, nothing without it")
        return per

    @field_validator("share")
    @classmethod
    def _is_share(cls, share: str | None) -> str | None:
        """Each share has one spelling: `0.50` becomes `0.5`."""
        if share is None:
            return None
        value = decimal_said(share)
        if not 0 <= value <= 1:
            raise ValueError("a share from 0 to 1")
        return f"{abs(value.normalize()):f}"

    @field_validator("of")
    @classmethod
    def _goes_with_share(cls, of: str | None, info: ValidationInfo) -> str | None:
        data = info.data
        if "share" in data and (of is None) != (data["share"] is None):
            raise ValueError("gmv or commission with share, nothing without it")
        if of == "gmv" and not (data.get("merchant") and data.get("stores")):
            raise ValueError("with gmv a merchant and its stores")
        if of == "commission" and not data.get("creator"):
            raise ValueError("with commission a creator")
        return of

    @field_validator("basis")
    @classmethod
    def _goes_with_gmv(cls, basis: str | None, info: ValidationInfo) -> str | None:
        if basis is not None and info.data.get("of") != "gmv":
            raise ValueError("nothing without a share of gmv")
        return basis


if TYPE_CHECKING:

    class _Starting(AgreementTerms):
        """As below; a field called `from` cannot be declared in a class body."""

else:
    _from = Annotated[date, Field(description="the first day in force")]
    _Starting = create_model("_Starting", __base__=AgreementTerms, **{"from": (_from, ...)})


class AgreementSigned(_Starting):
    """A partner agreed with a merchant or a creator; of several reports the earliest counts."""

    TOPIC = "agreement-signed.v1"
    ORDER = 360
    INTRODUCES = ("agreement", AGREEMENT)
    JUDGED = True
    WARNINGS = ("unknown_partner", "signed_twice", "two_agencies", "kind_differs")
    EXAMPLE: ClassVar = {
        "type": "AgreementSigned",
        "at": "2026-05-11T15:00:00+08:00",
        "agreement": "AG-31",
        "partner": "P-01",
        "merchant": "M-7",
        "stores": ["S-1001"],
        "services": ["shop_operation", "broadcasting"],
        "flat": "3000.00",
        "per": "month",
        "share": "0.05",
        "of": "gmv",
        "currency": "CNY",
        "from": "2026-05-15",
    }

    to: Annotated[
        date | None, Field(description="the last day in force; without it: until it is ended")
    ] = None

    @property
    def first(self) -> date:
        """The first day in force."""
        day = self.__dict__["from"]
        assert isinstance(day, date)
        return day

    @field_validator("to")
    @classmethod
    def _not_before_from(cls, to: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("from")
        if to is not None and first is not None and to < first:
            raise ValueError(f"{first} (from) or later")
        return to

    @property
    def stream(self) -> str:
        return f"agreement:{self.agreement}"

    def references(self) -> tuple[Reference, ...]:
        references = [Reference("agreement", self.agreement), Reference(PARTNER_OF, self.partner)]
        if self.creator:
            references.append(Reference("agreement-creator", self.creator))
        references += [
            Reference("agreement-store", store) for store in sorted(set(self.stores or ()))
        ]
        return tuple(references)


class AgreementEnded(NotedFact):
    """An agreement ends; of several ends the earliest last day counts."""

    TOPIC = "agreement-ended.v1"
    ORDER = 370
    NAMES: ClassVar = {"agreement": AGREEMENT}
    WARNINGS = ("unknown_agreement",)
    EXAMPLE: ClassVar = {
        "type": "AgreementEnded",
        "at": "2026-07-20T11:00:00+08:00",
        "agreement": "AG-31",
        "on": "2026-07-31",
    }

    agreement: Annotated[Id, Field(description="the agreement's id")]
    on: Annotated[
        date | None, Field(description="the day of the end; without it: the day of `at`")
    ] = None

    @property
    def stream(self) -> str:
        return f"agreement:{self.agreement}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("agreement-ended", self.agreement),)
