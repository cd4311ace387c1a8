"""Talk, on standard error; and word of what was committed when its answer cannot be written."""

import os
import sys
from contextlib import suppress

import click

from ledger.kernel.shown import visible

_committed: list[int] = []


def said_done(position: int | None) -> None:
    """Notes what the command has committed, in case its answer cannot be written."""
    if position is not None:
        _committed.append(position)


def forget_done() -> None:
    """Forgets what was committed, before the next command."""
    _committed.clear()


def say_what_is_done(why: str) -> bool:
    """Says what was committed although the answer could not; returns whether anything was."""
    if _committed:
        say(f"Recorded at position {_committed[-1]}; the answer could not be written: {why}.")
    return bool(_committed)


def say(*lines: str) -> None:
    """Writes talk to standard error: each argument is one line, whatever it quotes."""
    for line in lines:
        click.echo(visible(line), err=True)


def is_terminal() -> bool:
    """Whether there is a user to ask."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # a stream that is closed, or that was never there
        return False


def point_away() -> None:
    """Redirects standard output to nowhere, so that closing it cannot fail again."""
    with suppress(OSError, ValueError):  # a stream that is no file cannot be redirected
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_nameless(columns: dict[str, int]) -> None:
    """Says which files have columns without a name, from which nothing is read."""
    for file, count in columns.items():
        said = "1 column" if count == 1 else f"{count} columns"
        say(f"{file}: {said} without a name left out.")
