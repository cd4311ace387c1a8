"""`duebook export lake`: what the book says as Parquet tables with a Delta log each."""

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest

from tests.cli.conftest import Ran

Duebook = Callable[..., Ran]
TABLES = ("adjustments", "entries", "lines", "orders", "payments", "statements")
JSON = ("--format", "json")


def test_every_table_has_what_a_query_says(busy: Path, duebook: Duebook) -> None:
    ran = duebook("export", "lake", "lake", *JSON)
    assert ran.code == 0, ran.err
    assert {row["table"]: row["new"] for row in ran.json["tables"]} == dict.fromkeys(TABLES, True)
    for table in TABLES:
        frame = polars.read_delta(f"lake/{table}")
        rows = duebook("query", f"select * from {table}", *JSON).json
        assert frame.columns == list(rows[0])
        assert frame.height == len(rows)
        for name in ("amount", "due", "now"):
            if name in frame.columns:
                sums = [Decimal(row[name]) for row in rows if row[name] is not None]
                assert frame[name].sum() == sum(sums, Decimal(0)), (table, name)


def test_days_and_instants_and_amounts_have_their_types(busy: Path, duebook: Duebook) -> None:
    assert duebook("export", "lake", "lake").code == 0
    entries, payments = polars.read_delta("lake/entries"), polars.read_delta("lake/payments")
    assert isinstance(entries["date"][0], date)
    assert str(payments.schema["paid_at"]) == "Datetime(time_unit='us', time_zone='UTC')"
    assert payments["amount"].to_list() == [Decimal("20000.0000")]


def test_what_has_not_changed_gets_no_new_version(busy: Path, duebook: Duebook) -> None:
    duebook("export", "lake", "lake")
    before = sorted(Path("lake").rglob("*"))
    ran = duebook("export", "lake", "lake", *JSON)
    assert not any(row["new"] for row in ran.json["tables"])
    assert sorted(Path("lake").rglob("*")) == before


@pytest.mark.parametrize("name", ["merchant:M-203", "http:", "中 文", "it's [a] {b}"])
def test_a_folder_may_have_any_name_that_delta_can_address(
    name: str, busy: Path, duebook: Duebook
) -> None:
    for changed in (6, 0):
        exported = duebook("export", "lake", name)
        assert f"{changed} tables changed, in {name}." in exported.err
    assert Path(name, "lines", "_delta_log").is_dir()


@pytest.mark.parametrize("name", ["a%20b", "a?b", "a#b", "a\\b", "a\nb"])
def test_a_folder_in_which_a_table_could_not_be_found_again_is_refused(
    name: str, busy: Path, duebook: Duebook
) -> None:
    refused = duebook("export", "lake", name)
    assert refused.code == 1
    assert "where no Delta table can be kept" in refused.err
    assert not Path(name).exists()


def test_each_version_says_when_the_book_was_known_and_the_earlier_ones_stay(
    busy: Path, duebook: Duebook
) -> None:
    first = duebook("export", "lake", "lake", *JSON).json["known_at"]
    words = ("--amount", "10", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    assert duebook("pay", "P-03", *words).code == 0
    ran = duebook("export", "lake", "lake", *JSON)
    new = {row["table"] for row in ran.json["tables"] if row["new"]}
    assert new == {"payments", "statements", "entries"}
    from deltalake import DeltaTable

    table = DeltaTable("lake/payments")
    said = [int(entry["duebook.known_at"]) for entry in table.history()]
    assert said == [ran.json["known_at"], first]
    assert polars.read_delta("lake/payments").height == 2
    assert polars.read_delta("lake/payments", version=0).height == 1


def test_a_book_is_exported_as_it_was_known(busy: Path, duebook: Duebook) -> None:
    assert duebook("export", "lake", "lake", "--known-at", "1662").code == 0
    assert polars.read_delta("lake/lines").height == 0


def test_a_folder_of_something_else_is_not_touched(busy: Path, duebook: Duebook) -> None:
    Path("docs").mkdir()
    Path("docs/letter.txt").write_text("dear")
    ran = duebook("export", "lake", "docs")
    assert (ran.code, "letter.txt" in ran.err) == (1, True)
    assert [path.name for path in Path("docs").iterdir()] == ["letter.txt"]
    Path("lake/lines").mkdir(parents=True)
    Path("lake/lines/mine.csv").write_text("a")
    assert "is no Delta table" in duebook("export", "lake", "lake").err


def test_a_lake_of_another_book_is_not_touched(busy: Path, duebook: Duebook) -> None:
    assert duebook("init", "--book", "other.db").code == 0
    assert duebook("export", "lake", "lake", "--book", "other.db").code == 0
    ran = duebook("export", "lake", "lake")
    assert (ran.code, "another book" in ran.err) == (1, True)


@pytest.mark.parametrize("folder", ["duebook.db", "duebook.db.orders", "duebook.db.orders/lake"])
def test_a_lake_is_not_written_over_the_book(busy: Path, duebook: Duebook, folder: str) -> None:
    before = {path: path.read_bytes() for path in Path().rglob("*.parquet")}
    assert duebook("export", "lake", folder).code in (1, 2)
    assert {path: path.read_bytes() for path in Path().rglob("*.parquet")} == before


def test_an_export_that_was_killed_is_made_whole_by_the_next(busy: Path, duebook: Duebook) -> None:
    Path("lake/lines").mkdir(parents=True)
    Path("lake/lines/0000.parquet").write_bytes(b"half")
    assert duebook("export", "lake", "lake").code == 0
    assert polars.read_delta("lake/lines").height > 0


@pytest.mark.parametrize("content", ["garbage\n", "", '{"commitInfo": {}}\n'])
def test_a_damaged_log_of_a_table_is_refused_in_words(
    content: str, busy: Path, duebook: Duebook
) -> None:
    assert duebook("export", "lake", "lake").code == 0
    Path("lake/lines/_delta_log/00000000000000000000.json").write_text(content)
    refused = duebook("export", "lake", "lake")
    assert refused.code == 1
    assert "cannot be read" in refused.err
    assert "Export into a new folder, or restore this one." in refused.err
    assert "unknown" not in refused.err


def test_a_file_of_a_table_that_is_gone_is_put_back(busy: Path, duebook: Duebook) -> None:
    assert duebook("export", "lake", "lake").code == 0
    (file,) = Path("lake/lines").glob("*.parquet")
    whole = file.read_bytes()
    file.unlink()
    assert duebook("export", "lake", "lake").code == 0
    assert file.read_bytes() == whole


def test_without_the_package_it_says_how_to_get_it(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    ran = duebook("export", "lake", "lake")
    assert (ran.code, "duebook[lake]" in ran.err) == (2, True)
    assert not Path("lake").exists()


@pytest.mark.parametrize("words", [("lake",), ("facts", "folder")])
def test_what_is_missing_or_too_much_is_said(
    demo: Path, duebook: Duebook, words: tuple[Any, ...]
) -> None:
    ran = duebook("export", *words)
    assert (ran.code, "export lake FOLDER" in ran.err) == (2, True)
