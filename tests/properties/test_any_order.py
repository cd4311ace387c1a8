"""The same facts in any order and any split give the same lines, and twice is once."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of, shipped
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.record import RecordAnswer, record
from ledger.usecases.settle import settle

Fact = dict[str, Any]
PROGRAM = "recruiting-eu-jp-2026q1"
NOW = parse_instant("2026-11-21T12:00:00Z")
STORES, MERCHANTS, BRANDS = ["S-1", "S-2", "S-3"], ["M-1", "M-2"], ["B-1", "B-2", None]
PARTNERS = ["P-1", "P-2"]
INSTANTS = [
    "2026-01-10T09:00:00+08:00",
    "2026-01-20T09:00:00+08:00",
    "2026-01-20T01:00:00Z",  # the same instant, written otherwise
    "2026-02-09T23:59:59+08:00",
    "2026-02-10T00:00:00+08:00",
    "2026-03-31T23:59:59+08:00",
    "2026-04-01T00:00:00+08:00",
    "2026-04-20T12:00:00+08:00",
]
AS_OF = ["2026-02-01T00:00:00+08:00", "2026-04-15T00:00:00+08:00", "2026-06-01T00:00:00+08:00"]
RATIOS = [None, [{"from": 1, "ratio": "0.8"}, {"from": 2, "ratio": "0.5"}]]


class Story(NamedTuple):
    """Facts, two ways to send them, and the question that is asked afterwards."""

    facts: list[Fact]
    ways: tuple[list[list[list[Fact]]], list[list[list[Fact]]]]
    """Calls of files of facts."""
    as_of: str
    ratios: list[dict[str, Any]] | None


def _onboarded(chance: Random, store: str, instants: list[str]) -> Fact:
    return {
        "type": "MerchantOnboarded",
        "at": chance.choice(instants),
        "merchant": chance.choice(MERCHANTS),
        "store": store,
        "market": chance.choice(["EU", "EU", "JP", "US"]),
        "brand": chance.choice(BRANDS),
        "partner": chance.choice(PARTNERS),
        "via": chance.choice(["exclusive_link", "other"]),
    }


def _gmv(chance: Random, store: str) -> Fact:
    return {
        "type": "GMVRecorded",
        "at": chance.choice(INSTANTS),
        "store": store,
        "day": chance.choice(["2026-01-20", "2026-02-09", "2026-02-10"]),
        "amount": chance.choice(["1000.00", "1000.01", "125.00", "125.01", "-0.01", "-500"]),
        "currency": chance.choice(["CNY", "EUR"]),
        "basis": chance.choice(["settled", "settled", "placed"]),
    }


def _qualifying(chance: Random, store: str) -> list[Fact]:
    """What a store needs for its incentive, with up to two of its facts missing."""
    start = "2026-01-05T10:00:00+08:00"
    at = {"at": "2026-01-22T09:00:00+08:00", "store": store}
    onboarded = _onboarded(chance, store, INSTANTS[:3])
    targeting = {"program": PROGRAM, "merchant": onboarded["merchant"], "mode": "targeted"}
    facts = [
        onboarded,
        {"type": "PartnerCertified", "at": start, "partner": onboarded["partner"]},
        {"type": "MerchantTargeted", "at": start, **targeting},
        {"type": "StoreVerified", **at, "at": chance.choice(INSTANTS[1:4])},
        *({"type": "StockListed", **at, "country": name} for name in ("DE", "ES", "FR", "IT")),
        {"type": "FirstSale", **at, "at": "2026-02-01T12:00:00+08:00"},
        {**_gmv(chance, store), "amount": "1500.00", "currency": "CNY", "basis": "settled"},
    ]
    dropped = {chance.randrange(3 * len(facts)) for _ in range(2)}
    return [fact for number, fact in enumerate(facts) if number not in dropped]


def _another(chance: Random) -> Fact:
    """Anything else that may happen, often at the instant of something else."""
    at, store = chance.choice(INSTANTS), chance.choice(STORES)
    merchant, partner = chance.choice(MERCHANTS), chance.choice(PARTNERS)
    targeting = {"at": at, "program": PROGRAM, "merchant": merchant}
    rate = chance.choice(["7.99", "8", "8.01"])
    reason = chance.choice(["counterfeit", "voluntary"])
    country = chance.choice(["DE", "IT"])
    kinds: list[Fact] = [
        {"type": "StoreClosed", "at": at, "store": store, "reason": reason},
        {"type": "StoreReopened", "at": at, "store": store},
        {"type": "StoreSuspended", "at": at, "store": store},
        {"type": "StockListed", "at": at, "store": store, "country": country},
        {"type": "StockDelisted", "at": at, "store": store, "country": country},
        {"type": "StoreVerified", "at": at, "store": store},
        {"type": "FirstSale", "at": at, "store": store},
        {"type": "PartnerCertified", "at": at, "partner": partner},
        {"type": "PartnerTerminated", "at": at, "partner": partner, "reason": "behind"},
        {"type": "MerchantTargeted", **targeting, "mode": "targeted"},
        {"type": "MerchantTargeted", **targeting, "mode": "invited", "partner": partner},
        {"type": "MerchantUntargeted", **targeting},
        {
            "type": "IncentiveWithheld",
            "at": at,
            "program": PROGRAM,
            "partner": partner,
            "store": chance.choice([store, None]),
            "reason": "cheating",
        },
        {
            "type": "RateQuoted",
            "at": at,
            "base": "EUR",
            "quote": "CNY",
            "rate": rate,
            "day": chance.choice(["2026-01-19", "2026-02-09"]),
        },
        _gmv(chance, store),
        _onboarded(chance, store, INSTANTS),
    ]
    return chance.choice(kinds)


def _tie(chance: Random) -> list[Fact]:
    """Two facts of one instant of which, for a rule, only one can be the last, or the first."""
    at, store = chance.choice(INSTANTS[:4]), chance.choice(STORES)
    merchant, partner = chance.choice(MERCHANTS), chance.choice(PARTNERS)
    one = {"at": at, "store": store}
    targeting = {"at": at, "program": PROGRAM, "merchant": merchant, "mode": "invited"}
    quoted = {"type": "RateQuoted", "at": at, "base": "EUR", "quote": "CNY"}
    quoted = {**quoted, "day": chance.choice(["2026-01-19", "2026-01-20"])}
    sale = {**_gmv(chance, store), "day": "2026-01-20", "currency": "EUR", "amount": "125.00"}
    pairs = [
        [{"type": "StoreSuspended", **one}, {"type": "StoreReopened", **one}],
        [{"type": name, **one, "country": "DE"} for name in ("StockListed", "StockDelisted")],
        [{"type": "MerchantTargeted", **targeting, "partner": name} for name in PARTNERS],
        [{**quoted, "rate": rate} for rate in ("7.99", "8.01")] + [{**sale, "basis": "settled"}],
        [{**_onboarded(chance, store, [at]), "partner": name} for name in PARTNERS],
        [
            {"type": "PartnerCertified", "at": INSTANTS[0], "partner": partner, "name": "Again"},
            {"type": "PartnerTerminated", "at": INSTANTS[0], "partner": partner, "reason": "other"},
        ],
    ]  # fmt: skip
    return chance.choice(pairs)


def _named(chance: Random, facts: list[Fact]) -> list[Fact]:
    """Some of the facts with an id of their own, and some of those withdrawn."""
    named: list[Fact] = []
    for number, fact in enumerate(facts):
        if chance.random() < 0.6:
            named.append(fact)
            continue
        identity = {"id": f"f-{number}", "source": chance.choice(["", "erp"])}
        named.append({**fact, **identity})
        if chance.random() < 0.15:
            at = chance.choice(INSTANTS)
            named.append({"type": "FactWithdrawn", "at": at, "reason": "wrong", **identity})
    return named


def _sent(chance: Random, facts: list[Fact]) -> list[list[list[Fact]]]:
    """The facts in some order, in up to three calls of up to two files.

    Equal facts without an id stay in one call: nothing else tells them from one fact sent twice.
    """
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        same = {**fact, "at": parse_instant(fact["at"])}
        groups.setdefault(json.dumps(same, sort_keys=True), []).append(fact)
    calls: list[list[Fact]] = [[] for _ in range(chance.randint(1, 3))]
    for group in groups.values():
        calls[chance.randint(0, len(calls) - 1)] += group
    ordered = [chance.sample(call, len(call)) for call in calls if call]
    cuts = [chance.randint(0, len(call)) for call in ordered]
    both = zip(ordered, cuts, strict=True)
    return [[part for part in (call[:cut], call[cut:]) if part] for call, cut in both]


def story_of(seed: int) -> Story:
    """Drawn from a seed: hypothesis repeats parts of a story it draws itself, and finds less."""
    chance = Random(seed)
    facts = [fact for store in STORES for fact in _qualifying(chance, store)]
    facts += [_another(chance) for _ in range(chance.randint(0, 6))]
    facts += [fact for _ in range(chance.randint(0, 3)) for fact in _tie(chance)]
    facts = _named(chance, facts)
    facts = [{name: v for name, v in fact.items() if v is not None} for fact in facts]
    ways = (_sent(chance, facts), _sent(chance, facts))
    return Story(facts, ways, chance.choice(AS_OF), chance.choice(RATIOS))


class Scene:
    """Makes books and sends facts to them, in a folder of its own."""

    def __init__(self, folder: Path, new_book: Callable[[], Book]) -> None:
        self.folder, self.new_book, self.files = folder, new_book, 0
        self.outcomes: Counter[str] = Counter()

    def send(self, book: Book, files: list[list[Fact]]) -> RecordAnswer:
        paths = []
        for number, facts in enumerate(files):
            path = self.folder / f"{number}.ndjson"
            path.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
            paths.append(str(path))
        return record(book, paths, now=NOW, by="test")

    def lines(self, book: Book, story: Story) -> list[tuple[Any, ...]]:
        edition = _edition(story.ratios)
        clocks = Clocks(parse_instant(story.as_of), book.head().position)
        with book.reading() as connection:
            found = settle(connection, edition, clocks).lines
        self.outcomes.update(one.outcome for one in found)
        return [
            (one.line, one.payee, one.outcome, one.amount, one.unmet, one.held_for) for one in found
        ]

    def check(self, story: Story) -> None:
        """Both ways give the same lines, and everything again changes nothing."""
        answers = []
        for way in story.ways:
            book = self.new_book()
            sent = [self.send(book, files) for files in way]
            assert not any(one.rejected for one in sent)
            assert sum(one.recorded for one in sent) == len(story.facts)
            answers.append(self.lines(book, story))
            head = book.head()
            again = [self.send(book, files) for files in way]
            whole = self.send(book, [story.facts])
            assert [one.recorded for one in (*again, whole)] == [0] * (len(way) + 1)
            assert book.head() == head
            assert self.lines(book, story) == answers[-1]
            book.close()
        assert answers[0] == answers[1]


def _edition(ratios: list[dict[str, Any]] | None) -> Edition:
    edition = next(one for one in shipped() if one.program == PROGRAM)
    if ratios is None:
        return edition
    terms = {**edition.terms, "governance_ratios": ratios}
    terms.pop("rest_days", None)
    return rules_of(edition.rules).check(edition.model_copy(update={"terms": terms}))


def check_many(scene: Scene, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
    )
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        scene.check(story_of(seed))

    check()


def test_facts_in_any_order_and_split_give_the_same_lines(tmp_path: Path) -> None:
    """With ties, late onboardings, rates, refunds and withdrawals, in files and calls."""
    template = tmp_path / "template.db"
    init(str(template), "platform")[0].close()

    def new_book() -> Book:
        path = tmp_path / "book.db"
        for old in tmp_path.glob("book.db*"):
            old.unlink()
        shutil.copy(template, path)
        return open_book(str(path))

    scene = Scene(tmp_path, new_book)
    check_many(scene, 50)
    assert set(scene.outcomes) == {"payable", "declined", "held"}, "the stories say something"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_facts_in_any_order_give_the_same_lines_on_postgresql(
    tmp_path: Path, new_location: Callable[[], str]
) -> None:
    """The same stories, a few of them, where another database sorts and joins."""
    scene = Scene(tmp_path, lambda: init(new_location(), "platform")[0])
    check_many(scene, 6)
    assert scene.outcomes
