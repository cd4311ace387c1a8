"""Readers of formats whose libraries may end the process: each runs in one of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Any, NamedTuple


class Ended(NamedTuple):
    """How a reader ended: 0 for well; and what it wrote, unless that went into a file."""

    code: int
    said: bytes


def run_reader(
    module: str,
    words: Sequence[str],
    *,
    given: IO[Any] | None = None,
    output: IO[Any] | None = None,
    seconds: float | None = None,
) -> Ended:
    """Runs a module of this program until it ends, however it does. What it says on standard error
    is its own: a backtrace helps nobody. Raises `TimeoutError`."""
    # As this program finds its own parts, wherever it was started.
    start = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); import runpy; "
    start += f"runpy.run_module({module!r}, run_name='__main__')"
    try:
        done = subprocess.run(
            [sys.executable, "-c", start, json.dumps(sys.path), *words],
            stdin=given or subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(str(error)) from None
    return Ended(done.returncode, done.stdout or b"")
