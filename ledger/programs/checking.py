"""The checks that every program makes before an edition may be published."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from ledger.aggregates.fields import decimal_said
from ledger.kernel.errors import BadTerms
from ledger.programs.edition import Edition, sentence_of

P = TypeVar("P", bound=BaseModel)


def _not_below_zero(amount: str) -> str:
    if decimal_said(amount) < 0:
        raise ValueError(f"{amount} is below zero")
    return amount


NotBelowZero = Annotated[str, AfterValidator(_not_below_zero)]
"""An amount that terms name: a decimal string of zero or more. Its decimals are checked with the
currency."""


def typed(model: type[P], edition: Edition) -> P:
    """The edition's parameters as a program reads them. Raises `BadTerms` naming wrong keys."""
    try:
        return model.model_validate(edition.terms)
    except ValidationError as error:
        raise BadTerms(sentence_of(error, f"{edition.program} [terms]", model)) from None


def refuse_bad_dates(edition: Edition, *, needs_end: bool) -> None:
    """Raises `BadTerms` for an edition that ends before it starts, or lacks an end it needs."""
    if edition.last is None and needs_end:
        raise BadTerms(
            f"{edition.program}: to: found nothing, expected the last day of the term.",
            "Give one: to = 2026-03-31",
        )
    if edition.last is not None and edition.last < edition.first:
        raise BadTerms(
            f"{edition.program}: to: found {edition.last}, expected {edition.first} or later."
        )


def complete(
    edition: Edition,
    parameters: BaseModel,
    version: int,
    *,
    citable: Iterable[str] = (),
    **worked_out: Any,
) -> Edition:
    """The edition with every parameter written out, as it is published.

    `citable` are names other than parameters that `[cite]` and `[assumed]` may use;
    `worked_out` are parameters that publishing fixes. Raises `BadTerms` for a citation of
    an unknown name, or without a source.
    """
    known = {*type(parameters).model_fields, *Edition.model_fields, "from", "to", *citable}
    for table in ("assumed", "cite"):
        for key in getattr(edition, table):
            if key not in known:
                raise BadTerms(f"{edition.program}: [{table}] {key}: unknown key.")
    edition.refuse_unsourced()
    terms = parameters.model_dump(mode="json", by_alias=True, exclude_none=True) | worked_out
    version = edition.rules_version or version
    return edition.model_copy(update={"terms": terms, "rules_version": version})
