"""The fingerprint of a statement: what its book vouches for, as one digest that travels with it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
WHOLE = (
    *("program", "period", "terms", "rules_version", "issued_at", "asked"),
    *("totals", "decisions", "pots"),
)
"""What is taken from the answer as it is."""
SEAL = ("position", "hash", "digest", "as_of", "known_at")
"""Which close it rests on; the hash of its event is no other book's."""
LISTED = {
    "lines": (
        *("line", "kind", "payer", "payee", "side", "subject", "outcome", "amount", "currency"),
        *("unmet", "held_for"),
    ),
    "adjustments": (
        *("statement", "position", "issued_at", "payee", "side", "line", "was", "now"),
        *("difference", "currency", "outcome", "outcome_was", "unmet", "held_for"),
    ),
    "payments": ("statement", "position", "paid_at", "on", "amount", "currency", "ref"),
    "statements": (
        *("statement", "payee", "payer", "currency", "issued", "brought_forward", "adjusted"),
        *("carried_forward", "due", "paid", "open", "advance"),
    ),
    "obligations": (
        *("obligation", "owed_to", "owed_by", "due", "state", "missing", "made_up", "amount"),
        "currency",
    ),
}
"""What is taken from each row of a list. The fields are named, so that one that a later version
adds to the answer changes no fingerprint."""


def fingerprint_of(answer: Row, book: str, statement: str) -> str:
    """SHA-256, in hex, over the canonical JSON of a `statement` answer that is of one statement.

    The JSON is an object of `book` (its origin, as on a checkpoint), `statement` (the id), the
    fields `WHOLE` of the answer as they are, of its `seal` the fields `SEAL`, and of each row of
    the lists `LISTED` the fields that are named there; what the answer does not have is left out.
    Keys are sorted by code point, texts are UTF-8 without escapes that JSON does not demand, and
    there are no blanks. Not in it is what is only shown or told in words: the explanations, the
    facts behind an adjustment, the running total, who closed and paid, and the fingerprint itself.
    """
    content: Row = {"book": book, "statement": statement, **_only(answer, WHOLE)}
    content["seal"] = _only(answer["seal"], SEAL)
    for name, fields in LISTED.items():
        content[name] = [_only(row, fields) for row in answer[name]]
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Row) -> bytes:
    """JSON with sorted keys, in UTF-8, without blanks."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def fingerprinted(answer: Row, book: str, statement: str) -> Row:
    """The answer with its `fingerprint`: the book, the statement, and the digest. With `asked`
    this is what is needed to ask the book again."""
    digest = fingerprint_of(answer, book, statement)
    return answer | {"fingerprint": {"book": book, "statement": statement, "sha256": digest}}


def _only(row: Row, fields: Iterable[str]) -> Row:
    return {name: row[name] for name in fields if name in row}
