"""Closing a quarter from the command line: exit codes, and refusals that leave no mark."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.usecases.closing import close as closing
from ledger.usecases.record_decisions import record_decisions
from tests.cli.closing import AS_OF, BY, LEFT, PAY, STATEMENT, Duebook, head_of
from tests.quarter import (
    PROGRAM,
    amount_of,
)

REFUSED: dict[str, tuple[tuple[str, ...], int, tuple[str, ...]]] = {
    "held lines": (
        *(("close", PROGRAM, *AS_OF, *BY), 1),
        (f"{PROGRAM}/S-5 (governance_ratio_unset)", "--leave-open --reason TEXT"),
    ),
    "leave open without a reason": (
        *(("close", PROGRAM, *BY, "--leave-open"), 2),
        ("--leave-open and --reason go together",),
    ),
    "a reason without leave open": (
        *(("close", PROGRAM, *BY, "--reason", "x"), 2),
        ("--leave-open and --reason go together",),
    ),
    "an empty reason": (("close", PROGRAM, *BY, "--leave-open", "--reason", " "), 2, ("empty",)),
    "nobody": (("close", PROGRAM), 2, ("--by",)),
    "an empty name": (("close", PROGRAM, "--by", " "), 2, ("--by is empty",)),
    "an open term": (
        *(("close", PROGRAM, *BY, "--as-of", "2026-04-29", *LEFT), 1),
        ("is provisional until 2026-04-30T16:00:00Z", f"duebook settle {PROGRAM}"),
    ),
    "the future": (
        *(("close", PROGRAM, *BY, "--as-of", "2099-01-01", *LEFT), 1),
        ("is in the future", "leave --as-of out"),
    ),
    "an unknown program": (("close", "recruiting-2031", *BY), 2, ("recruiting-2031", PROGRAM)),
    "a month": (("close", PROGRAM, "2026-01", *BY), 2, ("2026-01",)),
    "adjusting what is open": (
        *(("adjust", PROGRAM, *BY), 1),
        ("is not closed at position", f"duebook close {PROGRAM} --by NAME"),
    ),
    "looking at an adjustment of what is open": (
        *(("adjust", PROGRAM, "--dry-run"), 1),
        ("is not closed at position",),
    ),
    "adjusting as nobody": (("adjust", PROGRAM), 2, ("--by", "--dry-run")),
    "replaying what is open": (("replay", PROGRAM), 1, (f"duebook close {PROGRAM} --by NAME",)),
    "replaying what is unknown": (("replay", "recruiting-2031"), 2, ("recruiting-2031",)),
    "stating what is open": (("statement", PROGRAM), 1, (f"duebook close {PROGRAM} --by NAME",)),
    "paying what is open": (
        *(("pay", STATEMENT, "--amount", "1", "--ref", "r", *PAY), 2),
        (f"There is no statement '{STATEMENT}'", "duebook report statements"),
    ),
    "an account without entries": (
        *(("balances", "Assets:Cash"), 2),
        ("No entry touches the account 'Assets:Cash'", "Close a period first"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_before_the_close_this_is_refused(told: Duebook, name: str) -> None:
    """With its facts and the next step, no data, and a log that is as it was."""
    arguments, code, said = REFUSED[name]
    before = head_of(told)
    ran = told(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert [one for one in said if one not in ran.err] == [], ran.err
    assert "Traceback" not in ran.err
    assert head_of(told) == before


REFUSED_LATER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "closing twice": (
        ("close", PROGRAM, *BY, *LEFT),
        (f"{PROGRAM} was closed by lin at", "position 5", f"duebook adjust {PROGRAM} --by NAME"),
    ),
    "an unknown payee": (
        ("statement", PROGRAM, "--payee", "partner:P-9"),
        ("'partner:P-9'", "There are statements of partner:P-1, partner:P-2."),
    ),
    "another currency": (
        ("pay", STATEMENT, "--amount", "1", "--currency", "EUR", "--ref", "r", *BY),
        ("is stated in CNY; found EUR", "convert the amount before"),
    ),
    "nothing": (("pay", STATEMENT, "--amount", "0", "--ref", "r", *PAY), ("must not be zero",)),
    "no amount": (("pay", STATEMENT, "--amount", "x", "--ref", "r", *PAY), ("'x'",)),
    "adjusting too early": (
        ("adjust", PROGRAM, *BY, "--as-of", "2026-04-01"),
        ("is not over as of 2026-04-01T16:00:00Z",),
    ),
}


@pytest.mark.parametrize("name", REFUSED_LATER)
def test_after_the_close_this_is_refused(closed: Duebook, name: str) -> None:
    """Exit 1, its facts and the next step, and a log that is as it was."""
    arguments, said = REFUSED_LATER[name]
    before = head_of(closed)
    ran = closed(*arguments)
    typed_wrongly = name in ("an unknown payee", "no amount")
    assert (ran.code, ran.out) == (2 if typed_wrongly else 1, "")
    assert [one for one in said if one not in ran.err] == [], ran.err
    assert head_of(closed) == before


def test_a_read_only_book_answers_everything_and_decides_nothing(closed: Duebook) -> None:
    """Asked for a statement, a replay, a dry run, the journal; exit 1 for a decision."""
    book = Path("duebook.db")
    closed("balances")
    os.chmod(book, 0o444)
    before = book.read_bytes()
    for asked in (
        *(("statement", PROGRAM), ("replay", PROGRAM), ("adjust", PROGRAM, "--dry-run")),
        *(("journal",), ("balances",), ("report", "statements"), ("verify",)),
    ):
        assert closed(*asked).code == 0, asked
    for decision in (
        *(("close", PROGRAM, *BY), ("adjust", PROGRAM, *BY)),
        ("pay", STATEMENT, "--amount", "1", "--ref", "r", *PAY),
    ):
        ran = closed(*decision)
        assert (ran.code, ran.out) == (1, ""), decision
        assert "This book may only be read." in ran.err
        assert "Ask the book's owner" in ran.err
    assert book.read_bytes() == before


def test_somebody_who_writes_meanwhile_ends_a_close_with_exit_4(
    told: Duebook, file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is recorded, and the same command again closes."""

    def raced(*given: Any, **options: Any) -> Any:
        told("record", file([amount_of("S-2", "5.00")], "meanwhile.ndjson"))
        return record_decisions(*given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(closing, "record_decisions", raced)
        ran = told("close", PROGRAM, *AS_OF, *BY, *LEFT)
    assert (ran.code, ran.out) == (4, "")
    assert "Somebody else wrote meanwhile" in ran.err
    assert "Run the same command again" in ran.err
    assert told("statement", PROGRAM).code == 1, "nothing was closed"
    assert told("close", PROGRAM, *AS_OF, *BY, *LEFT).code == 0
