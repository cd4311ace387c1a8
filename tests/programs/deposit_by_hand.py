"""The rules of deposits once more, as plainly as they can be said: every question is asked of all
facts anew. Slow, and written apart from the program, to compare it with."""

import hashlib
from datetime import date, timedelta
from typing import Any

from ledger.aggregates.catalogue import FACTS
from ledger.kernel.instants import day_of, midnight, parse_instant

Fact = dict[str, Any]
ZONE = "Asia/Shanghai"
START = midnight(date(2020, 1, 1), ZONE)
SIGNS = {"DepositPaid": 1, "DepositCompensated": -1, "DepositDeducted": -1}
MOVES = (*SIGNS, "DepositReturned")
DEPOSITS = (*MOVES, "DepositRequired")
KINDS = {"compensation": "DepositCompensated", "deduction": "DepositDeducted"}


def cents(fact: Fact) -> int:
    return round(float(fact["amount"]) * 100)


def content(fact: Fact) -> bytes:
    said = {key: value for key, value in fact.items() if key not in ("type", "at", "instant")}
    return hashlib.sha256(FACTS[fact["type"]].model_validate(said).content()).digest()


class ByHand:
    """One store's facts up to an as-of, under some terms."""

    def __init__(self, store: str, facts: list[Fact], terms: dict[str, Any], as_of: int) -> None:
        told = [{**one, "instant": parse_instant(one["at"])} for one in facts]
        told = [one for one in told if one.get("store") == store and one["instant"] <= as_of]
        told = [one for one in told if one["type"] not in MOVES or one["instant"] >= START]
        self.all, self.terms, self.as_of = told, terms, as_of
        self.facts = [one for one in told if one.get("currency", "CNY") == "CNY"]
        self.instants = sorted({one["instant"] for one in told})
        self.spells = self._spells()

    def of(self, *kinds: str) -> list[Fact]:
        return [one for one in self.facts if one["type"] in kinds]

    def foreign(self, t: int) -> bool:
        return any(one["instant"] <= t for one in self.all if one not in self.facts)

    def _spells(self) -> list[tuple[int, int | None]]:
        found: list[tuple[int, int | None]] = []
        began = None
        for t in self.instants:
            kinds = {one["type"] for one in self.all if one["instant"] == t}
            if began is not None and "StoreReopened" in kinds:
                found.append((began, t))
                began = None
            if began is None and "StoreClosed" in kinds:
                began = t
        return [*found, (began, None)] if began is not None else found

    def closed(self, t: int) -> bool:
        return any(a <= t and (b is None or t < b) for a, b in self.spells)

    def due(self, began: int) -> int | None:
        days = self.terms.get("return_after_days")
        if days is None:
            return None
        return midnight(day_of(began, ZONE) + timedelta(days=days + 1), ZONE)

    def releases(self) -> list[tuple[int, int, int]]:
        """Closing, due instant and amount of every spell that lasted."""
        found: list[tuple[int, int, int]] = []
        for a, b in self.spells:
            due = self.due(a)
            if due is not None and due <= self.as_of and (b is None or b >= due):
                left = sum(
                    SIGNS[one["type"]] * cents(one)
                    for one in self.of(*SIGNS)
                    if one["instant"] < due
                )
                found.append((a, due, max(0, left - sum(amount for _, _, amount in found))))
        return found

    def kept(self, t: int) -> int:
        left = sum(
            SIGNS[one["type"]] * cents(one) for one in self.of(*SIGNS) if one["instant"] <= t
        )
        return left - max(self.released(t), self.returned(t))

    def released(self, t: int) -> int:
        return sum(amount for _, due, amount in self.releases() if due <= t)

    def returned(self, t: int) -> int:
        return sum(cents(one) for one in self.of("DepositReturned") if one["instant"] <= t)

    def required(self, t: int) -> int | None:
        for kind in ("DepositRequired", "StoreCategoriesSet"):
            told = [one for one in self.of(kind) if one["instant"] <= t]
            if told:
                last = max(told, key=lambda one: (one["instant"], content(one)))
                return cents(last) if kind == "DepositRequired" else self._rows(last["categories"])
        return None

    def _rows(self, categories: list[str]) -> int | None:
        rows = {one["category"]: cents(one) for one in self.terms.get("requirements", [])}
        if not categories or any(one not in rows for one in categories):
            return None
        amounts = [rows[one] for one in set(categories)]
        return sum(amounts) if self.terms["combination"] == "sum" else max(amounts)

    def short(self, t: int) -> bool:
        required = self.required(t)
        return not self.closed(t) and required is not None and max(0, self.kept(t)) < required

    def lines(self, first: date, last: date) -> dict[str, tuple[Any, ...]]:
        """Kind to outcome, cents and codes."""
        start, end = midnight(first, ZONE), midnight(last + timedelta(days=1), ZONE)
        if start > self.as_of:
            return {}
        cut, found = min(end - 1, self.as_of), {}
        for kind, name in KINDS.items():
            mine = [
                one for one in self.all if one["type"] == name and start <= one["instant"] <= cut
            ]
            if mine:
                found[kind] = ("payable", -sum(map(cents, mine)), (), ())
        if any(one["type"] == "DepositPaid" and one["instant"] <= cut for one in self.all):
            back = self._return(start, end, cut)
            if back:
                found["return"] = back
        told = [one for one in self.all if one["type"] in (*DEPOSITS, "StoreCategoriesSet")]
        if any(one["instant"] <= cut for one in told) and not self.closed(cut):
            required = self.required(cut)
            if required is None:
                found["standing"] = ("held", None, (), ("requirement_unset",))
            elif max(0, self.kept(cut)) >= required:
                found["standing"] = ("granted", None, (), ())
            else:
                found["standing"] = ("declined", None, ("requirement_covered",), ())
        if self.foreign(cut):
            zero = {kind: None if kind == "standing" else 0 for kind in found}
            found = {kind: ("held", zero[kind], (), ("currency_differs",)) for kind in found}
        return found

    def _return(self, start: int, end: int, cut: int) -> tuple[Any, ...] | None:
        if self.terms.get("return_after_days") is None:
            closings = [a for a, _ in self.spells if start <= a <= cut]
            return ("held", 0, (), ("return_after_unset",)) if closings else None
        mine = [(a, b) for a, b in self.spells if start <= (self.due(a) or 0) < end]
        if not mine:
            return None
        began = {a for a, _ in mine}
        total = sum(amount for a, _, amount in self.releases() if a in began)
        if total:
            return ("payable", total, (), ())
        if any(b is None and (self.due(a) or 0) > self.as_of for a, b in mine):
            return ("held", 0, (), ("window_open",))
        a, b = mine[-1]
        code = "stayed_closed" if b is not None and b < (self.due(a) or 0) else "balance_left"
        return ("declined", 0, (code,), ())

    def top_up(self, first: date, last: date) -> tuple[Any, ...] | None:
        """Cents, due day and state."""
        if self.lines(first, last).get("standing", ("",))[0] != "declined":
            return None
        cut = min(midnight(last + timedelta(days=1), ZONE) - 1, self.as_of)
        changes = sorted({*self.instants, *(due for _, due, _ in self.releases())})
        since = cut
        for t in reversed([one for one in changes if one <= cut]):
            if not self.short(t):
                break
            since = t
        days = self.terms.get("top_up_within_days")
        due = None if days is None else day_of(since, ZONE) + timedelta(days=days)
        over = None if due is None else midnight(due + timedelta(days=1), ZONE)
        state = "overdue" if over is not None and self.as_of >= over else "open"
        for t in (one for one in changes if cut < one <= self.as_of):
            if not self.short(t):
                late = over is not None and t >= over
                if self.closed(t) or self.required(t) is None:
                    state = "overdue" if late else "lapsed"
                else:
                    state = "fulfilled_late" if late else "fulfilled"
                break
        return ((self.required(cut) or 0) - max(0, self.kept(cut)), due, state)

    def odd(self, fact: Fact) -> list[str]:
        """What does not fit of a fact."""
        t, kind = parse_instant(fact["at"]), fact["type"]
        if self.foreign(self.as_of):
            foreign = kind in DEPOSITS and fact["currency"] != "CNY"
            return ["currency_differs"] if foreign and (kind not in MOVES or t >= START) else []
        if kind in MOVES and t < START:
            return ["before_program"]
        if kind in KINDS.values():
            return ["deposit_uncovered"] if self.kept(t) < 0 else []
        if kind != "DepositReturned":
            return []
        found = [] if self.closed(t) else ["returned_while_open"]
        beyond = self.returned(t) > self.released(t)
        judged = self.terms.get("return_after_days") is not None
        return [*found, "returned_beyond_due"] if judged and beyond else found
