"""The star-map's fee and its access to links as a program."""

from collections.abc import Iterator

from ledger.aggregates.live_task import LinkListed
from ledger.kernel.period import in_days
from ledger.programs.contract import Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import MONTH_OR_ALL, month_or_all
from ledger.programs.program import Judging, Program, covers, income
from ledger.programs.star_map.access import judge_links
from ledger.programs.star_map.parameters import checked
from ledger.programs.star_map.rules import settle_v1
from ledger.programs.star_map.variants import of


def _not_ordered(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"nobody reports it ordered {in_days(days)}"


def _tasks_of(reader: Reader, edition: Edition, store: str) -> list[str]:
    """The tasks that the store ordered."""
    streams = reader.named("orders", [store]).get(store, [])
    return [stream.removeprefix("task:") for stream in streams]


def _ordered(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each task by itself."""
    days = month_or_all(asked.edition, asked.period)
    return ((task, task) for task, _ in reader.names("task", *days.window))


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={"service_fee": income("ServiceFee")},
    subject="task",
    dealt=_ordered,
    absent=_not_ordered,
    periods=MONTH_OR_ALL,
    subjects_of_store=_tasks_of,
    scope=covers("all live tasks"),
    variants=of,
    judges=(Judging((LinkListed,), judge_links, "listing"),),
)
