"""What the README promises on its first screen happens."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

Duebook = Callable[..., Any]
README = Path(__file__).parents[2] / "README.md"


def first_screen() -> list[tuple[list[str], list[str]]]:
    """The commands of the first console block, each with the lines shown under it."""
    block = re.search(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert block
    found: list[tuple[list[str], list[str]]] = []
    for line in block[1].splitlines():
        if line.startswith("$ duebook "):
            found.append((shlex.split(line)[2:], []))
        else:
            found[-1][1].append(line)
    return found


def test_the_first_screen_of_the_readme_is_what_the_commands_print(duebook: Duebook) -> None:
    """Line by line in this order; `...` stands for lines left out."""
    commands = first_screen()
    assert [arguments[0] for arguments, _ in commands] == ["init", "settle", "explain"]
    for arguments, shown in commands:
        ran = duebook(*arguments)
        assert ran.code == 0
        printed = iter(line.rstrip() for line in (ran.out + ran.err).splitlines())
        for line in shown:
            if line.strip("│ ") != "..." and line:
                assert line.rstrip() in printed, f"not printed, or not in this place: {line}"


def test_the_table_of_the_readme_names_every_command() -> None:
    """Neither one that is not there nor one too few."""
    from cli.commands import COMMANDS

    table = README.read_text(encoding="utf-8").partition("## The commands")[2]
    cells = re.findall(r"^\| (.*?) \|", table, re.M)
    written = set(re.findall(r"`([a-z]+)[ `]", "\n".join(cells)))
    described = set(re.findall(r"`([a-z]+) \[PROGRAM\]`", table))
    assert written | described == {command.name for command in COMMANDS}
