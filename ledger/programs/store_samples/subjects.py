"""The subjects of this program's lines, as names: `STORE/freight` and `REQUEST`.

Ids contain no slash, so that a store and a request with the same id are two subjects.
"""

from collections.abc import Iterable

from ledger.programs.periods import MONTH

FREIGHT = "/freight"


def split(rest: str) -> tuple[str | None, str]:
    """Month and subject of a line named `PROGRAM/2024-05/STORE/freight`, given without its program
    and possibly cut short; or of one named by its request only, without a month."""
    first, slash, others = rest.partition("/")
    if slash and MONTH.fullmatch(first):
        return first, others.partition("/")[0] + FREIGHT
    return None, first + FREIGHT if slash else first


def stores_of(subjects: Iterable[str]) -> set[str]:
    """The stores among some subjects."""
    return {subject.removesuffix(FREIGHT) for subject in subjects if subject.endswith(FREIGHT)}


def requests_of(subjects: Iterable[str]) -> set[str]:
    """The sample requests among some subjects."""
    return {subject for subject in subjects if not subject.endswith(FREIGHT)}
