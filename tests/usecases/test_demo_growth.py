"""The demo's growth term, what is learned after the close, and the platform's file beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_day_end_or_instant
from ledger.store.book import Book
from ledger.usecases.init import demo_files, init
from ledger.usecases.reconciling.reconcile import Reconciliation, reconcile
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.quarter import GROWTH, NOW, PROGRAM, Quarter

pytestmark = decision

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
EXPECTED = json.loads((DEMO / "expected.json").read_text("utf-8"))[GROWTH]
README = (DEMO / "README.md").read_text("utf-8")
PLATFORM = str(DEMO / "platform-2026q1.csv")
LEFT_OPEN = "two lines wait for SEK rates"


class Demo(NamedTuple):
    """The demo as `init --demo` makes it, and later: acme's terms, closed, adjusted."""

    quarter: Quarter
    fresh: int
    closed: int
    adjusted: int


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """Recorded; both quarters closed; what came after the close recorded and adjusted."""
    folder = tmp_path_factory.mktemp("demo")
    location = str(folder / "demo.db")
    if request.param == "postgresql":
        location = request.getfixturevalue("new_database")()
    book, _ = init(location, "platform")
    fresh = record(book, demo_files(), now=NOW, by="demo")
    assert (fresh.recorded, fresh.known, fresh.position) == (1648, 1, 1662)
    publish(book, read_terms(str(DEMO / "terms-governance.toml")), "lin")
    quarter = Quarter(book, folder)
    for program in (PROGRAM, GROWTH):
        quarter.close(program, leave_open=LEFT_OPEN)
    closed = book.head().position
    late = record(book, [str(DEMO / "after-close.ndjson")], now=NOW, by="demo")
    assert (late.recorded, late.rejected, late.warnings) == (2, [], [])
    for program in (PROGRAM, GROWTH):
        quarter.adjust(program)
    yield Demo(quarter, fresh.position, closed, book.head().position)
    book.close()


def settled(book: Book, known_at: int) -> Settlement:
    """The growth term as of the day that the table names."""
    clocks = Clocks(parse_day_end_or_instant(EXPECTED["as_of"], "Asia/Shanghai", 0), known_at)
    with book.reading() as connection:
        return settle(connection, published_edition(connection, GROWTH, clocks), clocks)


def chosen(rows: list[dict[str, Any]], name: str, table: str) -> dict[str, dict[str, Any]]:
    """What the table says of each row, by its name without the program."""
    keys = next(iter(EXPECTED[table].values()))
    return {one[name].removeprefix(f"{GROWTH}/"): {key: one[key] for key in keys} for one in rows}


def table_under(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of the demo's README."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = section[section.index("\n|") :].strip().partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


def compared(book: Book, known_at: int) -> Reconciliation:
    """The platform's file beside ours."""
    with book.reading() as connection:
        return reconcile(connection, PROGRAM, None, read(PLATFORM), Clocks(NOW, known_at))


def test_the_growth_term_settles_as_its_table_says(demo: Demo) -> None:
    """Every line and every obligation of `expected.json`, and no other."""
    answer = settled(demo.quarter.book, demo.fresh).as_json()
    assert chosen(answer["lines"], "line", "lines") == EXPECTED["lines"]
    assert chosen(answer["obligations"], "obligation", "obligations") == EXPECTED["obligations"]
    assert answer["totals"] == {"USD": "-44855.80", "USD.AD": "4200.00"}
    assert "USD -44855.80 and USD.AD 4200.00" in README


def test_the_readme_of_the_demo_tells_the_same_of_every_merchant(demo: Demo) -> None:
    """Its table has each amount or outcome, and the GMV as the explanation has it."""
    found = settled(demo.quarter.book, demo.fresh)
    lines = {one.line.partition("/")[2]: one for one in found.lines}
    rows = table_under("The growth term")
    assert [row[0] for row in rows] == [f"M-40{n}" for n in range(1, 6)]
    for merchant, store, gmv, *amounts, why in rows:
        kinds = ("fixed_fee", "commission", "compensation")
        of = {kind: lines[f"{merchant}/{kind}"] for kind in kinds}
        said = [one.amount.text if one.outcome == "payable" else one.outcome for one in of.values()]
        assert amounts == said
        (step,) = [p for p in of["commission"].explanation.parts if p.label.startswith("GMV")]
        assert (step.label, step.observed) == (f"GMV of store {store}", f"{gmv} USD")
        for code in (*of["compensation"].unmet, *of["compensation"].held_for):
            assert f"`{code}`" in why


def test_what_is_learned_after_the_close_changes_two_lines(demo: Demo) -> None:
    """A closure takes back what was paid, a payment releases the compensation."""
    book = demo.quarter.book
    after = settled(book, demo.adjusted).as_json()
    was = settled(book, demo.closed).as_json()
    changed = [one for one in after["lines"] if one not in was["lines"]]
    assert {(one["line"], one["amount"], one["currency"]) for one in changed} == {
        (f"{GROWTH}/M-403/compensation", "1200.00", "USD.AD"),
        (f"{GROWTH}/M-403/fixed_fee", "-6000.00", "USD"),
    }, "of the fixed fee only the payment that it shows"
    with book.reading() as connection:
        sql = "SELECT count(*) FROM events WHERE topic = 'statement-adjusted.v1'"
        assert connection.exec_driver_sql(sql).scalar() == 2
    for program in (PROGRAM, GROWTH):
        demo.quarter.unchanged(program)
    assert demo.quarter.failing() == {}


def test_the_platforms_file_breaks_where_the_readme_says(demo: Demo) -> None:
    """Six breaks under acme's terms, each with both amounts and its cause."""
    found = compared(demo.quarter.book, demo.adjusted)
    rows = table_under("What the platform's file says otherwise")
    told = [(store, kind.strip("`"), ours, theirs) for store, kind, ours, theirs, _ in rows]
    assert told == [
        (one.line.partition("/")[2], one.kind, one.ours or "", one.theirs or "")
        for one in found.breaks
    ]
    for one, row in zip(found.breaks, rows, strict=True):
        codes = {code for code in row[4].split("`")[1::2]}
        assert codes <= {cause.because for cause in one.likely}
        assert codes or one.kind != "amount_differs"
    answer = found.as_json()
    assert (answer["rows"], answer["matched"], answer["open"]) == (34, 29, 6)
    assert (answer["ours"], answer["theirs"]) == ({"CNY": "58400.00"}, {"CNY": "64800.00"})


def test_before_the_close_more_of_the_platforms_file_breaks(demo: Demo) -> None:
    """Without a table four lines are held, and nobody has told that S-1001 was closed."""
    found = compared(demo.quarter.book, demo.fresh)
    stores = [one.line.partition("/S-")[2] for one in found.breaks]
    assert stores == [
        *("1001", "1003", "1008", "1012", "1014", "1019", "1032", "1043", "1047", "1055"),
    ]
    paid = {one.line[-4:]: one for one in found.breaks if one.theirs == "1600.00"}
    assert {name: one.likely for name, one in paid.items()} == {
        "1019": (), "1043": (), "1055": (),
    }  # fmt: skip
    assert compared(demo.quarter.book, demo.closed).ours_is == "issued"
