"""What is said to whoever types something wrongly, to the letter: found, expected, what to do.

Each file `typing/NAME.txt` holds command lines, each with what it says on standard error and the
code that it exits with; files that they name lie in `typing/inputs`. To add a mistake, write its
command line alone. After a change that is meant, write all texts again and read what git says
has changed:

    DUEBOOK_GOLDEN=write .venv/bin/python -m pytest tests/golden/test_typing_mistakes.py
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.store.book import open_book
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.closing.close import close
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.publish import publish

FOLDER = Path(__file__).parent / "typing"
INPUTS = FOLDER / "inputs"
TEXTS = sorted(FOLDER.glob("*.txt"))
PROMPT = "$ duebook "
EDITIONS = ("recruiting-eu-jp-2026q1", "growth-2026-05", "technical-fee-2020")
NOW = parse_instant("2026-11-21T12:00:00Z")
MISTAKES_MIN = 300
EXIT = re.compile(r"exit [0-9]+$")
PYTHON = re.compile(
    r"\b(None|True|False|Traceback|int|str|dict|tuple|bool)\b"
    r"|\w+Error\b|[\[{(]'|<=x|9223372036854775807|valid integer|Input should"
)
"""What Python would say for itself."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a book that holds a closed quarter and a month of orders, and the inputs.

    It publishes three editions alone: a program that is added changes the list of rules only.
    """
    folder = tmp_path_factory.mktemp("typing")
    shutil.copytree(INPUTS, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("DUEBOOK_BOOK", raising=False)
        few = [one for one in shipped() if one.program in EDITIONS]
        patch.setattr("ledger.usecases.init.shipped", lambda: few)
        made, _ = init("duebook.db", "platform")
        assert not record(made, ["quarter.ndjson"], now=NOW, by="lin").rejected
        assert not record_orders(made, ["fees.csv"], now=NOW, by="lin").rejected
        publish(made, read_terms("fees.toml"), "lin")
        close(made, EDITIONS[0], now=NOW, by="lin", leave_open="ratios come in May")
        made.close()
        yield folder


def commands_of(path: Path) -> list[str]:
    """The command lines of a text, each as it is typed into a shell."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT)]


def answer(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """A command line with what it says on standard error and its exit code."""
    capsys.readouterr()
    code = run(shlex.split(command))
    printed = capsys.readouterr()
    return f"{PROMPT}{command}\n{printed.err}exit {code}\n"


def test_there_are_enough_mistakes_and_each_is_refused() -> None:
    """Every command line ends with 1, refused, or 2, typed wrongly: none of them was right."""
    codes = [
        line for path in TEXTS for line in path.read_text("utf-8").splitlines() if EXIT.match(line)
    ]
    assert len(codes) == sum(len(commands_of(path)) for path in TEXTS) >= MISTAKES_MIN
    assert set(codes) == {"exit 1", "exit 2"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_no_answer_speaks_python_or_ends_with_two_dots(path: Path) -> None:
    """Whoever types is no programmer; a usage line alone may say `[ARGS]...`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [one for one in lines if not one.startswith((PROMPT, "Usage: "))]
    assert [one for one in said if PYTHON.search(one)] == []
    assert [one for one in said if one.endswith("..") and not one.endswith(" ...")] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_mistake_is_answered_as_it_always_was(
    path: Path, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Word by word, and none of the command lines records anything.

    `DUEBOOK_GOLDEN=write` writes the texts instead of comparing them.
    """
    before = head()
    said = "\n".join(answer(command, capsys) for command in commands_of(path))
    assert head() == before
    if os.environ.get("DUEBOOK_GOLDEN") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


def head() -> int:
    """The position of the book in the current folder."""
    made = open_book("duebook.db", readonly=True)
    try:
        return made.head().position
    finally:
        made.close()
