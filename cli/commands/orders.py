"""`duebook orders`: order lines by the million, from CSV or Parquet."""

import csv
import json
from typing import TYPE_CHECKING, Any

import click

from cli.deciding import Decision
from cli.destination import INPUT, OUTPUT_FILE, PROFILE, Destination
from cli.numbers import POSITION, ZONE
from cli.options import Ask, answering, column_and_value, not_empty, now, system_user
from cli.output import Out
from cli.progress import progress
from cli.talk import say, say_nameless
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from ledger.usecases.archiving.archive_orders import OrdersAnswer

SHOWN_MAX = 20
ALL = 10**9


@click.command()
@click.argument("files", type=INPUT, nargs=-1, metavar="FILE...")
@PROFILE
@click.option(
    "--zone", type=ZONE, metavar="Z", help="The zone of times without one: America/Sao_Paulo."
)
@click.option(
    "--store", metavar="S", help="Store the files belong to, where they have no store column."
)
@click.option(
    "--set", "sets", multiple=True, metavar="COLUMN=VALUE", help="A value the files lack."
)
@click.option(
    "--items",
    type=click.Choice(["sum"]),
    help="Add up rows of an order that agree in all else.",
)
@click.option(
    "--rejects",
    type=OUTPUT_FILE,
    metavar="OUT.csv",
    help="Archive the good rows; write the others.",
)
@click.option(
    "--withdraw",
    type=POSITION,
    metavar="POSITION",
    help="Withdraw a whole load; needs --reason, and no FILE.",
)
@click.option(
    "--reason",
    metavar="TEXT",
    callback=not_empty,
    help="Why it is withdrawn.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; record nothing.")
@click.option("--by", metavar="NAME", callback=not_empty, help="Who reports this [your account].")
@click.option("--yes", is_flag=True, help="With --withdraw: do not ask.")
@answering(writes=True, own_reason=True)
def orders(
    files: tuple[str, ...],
    profile: str,
    zone: str | None,
    store: str | None,
    sets: tuple[str, ...],
    items: str | None,
    rejects: Destination | None,
    withdraw: int | None,
    reason: str | None,
    dry_run: bool,
    by: str | None,
    yes: bool,
    ask: Ask,
) -> int:
    """Archive order lines: checked, known ones skipped, revisions kept; all files or none.

    Columns: order_id, store, created_at, amount, currency, traffic, channel, payment, category,
    refunded, updated_at, item, product, creator; CSV or Parquet, in any order. A row is known by
    store, order_id and item.

    \b
    duebook orders may.csv
    duebook orders may.parquet --dry-run
    duebook orders shop-7.csv --store S-1007 --set currency=CNY
    duebook orders --withdraw 1210 --reason "last year's file" --by lin
    """
    if withdraw is not None:
        if files or not reason:
            raise click.UsageError("--withdraw POSITION takes --reason and no FILE.")
        decision = Decision(by or system_user(), dry_run, yes)
        return _withdraw(ask, withdraw, reason, decision)
    if not files:
        raise click.UsageError("Missing argument 'FILE...': the order files.")
    if reason and ask.clock_is_right is None:
        raise click.UsageError("--reason goes with --withdraw POSITION or --clock-is-right.")
    from ledger.intake.tables.mappings import mapping_named
    from ledger.usecases.archiving.archive_orders import record_orders

    where = ask.out
    fixed = dict(map(column_and_value, sets)) | ({"store": store} if store else {})
    with ask.opened() as book, progress() as report:
        answer = record_orders(
            book,
            files,
            now=now(),
            by=by or system_user(),
            mapping=mapping_named(profile, "orders"),
            zone=zone,
            fixed=fixed,
            keep_good=rejects is not None,
            dry_run=dry_run,
            add_up_items=items == "sum",
            keep=ALL if rejects is not None else 1000,
            progress=report,
        )
    if rejects is not None and answer.rejections:
        _write_rejects(rejects, answer)
    _show(where, answer, dry_run=dry_run, keeping=rejects is not None)
    return 1 if answer.rejected and rejects is None else 0


def _withdraw(ask: Ask, position: int, reason: str, decision: Decision) -> int:
    from ledger.usecases.recording.withdraw_orders import withdraw_orders

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, plan["touches"])
        _talk_taken_back(plan)

    with ask.opened() as book:
        answer = withdraw_orders(
            *(book, position),
            reason=reason,
            by=decision.by,
            dry_run=decision.dry_run,
            agree=decision.agree("Withdraw these orders?", show),
        )
    decision.answer(where, answer, answer["touches"])
    if where.is_table and not decision.declined:
        _talk_taken_back(answer)
    return decision.ended(where)


def _talk_taken_back(answer: dict[str, Any]) -> None:
    amounts = ", ".join(f"{grouped(text)} {code}" for code, text in answer["amounts"].items())
    would = "are taken" if answer["recorded"] else "would be taken"
    say(f"{counted(answer['rows'], 'order line')}, {amounts}, {would} back.")
    if answer["known_from_it"]:
        places = ", ".join(map(str, answer["known_from_it"]))
        say(f"Rows that later calls brought and that were known from it go with it: {places}.")
    if any(touched["closed"] for touched in answer["touches"]):
        say("What was closed stands until it is adjusted: duebook adjust PROGRAM PERIOD")
    if answer["recorded"]:
        say(f"Receipt {answer['receipt']}")


def _show(where: Out, answer: "OrdersAnswer", *, dry_run: bool, keeping: bool) -> None:
    data = answer.as_json()
    if not where.is_table:
        where.data(data, data["rejected"])
        return
    for rejection in data["rejected"][:SHOWN_MAX]:
        say(f"{rejection['file']}:{rejection['row']}: {rejection['code']}: {rejection['error']}")
        say(f"    {rejection['hint']}")
    if answer.rejected > SHOWN_MAX:
        say(f"... and {answer.rejected - SHOWN_MAX:,} more rejected; see --format json.")
    say_nameless(answer.nameless)
    outlook = answer.outlook
    if outlook.unknown_stores:
        names = ", ".join(outlook.unknown_stores[:10])
        count = len(outlook.unknown_stores)
        more = ", ..." if count > 10 else ""
        said = "store is not known yet and waits until it is onboarded"
        if count > 1:
            said = "stores are not known yet and wait until they are onboarded"
        say(f"{count:,} {said}: {names}{more}")
    for program, categories in outlook.without_rate.items():
        names = ", ".join(categories[:10]) + (", ..." if len(categories) > 10 else "")
        say(f"{program} has no rate for orders of {names}: their lines will be held.")
    if outlook.outside:
        orders, first, last = outlook.outside
        say(
            f"{counted(orders, 'order')} on days that no published edition charges: "
            f"{first} to {last}."
        )
    where.text(_summary(answer, dry_run=dry_run, keeping=keeping))


def _summary(answer: "OrdersAnswer", *, dry_run: bool, keeping: bool) -> list[str]:
    would = "would be " if dry_run else ""
    parts = [
        f"{counted(answer.recorded, 'order')} {would}archived",
        f"{answer.known:,} known before",
    ]
    if answer.revised:
        parts.append(f"{answer.revised:,} of them revised")
    if answer.rejected:
        parts.append(f"{answer.rejected:,} rejected")
    lines = [", ".join(parts) + f".  The book is now at position {answer.position:,}."]
    if answer.rejected and not keeping:
        lines.append(
            "Nothing was recorded. Fix the rows and archive the files again, or add "
            "--rejects OUT.csv to archive the others."
        )
    elif answer.archived and not dry_run:
        lines.append(f"Receipt {answer.receipt}")
    return lines


def _write_rejects(to: Destination, answer: "OrdersAnswer") -> None:
    rows: list[dict[str, str | None]] = [
        {
            **(rejection.raw or {}),
            "error": f"{rejection.file}:{rejection.row}: {rejection.code}: "
            f"{rejection.error} {rejection.hint}",
        }
        for rejection in answer.rejections
    ]
    with to.opened() as file:
        if to.typed.lower().endswith((".ndjson", ".jsonl", ".json")):
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            names = dict.fromkeys(name for row in rows for name in row)
            table = csv.DictWriter(file, [*(name for name in names if name != "error"), "error"])
            table.writeheader()
            table.writerows(rows)
    say(f"{counted(len(answer.rejections), 'rejected row')} written to {to}.")
