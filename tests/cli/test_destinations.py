"""What a command writes because somebody named it never falls on anything of worth."""

import os
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from cli.commands import COMMANDS
from cli.destination import INPUT, OUTPUT_FILE, Destination, check
from ledger.kernel.errors import OutputExists, OutputRefused
from ledger.store.scratch import sweep
from tests.quarter import PROGRAM

Duebook = Callable[..., Any]
File = Callable[..., str]
JSON = ("--format", "json")
REPORT = ("report", "stores", *JSON)
ROW = "o{n},D-01,{at},1.00,CNY,ad,other,online,x\n"
HEADER = "order_id,store,created_at,amount,currency,traffic,channel,payment,category\n"
BAD = {"type": "Nope"}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for what SQLite shares between its readers."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if not path.name.endswith("-shm")}


def ways_to(name: str) -> dict[str, Callable[[Path], str]]:
    """Other names of a file of the current folder."""

    def linked(here: Path) -> str:
        (here / "link").symlink_to(name)
        return "link"

    def hard(here: Path) -> str:
        os.link(here / name, here / "hard")
        return "hard"

    def around(here: Path) -> str:
        (here / "sub").mkdir()
        return f"sub/../{name}"

    return {
        "its name": lambda here: name,
        "a link": linked,
        "a hard link": hard,
        "dots": around,
        "the whole path": lambda here: str(here / name),
    }


@pytest.mark.parametrize("way", ways_to(""))
@pytest.mark.parametrize("name", ["duebook.db", "duebook.db.receipts", "facts.ndjson"])
def test_no_way_leads_over_the_book_or_an_input(
    empty: Path, duebook: Duebook, file: File, here: Path, name: str, way: str
) -> None:
    """By whatever name, for answers and for rejected rows, also with --overwrite; the refusal
    comes before anything is recorded."""
    file([BAD])
    typed = ways_to(name)[way](here)
    before = contents(here)
    for option in ("-o", "--rejects"):
        for more in ((), ("--overwrite",)):
            ran = duebook("record", "facts.ndjson", *JSON, option, typed, *more)
            assert (ran.code, ran.out) == (1, "")
            assert ran.err.startswith(f"Error: {typed} is ")
            assert "Nothing was done. Name another file." in ran.err
    assert contents(here) == before


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", ".secrets", ".verified", ".orders"])
def test_names_that_a_book_keeps_for_itself_are_refused_before_they_are_there(
    duebook: Duebook, here: Path, suffix: str
) -> None:
    """Of the book that is asked, and of every other one; in any case of letters."""
    assert duebook("init", "--book", "mine.db").code == 0
    assert duebook("init", "--book", "other.db").code == 0
    for name in ("mine.db", "MINE.DB", "other.db"):
        assert duebook(*REPORT, "--book", "mine.db", "-o", f"{name}{suffix}").code == 1
        assert not Path(f"{name}{suffix}").exists()
    assert duebook(*REPORT, "--book", "mine.db", "-o", "other.db", "--overwrite").code == 1
    assert duebook("init", "--book", "new.db", *JSON, "-o", "new.db").code == 1
    assert duebook("init", "--book", "new.db", *JSON, "-o", "NEW.db.receipts").code == 1
    assert not Path("new.db").exists()


@pytest.mark.parametrize("place", ["beside the book", "a folder of its own"])
def test_nothing_is_written_into_the_folder_of_order_lines(
    duebook: Duebook, here: Path, file: File, place: str
) -> None:
    """Nor over a file in it under another name of that file."""
    own = () if place == "beside the book" else ("--archive", "lines")
    assert duebook("init", *own).code == 0
    file(HEADER + ROW.format(n=1, at="2020-05-01T00:00:00Z"), "may.csv")
    assert duebook("orders", "may.csv").code == 0
    folder = here / (own[1] if own else "duebook.db.orders")
    archived = next(folder.glob("*.parquet"))
    os.link(archived, here / "same.json")
    (here / "short").symlink_to(folder)
    before = contents(folder)
    for name in (f"{folder}/x.json", "short/x.json", "short/../x/y.json", archived, "same.json"):
        assert duebook(*REPORT, "-o", name, "--overwrite").code == 1
    assert contents(folder) == before


def test_orders_never_write_rejects_over_the_file_that_was_sent(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """The good rows would be lost."""
    text = HEADER + ROW.format(n=1, at="2020-05-01T00:00:00Z") + ROW.format(n=2, at="bad")
    file(text, "may.csv")
    ran = duebook("orders", "may.csv", "--rejects", "may.csv", "--overwrite")
    assert ran.code == 1
    assert (here / "may.csv").read_text() == text


@pytest.mark.parametrize("command", ["settle", "replay", "publish", "reconcile"])
def test_terms_and_files_to_compare_are_inputs(
    demo: Path, duebook: Duebook, here: Path, command: str
) -> None:
    """Whatever they are called on the command line."""
    (here / "in.json").write_text("[terms]\n")
    words = {
        "settle": ("settle", PROGRAM, "--terms", "in.json"),
        "replay": ("replay", PROGRAM, "--terms", "in.json"),
        "publish": ("publish", "in.json", "--by", "lin"),
        "reconcile": ("reconcile", PROGRAM, "--against", "in.json"),
    }[command]
    ran = duebook(*words, "-o", "in.json", "--overwrite")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "Error: in.json is an input of this call.")
    assert (here / "in.json").read_text() == "[terms]\n"


def test_two_outputs_of_a_call_are_two_files(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """By name, by a link, or by another case of letters."""
    file([BAD])
    (here / "link.json").symlink_to("out.json")
    for other in ("out.json", "./out.json", "OUT.json", "link.json"):
        ran = duebook("record", "facts.ndjson", "--rejects", "out.json", "-o", other)
        assert (ran.code, "another output" in ran.err) == (1, True)
    assert not (here / "out.json").exists()


def test_the_streams_of_a_call_are_inputs_and_outputs_too(
    empty: Path, process: Callable[..., Any], here: Path
) -> None:
    """What a shell lets it read, and where a shell lets its answer go."""
    from subprocess import run

    from tests.cli.conftest import DUEBOOK

    (here / "in.ndjson").write_text('{"type": "Nope"}\n')
    for words in ("< in.ndjson --rejects in.ndjson", "< in.ndjson --rejects answer.txt"):
        line = f"{DUEBOOK} record - {words} --overwrite > answer.txt"
        ran = run(["sh", "-c", line], cwd=here, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert "is what standard " in ran.stderr
    assert (here / "in.ndjson").read_text() == '{"type": "Nope"}\n'
    line = f"{DUEBOOK} report --format json -o /dev/stdout >> answer.txt && cat answer.txt"
    ran = run(["sh", "-c", line], cwd=here, capture_output=True, text=True, check=False)
    assert '"report": "stores"' in ran.stdout
    before = contents(here)
    line = f"{DUEBOOK} report --format json -o /dev/stdout >> duebook.db"
    ran = run(["sh", "-c", line], cwd=here, capture_output=True, text=True, check=False)
    assert "is a file of the book" in ran.stderr
    assert contents(here) == before


def test_a_file_that_is_there_is_replaced_only_where_somebody_said_so(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """Without --overwrite the command does nothing at all; with it the mode stays."""
    (here / "out.json").write_text("mine")
    (here / "out.json").chmod(0o600)
    name = file([{"type": "PartnerCertified", "at": "2026-02-01T08:00:00Z", "partner": "P-1"}])
    ran = duebook("record", name, "-o", "out.json")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "Error: out.json exists.")
    assert "--overwrite" in ran.err
    assert ((here / "out.json").read_text(), duebook("report", "partners", *JSON).json) == (
        *("mine", []),
    )
    assert duebook("record", name, "-o", "out.json", "--overwrite").code == 0
    assert '"recorded": 1' in (here / "out.json").read_text()
    assert stat.S_IMODE((here / "out.json").stat().st_mode) == 0o600
    old = os.umask(0o027)
    try:
        assert duebook("report", "-o", "new.json").code == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE((here / "new.json").stat().st_mode) == 0o640


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_on_a_terminal_it_asks(
    empty: Path,
    duebook: Duebook,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
) -> None:
    """And does what it is told."""
    (here / "out.json").write_text("mine")
    monkeypatch.setattr("cli.talk.is_terminal", lambda: True)
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text) or answer == "y")
    assert duebook("report", "-o", "out.json").code == code
    assert asked == ["out.json exists. Replace it?"]
    assert ((here / "out.json").read_text() == "mine") is bool(code)


def test_devices_and_pipes_are_written_to_and_never_replaced(
    empty: Path, duebook: Duebook, here: Path
) -> None:
    """Also through a link; a folder or a socket is no place to write."""
    os.mkfifo(here / "pipe")
    (here / "nothing").symlink_to("/dev/null")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((here / "pipe").read_bytes()))
    reader.start()
    assert duebook("report", *JSON, "-o", "pipe").code == 0
    reader.join()
    assert b'"report": "stores"' in read[0]
    assert (here / "pipe").is_fifo()
    for name in ("/dev/null", "nothing"):
        assert duebook("report", *JSON, "-o", name).code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert (here / "nothing").is_symlink()
    for name in (".", "..", "/"):
        assert duebook("report", *JSON, "-o", name, "--overwrite").code == 1


def test_a_file_is_made_whole_under_a_name_that_nobody_can_guess(
    empty: Path, duebook: Duebook, here: Path
) -> None:
    """What lies at a name that can be guessed is left alone; nothing else is left."""
    (here / "victim").write_text("secret")
    for name in ("out.json.part", ".out.json.part", "out.json.tmp", "out.json~"):
        (here / name).symlink_to("victim")
    before = set(here.iterdir())
    assert duebook("report", "-o", "out.json").code == 0
    assert (here / "victim").read_text() == "secret"
    assert set(here.iterdir()) - before == {here / "out.json"}


def test_a_link_leads_to_the_file_that_is_replaced(
    empty: Path, duebook: Duebook, here: Path
) -> None:
    """As in a shell; one that leads to itself leads nowhere."""
    (here / "real.json").write_text("old")
    (here / "link.json").symlink_to("real.json")
    assert duebook("report", "-o", "link.json").code == 1
    assert duebook("report", "-o", "link.json", "--overwrite").code == 0
    assert (here / "link.json").is_symlink()
    assert '"report"' in (here / "real.json").read_text()
    (here / "loop.json").symlink_to("loop.json")
    assert duebook("report", "-o", "loop.json", "--overwrite").code == 1


def test_a_name_that_no_file_can_have_is_refused_before_anything_is_recorded(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """Not when the answer is ready."""
    name = file([{"type": "PartnerCertified", "at": "2026-02-01T08:00:00Z", "partner": "P-1"}])
    assert duebook("record", name, "-o", "x" * 300 + ".json").code == 1
    assert duebook("report", "partners", *JSON).json == []


def test_what_has_come_meanwhile_is_not_replaced(here: Path) -> None:
    """The name was free when it was looked at, and is not when the answer is ready."""
    destination = Destination("out.json")
    check([destination], [])

    def write() -> None:
        with destination.opened() as file:
            file.write("ours")
            (here / "out.json").write_text("theirs")

    with pytest.raises(OutputExists, match="appeared there"):
        write()
    assert [path.name for path in here.iterdir()] == ["out.json"]
    assert (here / "out.json").read_text() == "theirs"


def test_what_killed_commands_left_is_swept_and_what_is_written_is_not(here: Path) -> None:
    """Whoever still writes holds a lock on the file."""
    left = here / f".duebook-{'0' * 32}.part"
    left.write_text("half")
    (here / ".duebook-mine.part").write_text("not ours")
    with Destination("out.json").opened() as file:
        file.write("{}")
        sweep(here)
    assert (here / "out.json").read_text() == "{}"
    assert sorted(path.name for path in here.iterdir()) == [".duebook-mine.part", "out.json"]


def test_an_option_that_names_a_file_says_whether_it_is_read_or_written() -> None:
    """Else the file of a new option would be written over, or written without being looked at."""
    names = re.compile(r"FILE|FOLDER|OUT\b|\.toml|\.ndjson|\.csv")
    found = [
        (command.name, one.name)
        for command in COMMANDS
        for one in command.params
        if names.search(one.metavar or "") and one.type not in (INPUT, OUTPUT_FILE)
    ]
    # A folder to be filled; its command looks at it: `test_a_lake_is_not_written_over_the_book`.
    assert found == [("export", "folder")]
    answering = [command for command in COMMANDS if command.name != "serve"]  # to a browser
    assert all(any(one.name == "overwrite" for one in command.params) for command in answering)


def test_a_refusal_names_both_places(here: Path) -> None:
    """What was typed, and what it is."""
    (here / "in.csv").write_text("x")
    (here / "link").symlink_to("in.csv")
    with pytest.raises(OutputRefused, match=r"^link is an input of this call, in\.csv\.$"):
        check([Destination("link", overwrite=True)], ["in.csv"])
