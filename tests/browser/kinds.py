"""An address of each kind of page that the web view has, for whoever looks at all of them."""

from tests.cli.site import AS_OF

PROGRAM = "recruiting-eu-jp-2026q1"
FEES = "technical-fee-2020/2020-05"
KINDS = {
    "book": "/",
    "status": "/status",
    "program": f"/programs/{PROGRAM}",
    "months": "/programs/technical-fee-2020",
    "month": f"/programs/{FEES}",
    "judging": "/programs/star-map-2020",
    "statement": f"/statements/{PROGRAM}/partner:P-01",
    "line": f"/lines/{PROGRAM}/S-1003",
    "line of orders": f"/lines/{FEES}/D-01?where=amount+>+900",
    "fact": "/facts/100",
    "close": "/facts/1663",
    "store": "/streams/store:S-1003",
    "partner": "/streams/partner:P-01",
    "order": "/orders/D-01/6800000481",
    "exceptions": "/exceptions",
    "breaks": "/breaks",
    "obligations": "/obligations?where=state+=+overdue",
    "log": "/log?after=1600",
    "verify": "/verify",
    "compare": "/compare?from=1662&to=1690",
    "audit": "/audit?where=what+=+closed",
    "query": "/query?sql=select+*+from+gmv+limit+20",
    "query without rows": "/query?sql=select+*+from+gmv+where+store+=+'none'",
    "query to be asked": "/query",
    "search": "/search?q=S-100",
    "search without hits": "/search?q=nothing-of-this-name",
    "search to be asked": "/search",
    "nothing narrowed": "/obligations?where=state+=+none",
    "compared with itself": "/compare?from=1690&to=1690",
    "log of a store": "/log?after=1&stream=store:S-1003",
    "past": f"/programs/{PROGRAM}?as_of=2026-02-01",
}
"""An address of each kind, and of what a kind can be besides."""
REFUSED = {
    "no such page": ("/nothing", 404),
    "no such program": (f"/programs/{PROGRAM.replace('recruiting', 'recruting')}", 404),
    "no such month": ("/programs/technical-fee-2020/2020-13", 400),
    "no such line": (f"/lines/{PROGRAM}/S-9999", 404),
    "no such fact": ("/facts/99999999", 404),
    "no instant": ("/?as_of=yesterday-ish", 400),
    "no column": (f"/programs/{PROGRAM}?where=colour+=+red", 400),
    "no SELECT": ("/query?sql=drop+table+events", 400),
}
"""An address of each kind that is refused, as a page, with its status."""


def address(kind: str) -> str:
    """The address of a kind, as of an instant that keeps what is worked out for the next test."""
    return pinned(KINDS[kind])


def pinned(asked: str) -> str:
    """An address at that instant, unless it names one."""
    if "as_of" in asked:
        return asked
    return f"{asked}{'&' if '?' in asked else '?'}as_of={AS_OF}"


KINDS_ACROSS = {
    "list": "/",
    "status": "/status",
    "query": "/query?sql=select+book,+partner,+state+from+partners",
    "search": "/search?q=P-",
    "a book": "/books/Europe/",
    "a book elsewhere": "/books/日本 2/",
}
"""An address of each kind of page that there is only where several books are."""
