"""Every command that the documentation shows is run, and prints what is shown."""

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from cli.main import duebook as group
from tests.cli.conftest import Ran
from tests.cli.documented import (
    BY_MAKE,
    PAGES,
    ROOT,
    Session,
    blocks,
    check,
    named_blocks,
    page_files,
    refresh,
    run_shown,
    sessions,
)

SESSIONS = [session for page in PAGES for session in sessions(page)]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_a_page_prints_what_it_shows(
    session: Session,
    duebook: Callable[..., Any],
    demo_template: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a folder that has, as this one, the fixtures and the script that checks packages, and,
    unless the page makes one, the demo's book."""
    for folder in ("fixtures", "projections"):
        (here / folder).symlink_to(ROOT / folder)
    if page_files(session).is_dir():
        shutil.copytree(page_files(session), here, dirs_exist_ok=True)
    for name, text in named_blocks(ROOT / session.name.partition("#")[0]).items():
        (here / name).write_text(text, encoding="utf-8")
    if not session.commands[0].command.startswith("duebook init"):
        for file in demo_template.iterdir():
            shutil.copy(file, here / file.name)
    for shown in session.commands:
        if shown.command.startswith("export "):
            for setting in shlex.split(shown.command)[1:]:
                name, _, value = setting.partition("=")
                if name == "DUEBOOK_BOOK":
                    monkeypatch.setenv(name, value)
        elif not shown.command.startswith(BY_MAKE):
            ran = run_shown(shown, duebook, Ran)
            if os.environ.get("DUEBOOK_GOLDEN") == "write":
                refresh(ROOT / session.name.partition("#")[0], shown, ran)
            else:
                check(shown, ran)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_to_other_machines_parses(page: Path) -> None:
    """Commands and options that exist, in blocks that no test can run."""
    for block in blocks(page.read_text(encoding="utf-8"), "sh"):
        for line in block.replace("\\\n", "").splitlines():
            for piece in line.split("#")[0].replace("&&", "|").replace(";", "|").split("|"):
                words = piece.partition("duebook ")[2]
                if words and "duebook " in piece:
                    name, *arguments = shlex.split(words)
                    command = group.get_command(click.Context(group), name)
                    assert command, f"{page.name}: {piece}"
                    command.make_context(name, arguments, resilient_parsing=True)


def test_no_page_has_a_command_outside_of_the_blocks_that_are_run() -> None:
    """Neither indented, nor in a block of another language or none."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        checked = {line for kind in ("console", "sh") for one in blocks(text, kind)
                   for line in one.splitlines()}  # fmt: skip
        stray = [line for line in text.splitlines() if line.lstrip().startswith("$ ")]
        assert [line for line in stray if line not in checked] == [], page.name
