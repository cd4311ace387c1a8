"""What lines of this program are about, as names: `STORE/freight` and `REQUEST`.

Ids have no slash, so that a store and a request of one id are two subjects.
"""

from collections.abc import Iterable

from ledger.programs.periods import MONTH

FREIGHT = "/freight"


def split(rest: str) -> tuple[str | None, str]:
    """Month and subject of a line that is named `PROGRAM/2024-05/STORE/freight`, or of less of
    it; or of one that is named by its request alone, whose month is that of the request."""
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
