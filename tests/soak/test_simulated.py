"""Drawn sequences of steps through the use cases with faults, held against a model in memory.

`make soak` plays 300 of 200 steps, `make test-more` 6 of 60. A sequence is drawn from its seed;
one that fails is told step by step, and played again by

    DUEBOOK_SEED=17 DUEBOOK_STEPS=200 .venv/bin/python -m pytest -k sqlite \
        tests/soak/test_simulated.py

Some steps are done by a child that is killed at a drawn system call, by strace, which has to be
installed.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.marks import more, soak
from tests.soak.simulator import simulate

SEEDS_OF_SOAK, STEPS_OF_SOAK = range(1, 151), 200
SEEDS_OF_MORE, STEPS_OF_MORE = range(1, 4), 60
"""On each database."""


def _sequences() -> list[object]:
    chosen = os.environ.get("DUEBOOK_SEED")
    if chosen:
        return [(int(chosen), int(os.environ.get("DUEBOOK_STEPS", STEPS_OF_SOAK)))]
    short = [pytest.param((seed, STEPS_OF_MORE), marks=more) for seed in SEEDS_OF_MORE]
    long = [pytest.param((seed, STEPS_OF_SOAK), marks=soak) for seed in SEEDS_OF_SOAK]
    return [*short, *long]


@pytest.mark.parametrize("sequence", _sequences(), ids=lambda one: f"seed-{one[0]}-steps-{one[1]}")
def test_whatever_happens_nothing_is_lost_doubled_or_half(
    sequence: tuple[int, int], new_location: Callable[[], str], tmp_path: Path
) -> None:
    """After each step the book holds what the model says, and in the end all of it verifies."""
    seen = simulate(*sequence, new_location(), tmp_path)
    print(f"{sequence}: {seen}")  # shown by -rP
    assert seen["steps"] == sequence[1]
