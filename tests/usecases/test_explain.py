"""Explaining one line: its tree, the facts under it, where they came from, and at what cost."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchLine, UnknownProgram
from ledger.kernel.instants import format_instant, parse_day_end_or_instant, parse_instant
from ledger.programs.recruiting.parameters import CODES
from ledger.store.book import Book
from ledger.usecases.init import demo_files, init
from ledger.usecases.recording.record import RecordAnswer, record
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import published_edition, settle
from tests.marks import decision

PROGRAM = "recruiting-eu-jp-2026q1"
NOW = parse_instant("2026-11-21T12:00:00Z")
OTHERS = (
    *("partner-admission-2022/A-2602", "deposit-2020/2020-06/S-1301/standing"),
    "service-agreements-2022/2026-05/AG-2601/flat_fee",
    *("samples-us-2024/SR-07", "samples-us-2024/2026-05/S-1201/freight"),
)
"""Lines of other programs, one from each of their files."""
AS_OF = parse_day_end_or_instant("2026-06-30", "Asia/Shanghai", 0)
LINE_KEYS = (
    *("line", "kind", "payer", "payee", "subject", "outcome", "amount", "currency"),
    *("unmet", "held_for", "explanation"),
)
NODE_KEYS = (
    *("label", "amount", "currency", "code", "met", "pending", "required", "observed", "clause"),
    *("events", "parts"),
)
TYPES = {
    **dict.fromkeys(("label", "code", "pending", "required", "observed", "clause"), str),
    "amount": str,
    "currency": str,
    "met": bool,
    "events": list,
    "parts": list,
}


class Demo(NamedTuple):
    """The demo's book, the clocks of the question, and all lines as `settle` gives them."""

    book: Book
    clocks: Clocks
    lines: dict[str, dict[str, Any]]
    events_read: int


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The demo as `init --demo` makes it, settled once."""
    if request.param == "sqlite":
        location = str(tmp_path_factory.mktemp("demo") / "demo.db")
    else:
        location = request.getfixturevalue("new_database")()
    book, _ = init(location, "platform")
    answer = record(book, demo_files(), now=NOW, by="demo")
    clocks = Clocks(AS_OF, answer.position)
    with book.reading() as connection:
        settlement = settle(connection, published_edition(connection, PROGRAM, clocks), clocks)
    lines = {line["line"]: line for line in settlement.as_json()["lines"]}
    yield Demo(book, clocks, lines, settlement.events_read)
    book.close()


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node["parts"]:
        yield from _nodes(part)


def _positions(line: dict[str, Any]) -> set[int]:
    return {position for node in _nodes(line["explanation"]) for position in node["events"]}


@decision
def test_every_demo_line_alone_is_the_line_in_the_settlement(demo: Demo) -> None:
    """Explaining and settling are one function: amount, outcome and tree are the same."""
    assert len(demo.lines) == 52
    with demo.book.reading() as connection:
        for name, line in demo.lines.items():
            _, answer = explain(connection, name, demo.clocks)
            assert line == {key: answer[key] for key in LINE_KEYS}


def test_an_explanation_names_what_it_rests_on(demo: Demo) -> None:
    """The settlement's head, the line, its facts, what was considered and what was withdrawn."""
    with demo.book.reading() as connection:
        _, answer = explain(connection, f"{PROGRAM}/S-1013", demo.clocks)
    assert list(answer) == [
        *("program", "period", "terms", "rules_version", "as_of", "known_at", "provisional"),
        *("assumptions", "stands", *LINE_KEYS, "facts", "considered", "withdrawn"),
    ]
    assert (format_instant(AS_OF), demo.clocks.known_at) == (answer["as_of"], answer["known_at"])


def test_every_node_of_every_tree_has_the_shape_of_the_contract(demo: Demo) -> None:
    """Known keys only, in order, of their type; events and parts always, amount with currency."""
    for line in demo.lines.values():
        for node in _nodes(json.loads(json.dumps(line["explanation"]))):
            assert [key for key in NODE_KEYS if key in node] == list(node)
            assert {"label", "events", "parts"} <= set(node)
            for key, value in node.items():
                assert isinstance(value, TYPES[key])
            assert ("amount" in node) == ("currency" in node)
            assert sorted(set(node["events"])) == node["events"]
            assert not ("met" in node and "pending" in node)


def test_declined_and_held_lines_explain_themselves_as_fully(demo: Demo) -> None:
    """All ten conditions in every tree, each with what was required, observed, and the clause."""
    for line in demo.lines.values():
        tree = line["explanation"]
        conditions = tree["parts"][: len(CODES)]
        assert list(CODES) == [one["code"] for one in conditions]
        for one in conditions:
            assert one["required"]
            assert one["observed"]
            assert one["clause"].startswith("news-2026-01-29")
        assert [one["code"] for one in conditions if one.get("met") is False] == line["unmet"]
        assert [one["label"] for one in tree["parts"][-2:]] == ["governance ratio", "award"]
        assert (line["amount"], line["currency"]) == (tree["amount"], tree["currency"])


def test_a_held_line_says_what_it_waits_for(demo: Demo) -> None:
    """The pending node names the code that holds the line."""
    held = [line for line in demo.lines.values() if line["outcome"] == "held"]
    assert len(held) == 6
    for line in held:
        pending = {node.get("pending") for node in _nodes(line["explanation"])}
        assert set(line["held_for"]) <= pending


def test_facts_lead_to_the_file_and_row_that_they_came_in(demo: Demo) -> None:
    """Every position under every line of both terms: the row has the same instant and type."""
    sources = {path: Path(path).read_text("utf-8").splitlines() for path in demo_files()}
    kinds = ("commission", "compensation", "fixed_fee")
    growth = [f"growth-2026-05/M-40{n}/{kind}" for n in range(1, 6) for kind in kinds]
    seen = set()
    with demo.book.reading() as connection:
        for name in (*demo.lines, *growth, *OTHERS):
            _, answer = explain(connection, name, demo.clocks)
            facts = answer["facts"]
            assert sorted(_positions(answer)) == [one["position"] for one in facts]
            for one in facts:
                row = _row(sources[one["file"]], one["file"], one["line"])
                assert parse_instant(row["at"]) == parse_instant(one["at"])
                assert row["type"] == one["type"]
                said_by = "by" not in FACTS[row["type"]].model_fields
                assert not said_by or row.get("by") in (one["by"], None, "")
                seen.add(one["file"])
    judged = ("-bindings.ndjson", "-frozen-tools.ndjson", "-affiliate.ndjson")
    without_lines = {path for path in demo_files() if path.endswith(judged)}
    assert set(demo_files()) - without_lines == seen


def _row(lines: list[str], file: str, line: int) -> dict[str, Any]:
    if file.endswith(".csv"):
        (found,) = csv.DictReader([lines[0], lines[line - 1]])
        return found
    row: dict[str, Any] = json.loads(lines[line - 1])
    return row


def test_a_fact_says_when_it_was_learned_and_by_whom(demo: Demo) -> None:
    """The keys that scripts read of each fact."""
    with demo.book.reading() as connection:
        _, answer = explain(connection, f"{PROGRAM}/S-1013", demo.clocks)
    for one in answer["facts"]:
        assert list(one) == [
            *("position", "type", "stream", "at", "recorded_at", "by", "file", "line"),
        ]
        assert parse_instant(one["at"]) <= AS_OF
        assert parse_instant(one["recorded_at"]) > 0
        assert one["by"]


@decision
def test_explaining_reads_only_what_the_line_rests_on(demo: Demo) -> None:
    """Its own streams and those of the partner's closed stores, out of a book of 1662 events."""
    with demo.book.reading() as connection:
        costs = _Costs(connection, demo)
        for name, line in demo.lines.items():
            settlement, _ = explain(connection, name, demo.clocks)
            assert len(_positions(line)) <= settlement.events_read <= costs.of(line)
            assert settlement.events_read < demo.events_read / 4


class _Costs:
    """Counts, from the rows of the log alone, the events that a line may have to read."""

    def __init__(self, connection: Any, demo: Demo) -> None:
        sql = 'SELECT stream, topic, state FROM events WHERE "row" > 0'
        rows = [
            (one[0], one[1], json.loads(bytes(one[2]))) for one in connection.exec_driver_sql(sql)
        ]
        self.sizes = Counter(stream for stream, _, _ in rows)
        self.onboarded = [s for _, topic, s in rows if topic == "merchant-onboarded.v1"]
        self.closed = {s["store"] for _, topic, s in rows if topic == "store-closed.v1"}
        gmv = [s for _, topic, s in rows if topic == "gmv-recorded.v1"]
        self.rates = {(one["store"], f"rate:{one['currency']}-CNY") for one in gmv}

    def of(self, line: dict[str, Any]) -> int:
        partner = line["payee"].partition(":")[2]
        own = line["subject"].partition(":")[2]
        theirs = {one["store"] for one in self.onboarded if one.get("partner") == partner}
        return sum(self._store(one) for one in {own} | (theirs & self.closed))

    def _store(self, store: str) -> int:
        streams = {rate for one, rate in self.rates if one == store}
        for one in self.onboarded:
            if one["store"] == store:
                streams |= {f"merchant:{one['merchant']}", f"partner:{one.get('partner')}"}
                streams |= {
                    f"store:{other['store']}"
                    for other in self.onboarded
                    if other["merchant"] == one["merchant"]
                    or (one.get("brand") and other.get("brand") == one["brand"])
                }
        return sum(self.sizes[stream] for stream in streams)


def test_the_cost_of_a_line_does_not_grow_with_other_peoples_facts(
    book: Book, record_facts: Callable[..., RecordAnswer]
) -> None:
    """Fifty more stores of another partner in the book: the same number of events is read."""
    before = _read(book, record_facts(book, _store_facts("P-1", "S-1")).position)
    more = [fact for n in range(2, 52) for fact in _store_facts("P-2", f"S-{n}")]
    after = _read(book, record_facts(book, more, name="more.ndjson").position)
    assert before == after
    assert before[0] == 4


def _read(book: Book, known_at: int) -> tuple[int, list[str], list[int]]:
    with book.reading() as connection:
        settlement, answer = explain(connection, f"{PROGRAM}/S-1", Clocks(AS_OF, known_at))
    return settlement.events_read, answer["unmet"], [one["position"] for one in answer["facts"]]


def _store_facts(partner: str, store: str) -> list[dict[str, Any]]:
    merchant = store.replace("S", "M")
    at = {"at": "2026-01-10T09:00:00+08:00"}
    certified = {"type": "PartnerCertified", **at, "partner": partner, "id": partner}
    targeted = {"type": "MerchantTargeted", **at, "program": PROGRAM, "mode": "targeted"}
    onboarded = {"type": "MerchantOnboarded", **at, "store": store, "market": "EU"}
    return [
        certified,
        targeted | {"merchant": merchant},
        onboarded | {"merchant": merchant, "partner": partner},
        {"type": "StoreVerified", **at, "store": store},
    ]


@pytest.mark.parametrize("store", ["S-0996", "S-1057", "S-1099", "S-9999", "s-1001"])
def test_a_line_that_does_not_exist_is_refused(demo: Demo, store: str) -> None:
    """A store without partner, of another quarter, or that nobody knows has no line."""
    with demo.book.reading() as connection, pytest.raises(NoSuchLine) as refused:
        explain(connection, f"{PROGRAM}/{store}", demo.clocks)
    assert refused.value.hint.endswith(f"List the lines: duebook settle {PROGRAM}")


def test_a_line_in_other_letters_is_asked_about(demo: Demo) -> None:
    """That nobody introduced the store would mislead: it is the case of its letters."""
    with demo.book.reading() as connection, pytest.raises(NoSuchLine) as refused:
        explain(connection, f"{PROGRAM}/s-1001", demo.clocks)
    assert "capital and small letters differ" in refused.value.sentence
    assert refused.value.hint.startswith(f"Did you mean {PROGRAM}/S-1001? ")


def test_a_line_of_an_unknown_program_is_refused(demo: Demo) -> None:
    """The program is asked for before the store."""
    with demo.book.reading() as connection, pytest.raises(UnknownProgram):
        explain(connection, "growth-2027-05/S-1001", demo.clocks)
