"""Talk, on standard error; and that what was committed stands, whatever becomes of the answer."""

import os
import sys
from contextlib import suppress

import click

from ledger.kernel.shown import visible

_committed: list[int] = []


def said_done(position: int | None) -> None:
    """Keeps in mind what the command has committed, for when its answer cannot be written."""
    if position is not None:
        _committed.append(position)


def forget_done() -> None:
    """Before the next command."""
    _committed.clear()


def say_what_is_done(why: str) -> bool:
    """That what was committed stands, although the answer does not say so; whether there is any."""
    if _committed:
        say(f"Recorded at position {_committed[-1]}; the answer could not be written: {why}.")
    return bool(_committed)


def say(*lines: str) -> None:
    """Talk, on standard error: each is one line, whatever it quotes."""
    for line in lines:
        click.echo(visible(line), err=True)


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # a stream that is closed, or that was never there
        return False


def point_away() -> None:
    """Standard output to nowhere, so that closing it cannot fail again."""
    with suppress(OSError, ValueError):  # a stream that is no file has nothing to point
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_nameless(columns: dict[str, int]) -> None:
    """Which files have columns without a name, from which nothing is read."""
    for file, count in columns.items():
        said = "1 column" if count == 1 else f"{count} columns"
        say(f"{file}: {said} without a name left out.")
