"""`duebook reconcile`: the platform's file against our lines."""

from typing import TYPE_CHECKING, Any

import click

from cli.comparing import Against, row, say_tolerance, show, talk
from cli.deciding import Decision
from cli.destination import INPUT, PROFILE
from cli.options import Ask, answering, column_and_value, not_empty, now
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.aggregates.reconciliation import ReconciliationRun
    from ledger.intake.platform.how import How
    from ledger.usecases.reconciling.comparison import Reconciliation

DIFFERENCES = 3
RESOLUTIONS = ("accept_theirs", "platform_error", "timing", "other")


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("months"))
@click.option("--against", type=INPUT, metavar="FILE", help="The platform's file.")
@PROFILE
@click.option(
    "--store", metavar="S", help="Store the file belongs to, where it has no store column."
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="A value for a column that the file lacks.",
)
@click.option("--column", metavar="HEADER", help="Column to compare instead of the profile's own.")
@click.option("--flip-sign", is_flag=True, help="Amounts the payee owes are positive in this file.")
@click.option(
    "--tolerance",
    "tolerances",
    metavar="CUR=AMOUNT",
    multiple=True,
    help="Mark differences up to this; with --keep accept them, where the period is closed.",
)
@click.option("--full", is_flag=True, help="List every order instead of grouping similar breaks.")
@click.option("--keep", is_flag=True, help="Record the comparison, so that its breaks age.")
@click.option(
    "--resolve",
    metavar="BREAK",
    shell_complete=completing("breaks"),
    help="Resolve a break, by its number or id, of this file or of the last comparison kept.",
)
@click.option("--as", "as_", type=click.Choice(RESOLUTIONS), help="What the break is.")
@click.option("--reason", metavar="TEXT", callback=not_empty, help="Why.")
@click.option("--by", metavar="NAME", callback=not_empty, help="Who decides or keeps this.")
@click.option("--dry-run", is_flag=True, help="Show a decision; record nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@answering(clocks=True, writes=True, own_reason=True)
def reconcile(
    program: str,
    period: str | None,
    against: str | None,
    profile: str,
    store: str | None,
    sets: tuple[str, ...],
    column: str | None,
    flip_sign: bool,
    tolerances: tuple[str, ...],
    full: bool,
    keep: bool,
    resolve: str | None,
    as_: str | None,
    reason: str | None,
    by: str | None,
    dry_run: bool,
    yes: bool,
    ask: Ask,
) -> int:
    """Compare the platform's file with our lines, and say what may have caused each difference.

    It records nothing, unless --keep is given. A break is resolved by its
    number in a comparison that is made again with --against, or in the last one kept.

    \b
    duebook reconcile recruiting-eu-jp-2026q1 --against platform.csv
    duebook reconcile technical-fee-2020 2020-05 --against income.xlsx \\
        --profile tiktok-income --store S-1007
    duebook reconcile recruiting-eu-jp-2026q1 --against platform.csv --keep --by lin
    duebook reconcile recruiting-eu-jp-2026q1 --against platform.csv --resolve 3 --as timing \\
        --reason "paid in May" --by lin
    """
    if against is None and resolve is None:
        raise click.UsageError("Give --against FILE, or --resolve BREAK.")
    compared = None
    if against is not None:
        reading = _reading(profile, store, sets, column)
        compared = Against(against, reading, flip_sign, tolerances)
    if resolve is None:
        decides = keep and bool(tolerances)
        if as_ or ((dry_run or yes) and not decides) or (reason and ask.clock_is_right is None):
            raise click.UsageError(
                "--as and --reason go with --resolve; --dry-run and --yes with it, or with --keep "
                "and --tolerance."
            )
        assert compared is not None, "a file is named where no break is"
        if decides:
            return _accept(Decision(by or "", dry_run, yes), program, period, compared, ask, full)
        return _look(program, period, compared, ask, full=full, keep=keep, by=by)
    if not (as_ and reason and (by or dry_run)):
        raise click.UsageError("--resolve needs --as, --reason and --by.")
    if keep:
        raise click.UsageError("--resolve records its comparison by itself: leave --keep out.")
    decision = Decision(by or "", dry_run, yes)
    return _resolve(decision, program, period, resolve, as_, reason, compared, ask)


def _reading(profile: str, store: str | None, sets: tuple[str, ...], column: str | None) -> "How":
    """How the platform's file is read."""
    from ledger.intake.platform.how import How
    from ledger.intake.tables.mappings import mapping_named
    from ledger.intake.tables.targets import RECONCILE, target_named

    mapping = mapping_named(profile, "reconcile")
    if column and mapping is None:
        raise click.UsageError("--column goes with --profile: our own header is amount.")
    fixed = dict(map(column_and_value, sets))
    known = target_named(RECONCILE).kinds
    if unknown := [name for name in fixed if name not in known]:
        raise click.UsageError(f"--set {unknown[0]}: expected a column: {', '.join(known)}.")
    return How(mapping, store, column, fixed=tuple(fixed.items()))


def _look(
    program: str,
    period: str | None,
    against: Against,
    ask: Ask,
    *,
    full: bool,
    keep: bool,
    by: str | None,
) -> int:
    """Compares, and records the comparison if it is to be kept."""
    from ledger.usecases.reconciling.reconcile import record_run
    from ledger.usecases.record_decisions import refuse_read_only

    where = ask.out
    if keep:
        _refuse_keeping(by, ask)
    with ask.opened() as book:
        if keep:
            refuse_read_only(book, "keep a comparison")
        with book.reading() as connection:
            at = ask.clocks(connection, program)
            result = against.compared(connection, program, period, at)
        answer: dict[str, Any] = result.as_json(full=full)
        answer["run"] = record_run(book, result, by=by or "", **against.how) if keep else None
    show(where, answer)
    if where.is_table:
        talk(where, answer, looking_back=ask.as_of is not None)
        if answer["open"] and not keep and "signs" not in answer:
            say(
                "Nothing was recorded. To resolve a break: --resolve NUMBER --as WHAT "
                "--reason TEXT "
                "--by NAME; to keep the comparison: --keep --by NAME."
            )
    return DIFFERENCES if answer["open"] else 0


def _accept(
    decision: Decision,
    program: str,
    period: str | None,
    against: Against,
    ask: Ask,
    full: bool,
) -> int:
    """Keeps the comparison and accepts the differences within the tolerance."""
    from ledger.usecases.reconciling.accept_within import accept_within
    from ledger.usecases.reconciling.reconcile import run_of

    where = ask.out
    _refuse_keeping("nobody yet" if decision.dry_run else (decision.by or None), ask)

    def compare(connection: "Connection") -> "tuple[Reconciliation, ReconciliationRun]":
        reconciliation = against.compared(
            connection, program, period, ask.clocks(connection, program)
        )
        return reconciliation, run_of(reconciliation, **against.how)

    def preview(plan: dict[str, Any]) -> None:
        passing = [break_ for break_ in plan["breaks"] if break_["within_tolerance"]]
        where.preview().data(plan, [row(break_) for break_ in passing])
        say_tolerance(plan)

    with ask.opened() as book:
        agree = decision.agree("Keep the comparison and accept these differences?", preview)
        result, plan = accept_within(book, compare, by=decision.by, now=now(), agree=agree)
    answer = result.as_json(full=full) | plan
    show(where, answer)
    if where.is_table:
        talk(where, answer, looking_back=False)
        if plan["recorded"] and plan["accepted"]:
            say(f"Accepted {counted(plan['accepted'], 'difference')}; see duebook statement.")
    return decision.ended(where) or (DIFFERENCES if answer["open"] else 0)


def _refuse_keeping(by: str | None, ask: Ask) -> None:
    """Raises `UsageError` for a comparison that cannot be kept."""
    if ask.as_of is not None or ask.known_at is not None:
        raise click.UsageError("--keep goes without --as-of and --known-at: it is kept as of now.")
    if by is None:
        raise click.UsageError("--keep needs --by: who keeps the comparison.")


def _resolve(
    decision: Decision,
    program: str,
    period: str | None,
    name: str,
    as_: Any,
    reason: str,
    against: Against | None,
    ask: Ask,
) -> int:
    from ledger.usecases.reconciling.reconcile import run_of
    from ledger.usecases.reconciling.resolve import resolve as usecase

    where = ask.out

    def compare(connection: "Connection") -> "ReconciliationRun":
        assert against is not None, "only asked where there is a file"
        reconciliation = against.compared(
            connection, program, period, ask.clocks(connection, program)
        )
        return run_of(reconciliation, **against.how)

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [plan])

    with ask.opened() as book:
        answer = usecase(
            *(book, program, period, name),
            resolution=as_,
            reason=reason,
            by=decision.by,
            now=now(),
            compare=compare if against else None,
            agree=decision.agree("Record this resolution?", show),
        )
    decision.answer(where, answer, [answer])
    return decision.ended(where)
