"""The rules by hand, in plain Python: lines of recruiting, fees of orders, how a statement stands.

They share no code with the product, only amounts in whole cents.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

AWARD = 200_000
RATIOS = [{"from": 1, "ratio": "0.8"}, {"from": 3, "ratio": "0.5"}]
COUNTRIES = frozenset({"DE", "ES", "FR", "IT"})
SHANGHAI = ZoneInfo("Asia/Shanghai")
Fact = dict[str, Any]


class Said(NamedTuple):
    """What a line says to its payee."""

    payee: str
    outcome: str
    minor: int
    unmet: tuple[str, ...] = ()
    held_for: tuple[str, ...] = ()


def cents(text: str) -> int:
    """An amount in CNY, in cents."""
    return int(Decimal(text) * 100)


def amount(minor: int) -> str:
    """Cents as the decimal that users type."""
    return str(Decimal(minor).scaleb(-2))


def recruiting(program: str, first_month: str, facts: Iterable[Fact]) -> dict[str, Said]:
    """The lines of a quarter: one for each store that a partner brought in its first month."""
    told: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        told[fact["type"]].append(fact)
    partners = {one["partner"] for one in told["PartnerCertified"]}
    targeted = {one["merchant"] for one in told["MerchantTargeted"] if one["program"] == program}
    closed = {one["store"]: one["reason"] for one in told["StoreClosed"]}
    verified, sold = (
        {one["store"] for one in told[name]} for name in ("StoreVerified", "FirstSale")
    )
    sales: dict[str, int] = defaultdict(int)
    for one in told["GMVRecorded"]:
        sales[one["store"]] += cents(one["amount"])
    stock: dict[str, set[str]] = defaultdict(set)
    for one in told["StockListed"]:
        stock[one["store"]].add(one["country"])
    # By store: the same onboarding may stand in one call twice, and then counts once.
    brought = [one for one in told["MerchantOnboarded"] if one["at"].startswith(first_month)]
    own = {one["store"]: one for one in brought}
    risky: dict[str, int] = defaultdict(int)
    for one in own.values():
        risky[one["partner"]] += closed.get(one["store"]) == "counterfeit"
    lines = {}
    for one in own.values():
        store, partner = one["store"], one["partner"]
        met = {
            "partner_certified": partner in partners,
            "targeted": one["merchant"] in targeted,
            "first_verified": store in verified,
            "first_sale_in_time": store in sold,
            "gmv_over_threshold": sales[store] > 100_000,
            "stock_in_countries": stock[store] >= COUNTRIES,
            "store_open": store not in closed,
        }
        unmet = tuple(name for name, is_met in met.items() if not is_met)
        payee = f"partner:{partner}"
        paid = Said(payee, "payable", _award(risky[partner]))
        lines[f"{program}/{store}"] = Said(payee, "declined", 0, unmet) if unmet else paid
    return lines


def _award(risky: int) -> int:
    if risky >= 3:
        return AWARD // 2
    return AWARD * 4 // 5 if risky else AWARD


def month_of(created_at: str) -> str:
    """The month in Shanghai in which an order was created."""
    return datetime.fromisoformat(created_at).astimezone(SHANGHAI).strftime("%Y-%m")


def fee_of(row: Mapping[str, str], rates: Iterable[Mapping[str, str]]) -> int:
    """What an order costs, in cents, half up."""
    scene = "ad" if row["traffic"] == "ad" else row["channel"]
    own = [one for one in rates if one["category"] == row["category"]]
    fitting = [one for one in own if one.get("scene") == scene]
    (rate,) = fitting or [one for one in own if "scene" not in one]
    net = cents(row["amount"]) - cents(row["refunded"])
    return int((net * Decimal(rate["rate"])).quantize(Decimal(1), ROUND_HALF_UP))


def fees(
    program: str, month: str, rows: Iterable[Mapping[str, str]], rates: list[dict[str, str]]
) -> dict[str, Said]:
    """The lines of a month: one for each store with an order of it."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        if month_of(row["created_at"]) == month:
            sums[row["store"]] -= fee_of(row, rates)
    return {
        f"{program}/{month}/{store}": Said(f"store:{store}", "payable", minor)
        for store, minor in sums.items()
    }


class Balance:
    """How a statement stands, in cents, seen from its payee."""

    def __init__(self) -> None:
        self.stated = 0
        self.carried = 0
        """Brought forward from earlier statements and carried forward to later ones."""
        self.paid = 0

    @property
    def open(self) -> int:
        """Still to be paid; negative: by the payee."""
        return self.stated + self.carried - self.paid

    @property
    def advance(self) -> int:
        """Paid beyond what the lines say, which the next statement takes over."""
        covered = self.paid - self.carried
        if self.stated >= 0:
            return covered - min(max(covered, 0), self.stated)
        return covered - max(min(covered, 0), self.stated)
