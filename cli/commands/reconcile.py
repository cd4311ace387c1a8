"""`duebook reconcile`: the platform's file beside our lines."""

from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT
from cli.options import Ask, answering, complete_programs, not_empty, now, system_user
from cli.output import Out, grouped
from cli.talk import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.intake.platform.rows import Income
    from ledger.kernel.clocks import Clocks
    from ledger.usecases.reconciling.comparison import Reconciliation

DIFFERENCES = 3
RESOLUTIONS = ("accept_theirs", "platform_error", "timing", "other")
INCOME = "tiktok-income"
PROFILES = ("canonical", INCOME)


@click.command()
@click.argument("program", shell_complete=complete_programs)
@click.argument("period", required=False)
@click.option("--against", type=INPUT, metavar="FILE", help="The platform's file.")
@click.option(
    "--profile", type=click.Choice(PROFILES), default="canonical", help="The file's shape."
)
@click.option("--store", metavar="S", help="The store of an income file: it does not say.")
@click.option("--column", metavar="HEADER", help="Its fee to compare [TikTok Shop commission fee].")
@click.option("--flip-sign", is_flag=True, help="What the payee pays is positive in the file.")
@click.option("--full", is_flag=True, help="List every order; else breaks alike are grouped.")
@click.option("--resolve", metavar="BREAK", help="Say what a break of the last run is.")
@click.option("--as", "as_", type=click.Choice(RESOLUTIONS), help="What the break is.")
@click.option("--reason", metavar="TEXT", callback=not_empty, help="Why.")
@click.option("--by", metavar="NAME", callback=not_empty, help="Who decides this.")
@answering(clocks=True, writes=True, own_reason=True)
def reconcile(
    program: str,
    period: str | None,
    against: str | None,
    profile: str,
    store: str | None,
    column: str | None,
    flip_sign: bool,
    full: bool,
    resolve: str | None,
    as_: str | None,
    reason: str | None,
    by: str | None,
    ask: Ask,
) -> int:
    """Compare the platform's file with our lines; say what each difference may come from.

    \b
    duebook reconcile recruiting-eu-jp-2026q1 --against platform.csv
    duebook reconcile technical-fee-2020 2020-05 --against income.xlsx \\
        --profile tiktok-income --store S-1007
    duebook reconcile recruiting-eu-jp-2026q1 --resolve BREAK --as timing \\
        --reason "paid in May" --by lin
    """
    where = ask.out
    if (against is None) == (resolve is None):
        raise click.UsageError("Give either --against FILE or --resolve BREAK.")
    if resolve is not None:
        if not (as_ and reason and by):
            raise click.UsageError("--resolve needs --as, --reason and --by.")
        return _resolve(where, program, period, resolve, as_, reason, by, ask)
    from ledger.usecases.reconciling.reconcile import record_run

    income = _income(profile, store, column)
    with ask.opened() as found:
        with found.reading() as connection:
            at = ask.clocks(connection, program)
            result = _compare(connection, program, period, against or "", at, flip_sign, income)
        answer: dict[str, Any] = result.as_json(full=full)
        answer["run"] = None
        if not found.writable:
            say("The book may only be read: this comparison is not recorded.")
        elif ask.as_of is not None or ask.known_at is not None:
            say("With --as-of or --known-at a comparison is a look: it is not recorded.")
        else:
            answer["run"] = record_run(
                *(found, result),
                by=by or system_user(),
                profile=profile,
                flipped=flip_sign,
                income=income,
            )
    where.data(answer, [_row(one) for one in answer["breaks"]])
    if where.is_table:
        _talk(where, answer, looking_back=ask.as_of is not None)
    return DIFFERENCES if answer["open"] else 0


def _income(profile: str, store: str | None, column: str | None) -> "Income | None":
    """What is said about an income file; nothing is said about another one."""
    from ledger.intake.platform.rows import Income

    if profile == INCOME:
        return Income(store, column) if column else Income(store)
    if store or column:
        raise click.UsageError(f"--store and --column go with --profile {INCOME}.")
    return None


def _compare(
    connection: "Connection",
    program: str,
    period: str | None,
    path: str,
    at: "Clocks",
    flip_sign: bool,
    income: "Income | None",
) -> "Reconciliation":
    """Order by order where the file names orders, else line by line."""
    from ledger.intake.platform import canonical, orderfile
    from ledger.usecases.reconciling.reconcile import reconcile as by_line
    from ledger.usecases.reconciling.reconcile import reconcile_orders

    if income is not None or orderfile.is_by_order(path):
        return reconcile_orders(
            *(connection, program, period, path, at), flip_sign=flip_sign, income=income
        )
    return by_line(connection, program, period, canonical.read(path), at, flip_sign=flip_sign)


def _resolve(
    where: Out,
    program: str,
    period: str | None,
    name: str,
    as_: Any,
    reason: str,
    by: str,
    ask: Ask,
) -> int:
    from ledger.usecases.reconciling.resolve import resolve as usecase

    with ask.opened() as found:
        answer = usecase(
            found, program, period, name, resolution=as_, reason=reason, by=by, now=now()
        )
    where.data(answer, [answer])
    return 0


def _row(one: dict[str, Any]) -> dict[str, Any]:
    known = ("break", "count", "rows", "order_id", "ours", "theirs", "difference", "currency")
    names = [name for name in known if name in one]
    if "group" in one:  # what can be resolved is the group; the line tells the store of the order
        one = {**one, "break": one["group"]}
        names.insert(1, "line")
    likely = "; ".join(f"{cause['because']}: {cause['detail']}" for cause in one["likely"])
    return {n: one[n] for n in names} | {"likely": likely, "resolution": one["resolution"]}


def _talk(where: Out, answer: dict[str, Any], *, looking_back: bool) -> None:
    say("")
    for code, text in answer["difference"].items():
        ours = grouped(answer["ours"].get(code, "0"))
        theirs = grouped(answer["theirs"].get(code, "0"))
        say(f"{code}: ours {ours}, theirs {theirs}, difference {grouped(text)}")
    for code, text in answer["ours"].items():
        if not answer["matched"] and answer["theirs"].get(code) == text.removeprefix("-"):
            say("Their amounts have the other sign: compare with --flip-sign.")
    if answer.get("other"):
        say(f"{len(answer['other']):,} rows are of no order and not compared: see --format json.")
    word = "as issued and adjusted" if answer["ours_is"] == "issued" else "as settled now"
    if looking_back and answer["ours_is"] == "issued":
        say("The period is closed: ours is what was issued and adjusted, at any --as-of.")
    say(
        f"{answer['matched']:,} agree, {answer['open']} of {_groups(answer)} breaks "
        f"are open. Ours {word}, as of {where.clocks(answer)}."
    )


def _groups(answer: dict[str, Any]) -> int:
    """How many breaks can be resolved: of orders that break alike, the group."""
    return len({one.get("group", one["break"]) for one in answer["breaks"]})
