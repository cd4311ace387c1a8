"""What a book must hold and say after each step: a model in memory that is told the same steps."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.soak.simulated_files import SAID, Row, facts_in, rows_in
from tests.soak.simulated_rules import Balance, Fact, Said, amount, cents, fees, recruiting
from tests.soak.simulated_steps import FEES, FIRST_QUARTER, SECOND_QUARTER, Step

QUARTERS = {FIRST_QUARTER: "2026-01", SECOND_QUARTER: "2026-04"}
MONTHS = [f"2020-{month:02}" for month in range(5, 11)]
Period = tuple[str, str | None]
PERIODS: list[Period] = [*((one, None) for one in QUARTERS), *((FEES, one) for one in MONTHS)]
Event = tuple[str, dict[str, Any]]
"""The name of an event's type, and what some of its fields must say."""


class Refused(NamedTuple):
    """A refusal, by the name of its class."""

    name: str


@dataclass
class Foreseen:
    """What a step must answer and record, and how the model takes it in."""

    answer: dict[str, Any] | Refused
    events: list[Event] = field(default_factory=list)
    take: Callable[[int], None] = lambda position: None
    """Given the position after the step."""


@dataclass
class Told:
    """A fact that counts, and where it stands."""

    fact: Fact
    position: int


@dataclass
class Call:
    """A call of order lines."""

    position: int
    rows: list[Row]
    withdrawn: bool = False


@dataclass
class Closed:
    """A period that was closed: what its statements say by now, under the terms of its close."""

    rates: list[dict[str, str]]
    stated: dict[str, Said]


def name_of(period: Period) -> str:
    """The period as the ids of statements begin."""
    return "/".join(part for part in period if part)


class Model:
    """What a book was told and has answered."""

    def __init__(self, head: int, rates: list[dict[str, str]]) -> None:
        self.head = head
        self.version, self.rates = 1, rates
        self.facts: dict[str, Told] = {}
        """By the sender's id, or the content and how many equal ones came before."""
        self.places: dict[int, str | None] = {}
        """Per position of a fact its key; None: a withdrawal."""
        self.lifted: set[int] = set()
        self.withdrawals: set[str] = set()
        self.files: set[str] = set()
        """Files that some fact was recorded from."""
        self.calls: list[Call] = []
        self.closed: dict[Period, Closed] = {}
        self.balances: dict[str, Balance] = defaultdict(Balance)
        self.paid: dict[tuple[str, str], str] = {}

    def foresee(self, step: Step) -> Foreseen:
        """What a step must come to. Changes nothing."""
        how: Callable[[Step], Foreseen] = getattr(self, f"_{step['do'].replace(' ', '_')}")
        return how(step)

    def lines(self, period: Period, rates: list[dict[str, str]] | None = None) -> dict[str, Said]:
        """What the rules say of a period by now."""
        program, month = period
        if month is None:
            told = [one.fact for one in self.facts.values()]
            return recruiting(program, QUARTERS[program], told)
        return fees(program, month, self.orders().values(), rates or self.rates)

    def orders(self) -> dict[tuple[str, str], Row]:
        """The version of each order that counts: the latest, of equal ones the later recorded."""
        found: dict[tuple[str, str], Row] = {}
        for row in self._versions():
            key = (row["store"], row["order_id"])
            if key not in found or row["updated_at"] >= found[key]["updated_at"]:
                found[key] = row
        return found

    def _versions(self) -> Iterator[Row]:
        for call in self.calls:
            if not call.withdrawn:
                yield from call.rows

    def _record(self, step: Step) -> Foreseen:
        facts = facts_in(step["file"])
        if step["file"] in self.files:
            return Foreseen({"recorded": 0, "known": len(facts), "rejected": []})
        seen: Counter[str] = Counter()
        here: dict[str, Fact] = {}
        new: list[tuple[str | None, Fact]] = []
        for fact in facts:
            content = json.dumps(fact, sort_keys=True)
            if fact["type"] == "FactWithdrawn":
                if content not in self.withdrawals:
                    new.append((None, fact))
                continue
            key = fact.get("id") or f"{content} {seen[content]}"
            seen[content] += 1
            known = self.facts[key].fact if key in self.facts else here.get(key)
            if known is None:
                here[key] = fact
                new.append((key, fact))
            elif known != fact:
                return Foreseen({"recorded": 0, "codes": ["conflicting_id"]})
        events = [("BatchRecorded", {"recorded": len(new)})] if new else []
        events += [(fact["type"], {k: v for k, v in fact.items() if k in SAID}) for _, fact in new]
        answer = {"recorded": len(new), "known": len(facts) - len(new), "rejected": []}
        return Foreseen(answer, events, lambda position: self._told(step["file"], new, position))

    def _told(self, file: str, new: list[tuple[str | None, Fact]], position: int) -> None:
        self.files.add(file)
        for place, (key, fact) in enumerate(new, position - len(new) + 1):
            self.places[place] = key
            if key is not None:
                self.facts[key] = Told(fact, place)
            else:
                self.withdrawals.add(json.dumps(fact, sort_keys=True))
                self._lift(self.facts[fact["id"]].position)

    def _lift(self, position: int) -> None:
        self.lifted.add(position)
        key = self.places[position]
        assert key is not None
        del self.facts[key]

    def _withdraw(self, step: Step) -> Foreseen:
        position = step["position"]
        if self.places.get(position) is None:
            return Foreseen(Refused("NoSuchEvent"))
        if position in self.lifted:
            return Foreseen(Refused("AlreadyWithdrawn"))

        def take(head: int) -> None:
            self.places[head] = None
            self._lift(position)

        events: list[Event] = [("BatchRecorded", {}), ("FactWithdrawn", {"position": position})]
        return Foreseen({"withdrawn": position}, events, take)

    def _orders(self, step: Step) -> Foreseen:
        rows = rows_in(step["file"])
        versions = list(self._versions())
        keys = {(one["store"], one["order_id"]) for one in versions}
        new = [row for row in rows if row not in versions]
        revised = sum((row["store"], row["order_id"]) in keys for row in new)
        known = len(rows) - len(new)
        answer = {"recorded": len(new), "known": known, "revised": revised, "rejected": []}
        if not new:
            return Foreseen(answer | {"revised": 0})
        archived = {"known": known, "revised": revised, "rows": len(new)}
        events: list[Event] = [("BatchRecorded", {}), ("OrdersArchived", archived)]
        return Foreseen(answer, events, lambda head: self.calls.append(Call(head, new)))

    def _withdraw_orders(self, step: Step) -> Foreseen:
        call = next((one for one in self.calls if one.position == step["position"]), None)
        if call is None:
            return Foreseen(Refused("NoSuchEvent"))
        if call.withdrawn:
            return Foreseen(Refused("AlreadyWithdrawn"))
        events: list[Event] = [("OrdersWithdrawn", {"archived": call.position})]
        return Foreseen({"recorded": 1}, events, lambda head: setattr(call, "withdrawn", True))

    def _close(self, step: Step) -> Foreseen:
        period: Period = (step["program"], step["period"])
        if period in self.closed:
            return Foreseen(Refused("AlreadyClosed"))
        lines = self.lines(period)
        payees = sorted({one.payee for one in lines.values()})
        carried = {payee: self._advances(payee) for payee in payees}
        events: list[Event] = []
        for payee in payees:
            own = {line: amount(one.minor) for line, one in lines.items() if one.payee == payee}
            forward = {name: amount(-minor) for name, minor in carried[payee].items()}
            said = {"payee": payee, "lines": own, "brought_forward": forward}
            events.append(("StatementIssued", said))
        seal = {"known_at": self.head, "lines": len(lines), "statements": len(payees)}
        events.append(("PeriodClosed", seal))

        def take(head: int) -> None:
            for payee, balances in carried.items():
                statement = f"{name_of(period)}/{payee}"
                for other, minor in balances.items():
                    self.balances[statement].carried -= minor
                    self.balances[other].carried += minor
            for one in lines.values():
                self.balances[f"{name_of(period)}/{one.payee}"].stated += one.minor
            self.closed[period] = Closed(self.rates, lines)

        return Foreseen({"lines": len(lines), "recorded": len(events)}, events, take)

    def _advances(self, payee: str) -> dict[str, int]:
        return {
            name: one.advance
            for name, one in sorted(self.balances.items())
            if name.endswith(f"/{payee}") and one.advance
        }

    def _adjust(self, step: Step) -> Foreseen:
        period: Period = (step["program"], step["period"])
        closed = self.closed.get(period)
        if closed is None:
            return Foreseen(Refused("NotClosed"))
        now = self.lines(period, closed.rates)
        changed = {
            line: now.get(line) or closed.stated[line]._replace(outcome="void", minor=0)
            for line in sorted({*now, *closed.stated})
            if now.get(line) != closed.stated.get(line)
        }
        events: list[Event] = []
        for payee in sorted({one.payee for one in changed.values()}):
            own = {line: amount(one.minor) for line, one in changed.items() if one.payee == payee}
            events.append(("StatementAdjusted", {"payee": payee, "lines": own}))

        def take(head: int) -> None:
            for line, said in changed.items():
                was = closed.stated.get(line)
                moved = said.minor - (was.minor if was else 0)
                self.balances[f"{name_of(period)}/{said.payee}"].stated += moved
            closed.stated = now

        rows = {line: amount(one.minor) for line, one in changed.items()}
        return Foreseen({"recorded": len(events), "adjustments": rows}, events, take)

    def _pay(self, step: Step) -> Foreseen:
        statement, minor = step["statement"], cents(step["amount"])
        if statement not in self.balances:
            return Foreseen(Refused("NoSuchStatement"))
        balance, reference = self.balances[statement], (statement, step["ref"])
        if reference in self.paid:
            if self.paid[reference] != step["amount"]:
                return Foreseen(Refused("BadPayment"))
            return Foreseen({"recorded": False, "open": amount(balance.open)})

        def take(head: int) -> None:
            balance.paid += minor
            self.paid[reference] = step["amount"]

        said = {"amount": step["amount"], "ref": step["ref"]}
        answer = {"recorded": True, "open": amount(balance.open - minor)}
        return Foreseen(answer, [("PaymentMade", said)], take)

    def _publish(self, step: Step) -> Foreseen:
        if step["version"] <= self.version:
            return Foreseen({"recorded": False})

        def take(head: int) -> None:
            self.version, self.rates = step["version"], step["rates"]

        return Foreseen({"recorded": True}, [("TermsPublished", {"program": FEES})], take)

    def _rebuild(self, step: Step) -> Foreseen:
        return Foreseen({})
