"""Charts say what explanations say: every digit, and what is open as open."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.kernel.decision import Step
from ledger.kernel.money import Money
from ledger.programs.chart import Measured, against, by_day, funnel, sums
from ledger.programs.line import Line


def _line(name: str, *parts: Step, outcome: str = "held", currency: str = "CNY") -> Line:
    return Line(
        f"p/{name}", "k", "platform", f"partner:{name}", f"store:{name}", outcome,
        Money(0, currency), explained=Step("whole", parts=parts),
    )  # fmt: skip


def _met(name: str) -> Step:
    return Step(name, met=True, code=name)


def _unmet(name: str) -> Step:
    return Step(name, met=False, code=name)


def _open(name: str) -> Step:
    return Step(name, met=None, pending="window_open", code=name)


def test_a_funnel_counts_what_is_left_and_what_is_open() -> None:
    """An open line is left neither as met nor as unmet, and stays open to the end; one without a
    condition passes it; a step that is no condition is none."""
    lines = [
        _line("A", _met("first"), _met("second"), Step("a note", observed="x")),
        _line("B", _met("first"), _open("second"), _unmet("third")),
        _line("C", _unmet("first"), _met("second")),
        _line("D", _open("first"), _open("second")),
        _line("E", _met("second")),
    ]
    (chart,) = funnel(lines, "store")
    shown = {bar.label: [mark.text for mark in bar.marks] for bar in chart.bars}
    assert shown == {
        "all": ["5 stores"],
        "first": ["3 stores", "1 store open"],
        "second": ["2 stores", "2 stores open"],
        "third": ["2 stores", "2 stores open"],
    }


def test_lines_without_conditions_have_no_funnel() -> None:
    """An empty picture says nothing."""
    assert list(funnel([_line("A", Step("a note"))], "store")) == []


@pytest.mark.parametrize(
    ("currency", "fees", "said"),
    [
        ("CNY", ["0.10", "0.20"], "0.30 CNY"),
        ("JPY", ["1204", "30"], "1,234 JPY"),
        ("KWD", ["1.005", "1000.000"], "1,001.005 KWD"),
    ],
)
def test_sums_have_the_decimals_of_their_currency(
    currency: str, fees: list[str], said: str
) -> None:
    """Neither more nor fewer."""
    steps = [Step("fee", measures=(("fee: ad", Decimal(fee)),)) for fee in fees]
    (chart,) = sums([_line("A", *steps, currency=currency)], "fee: ", "n", "t", "a")
    assert [(bar.label, bar.marks[0].text) for bar in chart.bars] == [("ad", said)]


def _of_days(fees: dict[str, str], currency: str = "CNY") -> list[Line]:
    measures = tuple((f"day {day}", Decimal(fee)) for day, fee in fees.items())
    return [_line("A", Step("fee", measures=measures), currency=currency)]


def test_days_are_added_up_and_none_between_two_is_left_out() -> None:
    """A day without a figure is a zero of the currency's decimals; below zero it is told apart."""
    lines = _of_days({"2026-02-27": "1.50", "2026-03-02": "-0.20"})
    (chart,) = by_day([*lines, *_of_days({"2026-02-27": "0.25"})], "day ", "n", "t", "a")
    assert chart.shape == "columns"
    assert [(bar.label, bar.marks[0].text, bar.marks[0].meaning) for bar in chart.bars] == [
        ("2026-02-27", "1.75 CNY", "payable"),
        ("2026-02-28", "0.00 CNY", "payable"),
        ("2026-03-01", "0.00 CNY", "payable"),
        ("2026-03-02", "-0.20 CNY", "declined"),
    ]


@pytest.mark.parametrize(("last", "columns"), [("2026-03-03", 62), ("2026-03-04", 10)])
def test_more_than_62_days_are_shown_by_week(last: str, columns: int) -> None:
    """From Monday; the first week begins with the first day, and nothing is lost."""
    (chart,) = by_day(_of_days({"2026-01-01": "1", "2026-01-05": "2", last: "4"}, "JPY"),
                      "day ", "n", "t", "a")  # fmt: skip
    assert len(chart.bars) == columns
    assert sum(bar.marks[0].size for bar in chart.bars) == 7
    if columns == 10:
        assert [bar.label for bar in chart.bars[:3]] == [
            "week from 2026-01-01", "week from 2026-01-05", "week from 2026-01-12",
        ]  # fmt: skip


def test_lines_without_days_have_no_series() -> None:
    """An empty picture says nothing."""
    assert list(by_day([_line("A", Step("a note"))], "day ", "n", "t", "a")) == []


def test_a_value_a_hair_below_its_floor_does_not_read_as_the_floor() -> None:
    """Rounded to cents both would be 20,000.00."""
    step = Step("return", measures=(("v", Decimal("19999.99999")), ("f", Decimal("20000.00"))))
    words: tuple[Any, ...] = (Measured("v", "GMV"), Measured("f", "floor"), "n", "t", "a")
    (chart,) = against([_line("A", step)], *words)
    (bar,) = chart.bars
    assert (bar.marks[0].text, bar.marks[0].meaning) == ("GMV 19,999.99999", "declined")
    assert bar.floor is not None
    assert bar.floor.text == "floor 20,000.00"
