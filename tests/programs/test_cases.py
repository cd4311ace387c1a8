"""Every worked example of every program's `cases.toml`, through a real book."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import FOLDER, rules_of, shipped
from ledger.usecases.init import init
from ledger.usecases.record import record
from ledger.usecases.settle import Settlement, settle

NOW = parse_instant("2026-11-21T12:00:00Z")
DEFAULT_AS_OF = {
    "recruiting": "2026-06-01T00:00:00+08:00",
    "growth": "2026-10-01T00:00:00+08:00",
    "star_map": "2020-12-01T00:00:00+08:00",
}


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*/cases.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in data["case"]:
            case["_base"] = data.get("base", {}).get(case.get("base"), {}).get("facts", [])
            name = f"{path.parent.name}: {case['name']}"
            found.append(pytest.param(path.parent.name, case, id=name))
    return found


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    book, _ = init(str(path), "platform")
    book.close()
    return path


def _edition(rules: str, changed: dict[str, Any]) -> Edition:
    edition = next(one for one in shipped() if one.rules == rules)
    terms = {k: v for k, v in {**edition.terms, **changed}.items() if k != "rest_days"}
    return rules_of(rules).check(edition.model_copy(update={"terms": terms}))


@pytest.mark.parametrize(("rules", "case"), _cases())
def test_worked_example(rules: str, case: dict[str, Any], empty_book: Path, tmp_path: Path) -> None:
    """What finance can read in `cases.toml` is what a book answers."""
    from ledger.store.book import open_book

    shutil.copy(empty_book, tmp_path / "case.db")
    dropped = case.get("without", [])
    facts = [one for one in case["_base"] if one["type"] not in dropped] + case.get("facts", [])
    file = tmp_path / "facts.ndjson"
    file.write_text("\n".join(json.dumps(one) for one in facts), encoding="utf-8")
    book = open_book(str(tmp_path / "case.db"))
    answer = record(book, [str(file)], now=NOW, by="test")
    assert not answer.rejected, answer.rejected
    if "exceptions" in case:
        assert sorted(one.code for one in answer.warnings) == sorted(case["exceptions"])

    edition = _edition(rules, case.get("terms", {}))
    clocks = Clocks(parse_instant(case.get("as_of", DEFAULT_AS_OF[rules])), answer.position)
    with book.reading() as connection:
        settlement = settle(connection, edition, clocks)
        prefix = f"{edition.program}/"
        lines = {one.line.removeprefix(prefix): one for one in settlement.lines}
        for name, expected in case.get("expect", {}).items():
            if expected.get("absent"):
                assert name not in lines
                continue
            line = lines[name].as_json()
            assert {key: line[key] for key in expected} == expected, line["explanation"]
            _, subject = rules_of(rules).subject_of(name)
            alone = settle(connection, edition, clocks, subject=subject).lines
            own = [one for one in settlement.lines if one.subject == line["subject"]]
            assert own == list(alone), "one subject alone is the subject among all"
    _compare_obligations(settlement, case.get("obligations", {}))
    if "provisional" in case:
        assert settlement.provisional == case["provisional"]
    book.close()


def _compare_obligations(settlement: Settlement, expected: dict[str, Any]) -> None:
    prefix = f"{settlement.edition.program}/"
    found = {one.obligation.removeprefix(prefix): one.as_json() for one in settlement.obligations}
    for name, wanted in expected.items():
        if wanted.get("absent"):
            assert name not in found
        else:
            assert {key: found[name][key] for key in wanted} == wanted
