"""The book itself: opened for an entity, filled in batches, corrected by withdrawal."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.aggregates.base import Fact, OwnEvent
from ledger.aggregates.fields import Text

BOOK_STREAM = "book:main"


class BookOpened(OwnEvent):
    """The first event: whose book it is, and how its hash chain is made."""

    TOPIC = "book-opened.v1"

    entity: Annotated[str, Field(description="platform, partner:P-01 or merchant:M-7")]
    chain: Annotated[str, Field(description="the name of the hash scheme")]
    made_by: Annotated[str, Field(description="the program and version that made it")]

    @property
    def stream(self) -> str:
        return BOOK_STREAM


class BatchFile(BaseModel):
    """One file of a batch: its name, its digest, and which rows of the batch are its lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    sha256: str
    rows: int
    lines: int


class BatchRecorded(OwnEvent):
    """One call of `record` that added facts. `row` counts lines through its files in order."""

    TOPIC = "batch-recorded.v1"

    files: tuple[BatchFile, ...]
    by: str
    recorded: int
    known: int
    profile: Annotated[
        str | None, Field(description="the mapping that the files were read through, its digest")
    ] = None
    kept: Annotated[
        bool | None, Field(description="whether the files are kept beside the book, by digest")
    ] = None

    @property
    def stream(self) -> str:
        return BOOK_STREAM

    def place(self, row: int) -> tuple[str, int]:
        """The file and the line in it that a row of this batch came from."""
        for file in self.files:
            if row <= file.lines:
                return file.name, row
            row -= file.lines
        return "", row


class FactWithdrawn(Fact):
    """A wrong fact counts for nothing from this event's position on. It is never edited.

    It names the fact by position, or by the source and id under which it was sent. One that
    names an id nobody has recorded yet waits for it.
    """

    TOPIC = "fact-withdrawn.v1"
    ORDER = 1_000_000
    WARNINGS = ("unknown_fact",)
    EXAMPLE: ClassVar = {
        "type": "FactWithdrawn",
        "at": "2026-04-10T09:00:00+08:00",
        "position": 123,
        "reason": "the closure was another store's",
    }

    position: Annotated[int | None, Field(ge=1, description="the fact's position")] = None
    reason: Annotated[Text, Field(description="why it was wrong")]

    @model_validator(mode="after")
    def _names_one_fact(self) -> "FactWithdrawn":
        if (self.position is None) == (self.id is None):
            raise ValueError("give either position, or id (with source), not both")
        return self

    @property
    def stream(self) -> str:
        return "withdrawals:main"

    def content(self) -> bytes:
        return self.stored()
