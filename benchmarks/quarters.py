"""An eleventh quarter, settled in a book that holds ten closed ones and in a book of its own."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks import facts
from benchmarks.closing import against, close_quarter, sorted_out
from benchmarks.facts import DAY, ZONE, Quarter, Timed
from benchmarks.measure import Figure, Took, in_turns, tell
from benchmarks.settling import Answer, child
from benchmarks.workshop import Workshop, recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, shipped
from ledger.store.book import Book, open_book
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.terms.publish import publish

EARLIER = 10
TIMES_MAX = 1.5
GMV_EACH = 3
GROWTH = "growth-2026-05"
DAILY_CURRENCIES = ("USD", "EUR")


class Term(NamedTuple):
    """One of the quarters: the name and days of its edition."""

    program: str
    first: date
    last: date

    @property
    def start(self) -> int:
        """Seconds since the epoch at which the first day begins."""
        return int(datetime(*self.first.timetuple()[:3], tzinfo=ZONE).timestamp())

    @property
    def as_of(self) -> str:
        """Three months after the end, when it is settled."""
        end = datetime(*self.last.timetuple()[:3], tzinfo=ZONE)
        return (end + timedelta(days=91)).isoformat()


def terms_before(shown: str, first: date, prefix: str) -> list[Term]:
    """Ten terms of three months each before a shipped one, and the shipped one last."""
    starts = [_months(first, -3 * number) for number in range(EARLIER, -1, -1)]
    terms = [
        Term(f"{prefix}-{start:%Y-%m}", start, _months(start, 3) - timedelta(days=1))
        for start in starts
    ]
    return [*terms[:-1], terms[-1]._replace(program=shown)]


def _months(day: date, more: int) -> date:
    month = day.year * 12 + day.month - 1 + more
    return date(month // 12, month % 12 + 1, 1)


def published(book: Book, like: str, term: Term) -> None:
    """Publishes a shipped edition for other days under another name."""
    model = next(edition for edition in shipped() if edition.program == like)
    terms = {key: value for key, value in model.terms.items() if key != "make_up_due"}
    changes = {"program": term.program, "first": term.first, "last": term.last, "terms": terms}
    edition = Edition.from_data(model.model_copy(update=changes).as_data(), term.program)
    publish(book, checked(edition), by="benchmark")


Facts = Callable[[Term, int, bool], Iterator[Timed]]
"""A term's facts: which term, its number, and whether the book begins with it."""


def two_books(shop: Workshop, like: str, terms: list[Term], made: Facts) -> tuple[Path, Path]:
    """A book with ten closed terms and the facts of the last, and one with the last alone."""
    full, own = shop.fresh_book("full.db"), shop.fresh_book("own.db")
    file = shop.folder / "quarter.ndjson"
    for number, term in enumerate(terms):
        tell(f"recording {term.program}")
        last = term is terms[-1]
        if not last:
            published(full, like, term)
        facts.save(file, made(term, number, number == 0))
        recorded(full, file)
        if last:
            facts.save(file, made(term, number, True))
            recorded(own, file)
        else:
            close_quarter(full, term.program, term.as_of)
    same = {_said(book, terms[-1]) for book in (full, own)}
    assert len(same) == 1, "the books do not give the same lines"
    full.close()
    own.close()
    return shop.folder / "full.db", shop.folder / "own.db"


def _said(book: Book, term: Term) -> int:
    with book.reading() as connection:
        clocks = Clocks(parse_instant(term.as_of), book.head().position)
        lines = settle(connection, published_edition(connection, term.program, clocks), clocks)
    return hash(tuple(line.said() for line in lines.lines))


def settled_twice(
    shop: Workshop, name: str, term: Term, books: tuple[Path, Path]
) -> Iterator[Figure]:
    """The settle of the last term in both books, in processes of their own."""
    last: dict[str, Answer] = {}

    def once(which: str, book: Path) -> Took:
        last[which] = child("settle-closed", book, term.program, term.as_of)
        return Took(last[which].seconds, last[which].cpu)

    times = in_turns(
        max(shop.runs, 7 if shop.repeats > 3 else 1),
        {
            "full": lambda: once("full", books[0]),
            "own": lambda: once("own", books[1]),
        },
    )
    full, own = last["full"], last["own"]
    how = f"{full.lines:,} lines; events read {full.facts:,}, alone {own.facts:,}; "
    how += f"{full.peak_mib:.0f} MiB, alone {own.peak_mib:.0f} MiB"
    yield Figure.times(name, times["full"], times["own"], TIMES_MAX, how)


def recruiting(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`eleventh`: other stores every quarter, the same partners."""
    for stores in (shop.stores // 10, shop.stores // 4):
        terms = terms_before(facts.PROGRAM, date(2026, 1, 1), "recruiting-eu-jp")
        partners = facts.partners_of(stores)

        def made(
            term: Term, number: int, opens: bool, stores: int = stores, partners: int = partners
        ) -> Iterator[Timed]:
            if opens:
                yield from facts.certified(partners, term.start)
            last = number == EARLIER
            days = facts.RATE_DAYS if last else (_months(term.first, 3) - term.first).days
            quarter = Quarter(term.program, term.start, number * stores, days)
            yield from facts.quarter_facts(quarter, stores, GMV_EACH)

        books = two_books(shop, facts.PROGRAM, terms, made)
        yield from settled_twice(shop, f"eleventh quarter, {stores:,} stores", terms[-1], books)
        if stores == shop.stores // 10:
            yield from _explained(shop, terms[-1], books)


def _explained(shop: Workshop, term: Term, books: tuple[Path, Path]) -> Iterator[Figure]:
    opened = [open_book(str(path)) for path in books]
    full, own = (
        sorted_out(book, Clocks(parse_instant(term.as_of), book.head().position)) for book in opened
    )
    own = own._replace(lines=full.lines)
    yield from against(full, own, "own", "explain in the eleventh", shop.repeats)
    for book in opened:
        book.close()


def growth(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`eleventh-growth`: the same merchants and stores every time, with GMV every day."""
    merchants = shop.stores // 100
    terms = terms_before(GROWTH, date(2026, 5, 1), "growth")

    def made(term: Term, number: int, opens: bool) -> Iterator[Timed]:
        if opens:
            yield from _shops(merchants, term.start)
        yield from _enrolled(term, number, merchants)

    books = two_books(shop, GROWTH, terms, made)
    name = f"eleventh term, growth, {merchants:,} merchants"
    yield from settled_twice(shop, name, terms[-1], books)


def _shops(merchants: int, start: int) -> Iterator[Timed]:
    for number in range(merchants):
        store = {"merchant": f"M-{number}", "store": f"S-{number}", "market": "EU"}
        yield start - 60 * DAY + number, {"type": "MerchantOnboarded", **store}


def _enrolled(term: Term, number: int, merchants: int) -> Iterator[Timed]:
    chance = random.Random(facts.SEED + number)
    days = (term.last - term.first).days + 1
    for day in range(days):
        at = term.start + day * DAY + 18 * 3600
        rate = f"{1.05 + chance.random() / 10:.4f}"
        quoted = {"base": "EUR", "quote": "USD", "day": str(term.first + timedelta(days=day))}
        yield at, {"type": "RateQuoted", **quoted, "rate": rate}
    for merchant in range(merchants):
        who = {"program": term.program, "merchant": f"M-{merchant}"}
        yield term.start - 20 * DAY + merchant, {"type": "MerchantInvited", **who}
        promised = {"aigc": 40, "creator_video": 12}
        joined = {**who, "store": f"S-{merchant}", "promised": promised}
        yield term.start + merchant, {"type": "MerchantEnrolled", **joined}
        paid = {**who, "amount": "6000.00", "currency": "USD"}
        yield term.start + DAY + merchant, {"type": "FixedFeePaid", **paid}
        for week in range(13):
            kind = "creator_video" if week % 4 == 0 else "aigc"
            given = {**who, "kind": kind, "count": chance.randrange(2, 6)}
            yield term.start + week * 7 * DAY + merchant, {"type": "ContentDelivered", **given}
        for day in range(days):
            at = term.start + (day + 1) * DAY + chance.randrange(3600, 8 * 3600)
            yield (
                at,
                {
                    "type": "GMVRecorded",
                    "store": f"S-{merchant}",
                    "day": str(term.first + timedelta(days=day)),
                    "amount": f"{chance.randrange(9_000, 90_000) / 100:.2f}",
                    "currency": DAILY_CURRENCIES[merchant % 2],
                    "basis": "placed",
                    "orders": chance.randrange(1, 40),
                },
            )
