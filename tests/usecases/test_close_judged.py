"""Which judged acts keep a whole term open: those that its edition is about, of its own days."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import LeftOpen
from ledger.store.book import Book
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.quarter import GROWTH, Quarter, edition, enrolled, on_sqlite

pytestmark = decision
FROZEN = {
    "type": "CampaignCreated",
    "at": "2026-06-01T10:00:00+08:00",
    "campaign": "C-1",
    "store": "S-M-7",
    "kind": "coupon",
    "created_by": "merchant",
}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "of a store that did not enrol": FROZEN | {"store": "S-99"},
    "of a plan of such a store": {
        "type": "AffiliatePlanSet",
        "at": FROZEN["at"],
        "plan": "PL-1",
        "store": "S-99",
        "kind": "shop",
        "rate": "0.15",
    },
    "of a plan that nobody set": {
        "type": "AffiliatePlanEnded",
        "at": FROZEN["at"],
        "plan": "PL-1",
    },
    "of an entry of such a store": {
        "type": "CampaignEntered",
        "at": FROZEN["at"],
        "campaign": "C-1",
        "store": "S-99",
        "level": "major",
        "by": "merchant",
    },
}


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """M-7, invited and enrolled on 3 May, with nothing promised."""
    made = Quarter(book, tmp_path)
    made.tell(enrolled(aigc=0, creator_video=0))
    return made


@on_sqlite
def test_a_frozen_tool_that_was_used_within_the_term_keeps_it_open(quarter: Quarter) -> None:
    """It is named with its code and position; withdrawn, it no longer does."""
    (position,) = quarter.tell([FROZEN])
    with quarter.refused(LeftOpen) as raised:
        quarter.close(GROWTH)
    (odd,) = raised.value.facts["exceptions"]
    assert (odd["code"], odd["position"]) == ("tools_frozen", position)
    quarter.withdraw(position)
    assert quarter.close(GROWTH)["exceptions"] == 0


@on_sqlite
def test_a_tool_that_was_frozen_before_the_term_is_no_matter_of_its_close(
    quarter: Quarter,
) -> None:
    """A judged act touches the close of the period in which it lies; it shows all the same."""
    own: dict[str, Any] = {"program": GROWTH, "merchant": "M-7", "store": "S-M-7"}
    own["promised"] = {"aigc": 0, "creator_video": 0}
    quarter.tell([{"type": "MerchantEnrolled", "at": "2026-04-20T10:00:00+08:00", **own}])
    quarter.withdraw(quarter.told[2])
    quarter.tell([FROZEN | {"at": "2026-04-25T10:00:00+08:00"}])
    assert [row["code"] for row in quarter.rows("exceptions")] == ["tools_frozen"]
    assert quarter.close(GROWTH)["exceptions"] == 0


@on_sqlite
@pytest.mark.parametrize("what", ELSEWHERE)
def test_what_is_odd_about_acts_that_an_edition_is_not_about_leaves_its_close_alone(
    quarter: Quarter, what: str
) -> None:
    """A store or a plan that is not known yet is none of a merchant that enrolled."""
    quarter.tell([ELSEWHERE[what]])
    assert quarter.rows("exceptions") != []
    assert quarter.close(GROWTH)["exceptions"] == 0


@on_sqlite
def test_an_edition_that_judges_none_has_no_act_to_review(quarter: Quarter) -> None:
    """Also of a store that enrolled."""
    none = edition(GROWTH, publisher="acme", version=3)
    terms = {key: value for key, value in none.terms.items() if key != "frozen_from"}
    publish(quarter.book, none.model_copy(update={"terms": terms}), "lin")
    quarter.tell([FROZEN])
    assert quarter.close(GROWTH)["exceptions"] == 0
