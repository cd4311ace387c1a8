"""A payee's statement as a PDF on A4: what the page says, tagged, and to be kept.

It is set by typst, which comes with the extra `pdf`. The template reads everything as JSON, as
text: no name is markup there.
"""

import base64
import json
import re
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.errors import MissingExtra
from ledger.kernel.instants import local, parse_instant
from ledger.kernel.shown import visible
from projections.pages.letterhead import BadLetterhead, Letterhead
from projections.pages.statement_content import FLOWS, content
from projections.pages.voice import Addressed

if TYPE_CHECKING:
    from types import ModuleType

STANDARDS = ("ua-1", "a-2b")
"""Accessible, and to be kept for years: PDF/UA-1, PDF/A-2b."""
OWN_FONT = "Libertinus Serif"
"""Comes with typst, so that figures look the same everywhere."""
CHINESE_FONTS = (
    *("Noto Serif CJK SC", "Noto Sans CJK SC", "Source Han Serif SC", "Source Han Sans SC"),
    *("Songti SC", "PingFang SC", "SimSun", "Microsoft YaHei"),
)
"""Those to look for, since a font of another language writes some characters otherwise."""
LACKING = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
STRONG = ("due", "open")


class BadPicture(BadLetterhead):
    """A logo whose content is not the picture that its name says."""


class Pdf(NamedTuple):
    """A PDF, and what it lacks in plain words; nothing where it lacks nothing."""

    content: bytes
    lacking: str


def typesetter() -> "ModuleType":
    """The library. Raises `MissingExtra` where it is not installed."""
    try:
        import typst
    except ModuleNotFoundError:
        raise MissingExtra(
            "A PDF needs the typesetter typst, which is not installed.",
            "Install it with: pip install 'duebook[pdf]'. Or write the statement as HTML or XLSX.",
        ) from None
    return typst


def statement_pdf(answer: dict[str, Any], to: Addressed) -> Pdf:
    """The PDF of a `statement` answer that is of one statement; the same answer gives the same
    bytes with the same fonts: it is dated by `issued_at`.

    A character that no font has is printed as a box, and said: then the PDF does not claim to
    fulfil its standards. Raises `MissingExtra`, `BadPicture`.
    """
    typst = typesetter()
    issued = parse_instant(answer["issued_at"])
    sent = _sent(answer, to) | {"issued": local(issued, to.zone)[:10].split("-")}
    template = (files("projections.pages") / "templates" / "statement.typ").read_bytes()
    _check_logo(typst, sent["logo"])

    def made(*standards: str) -> bytes:
        made_bytes: bytes = typst.compile(
            *(template,),
            font_paths=_fonts(),
            format="pdf",
            sys_inputs={"sent": json.dumps(sent)},
            pdf_standards=list(standards),
            timestamp=datetime.fromisoformat(answer["issued_at"]).replace(microsecond=0),
        )
        return made_bytes

    try:
        return Pdf(made(*STANDARDS), "")
    except typst.TypstError as error:
        lacking = LACKING.search(error.message)
        if lacking is None:
            raise
        return Pdf(made(), _no_font(lacking[1]))


def _sent(answer: dict[str, Any], to: Addressed) -> dict[str, Any]:
    """What the template reads: the content, the letterhead, and the fonts to set it in."""
    shown = content(answer, to)
    head = to.letterhead
    strong = {to.voice.label(flow) for flow in FLOWS if flow in STRONG}
    flows = [
        {"cells": [label, amount.text, currency.text], "strong": label in strong}
        for label, amount, currency in shown.flows
    ]
    tables = [
        table._asdict()
        | {
            "heads": [cell._asdict() for cell in table.heads],
            "rows": [[cell._asdict() for cell in row] for row in table.rows],
        }
        for table in shown.tables
    ]
    explained = [
        line._asdict() | {"steps": _plain(line.steps._asdict())} for line in shown.explained
    ]
    lines = [visible(line) for line in (*head.address, head.contact) if line]
    return asdict(shown) | {
        "number": visible(to.statement),
        "flows": flows,
        "tables": tables,
        "explained": explained,
        "letterhead": {"name": visible(head.name), "lines": lines},
        "logo": _logo(head),
        "fonts": [OWN_FONT, *_chinese_fonts()],
    }


def _plain(step: dict[str, Any]) -> dict[str, Any]:
    return step | {"parts": [_plain(part._asdict()) for part in step["parts"]]}


def _logo(head: Letterhead) -> dict[str, Any] | None:
    """The picture as its bytes, which JSON has as numbers."""
    if not head.picture:
        return None
    kind, _, coded = head.picture.removeprefix("data:image/").partition(";base64,")
    format_ = {"jpeg": "jpg", "svg+xml": "svg"}.get(kind, kind)
    alt = visible(head.name) or "Logo"
    return {"bytes": list(base64.b64decode(coded)), "format": format_, "alt": alt}


def _check_logo(typst: "ModuleType", logo: dict[str, Any] | None) -> None:
    """Sets the logo alone, so that whatever is wrong with it is not taken for the statement's."""
    if logo is None:
        return
    alone = b"#let l = json(bytes(sys.inputs.logo))\n#image(bytes(l.bytes), format: l.format)"
    try:
        typst.compile(alone, format="pdf", sys_inputs={"logo": json.dumps(logo)})
    except typst.TypstError as error:
        raise BadPicture(
            f"The letterhead's logo cannot be drawn: {error.message}.",
            f"Is its content what its name says, {logo['format']}?",
        ) from None


@cache
def _fonts() -> Any:
    """The fonts of this machine and those of typst, looked for once."""
    return typesetter().Fonts()


@cache
def _chinese_fonts() -> list[str]:
    there = set(_fonts().families())
    return [name for name in CHINESE_FONTS if name in there][:1]


def _no_font(character: str) -> str:
    """What is said of a character that no font has: which package has one."""
    package = "fonts-noto-cjk" if CJK.search(character) else "fonts-noto-core"
    return (
        f"No font on this machine has {character!r}: the PDF shows a box for it, and is therefore "
        f"no PDF/A. Install a font that has it (Debian, Ubuntu: {package}) and write it again."
    )
