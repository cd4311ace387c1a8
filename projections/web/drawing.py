"""Pages as HTML, with the policy that lets a browser load and run nothing else."""

import json

from starlette.responses import HTMLResponse, Response

from ledger.kernel.shown import visible, visible_json
from projections.pages.rendering import policy, rendered
from projections.web.addresses import Addresses
from projections.web.page import Cell, Page, Section


def drawn(looking: Addresses, page: Page, status: int = 200) -> Response:
    """A page in the frame that all have: where one can go, the search, both clocks."""
    own = {name: value for name, value in looking.params.items() if value}
    text = rendered(
        "site.html",
        language="en",
        forms=True,
        page=page,
        navigation=[
            (word, looking.link(*parts), looking.path == "/" + "/".join(parts))
            for word, parts in looking.NAVIGATION
        ],
        action=looking.address(),
        to=looking.link,
        pinned=looking.pinned,
        as_of=looking.as_of,
        typed={name: own.get(name, "") for name in ("q", "sql", "from", "to", "stream", "after")},
        others={name: value for name, value in own.items() if name not in ("as_of", "known_at")},
        data=[(kind, looking.here(f".{kind}")) for kind in ("json", "csv")],
        unpinned=looking.unpinned(),
        past=looking.is_past,
        known_at=looking.known_at,
        known=looking.known,
        prefix=looking.prefix,
        book=looking.name,
        home=looking.link(),
        every_book=looking.every_book,
        zone=looking.zone,
        facts={},
    )
    header = {"Content-Security-Policy": f"{policy(forms=True)}; frame-ancestors 'none'"}
    return HTMLResponse(text, status, header)


def refused(looking: Addresses, suffix: str, status: int, sentence: str, hint: str) -> Response:
    """What is refused, in the form that was asked for."""
    if suffix == ".json":
        text = json.dumps({"error": sentence, "hint": hint}, ensure_ascii=False)
        return Response(visible_json(text) + "\n", status, media_type="application/json")
    if suffix == ".csv":
        said = f"{visible(sentence)} {visible(hint)}\n"
        return Response(said, status, media_type="text/plain; charset=utf-8")
    section = Section("refused", "What to do", notes=[Cell(hint)] if hint else [], empty="")
    return drawn(looking, Page("This cannot be shown", [], [section], sentence), status)
