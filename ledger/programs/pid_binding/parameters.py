"""The parameters of pid binding: how many accounts may sell through one promotion id."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES: tuple[str, ...] = ()
"""No condition declines a line: there are no lines."""


class Parameters(BaseModel):
    """The edition's values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid_accounts_max: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 5
    unfit_binding: Literal["counts", "refused"] = "counts"


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published. Raises `BadTerms`."""
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version)
