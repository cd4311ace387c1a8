"""A small quarter for tests of closing and of all that follows: facts, and a book told them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, shipped
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.statements.pay import pay
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.closed_periods import verify_closed
from ledger.usecases.verifying.snapshots import verify_snapshots
from ledger.usecases.verifying.verify import verify
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import catch_up, rebuild
from projections.verify import verify_entries, verify_views
from tests.forging import Row, forge_log

PROGRAM = "recruiting-eu-jp-2026q1"
GROWTH = "growth-2026-05"
NOW = parse_instant("2026-11-21T12:00:00Z")
TERM_OVER = parse_instant("2026-06-30T16:00:00Z")
Facts = list[dict[str, Any]]
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
"""For what does not depend on the database and is shown on both elsewhere."""


def certified(partner: str) -> Facts:
    """The partner is certified before the quarter."""
    return [{"type": "PartnerCertified", "at": "2025-12-01T09:00:00+08:00", "partner": partner}]


def store(number: int, partner: str = "P-1", *, gmv: str = "1500.00") -> Facts:
    """A store that meets every condition: targeting, onboarding, GMV third, then the others."""
    name, merchant = f"S-{number}", f"M-{number}"
    on = {"at": "2026-01-10T09:00:00+08:00", "store": name}
    return [
        {"type": "MerchantTargeted", **AT, "program": PROGRAM, "merchant": merchant}
        | {"mode": "targeted"},
        {"type": "MerchantOnboarded", **on, "merchant": merchant, "market": "EU"}
        | {"brand": f"B-{number}", "partner": partner},
        amount_of(name, gmv),
        {"type": "StoreVerified", "at": "2026-01-12T09:00:00+08:00", "store": name},
        {"type": "FirstSale", "at": "2026-01-20T09:00:00+08:00", "store": name},
        *(
            {"type": "StockListed", "at": "2026-01-15T09:00:00+08:00", "store": name}
            | {"country": country}
            for country in ("DE", "ES", "FR", "IT")
        ),
    ]


AT = {"at": "2026-01-02T09:00:00+08:00"}


def amount_of(store: str, amount: str, at: str = "2026-02-20T09:00:00+08:00") -> dict[str, Any]:
    """Settled GMV of a day within the first thirty of every store here."""
    fact = {"type": "GMVRecorded", "at": at, "store": store, "day": "2026-01-25"}
    return fact | {"amount": amount, "currency": "CNY", "basis": "settled"}


def closure(store: str, reason: str = "voluntary") -> dict[str, Any]:
    """The store was closed in March, within the term."""
    at = "2026-03-15T09:00:00+08:00"
    return {"type": "StoreClosed", "at": at, "store": store, "reason": reason}


ONBOARDED, GMV, VERIFIED, SALE = 2, 3, 4, 5
"""Where the facts of S-1 stand among those of a plain quarter."""


def plain_quarter() -> Facts:
    """P-1 with two payable lines, S-1 and S-2, of 2000.00 each. Nothing is held or odd."""
    return [*certified("P-1"), *store(1), *store(2)]


def held_quarter() -> Facts:
    """As well: P-2, with S-4 closed for counterfeits and S-5 held for a ratio not published."""
    risky = [*certified("P-2"), *store(4, "P-2"), *store(5, "P-2"), closure("S-4", "counterfeit")]
    return [*plain_quarter(), *risky]


def enrolled(
    merchant: str = "M-7", program: str = GROWTH, *, gmv: str = "40000.00", **promised: int
) -> Facts:
    """A merchant invited and enrolled with a store of its own, with GMV in the term."""
    own = {"program": program, "merchant": merchant}
    shop = f"S-{merchant}"
    at = {"at": "2026-05-03T10:00:00+08:00"}
    onboarded = {"type": "MerchantOnboarded", "at": "2026-01-03T10:00:00+08:00", "store": shop}
    sales = {"type": "GMVRecorded", "at": "2026-06-21T09:00:00+08:00", "store": shop}
    return [
        {**onboarded, "merchant": merchant, "market": "EU"},
        {"type": "MerchantInvited", "at": "2026-04-20T09:00:00+08:00", **own},
        {"type": "MerchantEnrolled", **at, **own, "store": shop, "promised": promised},
        {**sales, "day": "2026-06-20", "amount": gmv, "currency": "USD", "basis": "placed"},
    ]


def fee_paid(
    amount: str, at: str = "2026-05-04T14:00:00+08:00", merchant: str = "M-7", **more: str
) -> dict[str, Any]:
    """A payment towards the fixed fee."""
    fact = {"type": "FixedFeePaid", "at": at, "program": GROWTH, "merchant": merchant}
    return fact | {"amount": amount, "currency": "USD"} | more


as_shipped = cache(shipped)
"""The editions are parsed once: a test changes copies."""


def edition(program: str, /, **changed: Any) -> Edition:
    """A shipped edition with some of its fields or parameters changed, as it is published."""
    base = next(one for one in as_shipped() if one.program == program)
    fields = {name: changed.pop(name) for name in list(changed) if name in Edition.model_fields}
    return checked(base.model_copy(update={"terms": base.terms | changed, **fields}))


class Quarter:
    """A book that is told facts and asked to decide."""

    def __init__(self, book: Book, folder: Path) -> None:
        self.book, self.folder = book, folder
        self.calls = count(1)
        self.told: list[int] = []
        """Positions of the facts of the first call."""

    def tell(self, facts: Facts) -> list[int]:
        """Records the facts, all of them new; answers their positions."""
        path = self.folder / f"told-{next(self.calls)}.ndjson"
        path.write_text("".join(json.dumps(one) + "\n" for one in facts), encoding="utf-8")
        answer = record(self.book, [str(path)], now=NOW, by="test")
        assert (answer.recorded, answer.rejected) == (len(facts), [])
        found = list(range(answer.position - len(facts) + 1, answer.position + 1))
        self.told = self.told or found
        return found

    def withdraw(self, position: int) -> int:
        """Withdraws a fact; answers the withdrawal's position."""
        withdraw(self.book, position, reason="wrong", by="test", now=NOW)
        return self.book.head().position

    def close(self, program: str = PROGRAM, **options: Any) -> dict[str, Any]:
        """Closes as lin."""
        return close(self.book, program, **{"by": "lin", "now": NOW} | options)

    def adjust(self, program: str = PROGRAM, **options: Any) -> dict[str, Any]:
        """Adjusts as lin."""
        return adjust(self.book, program, **{"by": "lin", "now": NOW} | options)[1]

    def pay(
        self, amount: str, payee: str = "partner:P-1", *, ref: str = "bank-1", **options: Any
    ) -> dict[str, Any]:
        """Pays a recruiting statement, or that of a program, in CNY or a currency."""
        name = f"{options.pop('program', PROGRAM)}/{payee}"
        said = {"amount": amount, "currency": "CNY", "ref": ref, "by": "lin", "now": NOW}
        return pay(self.book, name, **said | options)

    def replay(self, program: str = PROGRAM, **options: Any) -> dict[str, Any]:
        """The replay's answer."""
        with self.book.reading() as connection:
            head = self.book.head().position
            return replay(connection, program, None, known_at=head, **options).as_json()

    def statement(
        self,
        payee: str | None = None,
        program: str = PROGRAM,
        known_at: int | None = None,
        as_of: int = FOREVER,
    ) -> dict[str, Any]:
        """The statement's answer."""
        with self.book.reading() as connection:
            at = known_at or self.book.head().position
            return statement(connection, program, None, payee, Clocks(as_of, at))

    def rows(self, name: str, clocks: Clocks | None = None) -> list[dict[str, Any]]:
        """The rows of a report."""
        return report(self.book, name, clocks=clocks).rows

    def balances(self) -> dict[str, str]:
        """Balances that are not zero, by account and commodity."""
        return {
            f"{one['account']} {one['currency']}": one["balance"]
            for one in self.rows("balances")
            if one["balance"].strip("0.")
        }

    def catch_up(self) -> None:
        """Brings every view to the head."""
        for view in VIEWS.values():
            catch_up(self.book, view)

    def as_built_anew(self) -> None:
        """The accounts kept up event by event are those of a book read in one go, and verify."""
        self.catch_up()
        live = self.rows("entries"), self.rows("balances")
        for name in ("entries", "balances"):
            rebuild(self.book, VIEWS[name])
        assert (self.rows("entries"), self.rows("balances")) == live
        assert self.failing() == {}

    def unchanged(self, program: str = PROGRAM) -> None:
        """Adjusting once more issues nothing, and everything that was decided verifies."""
        head = self.book.head()
        answer = self.adjust(program)
        assert (answer["adjustments"], answer["recorded"]) == ([], 0)
        assert (answer["receipt"], self.book.head()) == (head.receipt, head)
        assert self.replay(program)["identical"] is True
        assert [one.detail for one in verify_closed(self.book, silent) if not one.ok] == []

    @contextmanager
    def refused(self, error: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Any]]:
        """Refused with that class and a next step, and the log stands where it stood."""
        head = self.book.head()
        with pytest.raises(error) as raised:
            yield raised
        assert type(raised.value) is error
        assert raised.value.hint
        assert self.book.head() == head

    def failing(self) -> dict[str, str]:
        """Every check of `duebook verify` that does not hold, by name."""
        found = verify(self.book, [], silent)
        if all(one.ok for one in found):
            found += [*verify_closed(self.book, silent), verify_entries(self.book, silent)]
            found += [*verify_snapshots(self.book), *verify_views(self.book, silent)]
        return {one.name: one.detail for one in found if not one.ok}


def silent(what: str, more: int) -> None:
    """Progress that nobody is told of."""


def changes(answer: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """An adjustment's rows: was, now, outcome and what it rests on, by line and payee."""
    return {
        (one["line"].partition("/")[2], one["payee"]): (
            *(one["was"], one["now"], one["difference"], one["outcome"]),
            one["because"],
        )
        for one in answer["adjustments"]
    }


def forge(book: Book, topic: str, change: Callable[[bytes], bytes]) -> int:
    """Changes the first event of a topic, and makes anew all that follows from the log, as one who
    has the database and the source would, and removes the receipts; answers the position."""
    changed = 0

    def changing(rows: list[Row]) -> list[Row]:
        nonlocal changed
        row = next((row for row in rows if row["topic"] == topic), None)
        assert row is not None, f"there is no {topic}"
        state = change(row["state"])
        assert state != row["state"], "the forgery changes nothing"
        row["state"], changed = state, row["position"]
        return rows

    forge_log(book, changing)
    if book.path:
        Path(f"{book.path}.receipts").unlink()
    return changed


def next_quarter(name: str, first: date, **changed: Any) -> Edition:
    """Recruiting under the same rules, for the three months from a day on."""
    last = date(first.year, first.month + 2, 30)
    return edition(
        PROGRAM, program=name, publisher="acme", version=1, first=first, last=last, **changed
    )


def moved(facts: Facts, edition: Edition) -> Facts:
    """Facts of January and February 2026, moved into an edition's first and second month."""
    month = edition.first.month
    text = json.dumps(facts).replace(PROGRAM, edition.program)
    text = text.replace("2026-02-", f"2026-{month + 1:02}-").replace(
        "2026-01-", f"2026-{month:02}-"
    )
    return list(json.loads(text))
