"""Leaving Python's cyclic garbage collector out of bulk work that makes no cycles.

Events, states and steps are trees: reference counting frees them. The collector's cost grows with
everything that is alive, so that twenty thousand stores would take more than ten times as long as
two thousand.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (200_000, 50, 100)
"""Thresholds for a whole command: its imports make many objects and few cycles."""


@contextmanager
def no_cycles() -> Iterator[None]:
    """Pauses the collector for the block and restores its previous state."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
