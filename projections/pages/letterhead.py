"""Whose statement it is: name, address, contact, logo and languages, from a TOML file.

`letterhead.toml` next to the book, or one that is named. Nothing of it is in the log: it says how
a statement looks, never what it says.
"""

import base64
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.kernel.errors import Kind, Refusal
from ledger.store.book import is_url
from projections.toml_file import read_toml

NAME = "letterhead.toml"
LOGO_MAX = 1024 * 1024
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
BEGINS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/svg+xml": b"<",
}
"""How the content of each begins; a drawing says besides that it is one."""
MARKS = b" \t\r\n\xef\xbb\xbf"
"""What may stand before a drawing: blanks, a byte order mark."""
Language = Literal["en", "zh"]


class BadLetterhead(Refusal):
    """A letterhead that cannot be used: no TOML, an unknown key, a logo that is no picture."""

    kind: ClassVar[Kind] = "usage"
    hint = 'It reads: name = "...", address = ["..."], contact = "...", logo = "FILE.png"'


class Letterhead(BaseModel):
    """What stands at the head of a statement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)] = ""
    address: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    contact: Annotated[str, Field(max_length=200)] = ""
    logo: str = ""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    picture: str = ""
    """The logo as an address that a page can show without loading anything."""


PLAIN = Letterhead()


def letterhead_at(path: str | None, book: str) -> Letterhead:
    """The letterhead of a file, else of the one next to the book, else a plain one.

    Raises `BadLetterhead`, also for a file that is named and not there.
    """
    own = Path(book).with_name(NAME) if path is None else Path(path)
    if path is None and (is_url(book) or not own.is_file()):
        return PLAIN
    data = read_toml(own, BadLetterhead)
    try:
        made = Letterhead.model_validate({**data, "picture": ""})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadLetterhead(f"{own}: {where}: {first['msg']}.") from None
    return (
        made.model_copy(update={"picture": _picture(own.parent / made.logo)}) if made.logo else made
    )


def _picture(path: Path) -> str:
    """A picture as a data address. Raises `BadLetterhead`."""
    kind = TYPES.get(path.suffix.lower())
    if kind is None:
        raise BadLetterhead(f"{path} is not a picture: expected {', '.join(TYPES)}.")
    try:
        with path.open("rb") as file:
            content = file.read(LOGO_MAX + 1)
    except OSError as error:
        raise BadLetterhead(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from None
    if len(content) > LOGO_MAX:
        raise BadLetterhead(f"{path} has more than {LOGO_MAX // 1024:,} KiB.", "Make it smaller.")
    if not _is_picture(kind, content):
        # Whatever it holds would be sent to the payee.
        raise BadLetterhead(
            f"{path} is not a picture: its content is not what its name says, {path.suffix}.",
            "Name the file of the logo.",
        )
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _is_picture(kind: str, content: bytes) -> bool:
    """Whether a content begins as a picture of that kind does."""
    if kind == TYPES[".svg"]:
        return content.lstrip(MARKS).startswith(BEGINS[kind]) and b"<svg" in content
    return content.startswith(BEGINS[kind])
