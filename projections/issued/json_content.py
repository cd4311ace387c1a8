"""A statement as JSON that came back: parsed strictly, and where it first differs from the book."""

import json
from typing import Any

from projections.issued.difference import differing

LABELS = ("line", "statement", "obligation", "ref", "label", "payee")
"""By which a row of a list is named."""
ABSENT = object()


class NotPlain(ValueError):
    """JSON that is broken, names a key twice, or is nested too deeply."""


def parsed(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises `NotPlain`."""
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except RecursionError:
        raise NotPlain("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise NotPlain("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotPlain(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise error if isinstance(error, NotPlain) else NotPlain("a number is too long") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise NotPlain(f"it has the key {key[:40]!r} twice")
        made[key] = value
    return made


def _no_fraction(text: str) -> Any:
    raise NotPlain(f"{text[:40]} is no number that a statement has: amounts are texts")


def first_difference(theirs: Any, ours: Any, where: tuple[str, ...] = ()) -> str:
    """The first value that the file has otherwise than the book, in the book's order; empty for
    none. The order of keys says nothing."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            path = (*where, key)
            difference = first_difference(theirs.get(key, ABSENT), ours.get(key, ABSENT), path)
            if difference:
                return difference
        return ""
    if isinstance(theirs, list) and isinstance(ours, list):
        for at in range(max(len(theirs), len(ours))):
            pair = [rows[at] if at < len(rows) else ABSENT for rows in (theirs, ours)]
            path = (*where, _name(pair[1], at))
            if difference := first_difference(pair[0], pair[1], path):
                return difference
        return ""
    if type(theirs) is type(ours) and theirs == ours:
        return ""
    return differing(", ".join(where), _shown(theirs), _shown(ours))


def _name(row: Any, at: int) -> str:
    names = (row.get(label) for label in LABELS) if isinstance(row, dict) else ()
    return next((name for name in names if isinstance(name, str)), f"row {at + 1}")


def _shown(value: Any) -> str:
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, dict | list):
        return f"{len(value)} entries" if value else "no entries"
    return json.dumps(value)
