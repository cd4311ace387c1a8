"""Exceptions among acts around enrolled stores: use of frozen tools, and merchants' duties.

A merchant who enrols leaves campaigns and affiliate plans to the platform, confirms major
promotions itself, and submits products with a floor price and numbers of samples. Source: seed 001.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.aggregates.affiliate import AffiliatePlanSet
from ledger.aggregates.base import Recorded
from ledger.aggregates.campaign import CampaignCreated, CampaignEntered
from ledger.aggregates.judge import Surprise
from ledger.kernel.instants import local
from ledger.kernel.money import Money
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.growth import enrolled_stores
from ledger.programs.growth.enrolled_stores import Approvals, Concerned, Shop
from ledger.programs.growth.parameters import parameters_of
from ledger.programs.program import Judged

PLAN = "affiliate_plan"
"""The kind of tool under which affiliate plans are frozen."""


class Finding(NamedTuple):
    """One exception: its code, what was done, and what to do now."""

    code: str
    sentence: str
    hint: str


def judge_campaigns(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Exceptions among campaigns that were created or entered."""
    by_store: dict[str, list[Concerned]] = {}
    for campaign in enrolled_stores.campaigns(reader, edition, facts):
        by_store.setdefault(campaign.store, []).append(campaign)
    for chunk in in_chunks(by_store):
        shops = reader.states("store", chunk, Shop, Shop.TOPICS)
        for store, shop in shops.items():
            for campaign in by_store[store]:
                event = campaign.act.event
                findings = (
                    _created(campaign, edition)
                    if isinstance(event, CampaignCreated)
                    else _entered(campaign, shop, edition)
                )
                yield from _surprises(campaign, event.campaign, findings, edition)


def judge_plans(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Affiliate plans that merchants made while such plans were frozen."""
    for plan in enrolled_stores.plans(reader, edition, facts):
        event = plan.act.event
        yield from _surprises(plan, event.plan, _planned(plan, edition), edition)


def judge_approvals(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Exceptions among approvals of samples. A request is approved once, by the first approval."""
    by_store: dict[str, list[Concerned]] = {}
    for approval in enrolled_stores.approvals(reader, edition, facts):
        by_store.setdefault(approval.store, []).append(approval)
    for chunk in in_chunks(by_store):
        shops = reader.states("store", chunk, Shop, Shop.TOPICS)
        requests = {
            request.request: request for request in enrolled_stores.requests_of(reader, chunk)
        }
        approvals = Approvals(requests.values())
        for store, shop in shops.items():
            for approval in by_store[store]:
                request = approval.act.event.request
                report = requests[request].report
                assert report is not None, "an approval of what nobody reported is not judged"
                findings = _approved(approval, report.event.product, shop, approvals, edition)
                yield from _surprises(approval, request, findings, edition)


def _created(act: Concerned, edition: Edition) -> Iterator[Finding]:
    event: CampaignCreated = act.act.event
    if event.created_by == "merchant" and parameters_of(edition).freezes(event.kind):
        yield _frozen(act, f"campaign {event.campaign} ({event.kind})", edition)


def _planned(act: Concerned, edition: Edition) -> Iterator[Finding]:
    event: AffiliatePlanSet = act.act.event
    if event.created_by == "merchant" and parameters_of(edition).freezes(PLAN):
        yield _frozen(act, f"affiliate plan {event.plan}", edition)


def _frozen(act: Concerned, what: str, edition: Edition) -> Finding:
    since, end = local(act.since, edition.zone), local(edition.window.end, edition.zone)
    return Finding(
        "tools_frozen",
        f"the merchant made {what} of store {act.store}, whose tools are frozen from {since} to "
        f"{end}",
        "Withdraw the report where it is wrong; meanwhile the platform makes such things itself.",
    )


def _entered(act: Concerned, shop: Shop, edition: Edition) -> Iterator[Finding]:
    """An entry into a major promotion must have been confirmed; a product must have been submitted
    and be entered at its floor price or above."""
    event: CampaignEntered = act.act.event
    entry = f"campaign {event.campaign}"
    if event.level == "major" and not shop.confirmed(event.campaign, act.act.at):
        yield Finding(
            "promotion_unconfirmed",
            f"store {act.store} entered the major promotion {event.campaign}, which its merchant "
            "had not confirmed",
            "Record the PromotionConfirmed that it lacks, or withdraw the entry.",
        )
    if event.product is None:
        return
    submission = shop.submission(event.product, act.act.at)
    if submission is None:
        yield _not_submitted(act, event.product, f"was entered into {entry}")
        return
    offer = submission.event
    if event.price is None or event.currency != offer.currency:
        return
    floor, price = (
        Money.parse(amount, offer.currency) for amount in (offer.floor_price, event.price)
    )
    if price.minor < floor.minor:
        yield Finding(
            "below_floor_price",
            f"product {event.product} of store {act.store} entered {entry} at {event.price} "
            f"{event.currency}; its floor price is {offer.floor_price} {offer.currency}, as "
            f"submitted at {local(submission.at, edition.zone)}",
            "Withdraw the entry where it is wrong, or record the ProductSubmitted that it lacks.",
        )


def _approved(
    act: Concerned, product: str, shop: Shop, approvals: Approvals, edition: Edition
) -> Iterator[Finding]:
    """The platform may approve samples of submitted products only, and by itself only a limited
    number; nobody may approve more than are offered. Approvals of the same instant count together.
    """
    store, at, by_platform = act.store, act.act.at, act.act.event.by == "platform"
    submission = shop.submission(product, at)
    if submission is None:
        if by_platform:
            yield _not_submitted(act, product, "was approved by the platform as a sample")
        return
    offer, submitted = submission.event, f"as submitted at {local(submission.at, edition.zone)}"
    automatic = approvals.by_platform(store, product, at)
    if by_platform and automatic > offer.auto_approve:
        yield Finding(
            "auto_approval_exceeded",
            f"the platform had approved {_samples(automatic)} of product {product} of store "
            f"{store}; by itself it may approve {offer.auto_approve}, {submitted}",
            "Withdraw the approval where it is wrong, or record the ProductSubmitted that it "
            "lacks.",
        )
    approved = approvals.by(store, product, at)
    if approved > offer.free_samples:
        yield Finding(
            "samples_exhausted",
            f"store {store} had {_samples(approved)} of product {product} approved; it offers "
            f"{offer.free_samples}, {submitted}",
            "Withdraw the approval where it is wrong, or record the ProductSubmitted that it "
            "lacks.",
        )


def _not_submitted(act: Concerned, product: str, done: str) -> Finding:
    return Finding(
        "product_not_submitted",
        f"product {product} of store {act.store} {done} and had not been submitted",
        "Record the ProductSubmitted that it lacks, or withdraw what is wrong.",
    )


def _samples(count: int) -> str:
    return f"{count} sample" + ("" if count == 1 else "s")


def _surprises(act: Concerned, name: str, findings: Iterator[Finding], edition: Edition) -> Judged:
    """Each finding about an act, with its instant and the clause."""
    when = local(act.act.at, edition.zone)
    for code, sentence, hint in findings:
        clause = edition.cite.get(code) or "frozen_from"
        text = f"at {when} {sentence}. Clause of {edition.program}: {clause}."
        yield act.act, Surprise(code, text, hint, name, edition.program)
