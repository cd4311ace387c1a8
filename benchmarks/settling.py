"""Settling at two sizes, and the memory of a large recording, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Act, Figure, Took, in_turns, interleaved
from benchmarks.workshop import ROOT, Workshop

MILLION = 1_000_000
MILLION_STORES = 100_000
MIB_MAX = 1024
TIMES_MAX = 11
BARE_LEAST = 0.5
LARGE = 10
JOBS_LEAST, LONGEST_MAX = 1.45, 0.65


class Answer(NamedTuple):
    """What a child process measured about itself."""

    seconds: float
    cpu: float
    facts: int
    lines: int
    peak_mib: float
    longest: float


def child(*words: str | Path) -> Answer:
    """Runs `benchmarks.child` and returns its answer."""
    command = [sys.executable, "-m", "benchmarks.child", *map(str, words)]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return Answer(**json.loads(out))


def settle(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`settle`: seconds, facts per second and peak memory, with a tenth of the stores and all."""
    small = shop.made_file(shop.facts // 10, shop.stores // 10)
    books = {
        shop.stores // 10: shop.made_book(small, "small.db"),
        shop.stores: shop.recorded,
    }
    last: dict[int, Answer] = {}

    def once(stores: int) -> float:
        last[stores] = child("settle", books[stores])
        return last[stores].seconds

    acts: dict[str, Act] = {
        f"settle {stores:,} stores": lambda stores=stores: once(stores)  # type: ignore[misc]
        for stores in books
    }
    seconds = interleaved(shop.runs, acts)
    texts = []
    for name, stores in zip(acts, books, strict=True):
        answer, taken = last[stores], seconds[name]
        speed = answer.facts / taken
        texts.append(f"{taken:.2f} s, {speed:,.0f} facts/s, {answer.peak_mib:.0f} MiB")
    few, many = seconds.values()
    times = many / few
    tenth, whole = books
    how = f"{last[whole].lines:,} lines; reference {tenth:,} stores; without start-up"
    yield Figure("settle", texts[1], texts[0], times, f"<= {TIMES_MAX}x", times <= TIMES_MAX, how)


def bare(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`bare`: facts per second of the processor, against a loop that only decodes their rows."""

    def once(what: str) -> Took:
        answer = child(what, shop.recorded)
        return Took(answer.seconds / answer.facts, answer.cpu / answer.facts)

    acts = {what: lambda what=what: once(what) for what in ("settle", "decode")}  # type: ignore[misc]
    fact = in_turns(max(shop.runs, 5), acts)
    ours, reference = 1 / fact["settle"].cpu, 1 / fact["decode"].cpu
    how = f"{shop.stores:,} stores; seconds of the processor"
    yield Figure.rate("settle: facts", ours, "decoded alone", reference, BARE_LEAST, how)


def jobs(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`jobs`: ten times the stores, by one process and by two."""
    stores = shop.stores * LARGE
    book = shop.made_book(shop.made_file(shop.facts * LARGE, stores), "large.db")
    last: dict[int, Answer] = {}

    def once(number: int) -> Took:
        last[number] = child("settle", book, str(number))
        return Took(last[number].seconds, last[number].cpu)

    acts = {str(number): lambda number=number: once(number) for number in (1, 2)}  # type: ignore[misc]
    took = in_turns(shop.runs, acts)
    times, longest = took["1"].seconds / took["2"].seconds, last[2].longest / took["1"].cpu
    how = f"{stores:,} stores, {last[1].lines:,} lines; {last[1].peak_mib:.0f} MiB by one process, "
    how += f"{last[2].peak_mib:.0f} by two, the helpers' largest included"
    shown = (took["2"].text, took["1"].text)
    goal = f">= {JOBS_LEAST}x"
    yield Figure("settle --jobs 2", *shown, times, goal, times >= JOBS_LEAST, how)
    texts = (f"{last[2].longest:.2f} s cpu", f"{took['1'].cpu:.2f} s cpu")
    goal = f"<= {LONGEST_MAX}x"
    longest_how = "the process that worked longest, its start included"
    yield Figure("the longer of two", *texts, longest, goal, longest <= LONGEST_MAX, longest_how)


def million(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`million`: the peak memory of recording a million facts."""
    file = shop.made_file(MILLION, MILLION_STORES)
    book = shop.fresh_book("million.db")
    book.close()
    answer = child("record", shop.folder / "million.db", file)
    how = f"{MILLION:,} facts of {MILLION_STORES:,} stores, one transaction; "
    how += f"{answer.facts / answer.seconds:,.0f} facts/s; one run; peak resident memory"
    ratio = answer.peak_mib / MIB_MAX
    yield Figure(
        "million",
        f"{answer.peak_mib:,.0f} MiB",
        f"{MIB_MAX:,} MiB allowed",
        ratio,
        "< 1x",
        ratio < 1,
        how,
    )
