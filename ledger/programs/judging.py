"""A program whose terms only judge acts that others report: nothing is due or decided under it."""

from collections.abc import Iterator
from typing import Any

from ledger.programs.contract import Answer, Asked
from ledger.programs.edition import Edition
from ledger.programs.program import Program
from ledger.programs.variants import Variant


def _no_lines(reader: Any, asked: Asked) -> Answer:
    return Answer([])


def _only_judges(edition: Edition, period: str | None) -> str:
    return "its terms judge reported acts, and nothing is due or decided under them"


def _no_variants(edition: Edition) -> Iterator[Variant]:
    return iter(())


def judging_only(**declared: Any) -> Program:
    """A program without lines: it only judges acts that others report."""
    return Program(
        versions={1: _no_lines},
        accounts={},
        absent=_only_judges,
        variants=_no_variants,
        lines=False,
        **declared,
    )
