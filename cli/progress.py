"""Progress on standard error, only on a terminal and only for work that takes a while."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int], None]
PATIENCE_SECONDS = 0.7
"""Shorter work shows nothing."""


@contextmanager
def progress(totals: dict[str, int] | None = None) -> Iterator[Progress]:
    """A function to call with what is being done, and how much more of it is done."""
    if not sys.stderr.isatty():
        yield lambda what, more: None
        return
    bars = _Bars(totals or {})
    try:
        yield bars.tell
    finally:
        bars.stop()


class _Bars:
    def __init__(self, totals: dict[str, int]) -> None:
        self._totals = totals
        self._started = time.monotonic()
        self._done: dict[str, int] = {}
        self._tasks: dict[str, object] = {}
        self._live: object = None

    def tell(self, what: str, more: int) -> None:
        self._done[what] = self._done.get(what, 0) + more
        if self._live is None:
            if time.monotonic() - self._started < PATIENCE_SECONDS:
                return
            self._live = _start()
        live = self._live
        if what not in self._tasks:
            self._tasks[what] = live.add_task(what, total=self._totals.get(what))  # type: ignore[attr-defined]
        live.update(self._tasks[what], completed=self._done[what])  # type: ignore[attr-defined]

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()  # type: ignore[attr-defined]


def _start() -> object:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    live = RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    live.start()
    return live
