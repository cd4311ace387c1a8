"""What a step does to a book, in this process or in a child of its own that may be killed."""

import json
import sys
from datetime import date
from typing import Any

from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.store import recorder
from ledger.store.book import Book, open_book
from ledger.store.head import microseconds_now
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.recording.withdraw_orders import withdraw_orders
from ledger.usecases.statements.pay import pay
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.runner import rebuild
from tests.quarter import PROGRAM as FIRST_QUARTER
from tests.quarter import edition, next_quarter
from tests.soak.simulated_rules import RATIOS

SECOND_QUARTER = "recruiting-acme-2026q2"
FEES = "technical-fee-2020"
NOW = parse_instant("2026-11-21T12:00:00Z")
WHO = {"by": "simulator", "now": NOW}
Step = dict[str, Any]
"""What is done, with what: it goes to a child as JSON."""
Answer = dict[str, Any]


def rates_edition(version: int, rates: list[dict[str, str]]) -> Edition:
    """Terms of the fee with rates and without discounts."""
    return edition(FEES, publisher="acme", version=version, rates=rates, discounts=[])


def recruiting_editions() -> list[Edition]:
    """Two quarters whose ratios are published, so that nothing is held for them."""
    return [
        edition(FIRST_QUARTER, publisher="acme", version=1, governance_ratios=RATIOS),
        next_quarter(SECOND_QUARTER, date(2026, 4, 1), governance_ratios=RATIOS),
    ]


def perform(book: Book, step: Step) -> Answer:
    """Does a step; what it answers. Raises what its use case raises."""
    match step["do"]:
        case "record":
            return record(book, [step["file"]], **WHO).as_json()
        case "orders":
            return record_orders(book, [step["file"]], **WHO).as_json()
        case "withdraw":
            return withdraw(book, step["position"], reason="wrong", **WHO)
        case "withdraw orders":
            return withdraw_orders(book, step["position"], reason="wrong", by="simulator")
        case "close":
            own = step["program"], step["period"]
            return close(book, *own, leave_open="so be it", **WHO)
        case "adjust":
            return adjust(book, step["program"], step["period"], **WHO)[1]
        case "pay":
            own = {name: step[name] for name in ("amount", "ref")}
            return pay(book, step["statement"], currency="CNY", **own, **WHO)
        case "publish":
            return publish(book, rates_edition(step["version"], step["rates"]), "simulator")
        case "rebuild":
            rebuild(book, VIEWS[step["view"]])
            return {}
    raise AssertionError(f"there is no step {step['do']!r}")


def child() -> None:
    """A process that does one step and says what it answered."""
    location, said, offset, right = sys.argv[1:]
    recorder.microseconds_now = lambda: microseconds_now() + int(offset)
    book = open_book(location)
    book.log.clock_is_right = right or None
    print(json.dumps(perform(book, json.loads(said))), flush=True)


if __name__ == "__main__":
    child()
