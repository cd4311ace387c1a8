"""What an event of ours says about its own write: whose account wrote, by which clock."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ledger.aggregates.fields import Text

_ONCE = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ClockTrusted(BaseModel):
    """A confirmation that the clock was right where a write was doubted."""

    model_config = _ONCE

    reason: Annotated[Text, Field(description="why the clock is right")]
    clock: Annotated[str, Field(description="what it said")]
    head: Annotated[str | None, Field(description="when the last event was recorded")] = None
    server: Annotated[str | None, Field(description="what the database server's clock said")] = None


class Actor(BaseModel):
    """Which account on which machine wrote, as the machine reports it, not as somebody typed it.

    `by` is the person a decision is attributed to; the actor is the one who ran the command.
    """

    model_config = _ONCE

    account: Annotated[Text, Field(description="the account of the operating system")]
    host: Annotated[Text | None, Field(description="the machine's name, where it has one")] = None
    role: Annotated[
        Text | None, Field(description="the role that logged in to the database server")
    ] = None

    def __str__(self) -> str:
        at = f"{self.account}@{self.host}" if self.host else self.account
        return f"{at} as {self.role}" if self.role and self.role != self.account else at
