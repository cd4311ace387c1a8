"""Affiliate commissions worked out order by order in plain Python, from the words of the rules."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ledger.kernel.instants import parse_instant

Fact = dict[str, Any]
Row = dict[str, str]
CODES = ("creator_eligible", "plan_in_force", "creator_approved", "not_own_account")


def lines(
    facts: list[Fact], rows: list[Row], month: str, terms: dict[str, Any]
) -> dict[str, tuple[Any, ...]]:
    """Per store and creator the outcome, amount, unmet codes and held codes of a month in Shanghai.

    No two facts of one thing share an instant; rows are the versions that count.
    """
    told = sorted(facts, key=lambda one: parse_instant(one["at"]))
    onboarded = {
        one["store"] for one in told if one["type"] == "MerchantOnboarded" and one["market"] == "US"
    }
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["creator"] and row["store"] in onboarded and _month(row) == month:
            groups[f"{row['store']}/{row['creator']}"].append(row)
    return {name: _line(own, told, terms) for name, own in groups.items()}


def _month(row: Row) -> str:
    assert row["created_at"].endswith("+08:00")
    return row["created_at"][:7]


def _line(rows: list[Row], told: list[Fact], terms: dict[str, Any]) -> tuple[Any, ...]:
    creator = rows[0]["creator"]
    known = any(one["type"] == "CreatorRegistered" and one["creator"] == creator for one in told)
    held = []
    if any(row["currency"] != "USD" for row in rows):
        held.append("currency_differs")
    if not known:
        held.append("creator_unknown")
    if held:
        return "held", "0.00", (), tuple(held)
    earned, codes = [], set()
    for row in rows:
        amount, unmet = _order(row, told, terms)
        codes |= unmet
        if not unmet:
            earned.append(amount)
    if earned:
        return "payable", f"{sum(earned, Decimal('0.00')):.2f}", (), ()
    return "declined", "0.00", tuple(code for code in CODES if code in codes), ()


def _order(row: Row, told: list[Fact], terms: dict[str, Any]) -> tuple[Decimal, set[str]]:
    at = parse_instant(row["created_at"])
    before = [one for one in told if parse_instant(one["at"]) <= at]
    unmet = set()
    if not _eligible(row["creator"], before, terms):
        unmet.add("creator_eligible")
    rate, code = _rate(row, before, terms)
    if code:
        unmet.add(code)
    if terms.get("own_accounts") != "commission" and _own(row, before):
        unmet.add("not_own_account")
    net = Decimal(row["amount"])
    if terms.get("refunds") != "ignore":
        net -= Decimal(row["refunded"])
    return (net * rate).quantize(Decimal("0.01"), ROUND_HALF_UP), unmet


def _eligible(creator: str, before: list[Fact], terms: dict[str, Any]) -> bool:
    said = [
        one["country"] == "US" and one["age"] >= 18 and one["followers"] >= 5000
        for one in before
        if one["type"] == "CreatorRegistered" and one["creator"] == creator
    ]
    return said[-1:] == [True] if terms.get("eligible_when") == "order" else any(said)


def _own(row: Row, before: list[Fact]) -> bool:
    roles = set()
    for one in before:
        if (one.get("store"), one.get("account")) == (row["store"], row["creator"]):
            if one["type"] == "AccountBound":
                roles.add(one["role"])
            elif one["type"] == "AccountUnbound":
                roles.discard(one["role"])
    return bool(roles)


def _rate(row: Row, before: list[Fact], terms: dict[str, Any]) -> tuple[Decimal, str | None]:
    offers: dict[str, list[Decimal]] = defaultdict(list)
    asking = False
    for plan in _plans(before):
        if plan["store"] != row["store"]:
            continue
        rate = plan.get("rates", {}).get(row["product"], plan.get("rate"))
        covered = [*plan.get("products", []), *plan.get("rates", {})]
        if plan["kind"] != "shop" and row["product"] not in covered:
            continue
        if plan["kind"] == "targeted" and row["creator"] not in plan["creators"]:
            continue
        if plan.get("approval") and not _approved(plan["plan"], row["creator"], before):
            asking = True
            continue
        offers[plan["kind"]].append(Decimal(rate))
    for kind in ("targeted", "open"):
        if offers[kind]:
            return max(offers[kind]), None
    if asking and terms.get("unapproved") != "next_plan":
        return Decimal(0), "creator_approved"
    if offers["shop"]:
        return max(offers["shop"]), None
    return Decimal(0), "creator_approved" if asking else "plan_in_force"


def _plans(before: list[Fact]) -> list[Fact]:
    """The plans in force: of each the last report, unless it was ended since."""
    first: dict[str, Fact] = {}
    standing: dict[str, Fact] = {}
    for one in before:
        if one["type"] == "AffiliatePlanSet":
            own = first.setdefault(one["plan"], one)
            if (own["store"], own["kind"]) == (one["store"], one["kind"]):
                standing[one["plan"]] = one
        elif one["type"] == "AffiliatePlanEnded":
            standing.pop(one["plan"], None)
    return list(standing.values())


def _approved(plan: str, creator: str, before: list[Fact]) -> bool:
    words = [
        one["type"] == "CreatorApproved"
        for one in before
        if one["type"] in ("CreatorApproved", "CreatorDisapproved")
        and (one["plan"], one["creator"]) == (plan, creator)
    ]
    return words[-1:] == [True]
