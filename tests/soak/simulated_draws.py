"""What comes next in a sequence: steps drawn from one source of chance, given what was told."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from projections.catalogue import VIEWS
from tests.fees import RATES, order, written
from tests.quarter import PROGRAM, amount_of, certified, moved, store
from tests.soak.simulated_files import Row
from tests.soak.simulated_model import MONTHS, PERIODS, Model
from tests.soak.simulated_rules import Fact, amount
from tests.soak.simulated_steps import Step, recruiting_editions

PARTNERS = ("P-1", "P-2", "P-3")
FEE_STORES = ("F-1", "F-2", "F-3", "F-4")
STORES_OF_A_QUARTER = 9
CREATED = ("01T00:00:00+08:00", "12T09:30:00+08:00", "30T16:30:00Z", "28T23:59:59+08:00")
WEIGHTS = {
    "record": 30,
    "send again": 4,
    "orders": 10,
    "withdraw": 7,
    "withdraw orders": 3,
    "close": 6,
    "adjust": 12,
    "pay": 10,
    "publish": 2,
    "rebuild": 4,
    "ask": 10,
    "verify": 1,
    "reopen": 3,
}


class Draws:
    """Draws steps; the files that they send lie in a folder."""

    def __init__(self, chance: Random, folder: Path, model: Model) -> None:
        self.chance, self.folder, self.model = chance, folder, model
        self.files = 0
        self.sent: list[str] = []
        self.untold = _facts_of_quarters(chance)
        self.told: list[Fact] = []
        self.orders = 0
        self.payments = 0
        self.withdrawals = 0

    def next(self) -> Step:
        """One more step; one that nothing can be done about yet is drawn anew."""
        while True:
            (kind,) = self.chance.choices([*WEIGHTS], [*WEIGHTS.values()])
            if kind in ("ask", "verify", "reopen"):
                return {"do": kind}
            how: Callable[[], Step | None] = getattr(self, f"_{kind.replace(' ', '_')}")
            step = how()
            if step is not None:
                return step

    def _new_path(self, suffix: str) -> Path:
        self.files += 1
        return self.folder / f"{self.files}.{suffix}"

    def _record(self) -> Step:
        facts: list[Fact] = []
        for _ in range(self.chance.randint(1, 12)):
            if self.untold and (not self.told or self.chance.random() < 0.8):
                facts.append(self.untold.pop())
            else:
                facts.append(self.chance.choice(self.told))
        with_id = [one for one in facts if "id" in one]
        if with_id and self.chance.random() < 0.06:
            # Under the same id something else: refused, and all of the call with it.
            facts.append(self.chance.choice(with_id) | {"at": "2026-01-03T00:00:00Z"})
            self.untold += [one for one in facts[:-1] if one not in self.told]
        else:
            self.told += [one for one in facts if one not in self.told]
            facts += self._withdrawn_by_id(facts)
        path = self._new_path("ndjson")
        by = f"call-{self.files}"  # so that no two files have the same bytes
        text = "".join(json.dumps({**one, "by": by}) + "\n" for one in facts)
        path.write_text(text, encoding="utf-8")
        self.sent.append(str(path))
        return {"do": "record", "file": str(path)}

    def _withdrawn_by_id(self, facts: list[Fact]) -> list[Fact]:
        """Now and then a withdrawal among the facts, of one that an earlier call brought."""
        here = {one.get("id") for one in facts}
        model = self.model
        ids = [key for key, one in model.facts.items() if "id" in one.fact and key not in here]
        if not ids or self.chance.random() > 0.1:
            return []
        self.withdrawals += 1
        at = "2026-07-01T00:00:00Z"
        return [
            {"type": "FactWithdrawn", "at": at, "id": self.chance.choice(ids)}
            | {"reason": f"number {self.withdrawals}"}
        ]

    def _send_again(self) -> Step | None:
        files = [one for one in self.sent if one in self.model.files]
        return {"do": "record", "file": self.chance.choice(files)} if files else None

    def _orders(self) -> Step:
        held = self.model.orders()
        rows: dict[tuple[str, str], Row] = {}
        for _ in range(self.chance.randint(1, 10)):
            which = self.chance.random()
            if held and which < 0.15:
                row = self.chance.choice([*held.values()])
            elif held and which < 0.4:
                row = self._changed(self.chance.choice([*held.values()]))
            else:
                row = self._new_order()
            rows.setdefault((row["store"], row["order_id"]), row)
        path = written(self._new_path("csv"), list(rows.values()), (*next(iter(rows.values())),))
        return {"do": "orders", "file": str(path)}

    def _new_order(self) -> Row:
        self.orders += 1
        draw = self.chance.choice
        created = f"{draw(MONTHS)}-{draw(CREATED)}"
        return order(f"o-{self.orders}", store=draw(FEE_STORES), created_at=created) | {
            "amount": amount(self.chance.randint(0, 500_00)),
            "refunded": "0.00",
            "traffic": draw(("ad", "ordinary")),
            "channel": draw(("selected_alliance", "other")),
            "category": draw(("apparel", "digital")),
            "updated_at": "2020-11-01T00:00:00Z",
        }

    def _changed(self, row: Row) -> Row:
        """A later version of an order, or one that was made earlier and comes late."""
        self.orders += 1
        earlier = self.chance.random() < 0.2
        seconds = f"{self.orders // 3600 % 24:02}:{self.orders // 60 % 60:02}:{self.orders % 60:02}"
        updated = f"2020-{'10-31' if earlier else '12-01'}T{seconds}Z"
        refunded = self.chance.randint(0, int(row["amount"].replace(".", "")))
        return row | {"refunded": amount(refunded), "updated_at": updated}

    def _withdraw(self) -> Step | None:
        places = [place for place, key in self.model.places.items() if key is not None]
        if not places:
            return None
        if self.chance.random() < 0.05:
            return {"do": "withdraw", "position": 1}
        return {"do": "withdraw", "position": self.chance.choice(places)}

    def _withdraw_orders(self) -> Step | None:
        calls = [one.position for one in self.model.calls]
        return {"do": "withdraw orders", "position": self.chance.choice(calls)} if calls else None

    def _close(self) -> Step | None:
        ready = [one for one in PERIODS if self.model.lines(one) or one in self.model.closed]
        if not ready:
            return None
        program, period = self.chance.choice(ready)
        return {"do": "close", "program": program, "period": period}

    def _adjust(self) -> Step | None:
        closed = [*self.model.closed]
        if not closed or self.chance.random() < 0.04:
            closed = PERIODS
        program, period = self.chance.choice(closed)
        return {"do": "adjust", "program": program, "period": period}

    def _pay(self) -> Step | None:
        statements = [*self.model.balances]
        if not statements:
            return None
        if self.model.paid and self.chance.random() < 0.2:
            (statement, ref), paid = self.chance.choice([*self.model.paid.items()])
            paid = paid if self.chance.random() < 0.7 else "123.45"
            return {"do": "pay", "statement": statement, "amount": paid, "ref": ref}
        statement = self.chance.choice(statements)
        open_ = self.model.balances[statement].open
        minor = self.chance.choice((open_, open_, open_ // 2, open_ + 50_00, -100_00)) or 77
        self.payments += 1
        said = {"amount": amount(minor), "ref": f"bank-{self.payments}"}
        return {"do": "pay", "statement": statement, **said}

    def _publish(self) -> Step:
        rates: list[dict[str, Any]] = [dict(one) for one in RATES]
        self.chance.choice(rates)["rate"] = f"0.0{self.chance.randint(1, 9)}5"
        return {"do": "publish", "version": self.model.version + 1, "rates": rates}

    def _rebuild(self) -> Step:
        return {"do": "rebuild", "view": self.chance.choice([*VIEWS])}


def _facts_of_quarters(chance: Random) -> list[Fact]:
    """The facts of the partners and of two quarters' stores, with ids and without, shuffled."""
    first, second = (
        [fact for number in numbers for fact in _store(chance, number)]
        for numbers in (range(1, STORES_OF_A_QUARTER), range(101, 100 + STORES_OF_A_QUARTER))
    )
    own = [fact for one in PARTNERS for fact in certified(one)]
    facts = [*own, *first, *moved(second, recruiting_editions()[1])]
    chance.shuffle(facts)
    return [
        one | {"id": f"id-{number}"} if chance.random() < 0.5 else one
        for number, one in enumerate(facts)
    ]


def _store(chance: Random, number: int) -> list[Fact]:
    """A store of some partner that sells about as much as it must, and may be closed."""
    gmv = chance.choice(("400.00", "1000.00", "1000.01", "1500.00"))
    facts = store(number, chance.choice(PARTNERS), gmv=gmv)
    for _ in range(chance.choice((0, 0, 1, 2))):
        # Equal ones too: without an id each of them counts.
        facts.append(amount_of(f"S-{number}", chance.choice(("300.00", "-200.00", "0.01"))))
    if chance.random() < 0.25:
        reason = chance.choice(("voluntary", "counterfeit", "counterfeit"))
        at = "2026-02-15T09:00:00+08:00"
        facts.append({"type": "StoreClosed", "at": at, "store": f"S-{number}", "reason": reason})
    assert all(one["program"] == PROGRAM for one in facts if "program" in one)
    return facts
