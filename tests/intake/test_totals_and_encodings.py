"""Totals rows of a platform's file are checked and claimed by nobody; other encodings are named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.intake.encodings import to_utf8
from ledger.intake.platform.canonical import read
from ledger.intake.platform.orderfile import THEIRS, load
from ledger.intake.problems import BadPlatformFile
from ledger.store.archive.connection import connect

Write = Callable[..., str]
LABELS = ["Total", "TOTAL", " Grand  Total ", "Sum", "Summe", "合计", "总计", "Ｔｏｔａｌ"]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes lines as a file of the platform; answers its path."""

    def write(*lines: str, name: str = "theirs.csv") -> str:
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return str(path)

    return write


def said(path: str) -> list[tuple[int, str]]:
    """The place and the code of each problem."""
    with pytest.raises(BadPlatformFile) as refused:
        read(path)
    return [(one["place"], one["code"]) for one in refused.value.facts["problems"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("header", ["line,amount,currency", "store,amount,currency"])
def test_a_row_that_sums_those_above_it_is_none_of_theirs(
    written: Write, header: str, label: str
) -> None:
    """Whatever it is called, per currency."""
    rows = ("a,-1.00,CNY", "b,-2.50,CNY", "c,7.00,EUR", f"{label},-3.50,CNY", f"{label},7.00,EUR")
    found = read(written(header, *rows)).rows
    assert [one.place for one in found] == [2, 3, 4]


def test_a_total_of_what_follows_another_and_one_of_all_are_both_sums(written: Write) -> None:
    """Subtotals, and the sum of everything below them."""
    rows = ("a,1.00,CNY", "小计,1.00,CNY", "b,2.00,CNY", "小计,2.00,CNY", "总计,3.00,CNY")
    assert len(read(written("line,amount,currency", *rows)).rows) == 2


def test_a_total_that_is_no_sum_is_refused_with_its_place(written: Write) -> None:
    """Rows are missing, or the file was edited."""
    path = written("line,amount,currency", "a,1.00,CNY", "b,2.00,CNY", "Total,3.01,CNY")
    assert said(path) == [(4, "totals_differ")]
    assert said(written("line,amount,currency", "Total,1.00,CNY", "a,1.00,CNY")) == [
        (2, "totals_differ")
    ]


def test_totals_of_a_file_by_order_are_checked_as_well(written: Write, tmp_path: Path) -> None:
    """In the order's place or in the store's; the other rows keep their places."""
    header = "order_id,store,amount,currency"
    rows = ("o1,S-1,-1.00,CNY", "o2,S-1,-2.00,CNY", "Total,S-1,-3.00,CNY", "o3,S-1,-4.00,CNY")
    more = ("o4,S-2,-1.00,CNY", "小计,S-2,-5.00,CNY", ",合计,-8.00,CNY")
    path = written(header, *rows, *more)
    database = connect(tmp_path / "spill", "500MB")
    try:
        file = load(database, path, str, flip_sign=False)
        found = database.execute(f"SELECT place, order_id FROM {THEIRS} ORDER BY 1").fetchall()
        assert (file.rows, found) == (4, [(2, "o1"), (3, "o2"), (5, "o3"), (6, "o4")])
    finally:
        database.close()
    wrong = written(header, *rows[:2], "Total,S-1,-3.01,CNY")
    database = connect(tmp_path / "spill2", "500MB")
    try:
        with pytest.raises(BadPlatformFile) as refused:
            load(database, wrong, str, flip_sign=False)
    finally:
        database.close()
    assert "theirs.csv:4: totals_differ: found the total -3.01 CNY, expected -3.00 by the rows" in (
        refused.value.sentence
    )


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("订单号,备注\n1,平台服务费\n", "gb18030", "GB18030"),
        ("订单号\t,金额\n577430000000000001\t,-6.00\n", "gbk", "GB18030"),
        ("Müller,Köln\nGroße Straße\n", "cp1252", "WINDOWS-1252"),
        ("São Paulo;R$ 5\nação\n", "latin-1", "WINDOWS-1252"),
    ],
)
def test_an_encoding_that_can_be_told_is_named_with_how_to_convert_it(
    text: str, encoding: str, named: str
) -> None:
    """Without a spreadsheet, which would spoil long ids."""
    said_ = to_utf8(text.encode(encoding), "bill 5.csv")
    assert f"iconv -f {named} -t UTF-8 'bill 5.csv' > 'utf8-bill 5.csv'" in said_
    assert "spoil long ids" in said_


def test_bytes_that_are_no_text_are_not_guessed_at() -> None:
    """Nothing is named that is not likely."""
    assert "iconv -f ENCODING" in to_utf8(bytes(range(128, 256)) * 3, "x")
