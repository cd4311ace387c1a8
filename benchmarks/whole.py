"""`record` of a file as a whole command, against a program of the bare library for the same file.

Both start, parse the file, record every fact and end. The facts are simple: five fields each, one
onboarding per store, then listings of stock that their sender has named.
"""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import facts
from benchmarks.commands import DUEBOOK
from benchmarks.measure import Figure, Took, tell
from benchmarks.workshop import Workshop, discard

OF_A_STORE = 10
FASTER_MIN = 4


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`whole`: wall and processor time, medians, in turns."""
    if not DUEBOOK.exists():
        yield Figure.absent("whole", f"{DUEBOOK} is not installed")
        return
    file = shop.folder / "simple.ndjson"
    count = facts.save(file, simple(shop.facts))
    taken: dict[str, list[Took]] = {"ours": [], "bare": []}
    acts: dict[str, Callable[[], Took]] = {
        "ours": partial(ours, shop, file),
        "bare": partial(library, shop, file),
    }
    for run in range(shop.runs):
        for name, act in acts.items():
            tell(f"run {run + 1} of {shop.runs}: {name}")
            taken[name].append(act())
    mine, theirs = (median_of(taken[name]) for name in ("ours", "bare"))
    how = f"{count:,} facts of five fields, whole commands, both parse; cpu {mine.cpu:.2f} s"
    how += f" against {theirs.cpu:.2f} s: {theirs.cpu / mine.cpu:.2f}x"
    what = "eventsourcing aggregates"
    rates = count / mine.seconds, count / theirs.seconds
    yield Figure.rate("whole", rates[0], what, rates[1], FASTER_MIN, how)


def simple(count: int) -> Iterator[facts.Timed]:
    """About that many facts of five fields."""
    for number in range(count // OF_A_STORE):
        store, at = f"S-{number:06d}", facts.QUARTER + number
        merchant = f"M-{number:06d}"
        onboarded = {"type": "MerchantOnboarded", "merchant": merchant, "store": store}
        yield at, onboarded | {"market": "EU"}
        for ordinal in range(1, OF_A_STORE):
            country = facts.COUNTRIES[ordinal % len(facts.COUNTRIES)]
            named = {"store": store, "country": country, "id": f"SA-{number:06d}-{ordinal}"}
            yield at + ordinal * facts.DAY, {"type": "StockListed"} | named


def ours(shop: Workshop, file: Path) -> Took:
    """`duebook record FILE`, into a new book."""
    book = shop.folder / "whole.db"
    discard(book)
    shutil.copy(shop.empty, book)
    return run([str(DUEBOOK), "record", str(file), "--book", str(book), "--by", "benchmark"])


def library(shop: Workshop, file: Path) -> Took:
    """The same facts through the library's aggregates, into a new file."""
    book = shop.folder / "whole-bare.db"
    discard(book)
    return run([sys.executable, "-m", "benchmarks.bare", str(file), str(book)])


def run(words: list[str]) -> Took:
    """A command's time, and that of the processor for it and whatever it started."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median_of(runs: list[Took]) -> Took:
    """The median of each."""
    return Took(median(took.seconds for took in runs), median(took.cpu for took in runs))
