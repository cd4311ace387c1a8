"""Terms: what a program promised, as published. Runs read these events, never a file."""

from typing import Annotated, Any

from pydantic import Field

from ledger.aggregates.base import OwnEvent, Reference
from ledger.aggregates.fields import Id


class TermsPublished(OwnEvent):
    """A version of an edition in full, with the rule version it names and its digest."""

    TOPIC = "terms-published.v1"

    program: Annotated[Id, Field(description="the edition's id")]
    publisher: Annotated[Id, Field(description="who stands behind this version")]
    version: Annotated[int, Field(ge=1, description="unique per program and publisher")]
    rules_version: Annotated[int, Field(ge=1, description="the version of the rule function")]
    digest: Annotated[str, Field(description="sha256 of the edition's canonical JSON")]
    edition: Annotated[dict[str, Any], Field(description="the edition as published")]

    @property
    def stream(self) -> str:
        return f"terms:{self.program}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("program", self.program),)
