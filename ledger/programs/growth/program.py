"""The growth service as a program."""

from collections.abc import Callable, Iterator, Sequence

from ledger.aggregates.affiliate import PLANS, AffiliatePlanSet
from ledger.aggregates.base import Recorded
from ledger.aggregates.campaign import CAMPAIGNS, CampaignCreated, CampaignEntered
from ledger.aggregates.sample import APPROVALS, SampleApproved
from ledger.programs.contract import Asked, OfOrders, Reader
from ledger.programs.edition import Edition
from ledger.programs.growth import enrolled_stores, frozen
from ledger.programs.growth.charts import charts
from ledger.programs.growth.gather import enrolled_merchants
from ledger.programs.growth.parameters import CAME_LATER, checked, parameters_of
from ledger.programs.growth.rules import settle_v1
from ledger.programs.growth.variants import of
from ledger.programs.program import Judging, Program, expense, income, once

Facts = Sequence[Recorded]
Which = Callable[[Reader, Edition, Facts], Iterator[enrolled_stores.Concerned]]


def _merchants_with(reader: Reader, edition: Edition, store: str) -> list[str]:
    """The merchants that enrolled with the store."""
    prefix = f"enrolment:{edition.program}/"
    streams = reader.named("enrols", [store]).get(store, [])
    return [stream.removeprefix(prefix) for stream in streams if stream.startswith(prefix)]


def _enrolled(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each merchant by itself."""
    return ((merchant, merchant) for merchant in enrolled_merchants(reader, asked.edition))


def _merchant(rest: str) -> tuple[str | None, str]:
    """A line is named `PROGRAM/MERCHANT/KIND`."""
    return None, rest.rpartition("/")[0] or rest


def _gmv_as_placed(edition: Edition) -> frozenset[OfOrders]:
    placed = parameters_of(edition).gmv_basis == "placed"
    return frozenset({OfOrders.GMV}) if placed else frozenset()


def _acts(concerned: Which) -> Callable[[Reader, Edition, Facts], Iterator[Recorded]]:
    """The acts that are judged, without their stores."""
    return lambda reader, edition, facts: (act.act for act in concerned(reader, edition, facts))


PROGRAM = Program(
    versions={1: settle_v1},
    charts=charts,
    charts_of_line=lambda line: charts([line]),
    checked=checked,
    accounts={
        "fixed_fee": income("FixedFee"),
        "commission": income("Commission"),
        "compensation": expense("Compensation"),
    },
    subject="merchant",
    dealt=_enrolled,
    absent=lambda edition, period: "it never enrolled",
    subject_of=_merchant,
    subjects_of_store=_merchants_with,
    variants=of,
    obliges=once,
    asks_of_orders=_gmv_as_placed,
    came_later=CAME_LATER,
    judges=(
        Judging(
            facts=(CampaignCreated, CampaignEntered),
            judge=frozen.judge_campaigns,
            listed=CAMPAIGNS,
            touches=enrolled_stores.campaigns_touched,
            about=_acts(enrolled_stores.campaigns),
        ),
        Judging(
            facts=(SampleApproved,),
            judge=frozen.judge_approvals,
            listed=APPROVALS,
            touches=enrolled_stores.approvals_touched,
            about=_acts(enrolled_stores.approvals),
        ),
        Judging(
            facts=(AffiliatePlanSet,),
            judge=frozen.judge_plans,
            listed=PLANS,
            touches=enrolled_stores.plans_touched,
            about=_acts(enrolled_stores.plans),
        ),
    ),
)
