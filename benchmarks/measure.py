"""Timing side by side, and the table of the results."""

import gc
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import NamedTuple

Act = Callable[[], float]
"""Does a thing once and returns the seconds of the part that counts."""


class Took(NamedTuple):
    """Wall and processor seconds: where they differ much, other processes were busy."""

    seconds: float
    cpu: float

    @property
    def text(self) -> str:
        """Both, in a suitable unit."""
        if self.seconds < 0.1:
            return f"{self.seconds * 1000:.2f} ms (cpu {self.cpu * 1000:.2f})"
        return f"{self.seconds:.2f} s (cpu {self.cpu:.2f})"


class Figure(NamedTuple):
    """One line of the table. `met` is None where there is no goal to meet."""

    name: str
    ours: str
    reference: str
    ratio: float | None
    goal: str
    met: bool | None
    how: str

    @classmethod
    def rate(
        cls, name: str, ours: float, what: str, reference: float, least: float, how: str
    ) -> "Figure":
        """More is better: events or facts per second against those of a reference."""
        ratio = ours / reference
        shown = f"{reference:,.0f}/s {what}"
        goal = f">= {least:g}x"
        return cls(name, f"{ours:,.0f}/s", shown, ratio, goal, ratio >= least, how)

    @classmethod
    def times(cls, name: str, ours: Took, reference: Took, most: float, how: str) -> "Figure":
        """Less is better: time against that of a reference, with the ratio of processor time."""
        ratio = ours.seconds / reference.seconds
        cpu = f"cpu {ours.cpu / reference.cpu:.2f}x" if reference.cpu else "cpu -"
        goal, shown = f"<= {most:g}x", (ours.text, reference.text)
        return cls(name, *shown, ratio, goal, ratio <= most, f"{cpu}; {how}")

    @classmethod
    def absent(cls, name: str, why: str) -> "Figure":
        """A figure that could not be taken."""
        return cls(name, "-", "-", None, "-", None, why)


def timed(act: Callable[[], object]) -> float:
    """Seconds of one call. The benchmark's own objects are hidden from the garbage collector."""
    gc.collect()
    gc.freeze()
    try:
        started = time.perf_counter()
        act()
        return time.perf_counter() - started
    finally:
        gc.unfreeze()


def interleaved(runs: int, acts: dict[str, Act]) -> dict[str, float]:
    """Median seconds of each act: a, b, a, b ..., so that a noisy minute hits them all."""
    measured: dict[str, list[float]] = {name: [] for name in acts}
    for run in range(runs):
        for name, act in acts.items():
            tell(f"{name}: run {run + 1} of {runs}")
            measured[name].append(act())
    return {name: median(seconds) for name, seconds in measured.items()}


def in_turns(runs: int, acts: dict[str, Callable[[], Took]]) -> dict[str, Took]:
    """Like `interleaved`, with wall and processor time."""
    measured: dict[str, list[Took]] = {name: [] for name in acts}
    for run in range(runs):
        for name, act in acts.items():
            tell(f"{name}: run {run + 1} of {runs}")
            measured[name].append(act())
    return {
        name: Took(
            median(sample.seconds for sample in samples), median(sample.cpu for sample in samples)
        )
        for name, samples in measured.items()
    }


def took(act: Callable[[], object]) -> Took:
    """Wall and processor time of one call in this process; see `timed`."""
    worked = 0.0

    def counted() -> None:
        nonlocal worked
        started = time.process_time()
        act()
        worked = time.process_time() - started

    return Took(timed(counted), worked)


def tell(text: str) -> None:
    """Shows a progress line."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="" if text else "\r", file=sys.stderr, flush=True)
    elif text:
        print(f"... {text}", file=sys.stderr, flush=True)


def machine() -> str:
    """The machine that the figures were taken on."""
    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def table(figures: Iterable[Figure]) -> str:
    """The figures in columns."""
    rows = [("figure", "ours", "reference", "ratio", "goal", "met?", "how")]
    for figure in figures:
        ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}x"
        met = {True: "yes", False: "NO", None: "-"}[figure.met]
        rows.append(
            (figure.name, figure.ours, figure.reference, ratio, figure.goal, met, figure.how)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
