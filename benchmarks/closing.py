"""A closed quarter: replayed against the settle that closed it, and single lines explained."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from benchmarks import facts
from benchmarks.measure import Figure, Took, in_turns, tell, took
from benchmarks.settling import Answer, child
from benchmarks.workshop import AS_OF, NOW, Workshop, discard, recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.instants import parse_instant
from ledger.programs.line import Line
from ledger.store.book import Book, open_book
from ledger.usecases.closing.close import close
from ledger.usecases.init import demo_files, init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import published_edition, settle

REPLAY_TIMES_MAX = 1.2
EXPLAIN_TIMES_MAX = 3
KINDS = ("closed stores", "rival ahead", "EUR", "plain")
LINES_EACH = 5


def closed_book(shop: Workshop) -> str:
    """The recorded book with some stores closed, then closed itself; made once."""
    path = shop.folder / "closed.db"
    if not path.exists():
        source = shop.recorded
        discard(path)
        shutil.copy(source, path)
        late = shop.folder / "closures.ndjson"
        facts.save(late, facts.closures(facts.FIRST, shop.stores))
        with_closures = open_book(str(path))
        recorded(with_closures, late)
        close_quarter(with_closures, facts.PROGRAM, AS_OF)
        with_closures.close()
    return str(path)


def close_quarter(book: Book, program: str, as_of: str) -> str:
    """Closes a program despite held lines and exceptions; returns the digest of its lines."""
    tell(f"closing {program}")
    answer = close(
        book, program, by="benchmark", now=NOW, as_of=parse_instant(as_of), leave_open="benchmark"
    )
    return str(answer["digest"])


def replay(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`replay` of a closed quarter against its settle, each in a process of its own."""
    book = closed_book(shop)
    last: dict[str, Answer] = {}

    def once(what: str, *words: str) -> Took:
        last[what] = child(what, book, facts.PROGRAM, *words)
        return Took(last[what].seconds, last[what].cpu)

    times = in_turns(
        max(shop.runs, 5 if shop.repeats > 3 else 1),
        {"replay": lambda: once("replay"), "settle": lambda: once("settle-closed", AS_OF)},
    )
    how = f"{last['replay'].lines:,} lines, identical; {last['replay'].peak_mib:.0f} MiB, "
    how += f"settle {last['settle-closed'].peak_mib:.0f} MiB; without start-up"
    yield Figure.times("replay", times["replay"], times["settle"], REPLAY_TIMES_MAX, how)


class Asked(NamedTuple):
    """A book with lines to explain, by what is special about them."""

    book: Book
    clocks: Clocks
    lines: dict[str, list[Line]]


class Explained(NamedTuple):
    """What explaining a line took, how many events it read, and how many facts it cited."""

    took: Took
    read: int
    cited: int


def explained(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`explain` of single lines: what they read against what they cite, and against the demo."""
    demo, _ = init(str(shop.folder / "explained.db"), "platform")
    record(demo, demo_files(), now=NOW, by="benchmark")
    books = {
        "demo": sorted_out(demo, Clocks(parse_instant(AS_OF), demo.head().position)),
        "closed": sorted_out(book := open_book(closed_book(shop)), clocks_of(book)),
    }
    yield from against(books["closed"], books["demo"], "demo", "explain", shop.repeats)
    demo.close()
    book.close()


def against(ours: Asked, theirs: Asked, name: str, prefix: str, repeats: int) -> Iterator[Figure]:
    """Two figures for each kind of line: what was read, and the time against another book."""
    both = {"ours": ours, name: theirs}
    for kind in KINDS:
        if not ours.lines[kind] or not theirs.lines[kind]:
            yield Figure.absent(f"{prefix}: {kind}", "no such line in one of the books")
            continue
        turns = {
            (which, line.line): (asked, line)
            for which, asked in both.items()
            for line in asked.lines[kind]
        }
        measured: dict[tuple[str, str], list[Explained]] = defaultdict(list)
        for _ in range(repeats):
            for key, (asked, line) in turns.items():
                measured[key].append(explain_one(asked, line.line))
        mine, other = _medians(measured, "ours"), _medians(measured, name)
        worst = max(
            (runs[0] for key, runs in measured.items() if key[0] == "ours"),
            key=lambda explained: explained.read / explained.cited,
        )
        ratio = worst.read / worst.cited
        yield Figure(
            f"{prefix}: read, {kind}", f"{worst.read} events read", f"{worst.cited} cited", ratio,
            "<= 1x", worst.read <= worst.cited,
            f"the worst of {len(ours.lines[kind])} lines; decoded events of the line itself",
        )  # fmt: skip
        how = f"median of {len(ours.lines[kind])} lines x {repeats}; "
        how += f"{mine.cited} cited, in {name} {other.cited}"
        yield Figure.times(f"{prefix}: time, {kind}", mine.took, other.took, EXPLAIN_TIMES_MAX, how)


def explain_one(asked: Asked, line: str) -> Explained:
    """Explains a line as the command does."""
    read, cited = 0, 0

    def act() -> None:
        nonlocal read, cited
        with asked.book.reading() as connection:
            settlement, answer = explain(connection, line, asked.clocks)
        read, cited = settlement.events_read, len(answer["facts"])

    return Explained(took(act), read, cited)


def _medians(measured: dict[tuple[str, str], list[Explained]], which: str) -> Explained:
    mine = [run for key, runs in measured.items() if key[0] == which for run in runs]
    seconds = median(explained.took.seconds for explained in mine)
    cpu = median(explained.took.cpu for explained in mine)
    read, cited = (
        median(explained.read for explained in mine),
        median(explained.cited for explained in mine),
    )
    return Explained(Took(seconds, cpu), int(read), int(cited))


def clocks_of(book: Book) -> Clocks:
    """The clocks at which lines are explained: after the close."""
    return Clocks(parse_instant(AS_OF), book.head().position)


def sorted_out(book: Book, clocks: Clocks, program: str = facts.PROGRAM) -> Asked:
    """Some lines of each kind, spread over the book."""
    with book.reading() as connection:
        edition = published_edition(connection, program, clocks)
        lines = settle(connection, edition, clocks).lines
    by_kind: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for line in lines:
        by_kind[_kind(line)].append(line)
    spread = {
        kind: mine[:: max(1, len(mine) // LINES_EACH)][:LINES_EACH]
        for kind, mine in by_kind.items()
    }
    return Asked(book, clocks, spread)


def _kind(line: Line) -> str:
    steps = {part.code: part for part in line.explanation.parts}
    if steps["governance_ratio"].parts:
        return "closed stores"
    verified = steps["first_verified"]
    if len(verified.events) > 1:
        return "rival ahead"
    if any("rate of" in text for text in _observed(line.explanation)):
        return "EUR"
    return "plain"


def _observed(step: Step) -> Iterator[str]:
    yield step.observed or ""
    for part in step.parts:
        yield from _observed(part)
