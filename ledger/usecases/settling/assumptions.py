"""What a dispute about the text is worth: what each other reading of an assumption would move."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.line import changes
from ledger.programs.registry import program_of
from ledger.usecases.settling.settle import Settlement, settle


def moved_by_assumptions(connection: Connection, run: Settlement) -> list[dict[str, Any]]:
    """Per assumed reading and other value of it: how many lines would change, and how much more
    the payees would be due, one row per commodity; in the order of the edition.

    Only values named in the terms are tried, one at a time; an assumption that has no other value
    to try has one row without a value.
    """
    edition = run.edition
    if run.stands == "issued":  # settle anew: the terms of the close, what is known now
        run = settle(connection, edition, run.clocks, period=run.period)
    program = program_of(edition.rules)
    assumed = {
        assumption["parameter"]: assumption["because"]
        for assumption in program.assumptions(edition)
    }
    tried: dict[str, list[dict[str, Any]]] = {name: [] for name in assumed}
    for variant in program.variants(edition):
        name = variant.because
        if name in assumed and variant.edition != edition and not variant.assume:
            other = settle(connection, variant.edition, run.clocks, period=run.period)
            changed = changes(run.lines, other.lines)
            differences = [change.difference for change in changed if change.difference is not None]
            moved = [money for money in sum_by_currency(differences).values() if money.minor]
            sums: list[Money | None] = [*moved] or [None]
            tried[name] += [_row(name, variant.detail, len(changed), sum_) for sum_ in sums]
    rows = []
    for name, because in assumed.items():
        for row in tried[name] or [_row(name, None, None, None)]:
            rows.append({**row, "because": because})
    return rows


def _row(name: str, reading: str | None, lines: int | None, money: Money | None) -> dict[str, Any]:
    return {
        "parameter": name,
        "reading": reading,
        "changed_lines": lines,
        "difference": money.text if money else None,
        "currency": money.currency if money else None,
    }
