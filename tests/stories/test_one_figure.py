"""After every kind of change one figure: `adjust` says it, `settle` and `explain` of the closed
period say it, the statement says it in every format, and the account holds it."""

import csv
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import run
from ledger.kernel.counted import grouped
from ledger.store.book import Book
from ledger.usecases.terms.publish import publish
from tests.fees import RATES, onboarded, order, revoked, written
from tests.marks import decision
from tests.quarter import (
    GROWTH,
    PROGRAM,
    Quarter,
    amount_of,
    closure,
    edition,
    enrolled,
    fee_paid,
    held_quarter,
)

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
DUE = {
    *("AgencyShare", "BuyerCompensation", "DepositDeductions", "Expenses", "FreightAdvanced"),
    *("Incentive", "Income"),
}
"""In the accounts of what is due beside the parties."""
pytestmark = decision
Row = dict[str, Any]
NONE: Row = {}


def demo(name: str) -> list[Row]:
    """The facts of a file of the demo."""
    lines = (DEMO / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def task(name: str, **base: str) -> Row:
    """A task of August 2020, charged by the price."""
    fact = {"type": "LiveTaskOrdered", "at": "2020-08-21T10:00:00+08:00", "task": name}
    said = {"store": "S-1", "creator": "C-1", "category": "toys", "link": "third_party"}
    return fact | said | {"currency": "CNY"} | base


class Case(NamedTuple):
    """A period of a program that is closed, and what becomes known after it."""

    program: str
    period: str | None
    facts: list[Row]
    late: Row
    """A fact that changes a line."""
    moved: Row
    """Parameters that would change lines, and may not in a period that is closed."""
    theirs: str
    """A line whose other figure is accepted."""
    filled: Row = NONE
    """Parameters that were missing at the close."""
    terms: Row = NONE
    """Parameters at the close that differ from those shipped."""
    orders: tuple[list[Row], list[Row]] = ([], [])
    """Rows before the close, and revised after it."""


def plan_of(name: str, kind: str, rate: str, **more: Any) -> Row:
    """A plan of S-1 for K-1."""
    own = {"plan": name, "store": "S-1", "kind": kind, "rate": rate, "products": ["K-1"]}
    return {"type": "AffiliatePlanSet", "at": "2024-02-01T10:00:00+08:00", **own, **more}


def sold(name: str, **more: str) -> Row:
    """An order of C-1 for K-1 in May 2024."""
    at = {"created_at": "2024-05-20T12:00:00+08:00", "currency": "USD"}
    return order(name, **at | {"creator": "C-1", "product": "K-1"} | more)


SELLERS = [
    onboarded("S-1") | {"market": "US"},
    *(
        {"type": "CreatorRegistered", "at": "2024-01-05T10:00:00+08:00", "creator": creator}
        | {"country": "US", "age": 30, "followers": 9000}
        for creator in ("C-1", "C-2")
    ),
    plan_of("P-1", "open", "0.12"),
]
FURNITURE = [{"category": "家具家电", "amount": "1.00"}]
SCHEDULE = [
    {"from": "2020-07-31", "link": "third_party", "base": "price", "rate": "0.50"},
]
CASES = {
    "recruiting": Case(
        *(PROGRAM, None, held_quarter(), closure("S-1"), {"award": "9999.00"}, f"{PROGRAM}/S-2"),
        filled={"governance_ratios": [{"at_least": 1, "ratio": "0.8"}]},
    ),
    "growth": Case(
        *(GROWTH, None, [*enrolled(aigc=10, creator_video=0), fee_paid("6000.00")]),
        amount_of("S-M-7", "1000.00", at="2026-06-01T00:00:00Z")
        | {"day": "2026-05-20", "currency": "USD", "basis": "placed"},
        *({"commission_rate": "0.30"}, f"{GROWTH}/M-7/commission"),
    ),
    "fees": Case(
        *("technical-fee-2020", "2020-05", [onboarded("S-1"), onboarded("S-2")], revoked("S-1")),
        {"rates": [{"category": "apparel", "rate": "0.50"}]},
        "technical-fee-2020/2020-05/S-2",
        filled={"rates": RATES},
        terms={"rates": RATES[:1]},
        orders=(
            [order("A"), order("B", store="S-2"), order("C", category="digital", store="S-2")],
            [order("A", amount="80.00", updated_at="2020-06-02T00:00:00Z")],
        ),
    ),
    "commissions": Case(
        *("affiliate-us-2024", "2024-05", SELLERS),
        plan_of("P-2", "targeted", "0.30", creators=["C-1"]),
        *({"followers_min": 1_000_000}, "affiliate-us-2024/2024-05/S-1/C-2"),
        orders=(
            [sold("A"), sold("B", creator="C-2"), sold("C", creator="C-2")],
            [sold("A", amount="80.00", updated_at="2024-06-02T00:00:00Z")],
        ),
    ),
    "star-map": Case(
        *("star-map-2020", "2020-08", [onboarded("S-1"), task("T-1", price="500.00")]),
        task("T-2", price="200.00"),
        *({"schedule": SCHEDULE}, "star-map-2020/T-1"),
    ),
    "deposits": Case(
        *("deposit-2020", "2020-05", demo("10-deposits.ndjson")),
        {"type": "DepositCompensated", "at": "2020-05-22T00:00:00Z", "store": "S-1303"}
        | {"amount": "100.00", "currency": "CNY"},
        *({"combination": "sum"}, "deposit-2020/2020-05/S-1301/compensation"),
        filled={"return_after_days": 5, "requirements": FURNITURE},
    ),
    "agreements": Case(
        *("service-agreements-2022", "2026-05"),
        [{"type": "PartnerCertified", "at": "2025-12-01T09:00:00Z", "partner": f"P-0{number}"}
         for number in range(1, 6)]
        + demo("11-agreements.ndjson"),
        {"type": "IncentiveGranted", "at": "2026-05-30T10:00:00Z", "grant": "IG-9"}
        | {"program": "service-agreements-2022", "partner": "P-03", "amount": "5.00"}
        | {"currency": "CNY"},
        {"gmv_basis": "placed"},
        "service-agreements-2022/2026-05/IG-2602/incentive",
    ),
    "samples": Case(
        *("samples-us-2024", "2026-05", demo("12-samples.ndjson")),
        {"type": "SampleFreightAdvanced", "at": "2026-05-05T00:00:00Z", "store": "S-1201"}
        | {"amount": "40.00", "currency": "USD"},
        *({}, "samples-us-2024/2026-05/S-1201/freight"),
    ),
    "samples decided": Case(
        *("samples-us-2024", "2026-05", demo("12-samples.ndjson")),
        {"type": "CreatorRegistered", "at": "2026-05-01T00:00:00Z", "creator": "C-5104"}
        | {"country": "US", "age": 24, "followers": 9000, "categories": ["jewelry"]},
        *({}, "samples-us-2024/SR-05"),
    ),
    "partners admitted": Case(
        *("partner-admission-2022", "2026-03", demo("08-admission.ndjson")),
        {"type": "RiskRecordFound", "at": "2026-05-19T00:00:00Z", "partner": "P-06"}
        | {"kind": "litigation", "on": "2026-02-11"},
        {"capital_min": "9000000.00"},
        "partner-admission-2022/A-2602",
    ),
    "shops admitted": Case(
        *("shop-admission-2020", "2020-05", demo("08-admission.ndjson")),
        {"type": "ApplicationSupplemented", "at": "2020-05-30T00:00:00Z"}
        | {"application": "B-2002", "licence_to": "2030-01-01"},
        {"mainland": "HK"},
        "shop-admission-2020/B-2003",
        filled={"open_categories": ["服装鞋包", "家具家电", "宠物用品"]},
    ),
}  # fmt: skip


class Told:
    """A case in its book, asked by the command line alone."""

    def __init__(
        self, case: Case, book: Book, folder: Path, output: pytest.CaptureFixture[str]
    ) -> None:
        self.case, self.folder, self.output = case, folder, output
        self.quarter = Quarter(book, folder)
        self.where = book.location
        self.period = [case.program, *([case.period] if case.period else [])]

    def ask(self, *words: object, code: int = 0, **options: str) -> str:
        """What a command prints."""
        self.output.readouterr()
        ended = run([*map(str, words), "--book", self.where])
        printed = self.output.readouterr()
        assert ended == code, printed.err
        return printed.out

    def json(self, *words: object, code: int = 0) -> Any:
        return json.loads(self.ask(*words, "--format", "json", code=code))

    def adjusted(self) -> dict[str, Row]:
        """What `adjust` prints, by line and payee; the statement says the same, with the why."""
        rows = self.json("adjust", *self.period, "--by", "lin")["adjustments"]
        for row in rows:
            self.on_the_statement(row)
        return {row["line"]: row for row in rows if row.get("side") != "payer"}

    def on_the_statement(self, row: Row) -> None:
        """The statement of the party alone says what, why and how much, in every format."""
        holder = row["payer"] if row.get("side") == "payer" else row["payee"]
        asked = ("statement", *self.period, "--payee", holder)
        answer = self.json(*asked)
        told = [
            one
            for one in answer["adjustments"]
            if (one["line"], one["payee"], one["now"]) == (row["line"], row["payee"], row["now"])
        ][-1]
        assert told["why"]
        assert told["outcome"] == row["outcome"]
        comma = list(csv.DictReader(StringIO(self.ask(*asked, "--format", "csv"))))
        ndjson = self.ask(*asked, "--format", "ndjson").splitlines()
        for found in (comma, [json.loads(line) for line in ndjson]):
            assert any(
                (one.get("line"), one.get("why")) == (row["line"], told["why"])
                and (one["now"] or None) == row["now"]
                for one in found
            ), found
        table = "".join(self.ask(*asked).split())
        assert "".join(told["why"].split()) in table
        assert row["now"] is None or grouped(row["now"]) in table
        from python_calamine import CalamineWorkbook

        path = self.folder / "sent.xlsx"
        self.ask(*asked, "-o", path, "--overwrite")
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
        lines = [line for sheet in sheets for line in sheet.to_python()]
        cells = [[str(cell) for cell in line] for line in lines]
        reasons = (("\n".join(line)).split("\n") for line in cells)
        mine = [
            line
            for line, said in zip(cells, reasons, strict=True)
            if row["line"] in line and told["why"] in said
        ]
        assert mine, cells
        if row["now"] is not None:
            numbers = {Decimal(cell) for line in mine for cell in line if is_number(cell)}
            assert Decimal(row["now"]) in numbers

    def stands(self) -> dict[str, Row]:
        """The lines of the closed period, after every answer about them has said the same."""
        answer = self.json("settle", *self.period)
        assert answer["stands"] == "issued"
        lines = {line["line"]: line for line in answer["lines"]}
        statement = self.json("statement", *self.period)
        stated = {
            one["line"]: (one["amount"], one["outcome"])
            for one in statement["lines"]
            if one.get("side") != "payer"
        }
        for one in statement["adjustments"]:
            if one.get("side") != "payer":
                stated[one["line"]] = (one["now"], one["outcome"])
        kept = {name: said for name, said in stated.items() if said[1] != "void"}
        assert kept == {name: (one["amount"], one["outcome"]) for name, one in lines.items()}
        for name, line in lines.items():
            told = self.json("explain", name)
            assert {key: told[key] for key in line} == line
            assert told["explanation"].get("amount") == line["amount"]
        self.accounts_hold(lines)
        return lines

    def accounts_hold(self, lines: dict[str, Row]) -> None:
        """What the platform earns and spends is what its own lines say."""
        due: dict[str, Decimal] = {}
        for line in lines.values():
            if line["amount"] and line["payer"] == "platform" and line["kind"] != "return":
                code = line["currency"]
                due[code] = due.get(code, Decimal(0)) + Decimal(line["amount"])
        booked: dict[str, Decimal] = {}
        for one in self.json("report", "entries"):
            name, code = one["account"], one["currency"]
            if one["line"] and set(name.split(":")) & DUE and name.endswith(self.case.program):
                booked[code] = booked.get(code, Decimal(0)) + Decimal(one["amount"])
        nothing = Decimal(0)
        assert {code: booked.get(code, nothing) for code in due} == due
        assert all(code in due or balance == 0 for code, balance in booked.items())

    def archive(self, rows: list[Row]) -> None:
        path = written(self.folder / f"orders-{len(list(self.folder.iterdir()))}.csv", rows)
        self.ask("orders", path)

    def publish(self, version: int, **changed: Any) -> None:
        made = edition(self.case.program, publisher="acme", version=version, **changed)
        publish(self.quarter.book, made, "lin")


def is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


@pytest.fixture(params=CASES)
def told(
    request: pytest.FixtureRequest,
    book: Book,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Told:
    """A period of each program, closed with what was known by then."""
    case = CASES[request.param]
    one = Told(case, book, tmp_path, capsys)
    if case.terms:
        one.publish(2, **case.terms)
    one.quarter.tell(case.facts)
    if case.orders[0]:
        one.archive(case.orders[0])
    one.ask("close", *one.period, "--by", "lin", "--leave-open", "--reason", "more comes")
    return one


def test_a_late_fact_and_its_withdrawal(told: Told) -> None:
    """Nothing moves until it is adjusted; withdrawn and adjusted again all is as it was."""
    before = told.stands()
    (late,) = told.quarter.tell([told.case.late])
    assert told.stands() == before
    rows = told.adjusted()
    assert rows
    after = told.stands()
    assert_as_adjusted(rows, before, after)
    told.quarter.withdraw(late)
    assert told.stands() == after
    assert told.adjusted()
    back = told.stands()
    assert said(back) == said(before)


def test_a_parameter_that_was_missing_and_one_that_was_not(told: Told) -> None:
    """What was missing is filled; a value that stood at the close stays, whatever is published."""
    before = told.stands()
    told.publish(7, **told.case.terms | told.case.moved | told.case.filled)
    assert told.stands() == before
    rows = told.adjusted()
    assert bool(rows) == bool(told.case.filled)
    after = told.stands()
    assert_as_adjusted(rows, before, after)
    changed = {name for name in after if said(after)[name] != said(before).get(name)}
    assert changed == set(rows)
    assert all(before[name]["outcome"] == "held" for name in changed)


def test_a_figure_of_theirs_is_accepted(told: Told) -> None:
    """The line has it, as a step of its own above what our rules say."""
    before = told.stands()
    line = before[told.case.theirs]
    money = line["amount"] is not None
    ours = {"amount": "-7.77" if money and line["amount"][0] == "-" else "7.77"}
    path = told.folder / "theirs.csv"
    heading = "line,amount,currency" if money else "line,outcome,payee"
    said_of = f"{ours['amount']},{line['currency']}" if money else f"declined,{line['payee']}"
    path.write_text(f"{heading}\n{line['line']},{said_of}\n", encoding="utf-8")
    found = told.json(
        *("reconcile", *told.period, "--against", path, "--keep", "--by", "lin"), code=3
    )
    (one,) = [one for one in found["breaks"] if one["line"] == line["line"]]
    accept = ("--as", "accept_theirs", "--reason", "as agreed", "--by", "lin")
    told.ask("reconcile", *told.period, "--resolve", one["break"], *accept)
    after = told.stands()[line["line"]]
    assert after["explanation"]["label"] == "the platform's figure, accepted: as agreed"
    assert (after["amount"], after["outcome"]) == (
        (ours["amount"], "payable") if money else (None, "declined")
    )
    (row,) = told.json("statement", *told.period, "--payee", line["payee"])["adjustments"]
    told.on_the_statement(row)
    assert row["why"] == "the platform's figure, accepted: as agreed"


@pytest.mark.parametrize("told", ["fees"], indirect=True)
def test_a_revised_order(told: Told) -> None:
    """The statement names the order, what it was and is, and its file and row."""
    before = told.stands()
    told.archive(told.case.orders[1])
    assert told.stands() == before
    rows = told.adjusted()
    assert_as_adjusted(rows, before, told.stands())
    (row,) = told.json("statement", *told.period, "--payee", "store:S-1")["adjustments"]
    (one,) = row["orders"]
    assert (one["order_id"], one["amount_was"], one["amount_now"]) == ("A", "100.00", "80.00")
    assert (one["row"], Path(one["file"]).suffix) == (2, ".csv")


def said(lines: dict[str, Row]) -> dict[str, Row]:
    """Lines without why."""
    return {
        name: {key: value for key, value in line.items() if key != "explanation"}
        for name, line in lines.items()
    }


def assert_as_adjusted(rows: dict[str, Row], before: dict[str, Row], after: dict[str, Row]) -> None:
    """Every row leads from what stood to what stands."""
    for name, row in rows.items():
        if row["currency"] is None:  # a decision
            assert row["outcome_was"] == before[name]["outcome"]
        elif row["was"] is not None:
            assert row["was"] == before[name]["amount"]
        if row["outcome"] != "void":
            assert (row["now"], row["outcome"]) == (after[name]["amount"], after[name]["outcome"])
