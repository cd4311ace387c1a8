"""A book whose orders derived facts: read as ever, not written any more, and the way out of it."""

import json
import shutil
from pathlib import Path

import pytest

from cli.main import run
from ledger.kernel.errors import OlderBook
from ledger.store.book import open_book
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.looking.export_facts import exported_facts
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.upgrade import DerivedOrders, bring_index_up, upgrade
from tests.quarter import NOW, Clocks

STORED = Path(__file__).with_name("closed-format3.db")


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A copy that may be written, with its archive beside it."""
    shutil.copytree(f"{STORED}.orders", tmp_path / "closed.db.orders")
    return str(shutil.copy(STORED, tmp_path / "closed.db"))


def test_it_is_not_written_any_more_and_says_how_to_go_on(location: str, tmp_path: Path) -> None:
    """Neither facts nor orders nor decisions; the log stands where it stood."""
    book = open_book(location)
    bring_index_up(book)
    head = book.head()
    with pytest.raises(DerivedOrders) as refused:
        upgrade(book, by="lin")
    assert "export facts" in refused.value.hint
    (tmp_path / "f.ndjson").write_text('{"type":"StoreVerified","at":"2020-01-01T00:00:00Z"'
                                       ',"store":"X"}\n')  # fmt: skip
    with pytest.raises(OlderBook):
        record(book, [str(tmp_path / "f.ndjson")], now=NOW, by="lin")
    with pytest.raises(OlderBook):
        record_orders(book, [str(tmp_path / "f.ndjson")], now=NOW, by="lin")
    assert book.head() == head
    book.close()


def test_every_answer_says_whose_days_its_gmv_has(
    location: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; the data is what it always was."""
    assert run(["report", "gmv", "--book", location, "--format", "json"]) == 0
    told = capsys.readouterr()
    assert "by days of Asia/Shanghai" in told.err
    assert {row["source"] for row in json.loads(told.out)} >= {"orders"}


def test_its_facts_come_out_for_a_new_book(
    location: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but those that its orders derived and those that were withdrawn; told again they are
    the same facts."""
    out, new = tmp_path / "facts.ndjson", str(tmp_path / "new.db")
    assert run(["export", "facts", "--book", location, "-o", str(out)]) == 0
    assert run(["init", "--book", new]) == 0
    capsys.readouterr()
    assert run(["record", str(out), "--book", new, "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert (answer["recorded"], answer["known"], answer["rejected"]) == (len(lines), 0, [])
    assert not [line for line in lines if json.loads(line).get("source") == "orders"]
    book = open_book(new)
    with book.reading() as connection:
        again = list(exported_facts(connection, Clocks(NOW, book.head().position)))
    assert [json.dumps(one, ensure_ascii=False) for one in again] == lines
    book.close()
