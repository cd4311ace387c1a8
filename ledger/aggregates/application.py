"""Applications: what partners and merchants state of themselves when they ask to be admitted.

A supplement adds or replaces fields later: the last value of each field counts.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.enrolment import Count
from ledger.aggregates.fields import (
    Amount,
    Case,
    Country,
    Currency,
    Id,
    Reason,
    Ref,
    Text,
    above_zero,
)
from ledger.aggregates.live_task import CategoryId

SubjectKind = Literal["enterprise", "individual_business", "citizen", "other"]
ApplicationId = Annotated[Id, Field(description="the application's id")]
Texts = tuple[Text, ...] | None
Categories = tuple[CategoryId, ...] | None


class ApplicationFact(Fact):
    """A fact in the stream of its application, with the fields that every such fact may have."""

    region: Annotated[
        Country | None, Field(description="where it is registered, ISO 3166 code")
    ] = None
    ref: Ref = None
    reason: Reason = None
    case: Case = None

    @property
    def stream(self) -> str:
        return f"application:{self.application}"  # type: ignore[attr-defined]  # subclasses have it


class PartnerClaims(ApplicationFact):
    """What a partner states of itself; what is left out is not stated."""

    AMOUNTS = (("registered_capital", "capital_currency"),)

    registered_on: Annotated[
        date | None, Field(description="the day on which the company was registered")
    ] = None
    registered_capital: Annotated[
        Amount | None, Field(description="registered capital, above zero")
    ] = None
    capital_currency: Annotated[
        Currency, Field(description="of the capital; says nothing without one")
    ] = "CNY"
    business_scope: Annotated[
        Texts, Field(description="services in the business licence's scope; empty: not stated")
    ] = None
    services: Annotated[
        Texts, Field(description="services it wants to offer, such as broadcasting")
    ] = None
    team_size: Annotated[
        Count | None, Field(description="members of the team that operates shops")
    ] = None
    fixed_office: Annotated[bool | None, Field(description="whether the team has one")] = None
    live_hardware: Annotated[
        bool | None, Field(description="whether it has hardware for live broadcasts")
    ] = None
    certificate: Annotated[
        bool | None, Field(description="whether it shows a certificate of registration")
    ] = None

    @field_validator("registered_capital")
    @classmethod
    def _above_zero(cls, capital: str | None) -> str | None:
        return None if capital is None else above_zero(capital)


class ShopClaims(ApplicationFact):
    """What a merchant states of the subject that wants a shop; what is left out is not stated."""

    subject_kind: Annotated[SubjectKind | None, Field(description="what the subject is in law")] = (
        None
    )
    categories: Annotated[
        Categories, Field(description="categories it wants to sell; empty: not stated")
    ] = None
    licence_scope: Annotated[
        Categories, Field(description="categories in the business licence's scope")
    ] = None
    licence_from: Annotated[
        date | None, Field(description="the first day of the business licence")
    ] = None
    licence_to: Annotated[date | None, Field(description="its last day; without it: unlimited")] = (
        None
    )
    qualified: Annotated[
        bool | None, Field(description="whether it has the qualifications for its goods")
    ] = None
    quality_met: Annotated[
        bool | None, Field(description="whether its goods meet law and quality standards")
    ] = None


class PartnerApplied(PartnerClaims):
    """A company asks to become a partner; of several reports the earliest counts."""

    TOPIC = "partner-applied.v1"
    ORDER = 300
    MAY_BE_UNKNOWN = ("partner",)
    JUDGED = True
    WARNINGS = ("applied_twice", "applied_while_admitted")
    EXAMPLE: ClassVar = {
        "type": "PartnerApplied",
        "at": "2026-03-10T10:00:00+08:00",
        "application": "A-71",
        "partner": "P-09",
        "kind": "agency",
        "region": "CN",
        "registered_on": "2023-05-04",
        "registered_capital": "1000000.00",
        "business_scope": ["shop_operation", "broadcasting"],
        "services": ["broadcasting"],
        "team_size": 8,
        "fixed_office": True,
        "live_hardware": True,
    }

    application: ApplicationId
    partner: Annotated[Id, Field(description="the partner that it would become")]
    kind: Annotated[
        Literal["agency", "reach"],
        Field(description="operates shops (agency) or manages creators (reach)"),
    ]

    def references(self) -> tuple[Reference, ...]:
        """Its own entry, the partner's, and that of the currency of its registered capital."""
        own = Reference("partner-applies", self.application)
        return own, Reference("applies", self.partner), *_capital(self)


class ShopApplied(ShopClaims):
    """A merchant asks for a shop; of several reports the earliest counts."""

    TOPIC = "shop-applied.v1"
    ORDER = 310
    JUDGED = True
    WARNINGS = ("applied_twice",)
    EXAMPLE: ClassVar = {
        "type": "ShopApplied",
        "at": "2020-05-11T10:00:00+08:00",
        "application": "B-12",
        "merchant": "M-7",
        "region": "CN",
        "subject_kind": "enterprise",
        "categories": ["apparel"],
        "licence_scope": ["apparel", "beauty"],
        "licence_from": "2018-04-01",
        "qualified": True,
        "quality_met": True,
    }

    application: ApplicationId
    merchant: Annotated[Id, Field(description="the merchant that the shop would be of")]

    def references(self) -> tuple[Reference, ...]:
        return (Reference("shop-applies", self.application),)


class ApplicationSupplemented(PartnerClaims, ShopClaims):
    """An application is supplemented: what this states counts in place of what was before."""

    TOPIC = "application-supplemented.v1"
    ORDER = 320
    JUDGED = True
    WARNINGS = ("unknown_application",)
    EXAMPLE: ClassVar = {
        "type": "ApplicationSupplemented",
        "at": "2026-03-14T16:00:00+08:00",
        "application": "A-71",
        "certificate": True,
    }

    application: ApplicationId

    def references(self) -> tuple[Reference, ...]:
        return (Reference("supplements", self.application), *_capital(self))


class RiskRecordFound(Fact):
    """A risk record of a company was found: it counts by its own day, whenever it is found."""

    TOPIC = "risk-record-found.v1"
    ORDER = 330
    MAY_BE_UNKNOWN = ("partner",)
    JUDGED = True
    WARNINGS = ("risk_after_admission",)
    EXAMPLE: ClassVar = {
        "type": "RiskRecordFound",
        "at": "2026-05-06T09:00:00+08:00",
        "partner": "P-09",
        "kind": "litigation",
        "on": "2026-03-11",
    }

    partner: Annotated[Id, Field(description="the partner, certified or only applying")]
    kind: Annotated[
        Literal["abnormal_status", "business_risk", "litigation"],
        Field(description="what kind of record it is"),
    ]
    on: Annotated[date, Field(description="the day of the record itself")]
    ref: Ref = None
    reason: Reason = None
    case: Case = None

    @property
    def stream(self) -> str:
        return f"partner:{self.partner}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("risk", self.partner),)


def _capital(claims: PartnerClaims) -> tuple[Reference, ...]:
    """An entry under the currency of the registered capital, whose quotes it depends on."""
    if claims.registered_capital is None:
        return ()
    return (Reference("capital", claims.capital_currency),)
