"""Nothing by accident: what decides is shown, asked about on a terminal, and then done."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.deciding import Decision
from ledger.usecases.record_decisions import at_once
from tests.cli.conftest import DUEBOOK

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
STATEMENT = f"{PROGRAM}/partner:P-01"
BY = ("--by", "lin")
LEFT = ("--leave-open", "--reason", "ratios come in May")
PLATFORM = str(Path(__file__).parents[2] / "fixtures" / "demo" / "platform-2026q1.csv")
ORDERS = str(Path(__file__).parents[2] / "fixtures" / "demo" / "orders-2020-05.csv")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
LATE = {"type": "StoreClosed", "at": "2026-03-20T09:00:00+08:00", "store": "S-1001"} | {
    "reason": "counterfeit"
}
DECIDING: dict[str, tuple[tuple[str, ...], str]] = {
    "publish": (("publish", "mine.toml"), "Publish version 1?"),
    "close": (("close", "growth-2026-05", *LEFT), "Close growth-2026-05?"),
    "adjust": (("adjust", PROGRAM), f"Issue the adjustment of {PROGRAM}?"),
    "pay": (
        ("pay", STATEMENT, "--amount", "5", "--currency", "CNY", "--ref", "b-1"),
        "Record this payment?",
    ),
    "withdraw": (("withdraw", "390", "--reason", "another store"), "Withdraw this fact"),
    "lock": (("lock", "2025-12-31"), "Lock the days up to 2025-12-31?"),
    "reconcile": (
        (
            *("reconcile", PROGRAM, "--against", PLATFORM, "--resolve", "1", "--as", "timing"),
            *("--reason", "next month"),
        ),
        "Record this resolution?",
    ),
    "orders": (
        ("orders", "--withdraw", "1671", "--reason", "another year"),
        "Withdraw these orders?",
    ),
}
"""Every command that decides, and what it asks."""


@pytest.fixture(scope="module")
def decided_once(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo closed, with a late closure and orders: everything can be decided."""
    folder = tmp_path_factory.mktemp("decided")
    for one in demo_template.iterdir():
        (folder / one.name).write_bytes(one.read_bytes())
    late = folder / "late.ndjson"
    late.write_text(str(LATE).replace("'", '"') + "\n")
    for words in (
        ("close", PROGRAM, *LEFT, *BY),
        ("record", str(late)),
        ("orders", ORDERS, *BY),
    ):
        subprocess.run([DUEBOOK, *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def book(decided_once: Path, here: Path, duebook: Duebook) -> Path:
    """That book in the current folder, with terms of one's own to publish."""
    for one in decided_once.iterdir():
        if one.is_file():
            (here / one.name).write_bytes(one.read_bytes())
        else:
            subprocess.run(["cp", "-r", str(one), str(here)], check=True)
    text = duebook("programs", "growth-2026-05", "--format", "toml").out
    mine = text.replace('publisher = "duebook"', 'publisher = "mine"')
    mine = re.sub(r"^version = \d+", "version = 1", mine, flags=re.M)
    (here / "mine.toml").write_text(mine)
    return here


def head(duebook: Duebook) -> int:
    """How many events the book has."""
    return len(duebook("log", "--format", "ndjson").lines)


def on_terminal(folder: Path, words: tuple[str, ...], typed: str) -> tuple[int, str]:
    """Runs a command on a terminal and answers its question; the exit code and the screen."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [DUEBOOK, *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"},
        close_fds=True,
    )
    os.close(follower)
    screen, answered, until = b"", False, time.monotonic() + 120
    while time.monotonic() < until:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            screen += piece
            if not answered and b"[y/N]" in screen:
                os.write(leader, typed.encode())
                answered = True
    code = process.wait(timeout=60)
    os.close(leader)
    return code, ESCAPES.sub("", screen.decode())


@pytest.mark.parametrize("command", DECIDING)
def test_on_a_terminal_it_shows_asks_and_does_nothing_on_no(
    book: Path, duebook: Duebook, command: str
) -> None:
    """What is shown names what will be done; the log is as it was."""
    words, question = DECIDING[command]
    before = head(duebook)
    code, screen = on_terminal(book, (*words, *BY), "n\n")
    shown, asked, after = screen.partition(question)
    assert asked, screen
    assert len(shown.splitlines()) >= 2, screen
    assert (code, "Nothing was recorded." in after) == (1, True), screen
    assert head(duebook) == before


@pytest.mark.parametrize("command", ["close", "lock"])
def test_on_a_terminal_yes_does_it(book: Path, duebook: Duebook, command: str) -> None:
    """The receipt comes after the question; the table is not shown twice."""
    words, question = DECIDING[command]
    before = head(duebook)
    code, screen = on_terminal(book, (*words, *BY), "y\n")
    shown, _, after = screen.partition(question)
    assert code == 0, screen
    assert head(duebook) > before
    assert "statement " not in after or "statement " not in shown


@pytest.mark.parametrize("command", DECIDING)
def test_a_dry_run_shows_it_and_leaves_the_log_as_it_was(
    book: Path, duebook: Duebook, command: str
) -> None:
    """Nobody has to say who decides."""
    before = head(duebook)
    ran = duebook(*DECIDING[command][0], "--dry-run")
    assert ran.code in (0, 3), ran.err
    assert ran.out.strip()
    assert head(duebook) == before


@pytest.mark.parametrize("command", DECIDING)
def test_in_a_script_nobody_is_asked(book: Path, duebook: Duebook, command: str) -> None:
    """With --yes and without: it is done."""
    before = head(duebook)
    ran = duebook(*DECIDING[command][0], *BY, "--yes")
    assert ran.code == 0, ran.err
    assert "[y/N]" not in ran.err + ran.out
    assert head(duebook) > before


def test_who_decides_is_asked_for(book: Path, duebook: Duebook) -> None:
    """Except where it is only a look; a usage error."""
    for command, (words, _) in DECIDING.items():
        if command not in ("orders", "reconcile"):
            ran = duebook(*words)
            assert (ran.code, "'--by'" in ran.err) == (2, True), command


def test_twelve_scripts_that_pay_at_once_have_all_paid(book: Path, duebook: Duebook) -> None:
    """Nobody is asked, so the last attempt decides under the lock."""
    running = [
        subprocess.Popen(
            [
                *(DUEBOOK, "pay", STATEMENT, "--amount", "5", "--currency", "CNY"),
                *("--ref", f"r-{one}", *BY),
            ],
            cwd=book,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for one in range(12)
    ]
    told = [one.communicate()[1].decode() for one in running]
    assert [one.returncode for one in running] == [0] * 12, told
    (paid,) = [
        one["paid"]
        for one in duebook("report", "statements", "--format", "json").json
        if one["statement"] == STATEMENT
    ]
    assert paid == "60.00"


@pytest.mark.parametrize(("yes", "dry_run"), [(False, False), (True, False)])
def test_where_nobody_is_asked_it_is_decided_at_once(yes: bool, dry_run: bool) -> None:
    """The use case is told so: it need not decide again before it takes the lock."""
    decision = Decision("lin", dry_run, yes)
    assert decision.agree("Sure?", lambda plan: None) is at_once
    assert Decision("lin", True, yes).agree("Sure?", lambda plan: None) is not at_once
