"""Readers of formats whose libraries may end the process: each runs in one of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


def run_reader(
    module: str, words: Sequence[str], timeout: float | None = None, **streams: Any
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a module of this program until it ends, however it does. What it says on standard error
    is its own: a backtrace helps nobody. Raises `subprocess.TimeoutExpired`."""
    # As this program finds its own parts, wherever it was started.
    start = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); import runpy; "
    start += f"runpy.run_module({module!r}, run_name='__main__')"
    command = [sys.executable, "-c", start, json.dumps(sys.path), *words]
    return subprocess.run(
        command, stderr=subprocess.DEVNULL, timeout=timeout, check=False, **streams
    )
