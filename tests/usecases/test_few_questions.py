"""How often a command asks: what a run stands on is looked up once, lines are asked together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cli.main import run
from ledger.store.book import Book
from ledger.usecases.reconciling import likely_causes, reconcile
from ledger.usecases.settling.settle import settle

PROGRAM = "recruiting-eu-jp-2026q1"
THEIRS = Path(__file__).parents[2] / "fixtures" / "demo" / "platform-2026q1.csv"
QUERIES_MAX = 16
SETTLES_MAX = 30


@pytest.fixture(scope="module")
def demo_book(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped example as a file."""
    location = str(tmp_path_factory.mktemp("few") / "demo.db")
    assert run(["init", "--demo", "--book", location]) == 0
    return location


@contextmanager
def asked() -> Iterator[list[str]]:
    """Every statement that is sent to a database meanwhile."""
    found: list[str] = []

    def noted(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", noted)


def test_settling_as_known_at_an_instant_asks_at_most_sixteen_times(demo_book: str) -> None:
    """Terms, head, archived orders and position once, the bisection of the log in one query."""
    with asked() as statements:
        words = ["settle", PROGRAM, "--known-at", "2199-01-01T00:00:00Z", "--format", "json"]
        assert run([*words, "--book", demo_book]) == 0
    assert len(statements) <= QUERIES_MAX, "\n".join(statements)


def test_a_comparison_settles_each_change_once_for_all_its_breaks(
    demo_book: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's ten breaks: once per thing that may have been done otherwise, once as it is."""
    count = 0

    def counted(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        function: Callable[..., Any] = settle
        return function(*given, **more)

    for module in (reconcile, likely_causes):
        monkeypatch.setattr(module, "settle", counted)
    words = ["reconcile", PROGRAM, "--against", str(THEIRS), "--format", "json"]
    assert run([*words, "--book", demo_book]) == 3
    assert 1 < count <= SETTLES_MAX


def _acts_around(number: int) -> list[dict[str, Any]]:
    """What the merchant and the platform do around an enrolled store, each of it unfit."""
    at = {"at": "2026-06-01T10:00:00+08:00"}
    store, product, request = f"S-{number}", {"product": "K-1"}, {"request": f"R-{number}"}
    own, campaign = {**at, "store": store}, {"campaign": f"C-{number}"}
    plan = {"plan": f"PL-{number}", "kind": "shop", "rate": "0.15"}
    return [
        {"type": "CampaignCreated", **own, **campaign, "kind": "coupon", "created_by": "merchant"},
        {"type": "CampaignEntered", **own, **campaign, "level": "major", "by": "platform"},
        {"type": "AffiliatePlanSet", **own, **plan},
        {"type": "SampleRequested", **own, **request, **product, "creator": "C-1"},
        {"type": "SampleApproved", **at, **request, "by": "platform"},
    ]


def test_a_call_of_many_judged_acts_asks_no_more_than_one_of_few(
    book: Book, record_facts: Callable[..., Any]
) -> None:
    """The enrolments, submissions and requests that acts rest on are read for all of them."""
    few, many = range(2), range(2, 102)
    joined = []
    for number in (*few, *many):
        own = {"program": "growth-2026-05", "merchant": f"M-{number}"}
        own["at"] = "2026-05-03T10:00:00+08:00"
        joined.append({"type": "MerchantInvited", **own})
        joined.append({"type": "MerchantEnrolled", **own, "store": f"S-{number}"})
    record_facts(book, joined)
    counts = []
    for numbers in (few, many):
        with asked() as statements:
            acts = [act for number in numbers for act in _acts_around(number)]
            answer = record_facts(book, acts)
        codes = [one.code for one in answer.warnings if one.code != "unknown_store"]
        assert len(codes) == 4 * len(numbers)
        counts.append(sum(one.startswith("SELECT") for one in statements))
    assert counts[1] <= counts[0] + 2, counts
