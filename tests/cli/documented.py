"""The commands that the documentation shows, with what it shows of their answers.

A block of ```console is run: `$ ` begins a command, a line that ends with a backslash goes on, the
lines after it are what it prints (`...` stands for lines left out). A block of ```sh is not run: it
needs what a test has not (another machine, a scheduler), but what it says to duebook must parse. A
block with a file name after its language is that file: it lies in the folder before anything runs.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECTIONED = {"how-to.md", "files.md", "orders.md", "followed-by-others.md"}
"""Pages of independent recipes: each section begins with a fresh book of the demo."""
FILES = Path(__file__).parent / "pages"
"""Per page, what its reader is taken to have: files named as in its commands."""
BY_MAKE = ("make", "pip install", "python3 -m venv", ". .venv/bin/activate", "git clone", "cd ")
"""What sets up a machine; `make demo` and `make test` themselves run it."""
IN_PROCESS = re.compile(r"duebook [^|<>&;$`*]*")
DIFFERENCES = 3
ALIKE = 0.5
REFUSED = re.compile(
    "Error:|0 (recorded|orders archived), .* rejected|The log (does not hold|holds; it was not)|"
    "The book holds; it does not show"
)


class Shown(NamedTuple):
    """A command line and the lines under it."""

    command: str
    lines: list[str]


class Session(NamedTuple):
    """Commands that run one after the other in one folder."""

    name: str
    commands: list[Shown]


def blocks(text: str, language: str) -> Iterator[str]:
    """The fenced blocks of a language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def named_blocks(page: Path) -> dict[str, str]:
    """The files that a page shows whole, by the names that their blocks have."""
    text = page.read_text(encoding="utf-8")
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```", text, re.S | re.M))


def commands_in(block: str) -> list[Shown]:
    """The commands of a console block."""
    shown: list[Shown] = []
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            command = re.sub(r"\s{2,}#.*|\s# .*", "", line[2:]).strip()
            shown.append(Shown(re.sub(r"\s{2,}", " ", command), []))
        elif shown:
            shown[-1].lines.append(line.rstrip())
    return shown


def sessions(page: Path) -> Iterator[Session]:
    """What is run of a page: as a whole, or section by section."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    parts = re.split(r"^## ", text, flags=re.M) if page.name in SECTIONED else [text]
    for part in parts:
        commands = [shown for block in blocks(part, "console") for shown in commands_in(block)]
        if commands:
            yield Session(
                name if len(parts) == 1 else f"{name}#{part.partition(chr(10))[0]}", commands
            )


def page_files(session: Session) -> Path:
    """The folder of what the page's reader is taken to have."""
    return FILES / Path(session.name.partition("#")[0]).stem


def in_words(ran: Any, shown: Shown) -> str:
    """What was printed, for a test that fails."""
    return f"$ {shown.command}\nexit code {ran.code}\n{ran.out}{ran.err}"


def check(shown: Shown, ran: Any) -> None:
    """The command ended as shown, and prints the lines that are shown, in this order.

    A page names files of the repository from its folder; the demo's book has their whole path.
    """
    refused = any(REFUSED.match(line) for line in shown.lines)
    assert (ran.code in (1, 2, 4, 5)) if refused else (ran.code in (0, DIFFERENCES)), in_words(
        ran, shown
    )
    answer = (ran.out + ran.err).replace(f"{ROOT}/", "")
    printed = iter(line.rstrip() for line in answer.splitlines())
    for line in shown.lines:
        if line.strip("│ ") != "..." and line:
            assert line in printed, f"not printed, or not in this place: {line}\n" + in_words(
                ran, shown
            )


def refresh(page: Path, shown: Shown, ran: Any) -> None:
    """Puts what was printed into the page, for each line that is not printed any more the one most
    like it: with DUEBOOK_GOLDEN=write. Read the difference before it is committed."""
    printed = [line.rstrip() for line in (ran.out + ran.err).replace(f"{ROOT}/", "").splitlines()]
    text, at = page.read_text(encoding="utf-8"), 0
    for line in shown.lines:
        if line.strip("│ ") == "..." or not line:
            continue
        if line in printed[at:]:
            at = printed.index(line, at) + 1
            continue
        alike = [(SequenceMatcher(None, line, new).ratio(), -n) for n, new in enumerate(printed)]
        ratio, place = max((pair for pair in alike if -pair[1] >= at), default=(0.0, 0))
        if ratio > ALIKE:
            at = -place + 1
            text = text.replace(f"{line}\n", f"{printed[-place]}\n")
    page.write_text(text, encoding="utf-8")


def run_shown(shown: Shown, duebook: Callable[..., Any], ran: type) -> Any:
    """In this process where it is a command of ours alone, else by a shell."""
    if IN_PROCESS.fullmatch(shown.command):
        return duebook(*shlex.split(shown.command)[1:])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shown.command],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, "PATH": path},
    )  # fmt: skip
    return ran(done.returncode, done.stdout, done.stderr)
