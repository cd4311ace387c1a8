"""The parameters of the growth service, with the texts' values or our own as defaults."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.aggregates.enrolment import CONTENT_KINDS
from ledger.aggregates.fields import Id, Text
from ledger.kernel.currencies import COMMODITIES
from ledger.kernel.errors import BadTerms, Refusal
from ledger.kernel.money import Money, decimal_of
from ledger.kernel.workdays import add_working_days
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CONTENT_TIERS = {f"{kind}_short": kind for kind in CONTENT_KINDS}
ROAS_TIER = "roas_short"
TIERS = (*CONTENT_TIERS, ROAS_TIER)
COVERED = ("referral_fee", "smart_marketing", "creator_commission", "ad_placement")
CODES = ("invited", "enrolled_in_time")
"""Why an enrolment is not valid, in the order in which a line names it."""
NOTHING_MISSED = "no_commitment_missed"
FROZEN_CODES = (
    *("tools_frozen", "promotion_unconfirmed", "product_not_submitted", "below_floor_price"),
    *("auto_approval_exceeded", "samples_exhausted"),
)
"""Exceptions about acts around an enrolled store; each may be cited by itself."""
CAME_LATER = {
    "frozen_from": "no campaign, affiliate plan or sample of an enrolled store is judged. Other "
    "values: enrolment, term_start",
    "frozen_kinds": "where tools are frozen, campaigns of every kind and affiliate plans are; a "
    "list of kinds freezes these alone",
    "creator_tiers": "creator videos count whatever the creator's tier; a list of tiers leaves "
    "the videos of others out",
}
"""Parameters that the first version of the edition does not name, and reasons for their defaults.
"""
Share = Annotated[str, Field(description="a share as a decimal string, 0 to 1")]


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone.

    Without `frozen_from` no act around an enrolled store is judged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fixed_fee: str = "6000.00"
    commission_rate: Share = "0.20"
    roas_floor: str = "2"
    roas_cost: Literal["fixed_and_commission", "fixed"] = "fixed_and_commission"
    tiers: dict[str, Share] = {
        "aigc_short": "0.20",
        "creator_video_short": "0.20",
        "roas_short": "0.50",
    }
    combination: Literal["highest"] = "highest"
    credit: str = "USD.AD"
    gmv_basis: Literal["placed", "settled"] = "placed"
    gmv_refunds: Literal["deduct", "ignore"] = "deduct"
    counts_when: Literal["delivered", "approved"] = "delivered"
    compensation_waits_for_fee: bool = True
    invited_when: Literal["as_of", "enrolment"] = "as_of"
    proration: Literal[False] = False
    make_up_working_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 30
    make_up_due: date | None = None
    covered: dict[str, tuple[Share, ...]] = {
        "referral_fee": ("0.06",),
        "smart_marketing": ("0.035", "0.045"),
        "creator_commission": (),
        "ad_placement": (),
    }
    rate_max_age_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 7
    frozen_from: Literal["enrolment", "term_start"] | None = None
    frozen_kinds: tuple[Id, ...] | None = None
    creator_tiers: tuple[Text, ...] | None = None

    @field_validator("commission_rate")
    @classmethod
    def _is_share(cls, share: str) -> str:
        return _share(share)

    @field_validator("roas_floor")
    @classmethod
    def _is_factor(cls, factor: str) -> str:
        if _decimal(factor) < 0:
            raise ValueError(f"{factor} is below zero")
        return factor

    @field_validator("tiers")
    @classmethod
    def _known_tiers(cls, tiers: dict[str, str]) -> dict[str, str]:
        _refuse_unknown(tiers, TIERS)
        return {name: _share(tiers[name]) for name in TIERS if name in tiers}

    @field_validator("covered")
    @classmethod
    def _known_heads(cls, covered: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse_unknown(covered, COVERED)
        for shares in covered.values():
            if len(shares) > 2 or [*map(_share, shares)] != sorted(shares, key=Decimal):
                raise ValueError("a covered head has no share, one, or a lowest and a highest")
        return {name: covered[name] for name in COVERED if name in covered}

    @field_validator("frozen_kinds", "creator_tiers")
    @classmethod
    def _some_and_each_once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and (not names or len(set(names)) < len(names)):
            raise ValueError("name at least one, and each once, or leave it out for all")
        return names

    def tier(self, name: str) -> Decimal | None:
        """A tier's share of the fixed fee; None where the edition has no such tier."""
        return Decimal(self.tiers[name]) if name in self.tiers else None

    def freezes(self, kind: str) -> bool:
        """Whether a kind of campaign, or `affiliate_plan`, is among the tools that are frozen."""
        return self.frozen_kinds is None or kind in self.frozen_kinds


def _refuse_unknown(names: Iterable[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"unknown key {name!r}; known: {', '.join(known)}")


def _decimal(text: str) -> Decimal:
    try:
        return decimal_of(text)
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None


def _share(text: str) -> str:
    if not 0 <= _decimal(text) <= 1:
        raise ValueError(f"{text} does not lie in 0..1")
    return text


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    The day by which missed content must be made up is worked out here, once, and recorded, so
    that a later change of the calendar does not move it. Raises `BadTerms`.
    """
    refuse_bad_dates(edition, needs_end=True)
    parameters = parameters_of(edition)
    try:
        fee = Money.parse(parameters.fixed_fee, edition.currency)
    except Refusal as refusal:
        raise BadTerms(f"{edition.program}: fixed_fee: {refusal.sentence}", refusal.hint) from None
    if fee.minor < 0:
        raise BadTerms(f"{edition.program}: fixed_fee: {fee.text} is below zero.")
    if parameters.credit not in COMMODITIES:
        raise BadTerms(
            f"{edition.program}: credit: found {parameters.credit!r}, expected one of "
            f"{', '.join(COMMODITIES)}."
        )
    money = parameters.credit.partition(".")[0]
    if money != edition.currency:
        raise BadTerms(
            f"{edition.program}: credit: found {parameters.credit}, expected credit in "
            f"{edition.currency}, the currency that it is a share of.",
            "Nothing says at which rate one would become the other.",
        )
    assert edition.last is not None
    if parameters.make_up_due is not None and parameters.make_up_due < edition.last:
        raise BadTerms(f"{edition.program}: make_up_due: is before the term's end.")
    due = parameters.make_up_due or _due(edition, parameters)
    citable = (*CODES, *FROZEN_CODES)
    return complete(
        edition, parameters, rules_version, citable=citable, make_up_due=due.isoformat()
    )


def _due(edition: Edition, parameters: Parameters) -> date:
    """The last working day for making up. Raises `BadTerms` for a calendar not known yet."""
    assert edition.last is not None
    try:
        return add_working_days(edition.last, parameters.make_up_working_days)
    except BadTerms as refusal:
        raise BadTerms(
            f"{edition.program}: make_up_due: {refusal.sentence}",
            'Give the day in the terms: make_up_due = "2027-01-15", say.',
        ) from None
