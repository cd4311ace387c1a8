"""`orders`, and fees from the command line: answers, exit codes, and files that are refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.usecases.archiving import archive_orders as archiving
from tests.fees import MAY, PROGRAM, Row, onboarded, order, parquet_of, written

Duebook = Callable[..., Any]
JSON = ("--format", "json")
KEYS = {"recorded", "known", "revised", "rejected", "position", "receipt"}
"""What the contract gives to `orders`."""
LINE = f"{PROGRAM}/{MAY}/S-1"
TERMS = """
rules = "technical_fee"
program = "technical-fee-2020"
publisher = "acme"
version = 1
zone = "Asia/Shanghai"
from = 2020-05-01
currency = "CNY"
[terms]
rates = [{ category = "apparel", rate = "0.05" }, { category = "digital", rate = "0.02" }]
discounts = [{ name = "newcomer", rate = "0.01", onboarded_from = "2020-05-01", first_day = 2, \
days = 30, traffic = "ordinary" }]
[assumed]
rates = "agreed with the platform"
discounts = "as shipped"
revoked = "as shipped"
refunds = "as shipped"
zone = "as shipped"
"""


@pytest.fixture
def rows(here: Path) -> Callable[..., str]:
    """Writes order lines into the current folder; answers the name."""

    def write(*found: Row, name: str = "may.csv") -> str:
        return written(here / name, list(found)).name

    return write


@pytest.fixture
def told(
    empty: Path, duebook: Duebook, file: Callable[..., str], rows: Callable[..., str]
) -> Duebook:
    """S-1 and S-2 with rates and an order each."""
    assert duebook("record", file([onboarded("S-1"), onboarded("S-2")])).code == 0
    assert duebook("publish", file(TERMS, "terms.toml"), "--by", "lin").code == 0
    assert duebook("orders", rows(order("a"), order("b", store="S-2"))).code == 0
    return duebook


def platform(here: Path, *lines: str) -> str:
    (here / "platform.csv").write_text(
        "\n".join(["order_id,store,amount,currency", *lines]) + "\n", encoding="utf-8"
    )
    return "platform.csv"


def test_the_answer_has_the_keys_of_the_contract(
    empty: Path, duebook: Duebook, rows: Callable[..., str]
) -> None:
    """New, then known; the receipt is one that `verify` finds."""
    path = rows(order("a"), order("b"))
    ran = duebook("orders", path, "--by", "lin", *JSON)
    assert ran.code == 0
    assert set(ran.json) >= KEYS
    assert (ran.json["recorded"], ran.json["known"], ran.json["rejected"]) == (2, 0, [])
    assert ran.json["receipt"].startswith(f"{ran.json['position']}:")
    assert duebook("verify", "--receipt", ran.json["receipt"]).code == 0
    again = duebook("orders", path, *JSON)
    assert (again.code, again.json["recorded"], again.json["known"]) == (0, 0, 2)
    assert again.json["receipt"] == ran.json["receipt"]
    batch = duebook("log", "--format", "ndjson").lines[-2]
    assert (batch["type"], batch["by"]) == ("BatchRecorded", "lin")
    listed = duebook("log", "orders:main")
    assert (listed.code, listed.out.count("OrdersArchived")) == (0, 1), "as a table too"


def test_the_table_says_it_in_a_sentence_and_names_who_waits(
    empty: Path, duebook: Duebook, rows: Callable[..., str]
) -> None:
    """Data on stdout, talk on stderr."""
    ran = duebook("orders", rows(order("a"), order("b", store="店-7")))
    assert "2 orders archived, 0 known before" in ran.out
    assert "Receipt " in ran.out
    assert "S-1, 店-7" in ran.err
    dry = duebook("orders", rows(order("c")), "--dry-run")
    assert "1 order would be archived" in dry.out
    assert "Receipt" not in dry.out


def test_a_bad_row_refuses_all_and_says_where_and_what_to_do(
    empty: Path, duebook: Duebook, rows: Callable[..., str]
) -> None:
    """Exit 1, in JSON with every rejection as a value."""
    path = rows(order("a"), order("b", amount="1.00", refunded="2.00"))
    ran = duebook("orders", path)
    assert ran.code == 1
    assert "may.csv:3: " in ran.err
    assert "Nothing was recorded" in ran.out
    assert "--rejects OUT.csv" in ran.out
    (one,) = duebook("orders", path, *JSON).json["rejected"]
    assert {"file", "row", "code", "error", "hint"} <= set(one)
    assert duebook("orders", rows(order("a")), *JSON).json["known"] == 0


def test_rejects_are_written_and_the_good_rows_kept(
    empty: Path, here: Path, duebook: Duebook, rows: Callable[..., str]
) -> None:
    """Exit 0: what was asked for was done."""
    path = rows(order("a"), order("b", currency="CNX"), order("c"))
    ran = duebook("orders", path, "--rejects", "bad.ndjson", *JSON)
    assert (ran.code, ran.json["recorded"], len(ran.json["rejected"])) == (0, 2, 1)
    (bad,) = [json.loads(one) for one in (here / "bad.ndjson").read_text().splitlines()]
    assert (bad["order_id"], bad["currency"]) == ("b", "CNX")
    assert bad["error"].startswith("may.csv:3: ")


def test_store_and_set_supply_what_a_file_lacks(empty: Path, here: Path, duebook: Duebook) -> None:
    """The same order as one that says it itself."""
    columns = tuple(name for name in order("a") if name not in ("store", "currency"))
    short = {name: order("a")[name] for name in columns}
    path = written(here / "short.csv", [short], columns).name
    options = ("--store", "S-1", "--set", "currency=CNY")
    assert duebook("orders", path, *options, *JSON).json["recorded"] == 1
    whole = written(here / "whole.csv", [order("a")]).name
    assert duebook("orders", whole, *JSON).json["known"] == 1
    assert duebook("orders", path).code == 1
    assert duebook("orders", path, "--set", "currency").code == 2


REFUSED = {
    "a file that is not there": ("none.csv", None),
    "an empty file": ("empty.csv", ""),
    "a header with a typo": ("typo.csv", "order_id,stor,created_at\n"),
    "no Parquet": ("cut.parquet", "PAR1 and no more"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    empty: Path, here: Path, duebook: Duebook, name: str
) -> None:
    """Exit 1, the file named, the book as it was."""
    path, text = REFUSED[name]
    if text is not None:
        (here / path).write_text(text)
    head = duebook("verify", *JSON).json["head"]
    ran = duebook("orders", path)
    assert ran.code == 1
    assert path in ran.err
    assert "Traceback" not in ran.err
    assert duebook("verify", *JSON).json["head"] == head


def test_somebody_else_meanwhile_is_exit_4(
    empty: Path,
    duebook: Duebook,
    rows: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Safe to repeat."""
    with monkeypatch.context() as patch:
        patch.setattr(archiving, "_record", lambda *arguments: None)
        assert duebook("orders", rows(order("a"))).code == 4
    assert duebook("orders", rows(order("a")), *JSON).json["recorded"] == 1


def test_an_altered_archive_is_exit_5_and_settle_refuses_it(told: Duebook, here: Path) -> None:
    """The file is named by both."""
    (path,) = (here / "duebook.db.orders").glob("*.parquet")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert told("close", PROGRAM, MAY, "--by", "lin", "--as-of", "2020-07-01").code in (1, 5)
    ran = told("verify")
    assert ran.code == 5
    assert path.name in ran.out + ran.err
    assert "The log holds; the archive of orders does not." in ran.err
    ran = told("settle", PROGRAM, MAY)
    assert ran.code in (1, 5)
    assert path.name in ran.err


def test_settle_explain_and_orders_of_a_line(told: Duebook) -> None:
    """From the month to the order."""
    answer = told("settle", PROGRAM, MAY, *JSON).json
    assert answer["totals"] == {"CNY": "-2.00"}
    assert [one["line"] for one in answer["lines"]] == [LINE, f"{PROGRAM}/{MAY}/S-2"]
    assert answer["lines"][0]["kind"] == "technical_fee"
    explained = told("explain", LINE, "--orders", *JSON).json
    assert [one["fee"] for one in explained["orders"]] == ["-1.00"]
    assert told("explain", LINE, "--orders", "--format", "csv").out.startswith("order_id,")
    assert "apparel, other" in told("explain", LINE).out
    assert told("settle", PROGRAM).code == 2


def test_reconcile_by_order_groups_and_lists_and_ends_with_3(told: Duebook, here: Path) -> None:
    """Exit 0 where all agree."""
    good = platform(here, "a,S-1,-1.00,CNY", "b,S-2,-1.00,CNY")
    assert told("reconcile", PROGRAM, MAY, "--against", good).code == 0
    path = platform(here, "a,S-1,-5.00,CNY", "b,S-2,-5.00,CNY")
    keep = ("--keep", "--by", "lin")
    ran = told("reconcile", PROGRAM, MAY, "--against", path, *keep, *JSON)
    (group,) = ran.json["breaks"]
    assert (ran.code, group["count"], group["difference"]) == (3, 2, "8.00")
    assert [one["because"] for one in group["likely"]] == ["discount_not_applied"]
    full = told("reconcile", PROGRAM, MAY, "--against", path, "--full", *JSON).json
    assert [one["order_id"] for one in full["breaks"]] == ["a", "b"]
    said = told(
        *("reconcile", PROGRAM, MAY, "--resolve", group["break"], "--as", "platform_error"),
        *("--reason", "claimed back", "--by", "lin"),
    )
    assert said.code == 0
    assert told("reconcile", PROGRAM, MAY, "--against", path).code == 0
    flipped = platform(here, "a,S-1,1.00,CNY", "b,S-2,1.00,CNY")
    assert told("reconcile", PROGRAM, MAY, "--against", flipped, "--flip-sign").code == 0


def test_reconcile_refuses_a_bad_file_with_its_rows(told: Duebook, here: Path) -> None:
    """Exit 1, each row named, nothing compared."""
    path = platform(here, "a,S-1,-1.005,CNY", ",S-1,-1.00,CNY")
    ran = told("reconcile", PROGRAM, MAY, "--against", path)
    assert ran.code == 1
    assert "platform.csv:2: bad_amount" in ran.err
    assert "platform.csv:3: missing_field" in ran.err


def test_rejects_are_mended_and_archived_again(
    empty: Path, duebook: Duebook, rows: Callable[..., str], here: Path
) -> None:
    """As CSV, with what is wrong beside each row, which may stay there."""
    bad = rows(order("a"), order("b", amount="1x"))
    assert duebook("orders", bad, "--rejects", "mend.csv").code == 0
    told = (here / "mend.csv").read_text(encoding="utf-8")
    assert told.splitlines()[0].endswith(",error")
    assert "may.csv:3: bad_amount" in told
    (here / "mend.csv").write_text(told.replace("1x", "1.00", 1), encoding="utf-8")
    assert duebook("orders", "mend.csv", *JSON).json["recorded"] == 1


def test_a_single_order_of_a_group_leads_to_the_group(told: Duebook, here: Path) -> None:
    """`--full` names each order; orders of one kind and cause are resolved together."""
    against = ("--against", platform(here, "a,S-1,-9.00,CNY", "b,S-2,-9.00,CNY"))
    keep = ("--keep", "--by", "lin", "--full")
    found = told("reconcile", PROGRAM, MAY, *against, *keep, *JSON).json["breaks"]
    resolve = ("--as", "timing", "--reason", "x", "--by", "lin")
    ran = told("reconcile", PROGRAM, MAY, "--resolve", found[0]["break"], *resolve)
    assert ran.code == 2
    assert f"--resolve {found[0]['group']!r}" in ran.err
    assert told("reconcile", PROGRAM, MAY, "--resolve", found[0]["group"], *resolve).code == 0


def test_a_folder_that_is_called_like_a_column_says_nothing_of_the_rows(
    here: Path, duebook: Duebook
) -> None:
    """Neither above the book nor above a file: everything is as in any other folder."""
    answers = []
    for folder in (here / "plain", here / "store=X" / "currency=EUR" / "order_id=7" / "version=2"):
        folder.mkdir(parents=True)
        book = ("--book", str(folder / "book.db"))
        assert duebook("init", *book).code == 0
        facts = folder / "facts.ndjson"
        facts.write_text(
            "".join(json.dumps(onboarded(store)) + "\n" for store in ("S-1", "S-2", "S-3")),
            encoding="utf-8",
        )
        (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
        assert duebook("record", facts, *book).code == 0
        assert duebook("publish", folder / "terms.toml", "--by", "lin", *book).code == 0
        csv = written(folder / "may.csv", [order("a"), order("b", store="S-2")])
        later = [order("b", store="S-2", refunded="1.00"), order("c", store="S-3")]
        packed = parquet_of(folder / "may.parquet", str(written(folder / "june.csv", later)))
        theirs = folder / "theirs.csv"
        theirs.write_text(
            "store,order_id,amount,currency\nS-1,a,-5.00,CNY\nS-2,b,-9.00,CNY\n", encoding="utf-8"
        )
        line = ("settle", PROGRAM, MAY, "--as-of", "2026-01-01")
        commands = [
            ("orders", csv),
            ("orders", packed),
            ("orders", csv),
            ("query", "SELECT store, order_id, currency, amount, refunded FROM orders"),
            line,
            ("explain", LINE, "--orders", "--as-of", "2026-01-01"),
            ("reconcile", PROGRAM, MAY, "--against", theirs, "--as-of", "2026-01-01"),
        ]
        said = [duebook(*command, *book, *JSON) for command in commands]
        assert [ran.code for ran in said] == [0, 0, 0, 0, 0, 0, 3], [ran.err for ran in said]
        kept = [
            re.sub(r'"(receipt|path|digest|file|book|recorded_at|at)": "[^"]*"', "", ran.out)
            for ran in said
        ]
        answers.append([text.replace(str(folder), "") for text in kept])
        assert duebook("verify", *book).code == 0
    for plain, odd in zip(*answers, strict=True):
        assert plain.splitlines() == odd.splitlines()
    assert '"S-3"' in answers[0][3]


@pytest.mark.parametrize("name", ["~may.csv", "~may.parquet", "~/may.csv", "http:/h/may.csv"])
def test_a_file_is_found_by_its_own_name(
    empty: Path, here: Path, duebook: Duebook, name: str
) -> None:
    """Also where a shell or a browser would look elsewhere."""
    (here / name).parent.mkdir(parents=True, exist_ok=True)
    rows = written(here / "may.csv", [order("a"), order("b")])
    if name.endswith(".parquet"):
        parquet_of(here / "some.parquet", str(rows))
        (here / "some.parquet").rename(here / name)
    else:
        rows.rename(here / name)
    ran = duebook("orders", name, *JSON)
    assert (ran.code, ran.json["recorded"] if ran.out else ran.err) == (0, 2)
    theirs = f"{name}.theirs.csv"
    (here / theirs).write_text("order_id,store,amount,currency\na,S-1,-5.00,CNY\n")
    ran = duebook("reconcile", PROGRAM, MAY, "--against", theirs, *JSON)
    assert ran.code == 3, ran.err
