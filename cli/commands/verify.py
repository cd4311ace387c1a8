"""`duebook verify`: does the log hold?"""

import click

from cli.options import Ask, answering, now
from cli.progress import progress
from cli.talk import say

BROKEN = 5


@click.command()
@click.option("--receipt", "receipts", multiple=True, metavar="R", help="A receipt to find.")
@answering()
def verify(receipts: tuple[str, ...], ask: Ask) -> int:
    """Recompute every hash, index, closed period, entry and read model; find every receipt.

    When it ran and what came of it is left beside the book, for `duebook status`.

    \b
    duebook verify
    duebook verify --receipt 1453:9f2c... --format json
    """
    from ledger.store.receipts import parse_receipt
    from ledger.store.verified import Verified, leave_verified
    from ledger.usecases.verifying.clock import verify_clock
    from ledger.usecases.verifying.closed_periods import verify_closed
    from ledger.usecases.verifying.order_archive import verify_orders
    from ledger.usecases.verifying.snapshots import verify_snapshots
    from ledger.usecases.verifying.verify import not_seen
    from ledger.usecases.verifying.verify import verify as usecase
    from projections.leftovers import sweep
    from projections.verify import verify_entries, verify_places, verify_views

    where = ask.out
    given = [parse_receipt(text, "given with --receipt") for text in receipts]
    with ask.opened() as found, progress() as told:
        sweep(found)
        head = found.head()
        checks = usecase(found, given, told)
        if all(one.ok for one in checks):
            checks += verify_orders(found, told)
            checks += verify_snapshots(found)
            checks += verify_closed(found, told)
            checks.append(verify_entries(found, told))
            places = verify_places(found)
            checks += [places, *(verify_views(found, told) if places.ok else [])]
            checks += [verify_clock(found, now()), not_seen()]
        ok = all(one.ok for one in checks)
        leave_verified(found, Verified(now(), head.position, head.hash.hex(), ok))
    rows = [one.as_json() for one in checks]
    answer = {"ok": ok, "events": head.position, "head": head.hash.hex(), "checks": rows}
    where.data(answer, rows)
    if not ok:
        if all(one.ok for one in checks if not one.name.startswith("view ")):
            say("The log holds; a read model does not follow from it and can be rebuilt.")
        elif all(one.ok for one in checks if not one.name.startswith("order ")):
            say("The log holds; the archive of orders does not. Restore its folder from a backup.")
        else:
            say("The log does not hold. Keep this file as it is and restore a backup beside it.")
        return BROKEN
    if where.is_table:
        say(f"Everything holds: {head.position:,} events, head {head.hash.hex()}.")
    return 0
