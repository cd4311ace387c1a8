"""A payee's statement as a page that can be sent: one file that loads and runs nothing."""

from typing import Any

from projections.pages.rendering import rendered
from projections.pages.statement_content import content
from projections.pages.voice import Addressed


def statement_page(answer: dict[str, Any], to: Addressed) -> str:
    """The page of a `statement` answer that is of one statement."""
    return rendered(
        "statement.html",
        images=True,
        language=to.letterhead.languages[0],
        letterhead=to.letterhead,
        content=content(answer, to),
    )
