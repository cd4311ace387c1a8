"""`duebook withdraw`: takes a wrong fact out of account."""

import json
from functools import partial
from typing import Any

import click

from cli.deciding import Decision, deciding, say_moves
from cli.numbers import POSITION, NumberFirst
from cli.options import Ask, answering, not_empty, now
from cli.talk import say


@click.command(cls=NumberFirst)
@click.argument("position", type=POSITION)
@click.option(
    "--reason", required=True, metavar="TEXT", callback=not_empty, help="Why the fact was wrong."
)
@deciding
@answering(writes=True, own_reason=True)
def withdraw(position: int, reason: str, decision: Decision, ask: Ask) -> int:
    """Withdraw the fact at a position: it counts for nothing from here on.

    On a terminal, and with --dry-run, it shows the fact and what that moves in periods that are
    open. Nothing is edited or deleted; a run known at an earlier position still sees it.

    \b
    duebook withdraw 123 --dry-run --reason "the closure was another store's"
    duebook withdraw 123 --reason "the closure was another store's" --by lin
    """
    from ledger.usecases.closing.what_moves import moved_without
    from ledger.usecases.recording.withdraw import withdraw as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [_row(plan)])
        say_moves(plan)

    with ask.opened() as book:
        answer = usecase(
            *(book, position),
            reason=reason,
            by=decision.by,
            now=now(),
            look=partial(moved_without, now=now()) if decision.looks else None,
            agree=decision.agree(f"Withdraw this {_kind(position)}?", show),
        )
    decision.answer(where, answer, [_row(answer)])
    if where.is_table and not decision.declined:
        if not decision.shown:
            say_moves(answer)
        say("If it was right after all, record it again under an id of its own:")
        say(f"    {json.dumps(answer['again'], ensure_ascii=False)}")
    return decision.ended(where)


def _kind(position: int) -> str:
    return f"fact, position {position}"


def _row(answer: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in answer["fact"].items() if name not in ("type", "at")}
    shown = {name: answer[name] for name in ("withdrawn", "type", "stream")}
    fact = {"at": answer["fact"]["at"], "fact": json.dumps(fields, ensure_ascii=False)}
    return shown | fact | {name: answer[name] for name in ("position", "receipt")}
