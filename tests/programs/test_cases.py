"""Every worked example of every program's `cases.toml`, through a real book."""

import csv
import json
import shutil
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.kernel.orderlines import COLUMNS
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH
from ledger.programs.registry import FOLDER, program_of
from ledger.store.book import Book, open_book
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.terms.publish import publish
from tests.marks import more
from tests.quarter import as_shipped

NOW = parse_instant("2026-11-21T12:00:00Z")


def _cases() -> list[Any]:
    """Those with an archive of orders take a third of a second each: two of three come later."""
    found = []
    for path in sorted(FOLDER.glob("*/cases.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in data["case"]:
            base = data.get("base", {}).get(case.get("base"), {})
            case["_base"] = base.get("facts", [])
            case["_order"] = data.get("order", {})
            case.setdefault("as_of", data["as_of"])
            case["terms"] = {**base.get("terms", {}), **case.get("terms", {})}
            name = f"{path.parent.name}: {case['name']}"
            later = "orders" in case and len(found) % 3 > 0
            found.append(
                pytest.param(path.parent.name, case, id=name, marks=[more] if later else [])
            )
    return found


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    book, _ = init(str(path), "platform")
    book.close()
    return path


def _edition(rules: str, case: dict[str, Any]) -> Edition:
    edition = next(one for one in as_shipped() if one.rules == rules)
    terms = {k: v for k, v in {**edition.terms, **case["terms"]}.items() if k != "rest_days"}
    changed = {"terms": terms, "zone": case.get("zone", edition.zone)}
    return program_of(rules).check(edition.model_copy(update=changed))


def _archive(book: Book, rows: list[dict[str, str]], usual: dict[str, str], path: Path) -> None:
    """Archives order lines as a CSV file of the canonical columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number, row in enumerate(rows, start=1):
            writer.writerow({"order_id": f"O-{number}", **usual, **row})
    answer = record_orders(book, [str(path)], now=NOW, by="test")
    assert (answer.rejected, answer.recorded) == (0, len(rows)), answer.rejections


def _told(rules: str, case: dict[str, Any], empty_book: Path, folder: Path) -> Book:
    """A book with a case's editions beside the shipped ones, told its facts, then its orders."""
    shutil.copy(empty_book, folder / "case.db")
    dropped = case.get("without", [])
    facts = [one for one in case["_base"] if one["type"] not in dropped] + case.get("facts", [])
    file = folder / "facts.ndjson"
    file.write_text("\n".join(json.dumps(one) for one in facts), encoding="utf-8")
    book = open_book(str(folder / "case.db"))
    for one in case.get("also", []):
        publish(book, _edition(rules, {"terms": {}}).model_copy(update=one), "test")
    answer = record(book, [str(file)], now=NOW, by="test")
    assert not answer.rejected, [rejection.as_json() for rejection in answer.rejected]
    if isinstance(case.get("exceptions"), list):
        assert sorted(one.code for one in answer.warnings) == sorted(case["exceptions"])
    for name in ("orders", "then"):
        if name in case:
            _archive(book, case[name], case["_order"], folder / f"{name}.csv")
    return book


def _by_period(rules: str, case: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    """What a case expects, by the month that a line belongs to, if any."""
    program = program_of(rules)
    found: dict[str | None, dict[str, Any]] = {case.get("period"): {}}
    for name, expected in case.get("expect", {}).items():
        period, _ = program.subject_of(name)
        found.setdefault(period or case.get("period"), {})[name] = expected
    for name in case.get("obligations", {}):
        found.setdefault(program.subject_of(name)[0] or case.get("period"), {})
    if program.periods is BY_MONTH:
        found.pop(None, None)
    return found


@pytest.mark.parametrize(("rules", "case"), _cases())
def test_worked_example(rules: str, case: dict[str, Any], empty_book: Path, tmp_path: Path) -> None:
    """What finance can read in `cases.toml` is what a book answers."""
    book = _told(rules, case, empty_book, tmp_path)
    edition = _edition(rules, case)
    as_of = parse_instant(case["as_of"])
    clocks = Clocks(as_of, book.head().position)
    with book.reading() as connection:
        for period, expect in _by_period(rules, case).items():
            settlement = settle(connection, edition, clocks, period=period)
            prefix = f"{edition.program}/"
            lines = {one.line.removeprefix(prefix): one for one in settlement.lines}
            for name, expected in expect.items():
                if expected.get("absent"):
                    assert name not in lines
                    continue
                line = lines[name].as_json()
                assert {key: line[key] for key in expected} == expected, line["explanation"]
                _, subject = program_of(rules).subject_of(name)
                one = frozenset({subject})
                alone = settle(connection, edition, clocks, period=period, subjects=one).lines
                own = [one for one in settlement.lines if one.subject == line["subject"]]
                assert own == list(alone), "one subject alone is the subject among all"
            _compare_obligations(settlement, case.get("obligations", {}))
            if "provisional" in case:
                assert settlement.provisional == case["provisional"]
        if isinstance(case.get("exceptions"), dict):
            _compare_exceptions(LogReader(connection, clocks), edition, case)
        for name, wanted in case.get("reports", {}).items():
            rows = program_of(rules).reports[name].rows(LogReader(connection, clocks), edition)
            assert [_only(row, one) for row, one in zip(rows, wanted, strict=True)] == wanted
    book.close()


def _only(row: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in wanted}


def _compare_exceptions(reader: LogReader, edition: Edition, case: dict[str, Any]) -> None:
    """Which of a case's own facts, counted from 1, its terms find odd, and of no others."""
    facts = list(read_log(reader.connection, topics=[one.TOPIC for one in FACTS.values()]))
    counting = {one.position for one in reader.at_positions(one.position for one in facts)}
    found: dict[int, list[str]] = defaultdict(list)
    for judging in program_of(edition.rules).judges:
        told = [one for one in facts if isinstance(one.event, judging.facts)]
        told = [one for one in told if one.position in counting]
        for one, surprise in judging.judge(reader, edition, told):
            assert surprise.program == edition.program
            found[one.position].append(surprise.code)
    own = [one.position for one in facts][len(facts) - len(case["facts"]) :]
    wanted = {own[int(place) - 1]: codes for place, codes in case["exceptions"].items()}
    assert found == wanted


def _compare_obligations(settlement: Settlement, expected: dict[str, Any]) -> None:
    prefix = f"{settlement.edition.program}/"
    found = {one.obligation.removeprefix(prefix): one.as_json() for one in settlement.obligations}
    months = program_of(settlement.edition.rules).subject_of
    for name, wanted in expected.items():
        if months(name)[0] not in (None, settlement.period):
            continue
        if wanted.get("absent"):
            assert name not in found
        else:
            assert {key: found[name][key] for key in wanted} == wanted
