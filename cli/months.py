"""`duebook settle --from --to`: several months of a program, one after another."""

from typing import TYPE_CHECKING, Any

import click

from cli.commands.settle import EXPLAINED, Working, as_it_stands, kept_for, row_of
from cli.options import Ask
from cli.output import Out
from cli.pictures import with_bars
from cli.progress import progress
from cli.talk import say
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from ledger.usecases.settling.settle import Settlement


def settle_months(
    program: str,
    first: str | None,
    last: str | None,
    ask: Ask,
    *,
    fresh: bool,
    jobs: int,
    engine: str,
) -> None:
    """Shows each month's lines and the totals; of closed months those issued unless `fresh`."""
    from ledger.usecases.settling.engines import engine_named
    from ledger.usecases.settling.months import months_between
    from ledger.usecases.settling.on_cluster import workers
    from ledger.usecases.settling.settle import settle

    where, settled = ask.out, []
    asked = click.get_current_context().with_resource(engine_named(engine))
    with kept_for(where.format) as spool:
        with (
            ask.opened() as book,
            book.reading() as connection,
            progress() as report,
            workers(book, jobs, asked) as pool,
        ):
            how = Working(where.format in EXPLAINED, pool, spool, asked)
            run = ask.run(connection, program)
            for month in months_between(run.edition, first, last, run.clocks):
                own = ask.run(connection, program, month)
                issued = None if fresh else as_it_stands(connection, own, month, how)
                clocks, options = own.clocks, how.anew()
                settled.append(
                    issued or settle(connection, own.edition, clocks, period=month, **options)
                )
                report("settling months", 1)
        _show(where, program, settled)


def _show(where: Out, program: str, settled: "list[Settlement]") -> None:
    totals = _totals(settled)
    answer: dict[str, Any] = {
        "program": program,
        "from": settled[0].period,
        "to": settled[-1].period,
        "totals": totals,
        "periods": (settlement.json_streamed() for settlement in settled),
    }
    if not where.is_table:
        rows = (
            _named(settlement) | line.as_json()
            for settlement in settled
            for line in settlement.lines
        )
        return where.data(answer, rows)
    between = any(line.payer != "platform" for settlement in settled for line in settlement.lines)
    shown = [
        _named(settlement) | row_of(line, between=between)
        for settlement in settled
        for line in settlement.lines
    ]
    where.data({}, shown, pictured=with_bars)
    _talk(where, settled, totals)


def _totals(settled: list["Settlement"]) -> dict[str, str]:
    """The payable lines of all months, summed per commodity."""
    from ledger.kernel.money import sum_by_currency

    payable = [
        line.amount
        for settlement in settled
        for line in settlement.lines
        if line.outcome == "payable" and line.amount is not None
    ]
    return {code: money.text for code, money in sum_by_currency(payable).items()}


def _named(settlement: "Settlement") -> dict[str, Any]:
    return {"period": settlement.period, "stands": settlement.stands}


def _talk(where: Out, settled: list["Settlement"], totals: dict[str, str]) -> None:
    say("")
    for settlement in settled:
        head = settlement.head_json()
        lines = counted(len(settlement.lines), "line")
        said = f"{settlement.period}: {_amounts(head['totals'])}, {lines}"
        said += ", closed" if settlement.stands == "issued" else ""
        say(said + (", PROVISIONAL: the month is not over" if settlement.provisional else ""))
    say(f"Total payable: {_amounts(totals)}")
    say(f"As of {where.clocks(settled[-1].head_json())}.")


def _amounts(totals: dict[str, str]) -> str:
    return ", ".join(f"{grouped(text)} {code}" for code, text in totals.items()) or "nothing"
