"""Columns of pictures: on a terminal with room for them, and nowhere else."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.pictures import course, with_bars, with_courses
from cli.tables import Column, laid_out
from tests.cli.test_terminal import ESCAPES, on_terminal

Duebook = Callable[..., Any]
FEES = ("settle", "technical-fee-2020", "2020-05")
SALES = ("report", "gmv", "--where", "store=D-01", "--where", "day < 2020-05-10")
MONTHS = ("balances", "Liabilities:Deposit", "--monthly", "--to", "2020-12-31")
BLOCKS = set("▏▎▍▌▋▊▉█░▁▂▃▄▅▆▇·▔▀")
FEES_SHOWN = """\
line                             payee       outcome     amount  currency  share       why
technical-fee-2020/2020-05/D-01  store:D-01  payable    -542.76  CNY       █████
technical-fee-2020/2020-05/D-02  store:D-02  payable    -566.09  CNY       █████▎
technical-fee-2020/2020-05/D-03  store:D-03  payable  -1,068.79  CNY       ██████████
technical-fee-2020/2020-05/D-04  store:D-04  payable    -274.98  CNY       ██▌
technical-fee-2020/2020-05/D-05  store:D-05  payable    -747.76  CNY       ██████▉
technical-fee-2020/2020-05/D-06  store:D-06  payable    -283.79  CNY       ██▋
"""
SALES_SHOWN = """\
store  day         basis     amount  currency  share       orders  facts  source
D-01   2020-05-07  placed  1,317.89  CNY       ██████████       3      0  orders
D-01   2020-05-08  placed    982.52  CNY       ███████▍         4      0  orders
D-01   2020-05-09  placed  1,128.82  CNY       ████████▌        2      0  orders
"""
MONTHS_SHOWN = """\
account                             2020-03    2020-04    2020-06      total  currency  course
Liabilities:Deposit:store:S-1301  -5,000.00       0.00  -1,500.00  -6,500.00  CNY       █·▃
Liabilities:Deposit:store:S-1302       0.00  -2,000.00   2,000.00       0.00  CNY       ·▀█
Liabilities:Deposit:store:S-1303       0.00  -2,000.00       0.00  -2,000.00  CNY       ·█·
"""


def shown(text: str) -> str:
    """What a terminal shows of a table, without its colours and progress."""
    rows = ESCAPES.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(row.split("\r")[-1].rstrip() for row in rows if "━" not in row)


@pytest.mark.parametrize(
    ("command", "width", "table"),
    [(FEES, 100, FEES_SHOWN), (SALES, 80, SALES_SHOWN), (MONTHS, 100, MONTHS_SHOWN)],
    ids=["shares", "days", "months"],
)
def test_a_terminal_shows_a_share_or_a_course_beside_the_figures(
    busy: Path, command: tuple[str, ...], width: int, table: str
) -> None:
    """Where there is room; what payees owe is seen from whoever is to be paid."""
    (text,) = on_terminal([command], width)
    assert table in shown(text)


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {}], ids=["ascii", "60"])
def test_what_cannot_show_a_picture_shows_the_figures_alone(
    busy: Path, environment: dict[str, str]
) -> None:
    """An encoding without blocks; and a terminal that would have to fold something for them."""
    width = 140 if environment else 60
    figures = ("-1,068.79", "1,317.89", "-1,500.00")
    for figure, text in zip(
        figures, on_terminal([FEES, SALES, MONTHS], width, **environment), strict=True
    ):
        assert figure in text
        assert not BLOCKS & set(shown(text))
        assert "share" not in text
        assert "course" not in text


@pytest.mark.parametrize("format_", ["table", "json", "csv", "ndjson"])
@pytest.mark.parametrize(
    "command", [FEES, SALES, MONTHS, ("status",), ("report", "close", *FEES[1:])], ids=" ".join
)
def test_no_other_answer_has_pictures(
    busy: Path, duebook: Duebook, command: tuple[str, ...], format_: str
) -> None:
    """Neither a piped table nor a file nor data."""
    printed = duebook(*command, "--format", format_)
    assert not BLOCKS & set(printed.out)
    assert not re.search(r"\b(share|course)\b", printed.out)
    suffix = {"table": "txt"}.get(format_, format_)
    assert duebook(*command, "-o", f"answer.{suffix}").code == 0
    assert not BLOCKS & set(Path(f"answer.{suffix}").read_text(encoding="utf-8"))


def test_the_columns_that_were_asked_for_stay_alone(busy: Path) -> None:
    """`--columns` names all that is shown."""
    (text,) = on_terminal([(*SALES, "--columns", "day,amount,currency")], 140)
    assert not BLOCKS & set(shown(text))


def test_status_shows_the_course_of_open_months(busy: Path) -> None:
    """The last twelve, and each amount beside those of its currency."""
    (text,) = on_terminal([("status",)], 200)
    (agreements,) = re.findall(r"^to close .*service-agreements.* CNY .*", shown(text), re.M)
    share, marks = agreements.split(" CNY ")[1].split()[:2]
    assert set(share) <= set("▏▎▍▌▋▊▉█")
    assert 2 <= len(marks) <= 12
    assert set(marks) <= set("·▁▂▃▄▅▆▇█")


def _rows(*amounts: str | None, currency: str = "CNY") -> Iterator[dict[str, Any]]:
    for amount in amounts:
        yield {"amount": amount, "currency": currency if amount else None}


def test_amounts_that_are_all_alike_have_no_bars() -> None:
    """Fourteen equal bars say nothing; a zero among them has none either."""
    rows = list(_rows("2000.00", "0.00", "2000.00", None))
    assert with_bars(rows) == rows
    assert with_bars([]) == []


def test_each_currency_has_its_own_scale_and_its_own_side() -> None:
    """Amounts of two currencies are not compared; both signs in one are told apart."""
    rows = [*_rows("-10.00", "-5.00"), *_rows("8", "-4", "0", currency="JPY")]
    assert [row["share"] for row in with_bars(rows)] == [
        "██████████", "█████", "██████████", "░░░░░", "",
    ]  # fmt: skip


def test_a_course_needs_two_figures() -> None:
    """And shows what is owed the other way round where nothing is above zero."""
    assert course([Decimal(5)]) == course([]) == course([None, Decimal(3)]) == ""
    assert course([Decimal(-4), Decimal(0), None, Decimal(-8)]) == "▄· █"
    one_month = [{"account": "A", "2020-03": "5.00", "total": "5.00", "currency": "CNY"}]
    assert with_courses(one_month) == one_month


def test_pictures_go_before_anything_else_is_folded_or_left_out() -> None:
    """The last one first; a column of zeros stays longer than a picture."""
    columns = [
        Column("store", False, False, ["S-1"]),
        Column("paid", True, True, ["0.00"]),
        Column("share", False, False, ["█████"], picture=True),
        Column("course", False, False, ["▁▂▃▄▅▆"], picture=True),
    ]
    names = {room: [column.name for column in laid_out(columns, room).columns] for room in (26, 25)}
    assert names == {26: ["store", "paid", "share", "course"], 25: ["store", "paid", "share"]}
    assert laid_out(columns, 17).left_out == []
    assert [column.name for column in laid_out(columns, 17).columns] == ["store", "paid"]
