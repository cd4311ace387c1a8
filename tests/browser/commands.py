"""Command lines that make what is looked at, and servers of books."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.main import run
from tests.cli.conftest import DUEBOOK
from tests.cli.site import address_of


def ran(*words: Any) -> None:
    """Runs a command line in this process, which has to succeed."""
    assert run([str(word) for word in words]) == 0, words


@contextmanager
def serving(book: Path) -> Iterator[str]:
    """The address of `duebook serve` on a book, or on those that a TOML file lists, a process of
    its own that ends with the block, and has then complained of nothing."""
    which = ["serve", "--books", book] if book.suffix == ".toml" else ["--book", book, "serve"]
    words = [str(DUEBOOK), *map(str, which), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "DUEBOOK_TOKEN"}
    running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield address_of(running).rstrip("/")
    finally:
        running.send_signal(signal.SIGINT)
        _, talk = running.communicate(timeout=60)
    # What was read with the address may hold the line behind it.
    assert talk.removeprefix("It only reads. Stop it with Ctrl-C.\n") == "Stopped.\n", talk
