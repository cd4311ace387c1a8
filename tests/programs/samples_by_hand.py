"""The rules of samples and balances once more, as plainly as they can be said: every question is
asked of all facts anew. Slow, and written apart from the program, to compare it with."""

import hashlib
from datetime import date, timedelta
from typing import Any

from ledger.aggregates.catalogue import FACTS
from ledger.kernel.instants import midnight, parse_instant

Fact = dict[str, Any]
ZONE = "Asia/Shanghai"
START = midnight(date(2024, 1, 1), ZONE)
SIGNS = {"ProceedsSettled": 1, "BalancePaid": 1, "SampleFreightAdvanced": -1, "PayoutMade": -1}


def cents(fact: Fact) -> int:
    return round(float(fact["amount"]) * 100)


def content(fact: Fact) -> tuple[int, int, bytes]:
    """The business order."""
    kind = FACTS[fact["type"]]
    said = {key: value for key, value in fact.items() if key not in ("type", "at", "instant")}
    digest = hashlib.sha256(kind.model_validate(said).content()).digest()
    return fact["instant"], kind.ORDER, digest


class ByHand:
    """All facts up to an as-of."""

    def __init__(self, facts: list[Fact], as_of: int) -> None:
        told = [{**one, "instant": parse_instant(one["at"])} for one in facts]
        self.facts = sorted((one for one in told if one["instant"] <= as_of), key=content)
        self.as_of = as_of

    def of(self, kind: str, **wanted: Any) -> list[Fact]:
        """The facts of a kind with some fields, in business order."""
        return [
            one
            for one in self.facts
            if one["type"] == kind and all(one.get(name) == value for name, value in wanted.items())
        ]

    def moves(self, store: str, t: int) -> list[Fact]:
        return [
            one
            for one in self.facts
            if one["type"] in SIGNS and one["store"] == store and START <= one["instant"] <= t
        ]

    def balance(self, store: str, t: int) -> int:
        own = [one for one in self.moves(store, t) if one["currency"] == "USD"]
        return sum(SIGNS[one["type"]] * cents(one) for one in own)

    def foreign(self, store: str, t: int) -> bool:
        return any(one["currency"] != "USD" for one in self.moves(store, t))

    def requests(self) -> dict[str, Fact]:
        """The report of each request that counts."""
        found: dict[str, Fact] = {}
        for one in self.of("SampleRequested"):
            found.setdefault(one["request"], one)
        return found

    def first_approval(self, request: str) -> Fact | None:
        return next(iter(self.of("SampleApproved", request=request)), None)

    def last(self, t: int, kind: str, **wanted: Any) -> Fact | None:
        own = [one for one in self.of(kind, **wanted) if one["instant"] <= t]
        return own[-1] if own else None

    def decision(self, request: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        asked = self.requests()[request]
        t, store, product = asked["instant"], asked["store"], asked["product"]
        unmet, held = [], set()
        if self.foreign(store, t):
            held.add("currency_differs")
        elif self.balance(store, t) < 0:
            unmet.append("balance_not_negative")
        threshold = self.last(t, "SampleThresholdSet", store=store, product=product)
        threshold = threshold or self.last(t, "SampleThresholdSet", store=store, product=None)
        threshold = threshold or {}
        known = self.last(t, "CreatorRegistered", creator=asked["creator"]) or {}
        if threshold.get("followers_min") is not None:
            if not known:
                held.add("creator_unknown")
            elif known["followers"] < threshold["followers_min"]:
                unmet.append("followers_reached")
        if threshold.get("categories"):
            if not known.get("categories"):
                held.add("creator_unknown")
            elif not set(known["categories"]) & set(threshold["categories"]):
                unmet.append("category_fits")
        submitted = self.last(t, "ProductSubmitted", store=store, product=product)
        if submitted and self.approved(request, t) >= submitted["free_samples"]:
            unmet.append("samples_left")
        if unmet:
            return "declined", tuple(unmet), ()
        order = tuple(one for one in ("currency_differs", "creator_unknown") if one in held)
        return ("held" if order else "granted"), (), order

    def approved(self, request: str, t: int) -> int:
        """Other requests of the same product that were first approved before an instant."""
        asked = self.requests()[request]
        place = asked["store"], asked["product"]
        return sum(
            name != request
            and (one["store"], one["product"]) == place
            and (approval := self.first_approval(name)) is not None
            and approval["instant"] < t
            for name, one in self.requests().items()
        )

    def lines(self, first: date, last: date) -> dict[str, tuple[Any, ...]]:
        """Per line of a month its outcome, cents and codes."""
        start, end = midnight(first, ZONE), midnight(last + timedelta(days=1), ZONE)
        cut, found = min(end - 1, self.as_of), {}
        for store in {one["store"] for one in self.facts if one["type"] in SIGNS}:
            own = [one for one in self.moves(store, cut) if one["instant"] >= start]
            own = [one for one in own if one["type"] == "SampleFreightAdvanced"]
            name = f"{first:%Y-%m}/{store}/freight"
            if own and self.foreign(store, cut):
                found[name] = ("held", 0, (), ("currency_differs",))
            elif own:
                found[name] = ("payable", -sum(map(cents, own)), (), ())
        for request, asked in self.requests().items():
            if start <= asked["instant"] < end:
                outcome, unmet, held = self.decision(request)
                found[request] = (outcome, None, unmet, held)
        return found

    def owed(self, store: str, last: date) -> tuple[int, str] | None:
        """Cents and state of what a store owes at a month's end."""
        cut = min(midnight(last + timedelta(days=1), ZONE) - 1, self.as_of)
        if self.balance(store, cut) >= 0 or self.foreign(store, cut):
            return None
        later = [one["instant"] for one in self.moves(store, self.as_of) if one["instant"] > cut]
        covered = any(self.balance(store, t) >= 0 for t in later)
        return -self.balance(store, cut), "fulfilled" if covered else "open"

    def odd(self, fact: Fact) -> list[str]:
        """What does not fit of a fact."""
        t, kind = parse_instant(fact["at"]), fact["type"]
        if kind in SIGNS:
            store = fact["store"]
            if t < START:
                return ["before_program"]
            if fact["currency"] != "USD":
                return ["currency_differs"]
            beyond = self.balance(store, t) < 0 and not self.foreign(store, self.as_of)
            return ["payout_beyond_balance"] if kind == "PayoutMade" and beyond else []
        if kind != "SampleApproved":
            return []
        first = self.first_approval(fact["request"])
        if first is None or first.get("id") != fact.get("id"):
            return []
        asked = self.requests().get(fact["request"])
        if asked is None:
            return ["unknown_request"]
        declined = asked["instant"] >= START and self.decision(fact["request"])[0] == "declined"
        return ["approved_though_declined"] if declined else []
