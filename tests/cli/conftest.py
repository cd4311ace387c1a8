"""The command line inside this process, and as a process of its own, on a copy of the demo."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import run
from tests.cli.busy import keep_busy
from tests.cli.closing import AS_OF, BY, LEFT
from tests.quarter import PROGRAM, held_quarter
from tests.roles import Roles, made

DUEBOOK = Path(sys.executable).parent / "duebook"


class Ran(NamedTuple):
    """What a command line ended with: exit code, data and talk."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The data, which parses."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The data as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no book in the environment."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DUEBOOK_BOOK", raising=False)
    return folder


@pytest.fixture
def duebook(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command line in this process, in an empty folder."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(one) for one in arguments])
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture
def process(here: Path) -> Callable[..., Any]:
    """Starts the installed command as a process of its own, its streams as pipes."""

    def start(*arguments: object, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [DUEBOOK, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=here,
            env={**os.environ, **environment},
        )

    return start


@pytest.fixture(scope="session")
def demo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo book, made once."""
    folder = tmp_path_factory.mktemp("demo")
    assert run(["init", "--demo", "--book", str(folder / "duebook.db")]) == 0
    return folder


@pytest.fixture
def demo(demo_template: Path, here: Path) -> Path:
    """The demo book, as `duebook.db` in the current folder."""
    for one in demo_template.iterdir():
        shutil.copy(one, here / one.name)
    return here / "duebook.db"


@pytest.fixture(scope="session")
def busy_template(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo book after a quarter and a month of fees by order were closed, the
    quarter adjusted, a partner paid in part and a comparison kept, made once."""
    folder = tmp_path_factory.mktemp("busy")
    shutil.copytree(demo_template, folder, dirs_exist_ok=True)
    keep_busy(folder / "duebook.db")
    return folder


@pytest.fixture
def busy(busy_template: Path, here: Path) -> Path:
    """The busy demo book, as `duebook.db` in the current folder."""
    shutil.copytree(busy_template, here, dirs_exist_ok=True)
    return here / "duebook.db"


@pytest.fixture
def empty(duebook: Callable[..., Ran], here: Path) -> Path:
    """A book without facts, as `duebook.db` in the current folder."""
    assert duebook("init").code == 0
    return here / "duebook.db"


@pytest.fixture
def file(here: Path) -> Callable[..., str]:
    """Writes facts or a text into the current folder; answers the name."""

    def write(content: list[dict[str, Any]] | str, name: str = "facts.ndjson") -> str:
        if isinstance(content, list):
            content = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in content)
        (here / name).write_text(content, encoding="utf-8")
        return name

    return write


@pytest.fixture
def told(empty: Path, duebook: Callable[..., Any], file: Callable[..., str]) -> Callable[..., Any]:
    """A book that was told of the quarter: two payable lines, a declined one, one held."""
    assert duebook("record", file(held_quarter())).code == 0
    return duebook


@pytest.fixture
def closed(told: Callable[..., Any]) -> Callable[..., Any]:
    """The same, closed."""
    assert told("close", PROGRAM, *AS_OF, *BY, *LEFT).code == 0
    return told


@pytest.fixture(scope="session")
def closed_once(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Roles:
    """A closed quarter on PostgreSQL under three roles, for tests that change nothing."""
    return made(new_database(), tmp_path_factory.mktemp("roles"))


@pytest.fixture
def roles(new_database: Callable[[], str], tmp_path: Path) -> Roles:
    """The same for a test that changes something. Its database is not handed out again, for who
    may connect to it is its own affair."""
    return made(new_database(), tmp_path)
