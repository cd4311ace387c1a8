"""Merchants: whether one was on a program's list at an instant, and by whose invitation."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.aggregates.base import Fact, Recorded, Reference, last_before
from ledger.aggregates.fields import Id, Text
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant


class MerchantTargeted(Fact):
    """The merchant is on the program's list and approved; `invited` ones came by invitation."""

    TOPIC = "merchant-targeted.v1"
    ORDER = 40
    WARNINGS = ("unknown_program", "unknown_partner")
    EXAMPLE: ClassVar = {
        "type": "MerchantTargeted",
        "at": "2025-12-20T09:00:00+08:00",
        "program": "recruiting-eu-jp-2026q1",
        "merchant": "M-7",
        "mode": "invited",
        "partner": "P-01",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    mode: Annotated[
        Literal["targeted", "invited"], Field(description="on the list, or invited by name")
    ]
    partner: Annotated[Id | None, Field(description="the partner that the invitation names")] = None

    @property
    def stream(self) -> str:
        return f"merchant:{self.merchant}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("invites", self.partner),) if self.partner else ()


class MerchantUntargeted(Fact):
    """The merchant was taken off the program's list; its invitation no longer counts."""

    TOPIC = "merchant-untargeted.v1"
    ORDER = 50
    WARNINGS = ("unknown_program",)
    EXAMPLE: ClassVar = {
        "type": "MerchantUntargeted",
        "at": "2026-01-15T09:00:00+08:00",
        "program": "recruiting-eu-jp-2026q1",
        "merchant": "M-7",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    reason: Annotated[Text | None, Field(description="why it was taken off")] = None

    @property
    def stream(self) -> str:
        return f"merchant:{self.merchant}"


class MerchantState:
    """A merchant's place on the lists of the programs."""

    def __init__(self, merchant: str) -> None:
        self.merchant = merchant
        self.targeting: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case MerchantTargeted() | MerchantUntargeted():
                self.targeting.append(recorded)

    def targeting_at(self, program: str, instant: Instant) -> Recorded | None:
        """The last targeting or untargeting for a program at or before an instant."""
        mine = (fact for fact in self.targeting if fact.event.program == program)
        return last_before(mine, instant + 1)


def describe_merchant(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A merchant's state after these facts: on which programs' lists it is."""
    state = MerchantState(name)
    for recorded in facts:
        state.apply(recorded)
    programs = sorted({fact.event.program for fact in state.targeting})
    lists = {}
    for program in programs:
        last = state.targeting_at(program, FOREVER)
        event = last.event if last else None
        listed = isinstance(event, MerchantTargeted)
        lists[program] = f"{event.mode}" if listed and event else "untargeted"
    return {"merchant": name, "programs": lists}


STATES = {"merchant": describe_merchant}
