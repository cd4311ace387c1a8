"""What the README promises on its first screen happens."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

Duebook = Callable[..., Any]
ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
HOW_TO = ROOT / "docs" / "how-to.md"
Commands = list[tuple[list[str], list[str]]]


def block_of(number: int) -> Commands:
    """The commands of a console block of the README, each with the lines shown under it."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    found: Commands = []
    for line in blocks[number].splitlines():
        if line.startswith("$ duebook "):
            found.append((shlex.split(line)[2:], []))
        else:
            found[-1][1].append(line)
    return found


def run_all(duebook: Duebook, commands: Commands) -> None:
    """Runs the commands; each prints what is shown, line by line in this order."""
    for arguments, shown in commands:
        ran = duebook(*arguments)
        assert ran.code == 0
        printed = iter(line.rstrip() for line in (ran.out + ran.err).splitlines())
        for line in shown:
            if line.strip("│ ") != "..." and line:
                assert line.rstrip() in printed, f"not printed, or not in this place: {line}"


def test_the_first_screen_of_the_readme_is_what_the_commands_print(duebook: Duebook) -> None:
    """On a machine without a book; `...` stands for lines left out."""
    commands = block_of(0)
    assert [arguments[0] for arguments, _ in commands] == ["init", "settle", "explain"]
    run_all(duebook, commands)


def test_the_quarter_of_the_readme_is_what_the_commands_print(demo: Path, duebook: Duebook) -> None:
    """Closed, paid, adjusted and replayed on a fresh demo, the positions too."""
    demo.with_name("fixtures").symlink_to(ROOT / "fixtures")
    commands = block_of(1)
    names = [arguments[0] for arguments, _ in commands]
    assert names == ["close", "pay", "record", "adjust", "replay"]
    assert len([line for _, shown in commands for line in shown if line]) > 2
    run_all(duebook, commands)


def test_the_positions_and_breaks_of_the_how_to_are_those_of_the_demo(
    demo: Path, duebook: Duebook
) -> None:
    """What is withdrawn is the closure, and the break that is resolved is one that is left out."""
    text = HOW_TO.read_text(encoding="utf-8")
    (position,) = set(re.findall(r"^\$ duebook withdraw (\d+)", text, re.M))
    rows = duebook("log", "store:S-1013", "--format", "ndjson").lines
    assert [row["type"] for row in rows if row["position"] == int(position)] == ["StoreClosed"]
    resolved = r"reconcile (\S+) --against (fixtures\S+) \\\n +--resolve (\d+)"
    ((program, file, number),) = re.findall(resolved, text)
    ran = duebook("reconcile", program, "--against", ROOT / file, "--format", "json")
    kinds = {one["number"]: one["kind"] for one in ran.json["breaks"]}
    assert kinds[int(number)] == "missing_theirs"


def test_the_table_of_the_readme_names_every_command() -> None:
    """Neither one that is not there nor one too few."""
    from cli.commands import COMMANDS

    table = README.read_text(encoding="utf-8").partition("## The commands")[2]
    cells = re.findall(r"^\| (.*?) \|", table, re.M)
    written = set(re.findall(r"`([a-z]+)[ `]", "\n".join(cells)))
    described = set(re.findall(r"`([a-z]+) \[PROGRAM\]`", table))
    assert written | described == {command.name for command in COMMANDS}
