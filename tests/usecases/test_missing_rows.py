"""What of a later row a closed period lacked: rows of any key, with days or without."""

from typing import Any

import pytest

from ledger.usecases.closing.missing_rows import Table

PLAIN = Table(("category", "scene"), None)
DATED = Table(("category", "scene"), ("from", "to"))
OWN, AD, ANY, ANY_AD = {"category": "a"}, {"category": "a", "scene": "ad"}, {}, {"scene": "ad"}
JUNE = {"from": "2020-06-01", "to": "2020-06-30"}
Row = dict[str, Any]


@pytest.mark.parametrize(
    ("have", "row", "missing"),
    [
        ([], OWN, ["a/"]),
        ([OWN], OWN, []),
        ([OWN], AD, []),
        ([AD], OWN, ["a/"]),
        ([AD], {"category": "a", "scene": "other"}, ["a/other"]),
        ([ANY], OWN, []),
        ([OWN], ANY, ["/"]),
        ([ANY_AD], AD, []),
        ([ANY_AD], OWN, []),
        ([OWN], ANY_AD, ["/ad"]),
        ([{"category": "b"}], OWN, ["a/"]),
    ],
)
def test_a_row_fills_only_what_no_row_spoke_of(
    have: list[Row], row: Row, missing: list[str]
) -> None:
    """One that would beat a row in anything that it has decided fills nothing; one that every
    other beats where they meet does."""
    for table in (PLAIN, DATED):
        assert list(table.missing(have, row)) == missing
        assert [table.named([row], name) for name in missing] == [[row]] * len(missing)


@pytest.mark.parametrize(
    ("have", "row", "days"),
    [
        ([OWN | JUNE], OWN, ["..2020-05-31", "2020-07-01.."]),
        ([OWN | {"to": "2020-06-10"}], OWN | JUNE, ["2020-06-11..2020-06-30"]),
        ([OWN | {"from": "2020-06-30"}], OWN | JUNE, ["2020-06-01..2020-06-29"]),
        ([OWN | {"from": "2020-06-10", "to": "2020-06-10"}], AD | JUNE,
         ["2020-06-01..2020-06-09", "2020-06-11..2020-06-30"]),
        ([OWN | JUNE, ANY | {"from": "2020-06-20"}], OWN, ["..2020-05-31"]),
        ([OWN | {"to": "2020-05-31"}], OWN | JUNE, ["2020-06-01..2020-06-30"]),
        ([AD | JUNE], OWN | JUNE, ["2020-06-01..2020-06-30"]),
        ([OWN | JUNE, OWN | {"from": "2020-07-01"}], OWN | {"from": "2020-06-15"}, []),
        ([OWN], OWN | JUNE, []),
        ([], OWN | JUNE, ["2020-06-01..2020-06-30"]),
    ],
)  # fmt: skip
def test_a_row_fills_only_days_on_which_none_spoke(
    have: list[Row], row: Row, days: list[str]
) -> None:
    """Both ends of a row's days are inside; what is filled is named with its days."""
    names = list(DATED.missing(have, row))
    assert [name.partition("@")[2] for name in names] == days
    for name, said in zip(names, days, strict=True):
        first, last = said.split("..")
        ends = {"from": first, "to": last}
        key = {name: value for name, value in row.items() if name not in ends}
        wanted = key | {name: day for name, day in ends.items() if day}
        assert DATED.named([{"category": "b"}, row], name) == [wanted]
        assert list(DATED.missing([*have, wanted], wanted)) == []


def test_a_name_finds_the_row_that_has_its_days() -> None:
    """Of two rows of one key, and whatever their category is called."""
    odd = {"category": "a/@2020-01-01..", "rate": "1"}
    spring, summer = OWN | {"to": "2020-05-31"}, OWN | {"from": "2020-06-01"}
    assert DATED.named([spring, summer, odd], "a/@2020-06-03..2020-06-04") == [
        OWN | {"from": "2020-06-03", "to": "2020-06-04"}
    ]
    assert DATED.named([spring, summer, odd], "a/@2020-05-31..2020-06-01") == []
    assert DATED.named([spring, summer, odd], "a/@2020-01-01../") == [odd]
