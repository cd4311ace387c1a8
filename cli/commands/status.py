"""`duebook status`: how the book stands, on one screen."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from cli.options import Ask, answering, now
from cli.output import Out
from cli.progress import progress
from cli.talk import say
from ledger.kernel.counted import counted

Row = dict[str, Any]
SHOWN_MAX = 5
"""So many codes of a kind are named in a table; JSON has them all."""


@click.command()
@click.option(
    "--since",
    metavar="POSITION|DATE",
    help="Also what was recorded after it, and what that moved in open periods.",
)
@answering(clocks=True)
def status(since: str | None, ask: Ask) -> None:
    """Show the state of the book on one screen.

    Periods that are open to close, held lines by reason, exceptions, overdue obligations, payments
    due, open breaks, and the last verify.

    \b
    duebook status
    duebook status --since yesterday
    duebook status --since 1662 --format json
    """
    from ledger.usecases.typed_clocks import known_position
    from projections.status import status as usecase

    where = ask.out
    with ask.opened() as book, progress() as told:
        chosen = ask.chosen_clocks(book)
        with book.reading() as connection:
            at = ask.clocks(connection)
            after = None if since is None else known_position(connection, since, now=now())
        answer = usecase(book, at, chosen=chosen, since=after, now=now(), progress=told)
    rows = list(_rows(answer))
    if where.is_table:
        rows = [_on_one_screen(where, row) for row in rows]
    where.data(answer, rows)
    if where.is_table:
        _talk(where, answer)


def _on_one_screen(where: Out, row: Row) -> Row:
    """Without a column for since when, of which a day says enough."""
    since, detail = row["since"], row["detail"]
    day = where.time(since)[:10] if since and "T" in since else since
    shown = {name: value for name, value in row.items() if name != "since"}
    return shown | {"detail": ", ".join(filter(None, [detail, day and f"since {day}"]))}


def _rows(answer: Row) -> Iterator[Row]:
    """One screen of it as rows of one table: months of a program together, of codes the most
    frequent."""
    from ledger.programs.words import in_words

    yield from _periods(answer["to_close"])
    held = [
        _row("held", in_words(one["code"]), one["lines"], detail=one["program"])
        for one in answer["held"]
    ]
    yield from _most(held)
    odd = answer["exceptions"]
    yield from _most(
        [_row("exceptions", one["code"], one["count"], since=one["since"]) for one in odd]
    )
    for one in answer["overdue"]:
        owed = f"{one['missing']} missing, {one['made_up']} made up" if "missing" in one else ""
        amount, currency = one.get("amount"), one.get("currency")
        yield _row("overdue", one["obligation"], 1, amount, currency, owed, one["due"])
    for one in answer["payments_due"]:
        detail = "the payees owe" if one["open"].startswith("-") else ""
        yield _row(
            *("payments due", one["period"], one["statements"], one["open"], one["currency"]),
            *(detail, one["since"]),
        )
    for one in answer["breaks"]:
        yield _row(
            *("breaks", one["program"], one["breaks"], one["difference"], one["currency"]),
            since=one["since"],
        )
    if "since" in answer:
        yield from _changes(answer["since"])


def _periods(open_: list[Row]) -> Iterator[Row]:
    """Per program, and whether they are over, the open periods and what they come to."""
    grouped: dict[tuple[str, bool], list[Row]] = {}
    for period in open_:
        grouped.setdefault((period["program"], period["provisional"]), []).append(period)
    from ledger.kernel.money import Money, sum_by_currency

    for (program, provisional), periods in sorted(grouped.items(), key=lambda pair: pair[0][::-1]):
        outcomes: Counter[str] = Counter()
        for period in periods:
            outcomes.update(period["outcomes"])
        totals = [Money.parse(*pair[::-1]) for one in periods for pair in one["totals"].items()]
        sums = sum_by_currency(totals)
        first, last = periods[0], periods[-1]
        days = f"{first['from']} to {last['to'] or 'open end'}"
        if first["period"] is not None:
            days = f"{first['period']} to {last['period']}, {counted(len(periods), 'month')}"
            days = days if len(periods) > 1 else first["period"]
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        what, detail = "running" if provisional else "to close", f"{days}: {counts}"
        lines = sum(one["lines"] for one in periods)
        if not sums:
            yield _row(what, program, lines, detail=detail)
        for code, amount in sums.items():
            yield _row(what, program, lines, amount.text, code, detail)


def _most(found: list[Row]) -> Iterator[Row]:
    """The most frequent of some, and of the others how many there are."""
    found.sort(key=lambda one: (-one["count"], one["name"]))
    shown = found if len(found) <= SHOWN_MAX + 1 else found[:SHOWN_MAX]
    yield from shown
    if others := found[len(shown) :]:
        since = min((other["since"] for other in others if other["since"]), default=None)
        count = sum(other["count"] for other in others)
        yield _row(others[0]["what"], f"{len(others)} others", count, since=since)


def _changes(since: Row) -> Iterator[Row]:
    for name, count in since["recorded"].items():
        yield _row("recorded since", name, count)
    for one in since["moves"]:
        name = "/".join(filter(None, [one["program"], one["period"]]))
        if not one["difference"]:
            yield _row("lines moved since", name, one["lines"])
        for code, text in one["difference"].items():
            yield _row("lines moved since", name, one["lines"], text, code)


def _row(
    what: str,
    name: str,
    count: int,
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
    found, receipts = answer["verified"], answer["receipts"]
    kept = ""
    if receipts:
        word = "receipt" if receipts["kept"] == 1 else "receipts"
        kept = f" {receipts['kept']:,} {word}, the last of position {receipts['last']:,}."
    if found is None:
        return f"Not verified here yet: duebook verify.{kept}"
    said = f"Verified {where.time(found['at'])} at position {found['position']:,}: "
    if not found["ok"]:
        return f"{said}not everything held. Look again: duebook verify.{kept}"
    if not found["unchanged"]:
        return f"{said}the log is no longer the same there. Look again: duebook verify.{kept}"
    more = answer["head"]["position"] - found["position"]
    since = "1 event" if more == 1 else f"{more:,} events"
    return f"{said}everything held; {since} since.{kept}"
