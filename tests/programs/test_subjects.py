"""Whose lines a store's are, for files of the platform that name stores, and what a line names."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.programs.registry import program_of, shipped
from ledger.store.reader import LogReader
from ledger.usecases.init import init
from tests.fees import Fees, onboarded

EDITIONS = {one.rules: one for one in shipped()}
TASK = {"type": "LiveTaskOrdered", "creator": "C-1", "category": "books", "link": "shop"}


def enrolled(program: str, merchant: str, store: str) -> dict[str, Any]:
    """A merchant takes part in a program with a store."""
    own = {"program": program, "merchant": merchant, "store": store}
    return {"type": "MerchantEnrolled", "at": "2026-05-03T10:00:00+08:00", **own}


def agreed(name: str, *stores: str) -> dict[str, Any]:
    """A partner agrees with a merchant on some stores."""
    own = {"agreement": name, "partner": "P-1", "merchant": "M-1", "stores": [*stores]}
    when = {"at": "2026-05-03T10:00:00+08:00", "from": "2026-05-03"}
    return {"type": "AgreementSigned", **when, **own, "currency": "CNY"}


def ordered(task: str, store: str) -> dict[str, Any]:
    """A store orders a task."""
    own = {"task": task, "store": store, "currency": "CNY"}
    return {**TASK, "at": "2020-08-21T20:00:00+08:00", **own}


@pytest.mark.parametrize(
    ("rules", "subjects"),
    [
        ("growth", ["M-1", "M-3"]),
        ("recruiting", ["S-1"]),
        ("service_agreement", ["A-1", "A-3"]),
        ("star_map", ["T-1", "T-3"]),
        ("store_deposit", ["S-1"]),
        ("store_samples", []),
        ("technical_fee", ["S-1"]),
    ],
)
def test_the_subjects_of_a_store_are_those_of_the_program(
    tmp_path: Path, rules: str, subjects: list[str]
) -> None:
    """Not those of another program, nor of another store."""
    book, _ = init(str(tmp_path / "book.db"), "platform")
    Fees(book, tmp_path).tell(
        onboarded("S-1"),
        *(enrolled("growth-2026-05", name, "S-1") for name in ("M-1", "M-3")),
        enrolled("growth-2025-11", "M-2", "S-1"),
        enrolled("growth-2026-05", "M-4", "S-2"),
        *(ordered(name, "S-1") for name in ("T-1", "T-3")),
        ordered("T-2", "S-2"),
        agreed("A-1", "S-1"),
        agreed("A-2", "S-2"),
        agreed("A-3", "S-2", "S-1"),
    )
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(FOREVER, book.head().position))
        found = program_of(rules).subjects_of_store(reader, EDITIONS[rules], "S-1")
    book.close()
    assert sorted(found) == subjects


@pytest.mark.parametrize(
    ("rules", "rest", "named"),
    [
        ("growth", "M-7/commission", (None, "M-7")),
        ("growth", "M-7", (None, "M-7")),
        ("recruiting", "S-1001", (None, "S-1001")),
        ("service_agreement", "2026-05/A-1/flat_fee", ("2026-05", "A-1")),
        ("service_agreement", "2026-05/2026-05/gmv_share", ("2026-05", "2026-05")),
        ("service_agreement", "2026-05/A-1", ("2026-05", "A-1")),
        ("service_agreement", "A-1/commission_split", (None, "A-1")),
        ("service_agreement", "A-1", (None, "A-1")),
        ("service_agreement", "2026-05/A-1/incentive", ("2026-05", "A-1/incentive")),
        ("star_map", "T-1", (None, "T-1")),
        ("technical_fee", "2020-05/S-1001", ("2020-05", "S-1001")),
        ("technical_fee", "S-1001", (None, "S-1001")),
        ("store_deposit", "2020-05/S-1001/standing", ("2020-05", "S-1001")),
        ("store_deposit", "2020-05/S-1001", ("2020-05", "S-1001")),
        ("store_deposit", "S-1001/standing", (None, "S-1001")),
        ("store_deposit", "S-1001", (None, "S-1001")),
        ("store_samples", "2024-05/S-1/freight", ("2024-05", "S-1/freight")),
        ("store_samples", "2024-05/S-1/negative_balance", ("2024-05", "S-1/freight")),
        ("store_samples", "2024-05/S-1", ("2024-05", "S-1/freight")),
        ("store_samples", "2024-05/2024-05/freight", ("2024-05", "2024-05/freight")),
        ("store_samples", "S-1/freight", (None, "S-1/freight")),
        ("store_samples", "R-31", (None, "R-31")),
        ("store_samples", "2024-05", (None, "2024-05")),
    ],
)
def test_a_line_names_its_month_and_its_subject(
    rules: str, rest: str, named: tuple[str | None, str]
) -> None:
    """As `settle` lists it, without the program."""
    assert program_of(rules).subject_of(rest) == named
