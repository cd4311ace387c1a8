"""How often a command asks: what a run stands on is looked up once, lines are asked together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cli.main import run
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
