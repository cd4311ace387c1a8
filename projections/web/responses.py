"""An answer in the form that was asked for, or what is refused, in the same form."""

import io
import json
from collections.abc import Callable

from starlette.responses import PlainTextResponse, Response

from ledger.kernel.errors import (
    NoLines,
    NoOrders,
    NoSuchLine,
    NoSuchPosition,
    NoSuchStatement,
    NoSuchStream,
    NotClosed,
    Refusal,
    UnknownProgram,
)
from ledger.kernel.instants import Instant
from ledger.kernel.shown import visible, visible_json
from projections.exporters.rows_csv import write_csv
from projections.web.addresses import Addresses
from projections.web.drawing import drawn, refused
from projections.web.page import Answer

STATUS = {"usage": 400, "refused": 400, "conflict": 503, "broken": 500}
MISSING = (
    *(NoLines, NoOrders, NoSuchLine, NoSuchPosition, NoSuchStatement, NoSuchStream),
    *(NotClosed, UnknownProgram),
)
"""Refusals of what does not exist."""
SECOND = 1_000_000


def second_of(instant: Instant) -> Instant:
    """The end of the second that has begun: it counts as a whole, and links need no fraction."""
    return -(-instant // SECOND) * SECOND


def response(looking: Addresses, suffix: str, answered: Callable[[], Answer | None]) -> Response:
    """What `answered` gives as a page, as `.json` or as `.csv`; of None, that there is no such
    page. Raises nothing: a refusal is an answer with the status that fits."""
    try:
        answer = answered()
        if answer is None:
            hint = f"Look at the {looking.NAVIGATION[0][0]}."
            return refused(looking, suffix, 404, "There is no such page.", hint)
        if suffix == ".json":
            text = json.dumps(answer.data(), ensure_ascii=False, indent=2)
            return Response(visible_json(text) + "\n", media_type="application/json")
        if suffix == ".csv":
            file = io.StringIO()
            write_csv(file, answer.rows())
            return Response(file.getvalue(), media_type="text/csv; charset=utf-8")
        return drawn(looking, answer.page())
    except Refusal as refusal:
        status = 404 if isinstance(refusal, MISSING) else STATUS[refusal.kind]
        return refused(looking, suffix, status, refusal.sentence, refusal.hint)


def unopened(refusal: Refusal) -> Response:
    """What is said where the book itself cannot be opened."""
    return PlainTextResponse(f"{visible(refusal.sentence)}\n", 503)
