"""TikTok Shop's income file beside the fees of a small archive, through the public functions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.aggregates.reconciliation import ReconciliationRun
from ledger.intake.platform.canonical import read as read_canonical
from ledger.intake.platform.how import How
from ledger.intake.platform.rows import PlatformFile, StoreNeeded, StoreUnknown
from ledger.intake.problems import BadPlatformFile
from ledger.intake.tables.mappings import mapping_named
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.reconciling.reconcile import reconcile, record_run
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.recording.record import record
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.publish import publish
from projections.reports.reconciliation import rows
from tests.books import MadeBooks
from tests.quarter import NOW

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = FIXTURES / "platform"
PROGRAM, MAY = "technical-fee-2020", "2020-05"
TIKTOK = mapping_named("tiktok-income")
OF_TT_01 = How(TIKTOK, "TT-01")
GOOD = ["tiktok-income-good.csv", "tiktok-income-good.xlsx"]
Compare = Callable[..., Reconciliation]


def archived(book: Book, folder: Path) -> None:
    """Two stores, five archived orders of May 2020, and acme's rates, published."""
    record(book, [str(FILES / "shops.ndjson")], now=NOW, by="test")
    assert record_orders(book, [str(FILES / "orders.csv")], now=NOW, by="test").recorded == 5
    publish(book, read_terms(str(FIXTURES / "demo" / "terms-fees.toml")), by="test")


@pytest.fixture
def shops(made_books: MadeBooks, tmp_path: Path) -> Iterator[Book]:
    """A book with two stores and their orders."""
    book = made_books.copy(archived, str(tmp_path / "book.db"))
    yield book
    book.close()


@pytest.fixture
def compare(shops: Book, now: int) -> Compare:
    """Compares a file with the orders of May."""

    def act(path: str | Path, how: How = OF_TT_01, **options: Any) -> Reconciliation:
        with shops.reading() as connection:
            clocks = Clocks(now, 10**9)
            return reconcile_file(
                *(connection, options.pop("program", PROGRAM), MAY, str(FILES / path), clocks),
                how=how,
                **options,
            )

    return act


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str], Path]:
    """The good CSV with one text replaced, which must be there once."""

    def act(old: str, new: str) -> Path:
        text = (FILES / GOOD[0]).read_text(encoding="utf-8")
        assert text.count(old) == 1
        path = tmp_path / "income.csv"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return act


@pytest.mark.parametrize("name", GOOD)
def test_a_good_income_file_agrees_with_the_orders_of_its_store(
    compare: Compare, name: str
) -> None:
    """TT-02's order is no break: the file is not of that store. Two rows make one order."""
    answer = compare(name).as_json()
    assert answer["matched"] == 4
    assert answer["breaks"] == []
    assert answer["ours"] == answer["theirs"] == {"CNY": "-21.70"}
    assert answer["rows"] == 7


@pytest.mark.parametrize("name", GOOD)
def test_adjustments_are_shown_as_other_and_claim_no_order(compare: Compare, name: str) -> None:
    """With their rows, so that somebody can look at them. One that names its order is of it."""
    other = compare(name).as_json()["other"]
    assert [(one["place"], one["type"], one["settlement"]) for one in other] == [
        (10, "GMV Payment for TikTok Ads", "-30.00"),
    ]


@pytest.mark.parametrize(
    ("own", "related"), [("577430000000000004", ""), ("577490000000000002", "577430000000000004")]
)
def test_a_refund_that_names_its_order_belongs_to_it_whatever_its_type(
    compare: Compare, changed: Callable[[str, str], Path], own: str, related: str
) -> None:
    """By its own id, or by that of the order that it is related to."""
    old = (
        "577490000000000002,GMV Payment for TikTok Ads,/,2020/05/21,CNY,-30.00,0,0,0,0,0,0,-30.00,"
    )
    new = f"{own},Refund,/,2020/05/21,CNY,1.20,0,0,1.20,0,1.20,0,0,{related}"
    (one,) = compare(changed(old, new)).as_json(full=True)["breaks"]
    assert one["order_id"] == "577430000000000004"
    assert (one["ours"], one["theirs"], one["places"]) == ("-3.20", "-2.00", [8, 10])


def test_an_order_of_two_transactions_says_how_many_rows_made_it(
    compare: Compare, changed: Callable[[str, str], Path]
) -> None:
    """The platform gave back 1.00 less than it had taken too much."""
    path = changed("CNY,2.00,,,2.00,-,2.00,-,-,/", "CNY,1.00,,,1.00,-,1.00,-,-,/")
    answer = compare(path)
    (one,) = answer.as_json()["breaks"]
    assert (one["kind"], one["ours"], one["theirs"]) == ("amount_differs", "-10.00", "-11.00")
    assert (one["count"], one["rows"]) == (1, 2)
    (full,) = answer.as_json(full=True)["breaks"]
    assert (full["order_id"], full["rows"]) == ("577430000000000002", 2)
    assert full["places"] == [5, 6]


def test_the_full_rate_within_a_discount_is_named_as_the_cause(
    compare: Compare, tmp_path: Path
) -> None:
    """TT-02 is a newcomer: 1 % of 300.00, not 5 %."""
    header = "Order/adjustment ID,Type,Order created time(UTC),Order settled time(UTC),Currency,"
    header += "Total settlement amount,Total revenue,Total fees,TikTok Shop commission fee"
    row = "577430000000000005,Order,2020/05/20,2020/05/27,CNY,285.00,300.00,-15.00,-15.00"
    path = tmp_path / "income.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    (one,) = compare(path, How(TIKTOK, "TT-02")).as_json()["breaks"]
    assert (one["ours"], one["theirs"], one["place"]) == ("-3.00", "-15.00", 2)
    assert [cause["gives"] for cause in one["likely"]] == ["-15.00"]
    assert "newcomer" in one["likely"][0]["detail"]
    assert "rows" not in one


def test_orders_that_only_one_side_has_are_breaks(
    compare: Compare, changed: Callable[[str, str], Path]
) -> None:
    """The same amount under another order's id agrees with nothing."""
    answer = compare(changed("577430000000000004,Order", "577430000000000009,Order"))
    kinds = {one.kind: (one.order_id, one.ours, one.theirs) for one in answer.breaks}
    assert kinds == {
        "missing_theirs": ("577430000000000004", "-3.20", None),
        "missing_ours": ("577430000000000009", None, "-3.20"),
    }


def test_another_column_and_the_other_sign_are_compared_when_asked_for(compare: Compare) -> None:
    """The total of all fees is more than the commission in every order."""
    fees = compare(GOOD[1], How(TIKTOK, "TT-01", "Total fees"))
    assert fees.as_json()["theirs"] == {"CNY": "-38.90"}
    assert [one.count for one in fees.breaks] == [4]
    assert compare(GOOD[0], flip_sign=True).as_json()["theirs"] == {"CNY": "21.70"}


@pytest.mark.parametrize("name", ["tiktok-income-bad.csv", "tiktok-income-bad.xlsx"])
def test_a_bad_income_file_is_refused_whole(compare: Compare, name: str) -> None:
    """Nothing is compared while one row cannot be used."""
    with pytest.raises(BadPlatformFile, match=r"rows of tiktok-income-bad\.\w+ cannot be used"):
        compare(name)


def test_the_store_of_an_income_file_must_be_said_and_known(compare: Compare) -> None:
    """The file does not say it, and a typo would make every order a break."""
    with pytest.raises(StoreNeeded) as needed:
        compare(GOOD[0], How(TIKTOK))
    assert "--store" in needed.value.hint
    with pytest.raises(StoreUnknown, match="TT-1"):
        compare(GOOD[0], How(TIKTOK, "TT-1"))


def test_a_program_that_does_not_charge_by_order_takes_no_income_file(compare: Compare) -> None:
    """Its lines have no orders to compare with."""
    with pytest.raises(NoOrders, match="does not work by order"):
        compare(GOOD[0], program="recruiting-eu-jp-2026q1")


def test_a_run_remembers_store_and_column(compare: Compare, shops: Book) -> None:
    """Whoever reads the log later must know what was compared."""
    found = compare(GOOD[0])
    record_run(
        shops,
        found,
        by="lin",
        profile="tiktok-income",
        flipped=False,
        store="TT-01",
        column="Total fees",
    )
    with shops.reading() as connection:
        runs = [one.event for one in read_log(connection, topics=[ReconciliationRun.TOPIC])]
    assert [(one.profile, one.store, one.column) for one in runs] == [
        ("tiktok-income", "TT-01", "Total fees")
    ]


def test_files_of_two_stores_do_not_answer_for_each_other(
    compare: Compare, shops: Book, now: int
) -> None:
    """Each has its own last run, breaks of its own, and rows of its own in the report."""
    found = {}
    for store in ("TT-01", "TT-02"):
        how = How(TIKTOK, store)
        found[store] = compare(GOOD[0], how, flip_sign=True)
        options = {"profile": "tiktok-income", "flipped": True, "store": store}
        record_run(shops, found[store], by="lin", **options)
    names = {store: {one.id for one in each.breaks} for store, each in found.items()}
    assert all(names.values())
    assert not names["TT-01"] & names["TT-02"]
    with shops.reading() as connection:
        shown = rows(connection, Clocks(now, shops.head().position))
    assert {(row["break"], row["state"]) for row in shown} == {
        (name, "open") for name in names["TT-01"] | names["TT-02"]
    }
    first = found["TT-01"].breaks[0]
    told = {"resolution": "timing", "reason": "as agreed", "by": "lin", "now": now}
    assert resolve(shops, PROGRAM, MAY, first.id, **told)["line"].endswith("/TT-01")


def test_the_canonical_order_file_agrees_with_every_store(compare: Compare) -> None:
    """It names the stores itself."""
    answer = compare("orders-good.csv", How()).as_json()
    assert (answer["matched"], answer["breaks"]) == (5, [])
    assert "other" not in answer


def test_each_bad_row_of_the_canonical_order_file_is_named(compare: Compare) -> None:
    """With its row and what was found in it."""
    with pytest.raises(BadPlatformFile) as caught:
        compare("orders-bad.csv", How())
    assert problems_of(caught.value) == [
        (3, "missing_field", "store is empty."),
        (4, "missing_field", "order_id is empty."),
        (5, "bad_amount", "'-3.205' is not an exact decimal amount of its currency."),
        (6, "bad_amount", "'-3,00' is not an exact decimal amount of its currency."),
    ]


def problems_of(refusal: BadPlatformFile) -> list[tuple[int, str, str]]:
    """Row, code and sentence of each problem."""
    found: Any = refusal.facts["problems"]
    return [(one["place"], one["code"], one["sentence"]) for one in found]


def test_the_canonical_line_file_agrees_and_its_bad_rows_are_named(shops: Book, now: int) -> None:
    """One row per store and month; other columns are kept."""
    file: PlatformFile = read_canonical(str(FILES / "lines-good.csv"))
    with shops.reading() as connection:
        answer = reconcile(connection, PROGRAM, MAY, file, Clocks(now, 10**9))
    assert (answer.matched, answer.breaks) == (2, [])
    with pytest.raises(BadPlatformFile) as caught:
        read_canonical(str(FILES / "lines-bad.csv"))
    assert [(place, code) for place, code, _ in problems_of(caught.value)] == [
        (3, "missing_field"),
        (4, "missing_field"),
        (5, "bad_amount"),
        (6, "unknown_currency"),
        (7, "invalid_field"),
        (8, "bad_amount"),
    ]


def test_the_command_takes_profile_store_and_column(
    shops: Book, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 where all agrees, 2 without a store, 1 without the profile."""
    monkeypatch.setenv("DUEBOOK_BOOK", shops.location)
    words = ["reconcile", PROGRAM, MAY, "--against", str(FILES / GOOD[1]), "--format", "json"]
    income = [*words, "--profile", "tiktok-income"]
    assert run([*income, "--store", "TT-01"]) == 0
    assert json.loads(capsys.readouterr().out)["matched"] == 4
    assert run([*income, "--store", "TT-01", "--column", "Total fees"]) == 3
    capsys.readouterr()
    assert run(income) == 2
    assert "--store" in capsys.readouterr().err
    assert run([*words, "--store", "TT-01"]) == 1
    assert "duebook files" in capsys.readouterr().err
