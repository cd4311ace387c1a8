"""Promotion ids of another platform (pid), and the accounts that sell through each."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ledger.aggregates.base import Fact, Recorded, Reference, in_order
from ledger.aggregates.binding import AccountId
from ledger.aggregates.fields import Id

PidId = Annotated[Id, Field(description="the promotion id, such as mm_123_456_789")]


class PidUnlinked(Fact):
    """An account sells no more through a pid."""

    TOPIC = "pid-unlinked.v1"
    ORDER = 570
    EXAMPLE: ClassVar = {
        "type": "PidUnlinked",
        "at": "2020-06-20T10:00:00+08:00",
        "pid": "mm_123_456_789",
        "account": "C-88",
    }

    pid: PidId
    account: AccountId

    @property
    def stream(self) -> str:
        return f"pid:{self.pid}"


class PidLinked(Fact):
    """An account sells through a pid from now on; judged by how many do."""

    TOPIC = "pid-linked.v1"
    ORDER = 580
    JUDGED = True
    WARNINGS = ("pid_accounts_over",)
    EXAMPLE: ClassVar = {
        "type": "PidLinked",
        "at": "2020-06-01T10:00:00+08:00",
        "pid": "mm_123_456_789",
        "account": "C-88",
    }

    pid: PidId
    account: AccountId

    @property
    def stream(self) -> str:
        return f"pid:{self.pid}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("pid-link", self.pid),)


class PidState:
    """What was reported of one pid. Events may arrive in any order."""

    def __init__(self, pid: str) -> None:
        self.pid = pid
        self.facts: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, PidLinked | PidUnlinked):
            self.facts.append(recorded)


def describe_pid(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """The accounts of a pid after these facts, each act as reported."""
    accounts: set[str] = set()
    for fact in in_order(facts):
        if isinstance(fact.event, PidLinked):
            accounts.add(fact.event.account)
        else:
            accounts.discard(fact.event.account)
    return {"pid": name, "accounts": ";".join(sorted(accounts)), "facts": len(facts)}


STATES = {"pid": describe_pid}
