"""The fast check of a fact that fits: it may pass over nothing that a judgement would say."""

from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS, THINGS
from ledger.aggregates.judge import Known, fits, judge, mention, mentioned
from ledger.kernel.instants import parse_instant


class Directory:
    """Knows some stores, and nothing else."""

    def __init__(self, stores: dict[str, Known]) -> None:
        self.stores = stores

    def known(self, kind: str, name: str) -> Known | None:
        return self.stores.get(name) if kind == "store" else None

    def alike(self, kind: str, name: str) -> str | None:
        return None


def facts() -> list[tuple[str, Any, int]]:
    """An example of every fact, as its type, itself and its instant."""
    return [
        (name, kind.validator().validate_python(content(kind.EXAMPLE)), at_of(kind.EXAMPLE))
        for name, kind in FACTS.items()
    ]


def content(example: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in example.items() if name not in ("type", "at")}


def at_of(example: dict[str, Any]) -> int:
    return parse_instant(example["at"])


@pytest.mark.parametrize("onboarded", [None, -1, 0, 1])
def test_a_fact_that_fits_at_a_glance_has_no_exception(onboarded: int | None) -> None:
    """For every fact: its store unknown, or onboarded before it, with it, or after it."""
    glanced = set()
    for name, fact, at in facts():
        said = mentioned(fact, at)
        store = said[2]
        stores = {} if store is None or onboarded is None else {store: (at + onboarded, b"")}
        if fits(said, stores):
            glanced.add(name)
            assert judge(mention(fact, at), Directory(stores), THINGS) == []
    assert ("StoreVerified" in glanced) == (onboarded in (-1, 0))
    assert ("GMVRecorded" in glanced) == (onboarded in (-1, 0))


def test_a_day_after_its_fact_is_never_passed_over() -> None:
    """A report of a day that has not begun is advice, whatever is known of its store."""
    gmv = dict(FACTS["GMVRecorded"].EXAMPLE) | {"day": "2027-01-01"}
    fact = FACTS["GMVRecorded"].validator().validate_python(content(gmv))
    assert not fits(mentioned(fact, at_of(gmv)), {"S-1001": (0, b"")})
