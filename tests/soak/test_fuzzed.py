"""Whatever comes in is read or refused in words: no traceback, no abort, no flood, no hang."""

import os
import random
from pathlib import Path

import pytest

from tests.marks import more, soak
from tests.soak.fuzz import MIB_MAX, fuzzed

FEW = {"orders": 60, "parquet": 60, "arguments": 150}
"""In `make test-more`, where others take hundreds."""
MANY = {
    **dict.fromkeys(("ndjson", "csv", "terms", "arguments", "query"), 200_000),
    **dict.fromkeys(("platform", "orders", "workbook", "parquet"), 20_000),
    **dict.fromkeys(("mappings", "tables", "gzip", "orders-workbook"), 20_000),
}


def inputs_of(name: str, runs: str) -> int:
    """SOAK_INPUTS says another number for all."""
    given = os.environ.get("SOAK_INPUTS")
    return int(given) if given and runs == "many" else MANY[name] if runs == "many" else FEW.get(
        name, 400
    )  # fmt: skip


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize(
    "runs", [pytest.param("few", marks=more), pytest.param("many", marks=soak)]
)
def test_whatever_comes_in_is_read_or_refused_in_words(
    name: str, runs: str, tmp_path: Path
) -> None:
    """Mutations of a corpus, kept where they reach further in our Python; a run is drawn by
    SOAK_SEED, and what failed lies as a file in SOAK_FOUND, with the command to see it again."""
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(1, 2**31))
    found = Path(os.environ.get("SOAK_FOUND") or tmp_path / "found").absolute()
    wanted = inputs_of(name, runs)
    answer = fuzzed(name, wanted, seed, found)
    print(f"{name}, SOAK_SEED={seed}: {answer._replace(failure='')}")
    assert not answer.failure, answer.failure
    assert answer.inputs >= wanted
    assert answer.peak_mib < MIB_MAX
    assert answer.covered >= answer.covered_first > 0, "nothing of ours was entered"
