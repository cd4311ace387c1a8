"""Every check of a book by itself: log, what is kept with it, what was decided, read models.

What rests on the log is said only where the log holds. The checks are the same, in the same order,
whether they are made here, one after another, or by processes, side by side.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.receipts import Receipt
from ledger.usecases.settling.processes import Processes
from ledger.usecases.verifying.clock import verify_clock
from ledger.usecases.verifying.closed_periods import WHOLE, Share, verify_periods
from ledger.usecases.verifying.decisions import verify_decisions
from ledger.usecases.verifying.kept_files import verify_kept_files
from ledger.usecases.verifying.line_trees import LineTrees, Worked, verify_line_trees
from ledger.usecases.verifying.merkle_tree import verify_tree
from ledger.usecases.verifying.order_archive import verify_orders
from ledger.usecases.verifying.published_terms import verify_terms
from ledger.usecases.verifying.snapshots import verify_snapshots
from ledger.usecases.verifying.verify import Check, not_seen, verify
from projections.catalogue import VIEWS
from projections.taking import groups
from projections.temporary import silent
from projections.verify import verify_entries, verify_places, verify_views

Progress = Callable[[str, int], None]


class Task(NamedTuple):
    """Some of the checks; it can be sent to a process."""

    name: str
    receipts: Sequence[Receipt] = ()
    share: Share = WHOLE
    views: tuple[str, ...] = ()


class Checked(NamedTuple):
    """What came of a task."""

    checks: list[Check]
    trees: dict[int, Worked]


def verify_book(
    book: Book,
    receipts: Sequence[Receipt],
    now: Instant,
    progress: Progress,
    processes: Processes | None = None,
) -> list[Check]:
    """Every check; only those of the log where it does not hold. Raises `WorkerLost`."""
    tasks = _tasks(receipts, processes.jobs if processes else 1)
    if processes:
        answers = _told(processes.each(_check, tasks), progress)
    else:
        answers = (_check(book, task, progress) for task in tasks)
    log = next(answers).checks
    if not all(check.ok for check in log):
        if processes:
            processes.end(at_once=True)
        return log
    made: dict[str, list[Checked]] = {task.name: [] for task in tasks}
    for task, checked in zip(tasks[1:], answers, strict=True):
        made[task.name].append(checked)
    trees = LineTrees(book)
    for share in made["periods"]:
        trees.by_close |= share.trees
    views = {check.name: check for part in made["views"] for check in part.checks}
    return [
        *log,
        *_only(made["kept"]),
        *_only(made["decisions"]),
        *_in_turns([share.checks for share in made["periods"]]),
        verify_line_trees(book, trees),
        *_only(made["entries"]),
        verify_places(book),
        *(views[f"view {name}"] for name in VIEWS if f"view {name}" in views),
        verify_clock(book, now),
        not_seen(),
    ]


def _tasks(receipts: Sequence[Receipt], jobs: int) -> list[Task]:
    """The log, which everything else waits for; then what takes longest, so that no process ends
    long after the others."""
    together = groups([(view, view.table()) for view in VIEWS.values()])
    by_group = [tuple(view.NAME for view, _ in group) for group in together]
    return [
        Task("log", receipts=list(receipts)),
        *(Task("views", views=names) for names in sorted(by_group, key=len, reverse=True)),
        *(Task("periods", share=Share(first, jobs)) for first in range(jobs)),
        *(Task(name) for name in ("entries", "kept", "decisions")),
    ]


def _check(book: Book, task: Task, progress: Progress = silent) -> Checked:
    match task.name:
        case "log":
            return Checked(verify(book, task.receipts, progress), {})
        case "kept":
            return Checked(_kept(book, progress), {})
        case "decisions":
            return Checked([verify_decisions(book)], {})
        case "periods":
            trees = LineTrees(book)
            return Checked(verify_periods(book, progress, trees, task.share), trees.by_close)
        case "entries":
            return Checked([verify_entries(book, progress)], {})
    assert task.name == "views"
    places = verify_places(book)
    return Checked(verify_views(book, progress, task.views) if places.ok else [], {})


def _kept(book: Book, progress: Progress) -> list[Check]:
    """What is kept with the log."""
    return [
        verify_tree(book),
        verify_terms(book),
        *verify_orders(book, progress),
        *verify_kept_files(book, progress),
        *verify_snapshots(book),
    ]


def _told(answers: Iterator[Checked], progress: Progress) -> Iterator[Checked]:
    for checked in answers:
        progress("checks", len(checked.checks))
        yield checked


def _only(parts: list[Checked]) -> list[Check]:
    (part,) = parts
    return part.checks


def _in_turns(shares: list[list[Check]]) -> Iterator[Check]:
    """The checks of several shares as they stand one after another: the first of each, the second
    of each, and so on."""
    for turn in range(max(map(len, shares), default=0)):
        yield from (share[turn] for share in shares if turn < len(share))
