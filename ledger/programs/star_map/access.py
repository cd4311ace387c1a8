"""Which links the published terms allow to be listed, by date, media, link and category.

Source: seed 004, the platform's notice of 26 August 2020 and the chronology at its end.
"""

from collections.abc import Sequence

from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.aggregates.live_task import LinkListed, LiveTaskOrdered, TaskState
from ledger.kernel.instants import day_of
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition
from ledger.programs.program import Judged
from ledger.programs.star_map.parameters import Entrance, parameters_of


def judge_links(reader: Reader, edition: Edition, listed: Sequence[Recorded]) -> Judged:
    """A link is allowed where the terms of its day require nothing, or require a task and its
    store ordered one. An edition judges the days from its start to its end only."""
    asked = [
        (recorded, entrance)
        for recorded in listed
        if (entrance := _asked(edition, recorded)) is not None
    ]
    names = {recorded.event.task for recorded, _ in asked if recorded.event.task}
    tasks = reader.states("task", names, TaskState, [LiveTaskOrdered.TOPIC])
    for recorded, entrance in asked:
        task = tasks.get(recorded.event.task)
        order = task.order if task else None
        surprise = _judged(recorded.event, entrance, order, edition)
        if surprise is not None:
            yield recorded, surprise


def _asked(edition: Edition, recorded: Recorded) -> Entrance | None:
    """The row in force for a link; None where there is none or it requires nothing."""
    if recorded.at not in edition.window:
        return None
    event = recorded.event
    day = day_of(recorded.at, edition.zone)
    row = parameters_of(edition).entrance(event.media, event.link, day, event.category)
    return None if row is None or row.access == "open" else row


def _judged(
    link: LinkListed, entrance: Entrance, order: Recorded | None, edition: Edition
) -> Surprise | None:
    if entrance.access != "task":
        demand, observed = "are not allowed", ""
    elif order is None:
        demand = "need a star-map task"
        observed = f"; nobody has reported task {link.task}" if link.task else "; it names none"
    elif order.event.store != link.store:
        demand = "need a star-map task"
        observed = f"; store {order.event.store} ordered task {link.task}"
    else:
        return None
    goods = f"{link.link.replace('_', ' ')} links for {link.category}"
    since = entrance.first.isoformat()
    clause = edition.cite.get("access") or f"access from {since}"
    return Surprise(
        "link_not_allowed",
        f"{goods} {demand} in {link.media.replace('_', ' ')} from {since} on{observed}. "
        f"Clause of {edition.program}: {clause}.",
        "Withdraw the listing where it is wrong, or record the LiveTaskOrdered that it lacks.",
        link.task or "",
        edition.program,
    )
