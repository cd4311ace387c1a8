"""`duebook status`: the status of a book, on one screen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cli.many_books import opened_of, refuse_position, say_where_each_stands
from cli.options import Ask, answering, now
from cli.output import Out
from cli.pictures import course, with_bars, with_column
from cli.progress import Progress, progress
from cli.talk import say
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from ledger.store.book import Book

Row = dict[str, Any]
ALL = "(all)"
"""Instead of a book's name, in the rows of totals."""
SHOWN_MAX = 5
"""How many codes of a kind a table names; JSON has them all."""
MONTHS_MAX = 12
"""How many of a program's open months a course shows: the last ones."""


@click.command()
@click.option(
    "--since",
    metavar="POSITION|DATE",
    help="Also what was recorded after it, and what that moved in open periods.",
)
@answering(clocks=True, books=True)
def status(since: str | None, ask: Ask) -> None:
    """Show the state of the book on one screen.

    Periods that are open to close, held lines by reason, exceptions, overdue obligations, payments
    due, open breaks, and the last verify.

    \b
    duebook status
    duebook status --since yesterday
    duebook status --since 1662 --format json
    duebook status --books books.toml
    """
    if ask.books is not None:
        _of_several(since, ask)
        return
    where = ask.out
    with ask.opened() as book, progress() as report:
        answer = _of_one(book, since, ask, report)
    rows = list(_rows(answer))
    if where.is_table:
        rows = [_on_one_screen(where, row) for row in rows]
    where.data(answer, rows, pictured=partial(_pictured, answer["to_close"]))
    if where.is_table:
        _talk(where, answer)


def _of_several(since: str | None, ask: Ask) -> None:
    """The books of `--books`, one after another, then totals over all of them."""
    from projections.books.together import status_together, with_book

    refuse_position(since, "--since")
    where, answers, rows = ask.out, [], []
    with opened_of(ask) as books, progress() as report:
        for own in books:
            with own.said():
                of_book = _of_one(own.book, since, ask, report)
            answers.append((own, of_book))
            rows += with_book(own.name, _rows(of_book))
        answer = status_together(answers)
    if where.is_table:
        rows = [_on_one_screen(where, row) for row in (*rows, *_totals(answer["totals"]))]
    where.data(answer, rows, pictured=partial(_pictured, answer["to_close"]))
    if where.is_table:
        say("")
        say_where_each_stands(where, answer["books"])
        for own, of_book in answers:
            say(f"{own.name}: {_verified(where, of_book)}")
        _hint(answer)


def _of_one(book: "Book", since: str | None, ask: Ask, report: Progress) -> Row:
    """The status of a book at the clocks as typed."""
    from ledger.usecases.typed_clocks import known_position
    from projections.status import status as usecase

    chosen, after = ask.chosen_clocks(book), None
    with book.reading() as connection:
        at = ask.clocks(connection)
        if since is not None:
            after = known_position(connection, since, now=now(), named="--since", before_all=True)
    return usecase(book, at, chosen=chosen, since=after, now=now(), progress=report)


def _on_one_screen(where: Out, row: Row) -> Row:
    """A row without the column `since`: its day goes into the detail."""
    since, detail = row["since"], row["detail"]
    day = where.time(since)[:10] if since and "T" in since else since
    shown = {name: value for name, value in row.items() if name != "since"}
    return shown | {"detail": ", ".join(filter(None, [detail, day and f"since {day}"]))}


def _rows(answer: Row) -> Iterator[Row]:
    """The answer as rows of one table that fits one screen: the months of a program together, and
    only the most frequent codes."""
    from ledger.programs.words import in_words

    yield from _periods(answer["to_close"])
    held = [
        _row("held", in_words(row["code"]), row["lines"], detail=row["program"])
        for row in answer["held"]
    ]
    yield from _most(held)
    exceptions = answer["exceptions"]
    yield from _most(
        [_row("exceptions", row["code"], row["count"], since=row["since"]) for row in exceptions]
    )
    for row in answer["overdue"]:
        owed = f"{row['missing']} missing, {row['made_up']} made up" if "missing" in row else ""
        amount, currency = row.get("amount"), row.get("currency")
        yield _row("overdue", row["obligation"], 1, amount, currency, owed, row["due"])
    for row in answer["payments_due"]:
        detail = "the payees owe" if row["open"].startswith("-") else ""
        yield _row(
            *("payments due", row["period"], row["statements"], row["open"], row["currency"]),
            *(detail, row["since"]),
        )
    for row in answer["breaks"]:
        yield _row(
            *("breaks", row["program"], row["breaks"], row["difference"], row["currency"]),
            since=row["since"],
        )
    if "since" in answer:
        yield from _changes(answer["since"])


def _periods(open_: list[Row]) -> Iterator[Row]:
    """The open periods and their totals, per program and by whether they are over."""
    grouped: dict[tuple[str, bool], list[Row]] = {}
    for period in open_:
        grouped.setdefault((period["program"], period["provisional"]), []).append(period)
    from ledger.kernel.money import Money, sum_by_currency

    for (program, provisional), periods in sorted(grouped.items(), key=lambda pair: pair[0][::-1]):
        outcomes: Counter[str] = Counter()
        for period in periods:
            outcomes.update(period["outcomes"])
        totals = [
            Money.parse(*pair[::-1]) for period in periods for pair in period["totals"].items()
        ]
        sums = sum_by_currency(totals)
        first, last = periods[0], periods[-1]
        days = f"{first['from']} {'to ' + last['to'] if last['to'] else 'on'}"
        if first["period"] is not None:
            days = f"{first['period']} to {last['period']}, {counted(len(periods), 'month')}"
            days = days if len(periods) > 1 else first["period"]
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        what, detail = _state(provisional), f"{days}: {counts}"
        lines = sum(period["lines"] for period in periods)
        if not sums:
            yield _row(what, program, lines, detail=detail)
        for code, amount in sums.items():
            yield _row(what, program, lines, amount.text, code, detail)


def _state(provisional: bool) -> str:
    return "running" if provisional else "to close"


def _pictured(open_: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """The rows with each amount as a bar, and the totals of a program's last open months as a
    course; a month without a total in the currency has no mark."""
    months: dict[tuple[str | None, str, str], list[Row]] = {}
    for period in open_:
        if period["period"] is not None:
            key = (period.get("book"), _state(period["provisional"]), period["program"])
            own = months.setdefault(key, [])
            own.append(period["totals"])
    courses = []
    for row in rows:
        key = (row.get("book"), row["what"], row["name"])
        texts = [own.get(row["currency"]) for own in months.get(key, ())]
        texts = texts[-MONTHS_MAX:]
        courses.append(course([Decimal(text) if text else None for text in texts]))
    return with_bars(with_column(rows, "course", courses))


def _most(rows: list[Row]) -> Iterator[Row]:
    """The most frequent rows, and one row that counts the others."""
    rows.sort(key=lambda row: (-row["count"], row["name"]))
    shown = rows if len(rows) <= SHOWN_MAX + 1 else rows[:SHOWN_MAX]
    yield from shown
    if others := rows[len(shown) :]:
        since = min((other["since"] for other in others if other["since"]), default=None)
        count = sum(other["count"] for other in others)
        yield _row(others[0]["what"], f"{len(others)} others", count, since=since)


def _changes(since: Row) -> Iterator[Row]:
    for name, count in since["recorded"].items():
        yield _row("recorded since", name, count)
    for move in since["moves"]:
        name = "/".join(filter(None, [move["program"], move["period"]]))
        if not move["difference"]:
            yield _row("lines moved since", name, move["lines"])
        for code, text in move["difference"].items():
            yield _row("lines moved since", name, move["lines"], text, code)


TOTALS = {
    "to_close": ("to close", ""),
    "running": ("running", ""),
    "payments_due": ("payments due", ""),
    "payees_owe": ("payments due", "the payees owe"),
    "breaks": ("breaks", ""),
}


def _totals(totals: dict[str, dict[str, str]]) -> Iterator[Row]:
    """The totals over all books, as rows whose book is none."""
    for name, (what, detail) in TOTALS.items():
        for code, amount in totals.get(name, {}).items():
            yield {"book": ALL} | _row(what, "", None, amount, code, detail)


def _row(
    what: str,
    name: str,
    count: int | None,
    amount: str | None = None,
    currency: str | None = None,
    detail: str = "",
    since: str | None = None,
) -> Row:
    return {
        "what": what,
        "name": name,
        "count": count,
        "amount": amount,
        "currency": currency,
        "since": since,
        "detail": detail,
    }


def _talk(where: Out, answer: Row) -> None:
    head = answer["head"]
    say("")
    say(
        f"{answer['book']}, kept by {answer['entity']}: {counted(head['position'], 'event')}, "
        f"the last recorded {where.time(head['recorded_at'])}. As of {where.clocks(answer)}."
    )
    say(_verified(where, answer))
    _hint(answer)


def _hint(answer: Row) -> None:
    """What to type next."""
    for name, hint in (
        ("to_close", "Close: duebook close PROGRAM [PERIOD] --by NAME"),
        ("exceptions", "What does not fit: duebook report exceptions"),
        ("overdue", "What is owed: duebook report obligations"),
        ("payments_due", 'Each statement: duebook report statements --where "open != 0"'),
        ("breaks", "Each break: duebook report reconciliation --where state=open"),
    ):
        if answer[name]:
            say(hint)


def _verified(where: Out, answer: Row) -> str:
    """When the log was last verified here, and what has come since."""
    verified, receipts = answer["verified"], answer["receipts"]
    kept = ""
    if receipts:
        word = "receipt" if receipts["kept"] == 1 else "receipts"
        kept = f" {receipts['kept']:,} {word}, the last of position {receipts['last']:,}."
    if verified is None:
        return f"Not verified here yet: duebook verify.{kept}"
    said = f"Verified {where.time(verified['at'])} at position {verified['position']:,}: "
    if not verified["ok"]:
        return f"{said}not everything held. Look again: duebook verify.{kept}"
    if not verified["unchanged"]:
        return f"{said}the log is no longer the same there. Look again: duebook verify.{kept}"
    more = answer["head"]["position"] - verified["position"]
    since = "1 event" if more == 1 else f"{more:,} events"
    return f"{said}everything held; {since} since.{kept}"
