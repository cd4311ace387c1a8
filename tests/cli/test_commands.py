"""Finding the book, typing things wrong, and the exit codes of the contract."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.programs.registry import shipped

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
EMPTY = 1 + len(shipped())
"""The events of a book as `init` leaves it: opened, and each shipped edition published."""
NEED_A_BOOK = [
    ("settle", PROGRAM),
    ("explain", f"{PROGRAM}/S-1001"),
    ("record", "-"),
    ("withdraw", "4", "--reason", "x", "--by", "y"),
    ("programs",),
    ("log",),
    ("show", "store:S-1"),
    ("report", "stores"),
    ("query", "select 1"),
    ("verify",),
    ("rebuild",),
]


def first(command: tuple[str, ...]) -> str:
    return command[0]


@pytest.mark.parametrize("command", NEED_A_BOOK, ids=first)
def test_a_missing_book_says_how_to_make_one(duebook: Duebook, command: tuple[str, ...]) -> None:
    """Every command that needs one, with exit 1 and no data; none makes one by accident."""
    ran = duebook(*command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "Error: There is no book at duebook.db.\n"
        "Make one with `duebook init`, or name one with --book or DUEBOOK_BOOK.\n"
    )
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("command", [("facts",), ("report",), ("facts", "GMVRecorded")], ids=first)
def test_what_needs_no_book_works_without_one(duebook: Duebook, command: tuple[str, ...]) -> None:
    """The catalogue of facts and the list of reports."""
    assert duebook(*command).code == 0


def test_the_book_is_an_option_before_or_after_the_command_or_the_environment(
    duebook: Duebook, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest to the command wins; without any it is duebook.db in the current folder."""
    assert duebook("init", "--book", "own.db", "--entity", "partner:P-01").code == 0

    def events(*command: str) -> int:
        return int(duebook(*command).json["events"])

    verify = ("verify", "--format", "json")
    demo_events = events(*verify)
    assert demo_events > EMPTY
    assert events(*verify, "--book", "own.db") == EMPTY
    assert events("--book", "own.db", *verify) == EMPTY
    assert events("--book", "nowhere.db", *verify, "--book", "own.db") == EMPTY
    monkeypatch.setenv("DUEBOOK_BOOK", str(Path("own.db").absolute()))
    assert events(*verify) == EMPTY
    assert events("--book", "duebook.db", *verify) == demo_events


def test_a_book_is_made_once(duebook: Duebook, here: Path) -> None:
    """The second time nothing is changed, also for --demo; another entity is no way around."""
    ran = duebook("init", "--format", "json")
    assert ran.code == 0
    programs = [
        *("account-binding-us-2024", "affiliate-us-2024", "growth-2026-05"),
        *(
            "partner-admission-2022",
            "pid-binding-2020",
            PROGRAM,
            "service-agreements-2022",
            "shop-admission-2020",
        ),
        *("star-map-2020", "deposit-2020", "samples-us-2024", "technical-fee-2020"),
    ]
    expected = {"book": "duebook.db", "entity": "platform", "programs": programs}
    assert {key: ran.json[key] for key in expected} == expected
    before = (here / "duebook.db").read_bytes()
    for more in ((), ("--demo",), ("--entity", "merchant:M-7")):
        again = duebook("init", *more)
        assert (again.code, again.out) == (1, "")
        assert "duebook.db already exists." in again.err
    assert (here / "duebook.db").read_bytes() == before


@pytest.mark.parametrize("entity", ["shop", "partner:", "partner:a b", "Platform", "shop:S-1", ""])
def test_an_entity_that_keeps_no_book_is_refused(duebook: Duebook, entity: str) -> None:
    """With those that do; no file is left behind."""
    ran = duebook("init", "--entity", entity)
    assert ran.code == 2
    assert "platform, or a party: partner:P-01, merchant:M-7" in ran.err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("settel", PROGRAM), "Did you mean 'settle'?"),
        (("report", "store"), "Did you mean stores?"),
        (("facts", "GMVRecord"), "Did you mean GMVRecorded?"),
        (("settle", "recruiting-eu-jp-2026q2"), PROGRAM),
        (("explain", f"{PROGRAM}/S-9999"), "S-9999"),
        (("explain", "S-9999"), "'S-9999' names no line"),
        (("show", "store:S-9999"), "store:S-1001"),
        (("show", "S-1001"), "store:S-1001"),
        (("rebuild", "gvm"), "Did you mean gmv?"),
        (("report", "stores", "--where", "market"), "COLUMN=VALUE"),
        (("report", "stores", "--where", "markt=EU"), "market"),
        (("settle", PROGRAM, "--as-off", "2026-06-30"), "--as-of"),
        (("log", "--limit", "0"), "--limit"),
        (("settle",), "PROGRAM"),
        (("settle", PROGRAM, "2026-01"), "2026-01"),
        (("verify", "--receipt", "12"), "POSITION:HASH"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_typed_wrong_is_answered_with_what_may_be_meant(
    demo: Path, duebook: Duebook, arguments: tuple[str, ...], said: str
) -> None:
    """Exit 1 or 2, no data, no traceback, and the next step."""
    ran = duebook(*arguments)
    assert ran.code in (1, 2)
    assert (ran.out, said in ran.err) == ("", True), ran.err
    assert "Traceback" not in ran.err
    assert "duebook itself failed" not in ran.err


def test_exit_4_when_somebody_else_holds_the_book(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Safe to repeat, and it says so."""
    from ledger.kernel.errors import BookLocked
    from ledger.store.recorder import LogRecorder

    def locked(self: LogRecorder) -> Any:
        raise BookLocked("duebook.db is locked by another program.", "Try again.")

    monkeypatch.setattr(LogRecorder, "writing", locked)
    ran = duebook("withdraw", "15", "--reason", "x", "--by", "y")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.endswith("Try again.\n")


def test_exit_5_when_the_log_does_not_hold(demo: Path, duebook: Duebook) -> None:
    """A receipt that is not true, and a log that lacks its last receipts."""
    events = duebook("verify", "--format", "json").json["events"]
    wrong = f"{events}:{'0' * 64}"
    ran = duebook("verify", "--receipt", wrong, "--format", "json")
    assert (ran.code, ran.json["ok"]) == (5, False)
    failed = [one["name"] for one in ran.json["checks"] if not one["ok"]]
    assert failed == ["receipts"]
    assert duebook("verify").code == 0
    with Path("duebook.db.receipts").open("a") as file:
        file.write(f"{events + 500}:{'0' * 64}\n")
    assert duebook("verify").code == 5


def test_an_edited_view_is_found_and_rebuilding_mends_it(demo: Path, duebook: Duebook) -> None:
    """The log is whole: the answer sends nobody to a backup for a table that can be rebuilt."""
    import sqlite3

    assert duebook("report", "stores").code == 0
    connection = sqlite3.connect(demo)
    connection.execute("UPDATE stores SET state = 'open' WHERE state = 'closed'")
    connection.commit()
    connection.close()
    ran = duebook("verify")
    assert ran.code == 5
    assert "duebook rebuild stores" in ran.out
    assert "restore a backup" not in ran.err
    assert duebook("rebuild", "stores").code == 0
    assert duebook("verify").code == 0


def test_something_else_under_the_name_of_a_book_is_left_alone(duebook: Duebook) -> None:
    """A text file, an empty file, a folder, another SQLite database: not a byte changes."""
    import sqlite3

    Path("text.db").write_text("hello, this is a text and not a database at all")
    Path("empty.db").touch()
    Path("folder.db").mkdir()
    connection = sqlite3.connect("other.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = {name: Path(name).read_bytes() for name in ("text.db", "empty.db", "other.db")}
    for name in ("text.db", "empty.db", "folder.db", "other.db"):
        ran = duebook("log", "--book", name)
        assert (ran.code, ran.out) == (1, ""), name
        assert f"{name} is not a duebook book" in ran.err
    assert {name: Path(name).read_bytes() for name in before} == before


def test_help_opens_with_an_example_for_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command's help shows a command line that begins with duebook."""
    from cli.commands import COMMANDS

    for command in COMMANDS:
        assert run([str(command.name), "--help"]) == 0
        text = capsys.readouterr().out
        assert f"duebook {command.name}" in text.partition("Options:")[0].split("\n", 1)[1]
