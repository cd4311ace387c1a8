"""What is looked at: a report of the demo, the page of a large program, the first page of all."""

import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil

from benchmarks.facts import PROGRAM
from benchmarks.measure import Figure, Took, in_turns
from benchmarks.settling import child
from benchmarks.workshop import ROOT, Workshop, discard

DUEBOOK = Path(sys.executable).with_name("duebook")
DAY = "2026-06-30"
REPORT_SECONDS, REPORT_BYTES = 0.5, 1_000_000
PAGE_TIMES, START_SECONDS = 3, 2.0


class Served:
    """A `duebook serve` that is running."""

    def __init__(self, book: Path) -> None:
        words = [str(DUEBOOK), "--book", str(book), "serve", "--port", "0"]
        own = {name: value for name, value in os.environ.items() if name != "DUEBOOK_TOKEN"}
        self.running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=own)
        assert self.running.stderr is not None
        self.address = self.running.stderr.readline().split()[-1].rstrip("/")
        self._process = psutil.Process(self.running.pid)

    @property
    def cpu(self) -> float:
        """Seconds of the processor since it was started."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def looked(self, path: str) -> Took:
        """What it takes to answer a page."""
        before, start = self.cpu, time.perf_counter()
        with urllib.request.urlopen(self.address + path, timeout=600) as answer:
            answer.read()
        return Took(time.perf_counter() - start, self.cpu - before)


@contextmanager
def serving(book: Path) -> Iterator[Served]:
    """A server that ends with the block."""
    served = Served(book)
    try:
        yield served
    finally:
        served.running.terminate()
        served.running.communicate()


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`report`, `page` and `first-page`."""
    if wanted & {"report", "first-page"}:
        demo = shop.folder / "looked-at.db"
        discard(demo)
        _command("init", "--demo", "--book", demo)
        if "report" in wanted:
            yield from _report(shop, demo)
        if "first-page" in wanted:
            yield _first_page(shop, demo)
    if "page" in wanted:
        yield from _page(shop)


def _report(shop: Workshop, demo: Path) -> Iterator[Figure]:
    """The close report of the demo's quarter: by itself, the whole command, and its size."""
    file = shop.folder / "looked-at.html"
    words = ("report", "close", PROGRAM, "--as-of", DAY, "--book", demo, "-o", file)
    took = in_turns(
        shop.repeats,
        {
            "report": lambda: Took(*child("report", demo)[:2]),
            "command": lambda: _command(*words, "--overwrite"),
            "import": lambda: _command("--version"),
        },
    )
    ours, whole = took["report"], took["command"].text
    yield Figure(
        "close report", ours.text, f"{REPORT_SECONDS:g} s", ours.seconds / REPORT_SECONDS, "< 1x",
        ours.seconds < REPORT_SECONDS,
        f"from facts to HTML; whole command {whole}; --version {took['import'].text}",
    )  # fmt: skip
    size = file.stat().st_size
    yield Figure(
        "close report: size", f"{size / 1e6:.2f} MB", f"{REPORT_BYTES / 1e6:g} MB",
        size / REPORT_BYTES, "< 1x", size < REPORT_BYTES, "the demo's quarter",
    )  # fmt: skip


def _page(shop: Workshop) -> Iterator[Figure]:
    """The page of a program with a line for each store, against settling alone."""
    book, path = shop.recorded, f"/programs/{PROGRAM}"
    asked = (f"{path}?as_of={DAY}T00:{at // 60:02}:{at % 60:02}Z" for at in count())
    at = ""

    def first() -> Took:
        """At other clocks each time: what was worked out before is kept."""
        nonlocal at
        at = next(asked)
        return served.looked(at)

    with serving(book) as served:
        served.looked("/")
        took = in_turns(
            max(shop.runs, 5),
            {
                "page": first,
                "page again": lambda: served.looked(at),
                "settle": lambda: Took(*child("settle", book)[:2]),
            },
        )
    how = f"{shop.stores:,} stores; a running server; settle without start-up"
    for name in ("page", "page again"):
        yield Figure.times(name, took[name], took["settle"], PAGE_TIMES, how)


def _first_page(shop: Workshop, demo: Path) -> Figure:
    """From the start of `serve` to the first page in hand."""

    def once() -> Took:
        start = time.perf_counter()
        with serving(demo) as served:
            served.looked("/")
            return Took(time.perf_counter() - start, served.cpu)

    took = in_turns(shop.repeats, {"first page": once})["first page"]
    return Figure(
        "first page", took.text, f"{START_SECONDS:g} s", took.seconds / START_SECONDS, "< 1x",
        took.seconds < START_SECONDS, f"of the demo, from the start of serve; {shop.repeats} runs",
    )  # fmt: skip


def _command(*words: object) -> Took:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [str(DUEBOOK), *map(str, words)]
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(seconds, cpu)
