"""Whole commands, as a user at a terminal waits for them, against importing click alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.facts import PROGRAM
from benchmarks.measure import Figure, interleaved, timed
from benchmarks.workshop import Workshop

DUEBOOK = Path(sys.executable).with_name("duebook")
TIMES_MAX = {"help": 3, "first answer": 12}


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`commands`: the help text and the first answer of the demo book."""
    demo = shop.folder / "demo.db"
    made = _run([str(DUEBOOK), "init", "--demo", "--book", str(demo)]) if DUEBOOK.exists() else 1
    if made:
        yield Figure.absent("commands", f"{DUEBOOK.name} init --demo does not work here yet")
        return
    settle = ["settle", PROGRAM, "--book", str(demo), "--as-of", "2026-06-30"]
    commands = {
        "help": [str(DUEBOOK), "--help"],
        "click": [sys.executable, "-c", "import click"],
        "first answer": [str(DUEBOOK), *settle],
    }
    acts = {name: lambda words=words: _timed(words) for name, words in commands.items()}
    seconds = interleaved(shop.repeats, acts)
    click = seconds["click"]
    for name, most in TIMES_MAX.items():
        ratio = seconds[name] / click
        yield Figure(
            name,
            f"{seconds[name] * 1000:.0f} ms",
            f"{click * 1000:.0f} ms import click",
            ratio,
            f"< {most}x",
            ratio < most,
            f"median of {shop.repeats}: duebook {' '.join(commands[name][1:3])}",
        )


def _timed(words: list[str]) -> float:
    def run() -> None:
        if _run(words):
            raise SystemExit(f"{' '.join(words)} failed.")

    return timed(run)


def _run(words: list[str]) -> int:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode
