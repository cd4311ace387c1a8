"""Corrections of a closed period against a settle of it: cost must not grow line by line."""

from collections.abc import Iterator

from benchmarks import facts, fees, orders
from benchmarks.closing import close_quarter
from benchmarks.facts import PROGRAM, QUARTER
from benchmarks.measure import Figure, Took, in_turns, took
from benchmarks.workshop import AS_OF, NOW, Workshop, recorded
from ledger.intake.platform.rows import PlatformFile, PlatformRow
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.closing.adjust import adjust, adjustment
from ledger.usecases.closing.close import close
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.reconciling.reconcile import reconcile, record_run
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.settling.settle import published_edition, settle

STORES, DIFFERING, CHANGED = 1_200, 50, 200
TIMES_MAX = 3
ORDERS = 20_000


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """A comparison with differing amounts, an adjustment of many lines, an accepted group."""
    book = _closed(shop)
    yield _reconciled(shop, book)
    yield _adjusted(shop, book)
    book.close()
    yield _accepted(shop)


def _closed(shop: Workshop) -> Book:
    book = shop.fresh_book("corrected.db")
    recorded(book, shop.made_file(20 * STORES, STORES))
    close_quarter(book, PROGRAM, AS_OF)
    return book


def _clocks(book: Book) -> Clocks:
    return Clocks(parse_instant(AS_OF), book.head().position)


def _settled(book: Book, program: str, period: str | None, clocks: Clocks) -> Took:
    with book.reading() as connection:
        edition = published_edition(connection, program, clocks)
        return took(lambda: settle(connection, edition, clocks, period=period))


def _reconciled(shop: Workshop, book: Book) -> Figure:
    clocks = _clocks(book)
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        lines = settle(connection, edition, clocks).lines
    rows, wrong = [], 0
    for place, line in enumerate(lines, 2):
        assert line.amount is not None
        differs = wrong < DIFFERING and line.amount.minor > 0
        wrong += differs
        amount = Money(line.amount.minor * 4 // 5 if differs else line.amount.minor, "CNY")
        rows.append(PlatformRow(place, line.line, None, None, None, amount, {}))
    file = PlatformFile("theirs.csv", "0" * 64, rows)

    def ours() -> Took:
        with book.reading() as connection:
            return took(lambda: reconcile(connection, PROGRAM, None, file, clocks))

    times = in_turns(
        shop.runs, {"ours": ours, "settle": lambda: _settled(book, PROGRAM, None, clocks)}
    )
    how = f"{len(lines):,} lines, {wrong} differ, against a settle of them"
    return Figure.times("reconcile by line", times["ours"], times["settle"], TIMES_MAX, how)


def _adjusted(shop: Workshop, book: Book) -> Figure:
    """An adjustment of lines withheld store by store, so that no other line moves."""
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, _clocks(book))
        lines = settle(connection, edition, _clocks(book)).lines
    paid = [line for line in lines if line.outcome == "payable"][:CHANGED]
    path = shop.folder / "withheld.ndjson"
    withheld = (
        (
            QUARTER + 100 * facts.DAY + number,
            {
                "type": "IncentiveWithheld",
                "program": PROGRAM,
                "partner": line.payee.partition(":")[2],
                "store": line.subject.partition(":")[2],
                "reason": "cheating",
            },
        )
        for number, line in enumerate(paid)
    )
    facts.save(path, withheld)
    recorded(book, path)
    clocks = _clocks(book)

    def ours() -> Took:
        with book.reading() as connection:
            return took(lambda: adjustment(connection, PROGRAM, None, clocks))

    times = in_turns(
        shop.runs, {"ours": ours, "settle": lambda: _settled(book, PROGRAM, None, clocks)}
    )
    with book.reading() as connection:
        count = len(adjustment(connection, PROGRAM, None, clocks).corrections)
    how = f"{count} of {len(lines):,} lines changed, each with its causes"
    return Figure.times("adjust", times["ours"], times["settle"], TIMES_MAX, how)


def _accepted(shop: Workshop) -> Figure:
    """A group of orders over many lines, after an adjustment of one of them."""
    ours, reference, moved = [], [], 0
    for number in range(shop.runs):
        book = _charged(shop, number)
        clocks = Clocks(NOW, book.head().position)
        reference.append(_settled(book, fees.PROGRAM, fees.MONTH, clocks))
        theirs = shop.folder / "theirs-orders.csv"
        with book.reading() as connection:
            edition = published_edition(connection, fees.PROGRAM, clocks)
            fees.platform_file(connection, edition, clocks, theirs)
            reconciliation = reconcile_file(
                connection, fees.PROGRAM, fees.MONTH, str(theirs), clocks
            )
        record_run(book, reconciliation, by="benchmark", profile="canonical", flipped=False)
        group = next(
            break_
            for break_ in reconciliation.breaks
            if any(c.because == fees.EXACT_CAUSE for c in break_.likely)
        )

        def accept(book: Book = book, name: str = group.id) -> None:
            resolve(
                *(book, fees.PROGRAM, fees.MONTH, name),
                resolution="accept_theirs",
                reason="agreed",
                by="lin",
                now=NOW,
            )

        ours.append(took(accept))
        moved = len(
            {
                order.line
                for order in reconciliation.orders
                if reconciliation.breaks[order.group] is group
            }
        )
        book.close()
    how = f"a group over {moved} lines, the month adjusted before, against a settle of it"
    return Figure.times("accept_theirs", _median(ours), _median(reference), TIMES_MAX, how)


def _median(measured: list[Took]) -> Took:
    return sorted(measured)[len(measured) // 2]


def _charged(shop: Workshop, number: int) -> Book:
    """A closed month of fees in which one store has been adjusted since."""
    book = fees.made(shop, f"accepted-{number}.db")
    month = shop.folder / "accepted.csv"
    if not month.exists():
        orders.generate(ORDERS, 0, month)
    record_orders(book, [str(month)], now=orders.NOW, by="benchmark")
    over = parse_instant("2026-02-02T00:00:00+08:00")
    common = {"by": "lin", "now": NOW}
    close(book, fees.PROGRAM, fees.MONTH, as_of=over, leave_open="benchmark", **common)
    late = shop.folder / "late.csv"
    late.write_text(
        "order_id,store,created_at,amount,currency,traffic,channel,payment,category\n"
        "L-1,S-00000,2026-01-09T10:00:00+08:00,100.00,CNY,ordinary,other,online,category-1\n"
    )
    record_orders(book, [str(late)], now=orders.NOW, by="benchmark")
    adjust(book, fees.PROGRAM, fees.MONTH, **common)
    return book
