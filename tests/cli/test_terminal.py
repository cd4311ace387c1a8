"""Tables on a terminal: every amount is whole and says whose it is, however narrow it is."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.tables import Column, folded, laid_out, lines
from ledger.kernel.counted import grouped
from projections.cells import MONEY, NUMBER
from tests.marks import more

Duebook = Callable[..., Any]
STAR_MAP = ("star-map-2020", "2020-08")
COMMANDS: list[tuple[str, ...]] = [
    ("settle", *STAR_MAP),
    ("settle", "recruiting-eu-jp-2026q1", "--as-of", "2026-06-30"),
    ("explain", "star-map-2020/T-LARGE"),
    ("statement", *STAR_MAP),
    ("report", "statements"),
    ("report", "entries"),
    ("report", "trial-balance"),
    ("report", "gmv"),
    ("report", "partners"),
    ("report", "stores"),
    ("report", "exceptions"),
    ("report", "activity"),
    ("report", "obligations"),
    ("report", "reconciliation"),
    ("report", "bindings"),
    ("journal",),
    ("balances",),
    ("programs",),
    ("programs", "growth-2026-05"),
    ("log", "task:T-LARGE"),
    ("query", "select store, sum(amount_minor) as total from gmv group by store"),
    ("verify",),
]
WIDTHS = (60, 80, 100, 140)
CHILD = """
import json, sys
from cli.main import run
for number, command in enumerate(json.loads(sys.argv[1])):
    print(f"\\n<<<{number}>>>", flush=True)
    run(command)
    sys.stdout.flush()
"""
TASK = {
    "type": "LiveTaskOrdered",
    "at": "2020-08-21T20:00:00+08:00",
    "task": "T-LARGE",
    "store": "S-1001",
    "creator": "C-88",
    "category": "cosmetics",
    "link": "third_party",
    "price": "246913580.25",
    "currency": "CNY",
}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def large(demo: Path, duebook: Duebook, file: Callable[..., str]) -> Path:
    """The demo with a fee of eight digits, closed, adjusted and half paid."""
    assert duebook("record", file([TASK])).code == 0
    leave = ("--leave-open", "--reason", "the shop is asked")
    assert duebook("close", *STAR_MAP, "--by", "lin", *leave).code == 0
    assert duebook("record", file([{**TASK, "task": "T-2", "price": "1.15"}])).code == 0
    assert duebook("adjust", *STAR_MAP, "--by", "lin").code == 0
    paid = ("--amount", "-1000000.00", "--currency", "CNY", "--ref", "bank-1", "--by", "lin")
    assert duebook("pay", "star-map-2020/2020-08/store:S-1001", *paid).code == 0
    return demo


def on_terminal(commands: list[tuple[str, ...]], width: int, **environment: str) -> list[str]:
    """What each command writes to a terminal of that width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    words = [sys.executable, "-c", CHILD, json.dumps(commands)]
    usual = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        words,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**usual, "TERM": "xterm-256color", **environment},
        close_fds=True,
    )
    os.close(follower)
    written = b"".join(_read(leader))
    assert process.wait() == 0
    os.close(leader)
    return re.split(r"<<<\d+>>>", written.decode())[1:]


def _read(leader: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            return
        if not piece:
            return
        yield piece


def amounts(duebook: Duebook, command: tuple[str, ...]) -> set[str]:
    """The amounts in the rows of a command's table; columns of zeros may be left out."""
    answer = duebook(*command, "--format", "json").json
    rows = answer
    if isinstance(answer, dict):
        rows = answer.get("running") or answer.get("lines") or [answer]
    return {
        grouped(row[name])
        for row in rows
        for name in row
        if name in MONEY
        and isinstance(row[name], str)
        and NUMBER.fullmatch(row[name])
        and row[name].strip("-0.")
    }


@pytest.mark.parametrize(
    "width", [pytest.param(width, marks=more) if width != 80 else 80 for width in WIDTHS]
)
def test_every_amount_is_whole_and_no_line_is_too_long(
    large: Path, duebook: Duebook, width: int
) -> None:
    """With its sign, thousands and cents; nothing runs over the edge but talk and commands."""
    shown = [ESCAPES.sub("", text) for text in on_terminal(COMMANDS, width)]
    for command, text in zip(COMMANDS, shown, strict=True):
        found = set(re.findall(r"(?<![\w.,-])-?[\d,]+(?:\.\d+)?(?![\w,])", text))
        assert amounts(duebook, command) <= found, command


def test_a_narrow_terminal_says_whose_an_amount_is_and_what_was_left_out(
    large: Path, duebook: Duebook
) -> None:
    """A statement that does not fit is a block with its own name first."""
    (text,) = on_terminal([("report", "statements", "--where", "currency=CNY")], 80)
    plain = ESCAPES.sub("", text)
    assert re.search(r"statement +star-map-2020/2020-08/store:S-1001", plain)
    assert re.search(r"issued +-49,382,716.05\r?\n", plain)
    assert re.search(r"adjusted +-0.23\r?\n", plain)
    assert "Left out, empty or the same in every row: " in plain


def test_colours_tell_outcomes_and_signs_apart_unless_they_are_not_wanted(large: Path) -> None:
    """Red for what is owed and declined, green for what is payable; NO_COLOR takes all away."""
    (text,) = on_terminal([("settle", *STAR_MAP)], 140)
    assert "\x1b[31m-49,382,716.05" in text
    assert "\x1b[32mpayable" in text
    (plain,) = on_terminal([("settle", *STAR_MAP)], 140, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)


def column(name: str, *cells: str, right: bool = False) -> Column:
    return Column(name, right, right, list(cells))


def test_columns_that_say_nothing_go_before_texts_are_folded() -> None:
    """The first column says whose the row is and stays."""
    columns = [
        column("store", "0", "0"),
        column("paid", "0.00", "0.00", right=True),
        column("reason", "", ""),
        column("currency", "CNY", "CNY"),
        column("due", "-1,234.50", "12.00", right=True),
    ]
    wide = laid_out(columns, 80, fixed=["currency"])
    assert (len(wide.columns), wide.left_out) == (5, [])
    narrow = laid_out(columns, 20, fixed=["currency"])
    assert narrow.left_out == ["paid", "reason", "currency"]
    assert [line.plain for line in lines(narrow, 20)] == [
        "store        due",
        "0      -1,234.50",
        "0          12.00",
    ]


def test_a_row_that_fits_nowhere_is_a_block() -> None:
    """Its texts are folded, its numbers are not."""
    columns = [
        column("line", "program/2020-08/store-with-a-long-name"),
        column("amount", "-123,456,789,012.34", right=True),
    ]
    laid = laid_out(columns, 28)
    assert laid.in_blocks
    assert [line.plain for line in lines(laid, 28)] == [
        "line    program/2020-08/",
        "        store-with-a-long-",
        "        name",
        "amount  -123,456,789,012.34",
    ]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("was 1,234.50 now 2.00", 12, ["was 1,234.50", "now 2.00"]),
        ("杭州蓝门跨境", 4, ["杭州", "蓝门", "跨境"]),
        ("abcdef", 3, ["abc", "def"]),
        ("", 5, [""]),
        ("a/b", 1, ["a", "/", "b"]),
    ],
)
def test_a_text_is_folded_between_words_and_behind_signs(
    text: str, width: int, expected: list[str]
) -> None:
    """Wide characters take two cells."""
    assert folded(text, width) == expected
