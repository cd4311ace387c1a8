"""The parameters of account binding: limits on accounts that are bound to stores."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES: tuple[str, ...] = ()
"""No condition declines a line: there are no lines."""

Count = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    official_max: Count = 1
    channel_max_probation: Count = 1
    channel_max: Count = 4
    probation_default: Literal["probation", "regular"] = "probation"
    followers_over: Annotated[int, Field(ge=0, le=10**12, strict=True)] = 1000
    unbind_after_hours: Count = 24
    official_unbinds_max: Count = 3
    unbind_scope: Literal["store", "account"] = "store"
    rebind_after_limit: Flag = False
    bindings_max: Count = 10
    bindings_within_days: Count = 180
    one_store_per_account: Flag = False
    same_name: Flag = True
    unfit_binding: Literal["counts", "refused"] = "counts"

    @property
    def crosses_stores(self) -> bool:
        """Whether an act at one store may affect acts at another."""
        return self.one_store_per_account or self.unbind_scope == "account"


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, a value that is not a limit, or a citation of
    something that is not a parameter.
    """
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version)
