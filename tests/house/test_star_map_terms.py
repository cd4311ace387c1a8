"""Star-map terms: rows that make no sense are refused with what is wrong, and the file is whole."""

import tomllib
from datetime import date
from typing import Any

import pytest

from ledger.kernel.errors import BadTerms
from ledger.programs.registry import FOLDER, program_of, shipped
from ledger.programs.star_map.parameters import Parameters, share_text

(EDITION,) = (one for one in shipped() if one.rules == "star_map")
ROW = {"from": "2020-08-20", "link": "shop", "base": "price", "rate": "0.05"}
ENTRANCE = {"from": "2020-09-06", "link": "third_party", "access": "task"}


def check(**changed: Any) -> Any:
    terms = {**EDITION.terms, **changed}
    return program_of("star_map").check(EDITION.model_copy(update={"terms": terms}))


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("schedule", [{**ROW, "rate": "1.01"}], "schedule.0.rate: 1.01 does not lie in 0..1"),
        ("schedule", [{**ROW, "rate": "-0.01"}], "does not lie in 0..1"),
        ("schedule", [{**ROW, "rate": "5e-2"}], "'5e-2' is not a plain decimal"),
        ("schedule", [{**ROW, "rate": 1}], "schedule.0.rate: "),
        ("schedule", [{**ROW, "base": "turnover"}], "schedule.0.base: "),
        ("schedule", [{**ROW, "link": "own"}], "schedule.0.link: "),
        ("schedule", [{**ROW, "from": 18_000}], "schedule.0.from: a day is written as"),
        ("schedule", [{**ROW, "from": "2020-08-20T00:00:00"}], "schedule.0.from: "),
        ("schedule", [{**ROW, "from": "2020-02-30"}], "schedule.0.from: "),
        ("schedule", [{**ROW, "categories": []}], "schedule.0.categories: "),
        ("schedule", [{**ROW, "categories": ["a b"]}], "schedule.0.categories.0: "),
        ("schedule", [{**ROW, "to": "2020-09-01"}], "schedule.0.to: unknown key"),
        ("schedule", [ROW, {**ROW, "rate": "0.1"}], "two rows from 2020-08-20 for shop links"),
        (
            "schedule",
            [{**ROW, "categories": ["a", "b"]}, {**ROW, "categories": ["b"]}],
            "shop links of category b",
        ),
        ("schedule", [{**ROW, "categories": ["a", "a"]}], "shop links of category a"),
        ("access", [{**ENTRANCE, "access": "maybe"}], "access.0.access: "),
        ("access", [{**ENTRANCE, "media": "print"}], "access.0.media: "),
        ("access", [ENTRANCE, {**ENTRANCE, "access": "open"}], "third_party in live links"),
    ],
)
def test_rows_that_make_no_sense_are_refused(name: str, rows: list[Any], said: str) -> None:
    """With the row and the key, or the two rows of which neither would win."""
    with pytest.raises(BadTerms) as refused:
        check(**{name: rows})
    assert said in refused.value.sentence


def test_rows_of_one_day_may_differ_in_link_media_and_category() -> None:
    """Those never speak of the same; a row for one category stands beside the one for all."""
    rows = [ROW, {**ROW, "link": "third_party"}, {**ROW, "categories": ["a"]}]
    rows += [{**ROW, "categories": ["b"]}, {**ROW, "from": date(2020, 8, 21)}]
    assert len(check(schedule=rows).terms["schedule"]) == len(rows)
    assert check(access=[ENTRANCE, {**ENTRANCE, "media": "short_video"}])


def test_an_end_before_the_start_is_refused() -> None:
    """An end is optional; where there is one it does not lie before the start."""
    ended = EDITION.model_copy(update={"last": date(2020, 7, 30)})
    with pytest.raises(BadTerms, match="to: found 2020-07-30, expected 2020-07-31"):
        program_of("star_map").check(ended)


def test_the_file_says_what_is_taken_where_a_file_says_nothing() -> None:
    """The defaults are the shipped rows."""
    bare = Parameters().model_dump(mode="json", by_alias=True, exclude_none=True)
    text = (FOLDER / "star_map" / "terms.toml").read_text(encoding="utf-8")
    assert bare == tomllib.loads(text)["terms"] == EDITION.terms


def test_shares_are_told_in_percent() -> None:
    """Without an exponent and without zeros that say nothing."""
    told = [share_text(one) for one in ("0.01", "0.20", "0.055", "1", "0", "0.100")]
    assert told == ["1 %", "20 %", "5.5 %", "100 %", "0 %", "10 %"]
