"""Processes that do parts of a command's work: the same functions as here, called elsewhere.

A process that is killed ends the run with an error, and whatever ends the run ends its processes.
"""

import gc
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from ledger.kernel.errors import WorkerLost
from ledger.kernel.garbage import SELDOM, no_cycles
from ledger.kernel.uninterrupted import undisturbed
from ledger.store.book import Book, open_book
from ledger.store.engines import frugal
from ledger.usecases.settling.parts import Done, Part, worked_out

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")


class Processes:
    """Processes that are kept for the parts of a command's work, started by the first of them."""

    def __init__(self, book: Book, jobs: int) -> None:
        self.book, self.jobs = book, jobs
        self._executor: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()
        """Processes that were there before."""

    def work(self, parts: Sequence[Part]) -> Generator[Done]:
        """What came of each part, in the order of the parts. Raises `WorkerLost`."""
        return self.each(worked_out_in, parts)

    def each(self, task: Callable[[Book, T], R], items: Sequence[T]) -> Generator[R]:
        """What a task makes of each item, in their order. The task is named in its module, and is
        given the book as its process has opened it, for reading. Raises `WorkerLost`."""
        from concurrent.futures.process import BrokenProcessPool

        try:
            for future in self._handed(task, items):
                yield future.result()
        except BrokenProcessPool:
            raise WorkerLost(
                f"One of the {self.jobs} processes that did the work was ended before it was done."
            ) from None

    def _handed(self, task: Callable[[Book, T], R], items: Sequence[T]) -> "list[Future[R]]":
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import active_children, get_context

        with undisturbed():
            if self._executor is None:
                self._others = set(active_children())
                self._executor = ProcessPoolExecutor(
                    self.jobs,
                    get_context("spawn"),
                    initializer=_begin,
                    initargs=(self.book.read_from,),
                )
            return [self._executor.submit(partial(_in_book, task), item) for item in items]

    def end(self, *, at_once: bool) -> None:
        """Ends the processes: when they are done, or at once."""
        if self._executor is None:
            return
        if at_once:
            from multiprocessing import active_children

            for process in set(active_children()) - self._others:
                process.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def processes(book: Book, jobs: int) -> Iterator[Processes | None]:
    """Processes for the runs of a block; none for a single job, which is worked out here."""
    if jobs == 1:
        yield None
        return
    kept = Processes(book, jobs)
    try:
        yield kept
    except BaseException:
        kept.end(at_once=True)
        raise
    kept.end(at_once=False)


_location = ""
_book: Book | None = None


def _begin(location: str) -> None:
    """Prepares a process: it ends when the program that started it has ended, however it did."""
    global _location
    _location = location
    gc.set_threshold(*SELDOM)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None, "this process was started by another"
    parent.join()
    os._exit(1)


def _in_book(task: Callable[[Book, T], R], item: T) -> R:
    """Does a task in the book, which is opened for the first one."""
    global _book
    if _book is None:
        _book = open_book(_location, readonly=True)
    with no_cycles():
        return task(_book, item)


def worked_out_in(book: Book, part: Part) -> Done:
    """What the rules make of a part in a book that a process has opened for itself."""
    with book.reading() as connection, frugal(connection):
        return worked_out(connection, part)
