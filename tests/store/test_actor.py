"""Whose account on which machine wrote: in every event of ours, whatever name is typed."""

import os
import pwd
import socket
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.aggregates.base import OwnEvent
from ledger.aggregates.writing import Actor
from ledger.store.book import Book, is_url
from ledger.store.log import read_log
from projections.reading import report
from tests.quarter import Quarter, plain_quarter

ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name
HERE = f"{ACCOUNT}@{socket.gethostname()}"


@pytest.fixture
def decided(book: Book, tmp_path: Path) -> Quarter:
    """A book with a close, a payment and a withdrawal, by somebody whose name is typed."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    quarter.close()
    quarter.pay("500.00")
    quarter.withdraw(quarter.told[-1])
    return quarter


def own_events(book: Book) -> list[OwnEvent]:
    """Every event of ours in the log."""
    with book.reading() as connection:
        return [one.event for one in read_log(connection) if isinstance(one.event, OwnEvent)]


def test_every_event_of_ours_says_whose_account_wrote_it(
    decided: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server also the role that logged in; what the environment says does not count."""
    monkeypatch.setenv("LOGNAME", "somebody.else")
    monkeypatch.setenv("USER", "somebody.else")
    decided.pay("1.00", ref="bank-2")
    found = own_events(decided.book)
    kinds = {type(one).__name__ for one in found}
    assert {"BookOpened", "TermsPublished", "BatchRecorded", "StatementIssued"} <= kinds
    assert {"PeriodClosed", "PaymentMade"} <= kinds
    for one in found:
        assert one.actor is not None
        assert (one.actor.account, one.actor.host) == (ACCOUNT, socket.gethostname())
        assert (one.actor.role is not None) is is_url(decided.book.location)


def test_activity_names_the_account_beside_the_name_that_was_typed(decided: Quarter) -> None:
    """A fact's is that of the call which recorded it."""
    rows = report(decided.book, "activity").rows
    assert {row["actor"].partition(" as ")[0] for row in rows} == {HERE}
    assert {"test", "lin"} <= {row["by"] for row in rows}


def test_log_shows_the_account_in_a_word(
    decided: Quarter, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the table as account@host, in JSON by its parts."""
    book = decided.book.location
    assert run(["log", "book:main", "--book", book, "--limit", "1"]) == 0
    assert f'"actor": "{HERE}' in capsys.readouterr().out
    assert run(["log", "book:main", "--book", book, "--limit", "1", "--format", "json"]) == 0
    assert f'"account": "{ACCOUNT}"' in capsys.readouterr().out


def test_a_statement_says_whose_account_sealed_it(
    decided: Quarter,
) -> None:
    """The seal's account is the actor's; that of an older close is what it said."""
    seal: dict[str, Any] = decided.statement("partner:P-1")["seal"]
    assert seal["system_user"] == ACCOUNT
    assert seal["actor"]["host"] == socket.gethostname()


def test_an_actor_reads_as_account_machine_and_role() -> None:
    """The role only where it says more than the account."""
    assert str(Actor(account="anna", host="desk-7")) == "anna@desk-7"
    assert str(Actor(account="anna")) == "anna"
    assert str(Actor(account="anna", host="desk-7", role="anna")) == "anna@desk-7"
    assert str(Actor(account="anna", host="desk-7", role="clerk")) == "anna@desk-7 as clerk"
