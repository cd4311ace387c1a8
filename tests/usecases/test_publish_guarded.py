"""Terms are not superseded unawares: what differs is told, lower versions and takeovers refused."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import TermsConflict
from ledger.store.book import Book
from ledger.usecases.closing.what_moves import moved_by_terms
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.quarter import NOW, PROGRAM, Quarter, edition, plain_quarter

pytestmark = decision


def told(book: Book, publisher: str, version: int, **changed: Any) -> dict[str, Any]:
    """What is told of a version before it is published, which it is not."""
    plans: list[dict[str, Any]] = []

    def declined(plan: dict[str, Any]) -> bool:
        plans.append(plan)
        return False

    terms = edition(PROGRAM, publisher=publisher, version=version, **changed)
    before = book.head()
    publish(book, terms, "x", look=partial(moved_by_terms, now=NOW), agree=declined)
    assert book.head() == before
    return plans[0]


def published(book: Book, publisher: str, version: int, *, replace: bool = False) -> bool:
    """Publishes terms with an award of their own; whether they were recorded."""
    award = f"{1000 + version}.00"
    terms = edition(PROGRAM, publisher=publisher, version=version, award=award)
    return bool(publish(book, terms, "lin", replace=replace)["recorded"])


def test_a_version_is_higher_than_the_publishers_last(book: Book) -> None:
    """The refusal says which number to give; the same content again is known."""
    assert published(book, "mine", 5)
    for version in (1, 4):
        with pytest.raises(TermsConflict, match="published version 5") as refused:
            published(book, "mine", version)
        assert "version = 6" in refused.value.hint
    assert not published(book, "mine", 5)
    assert published(book, "mine", 6)


def test_terms_of_another_publisher_are_replaced_only_where_somebody_says_so(book: Book) -> None:
    """The shipped ones give way to anybody's, and take nobody's place by themselves."""
    assert published(book, "mine", 1)
    before = book.head()
    for publisher in ("intern", "duebook"):
        with pytest.raises(TermsConflict, match="in force are mine's") as refused:
            published(book, publisher, 9)
        assert "--replace" in refused.value.hint
    assert book.head() == before
    assert published(book, "intern", 9, replace=True)
    with pytest.raises(TermsConflict, match="in force are intern's"):
        published(book, "mine", 2)


def test_what_differs_is_told_value_by_value(book: Book) -> None:
    """With where it is cited from, and whether a new value stands under an old citation."""
    plan = told(book, "mine", 1, award="1.00")
    assert plan["replaces"] == {"publisher": "duebook", "version": 2}
    (one,) = plan["differences"]
    assert (one["parameter"], one["was"], one["now"]) == ("award", "2000.00", "1.00")
    assert one["cited"].startswith("news-2026-01-29")
    assert one["keeps_citation"]


def test_a_value_under_a_new_citation_keeps_none(book: Book) -> None:
    """Nor does a parameter that nothing is cited for."""
    shipped = edition(PROGRAM)
    cite = dict(shipped.cite) | {"award": f"{shipped.source[0].key}, page 2"}
    (one,) = told(book, "mine", 1, award="1.00", cite=cite)["differences"]
    assert not one["keeps_citation"]
    ratios = [{"from": 1, "ratio": "0.5"}]
    (other,) = told(book, "mine", 1, governance_ratios=ratios)["differences"]
    assert (other["parameter"], other["was"]) == ("governance_ratios", None)


def test_what_moves_in_open_periods_is_told_with_its_sum(book: Book, tmp_path: Path) -> None:
    """Line by line; a closed period keeps its terms, and is not told of."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    (moved,) = told(book, "mine", 1, award="500.00")["moves"]
    assert (moved["program"], moved["lines"]) == (PROGRAM, 2)
    assert moved["difference"] == {"CNY": "-3000.00"}
    assert [(one["was"], one["now"]) for one in moved["changes"]] == [("2000.00", "500.00")] * 2
    quarter.close()
    assert told(book, "mine", 1, award="500.00")["moves"] == []
