"""A log that holds is read once for all rules; one that does not is asked rule by rule, as ever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import Book
from ledger.store.schema import metadata
from ledger.usecases.verifying import line_trees, reading_through
from ledger.usecases.verifying import verify as verifying
from ledger.usecases.verifying.closed_periods import verify_closed
from ledger.usecases.verifying.line_trees import LineTrees, verify_line_trees
from ledger.usecases.verifying.verify import verify
from projections.temporary import temporary_engine
from tests.decided import decided
from tests.quarter import (
    Quarter,
    forge,
    silent,
)


@pytest.fixture
def quarter(book_with: Callable[[Any], Any], tmp_path: Path) -> Quarter:
    return Quarter(book_with(decided), tmp_path)


@pytest.fixture
def with_secrets(book: Book, tmp_path: Path) -> Quarter:
    """The same, made here: a copied book comes without the secrets of its trees."""
    decided(book, tmp_path)
    return Quarter(book, tmp_path)


def said(book: Book) -> list[tuple[str, bool, str]]:
    return [tuple(check) for check in verify(book, [], silent)]


def test_what_is_said_of_a_log_does_not_depend_on_reading_it_once(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = said(quarter.book)
    assert all(ok for _, ok, _ in once)
    monkeypatch.setattr(verifying, "read_through", lambda *given: None)
    assert said(quarter.book) == once


def test_a_log_that_holds_is_decoded_once(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads it a second time for the events or for the indexes."""

    def again(*given: Any, **more: Any) -> Any:
        raise AssertionError("the log is read again")

    once = said(quarter.book)
    monkeypatch.setattr(verifying, "read_log", again)
    monkeypatch.setattr(verifying, "recomputed", again)
    monkeypatch.setattr(verifying, "chain_rows", again)
    assert said(quarter.book) == once


@pytest.mark.parametrize(
    "rule", ["Chained", "Placed"], ids=["the chain is asked", "the place is asked"]
)
def test_every_rule_is_asked_in_the_one_reading(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Each by itself keeps the log from being taken as whole."""
    with quarter.book.reading() as connection:
        assert reading_through.read_through(connection, silent) is not None
        fault = lambda *given: "a fault"  # noqa: E731
        monkeypatch.setattr(getattr(reading_through, rule), "fault", fault)
        assert reading_through.read_through(connection, silent) is None


def test_a_log_without_any_event_does_not_hold() -> None:
    """There is nothing in it that a rule could be broken by."""
    with temporary_engine().begin() as connection:
        metadata.create_all(connection)
        assert reading_through.read_through(connection, silent) is None
        checks, _ = verifying._log(connection, silent)
    assert [(check.name, check.ok) for check in checks] == [("chain", False), ("events", True)]


def test_the_trees_of_a_period_are_worked_out_from_what_replaying_it_has_read(
    with_secrets: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = verify_line_trees(with_secrets.book)
    assert alone.detail == "3 trees worked out again"
    trees = LineTrees(with_secrets.book)
    verify_closed(with_secrets.book, silent, trees)

    def again(*given: Any) -> Any:
        raise AssertionError("the period is read again")

    monkeypatch.setattr(line_trees, "closed_period", again)
    assert verify_line_trees(with_secrets.book, trees) == alone


def test_the_trees_of_a_period_whose_seal_is_broken_are_worked_out_all_the_same(
    with_secrets: Quarter,
) -> None:
    """Its replay is never made, so that nothing is known of it."""
    forge(
        with_secrets.book,
        "period-closed.v1",
        lambda state: state.replace(b'"head":"', b'"head":"0', 1),
    )
    trees = LineTrees(with_secrets.book)
    checks = verify_closed(with_secrets.book, silent, trees)
    assert not all(check.ok for check in checks)
    assert verify_line_trees(with_secrets.book, trees) == verify_line_trees(with_secrets.book)
    assert verify_line_trees(with_secrets.book, trees).detail == "3 trees worked out again"
