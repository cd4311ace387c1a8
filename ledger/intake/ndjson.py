"""NDJSON: one fact a line. Malformed lines become rejections with their number."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from ledger.intake.lines import LINE_BYTES_MAX, Lines, Piece, other_format
from ledger.intake.rejection import Rejection, RowProblem
from ledger.intake.rows import Parsed, normalised, parse_row
from ledger.kernel.instants import Instant

Item = tuple[int, Parsed | Rejection]


def read(piece: Piece, file: str, now: Instant, default_type: str | None = None) -> Iterator[Item]:
    """Each line's number with its fact or its rejection; blank lines are passed over."""
    # Asked once for the whole piece if possible: line by line it takes longer than reading.
    number, plain = piece.first - 1, _is_plain(b"\n".join(filter(None, piece.lines)))
    for raw in piece.lines:
        number += 1
        if raw is None:
            yield number, too_long(file, number)
            continue
        if not raw or raw.isspace():
            continue
        try:
            row = parse_object(raw, piece.torn, plain or _is_plain(raw))
            if default_type is not None:
                row.setdefault("type", default_type)
            yield number, parse_row(row, now)
        except RowProblem as problem:
            yield number, rejected(file, number, raw, problem, default_type)


def pieces(lines: Lines, file: str) -> Iterator[Piece | Rejection]:
    """The pieces of a text file, to be read one by one, or why it is not text."""
    blank = True
    for piece in lines.pieces():
        if piece.first == 1 and (name := other_format(piece.lines[0])):
            lines.count = 1  # the rest is not counted
            yield no_text(file, name)
            return
        blank = blank and all(raw is not None and not raw.strip() for raw in piece.lines)
        yield piece
    if blank:
        yield empty(file)


def _is_plain(text: bytes) -> bool:
    """Whether nothing is escaped and no blank precedes a colon, as machines write JSON."""
    return not (b"\\" in text or b" :" in text or b"\t" in text or b"\r" in text)


def parse_object(raw: bytes, torn: bool, plain: bool) -> dict[str, Any]:
    """One JSON object. Raises `RowProblem` for anything else, or for a key that occurs twice."""
    try:
        row = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise _bad_json(raw, error, torn) from None
    if type(row) is not dict:
        raise RowProblem(
            "bad_json",
            f"found {kind_of(row)}, expected a JSON object.",
            'Write one fact a line, as {"type": ..., "at": ..., ...}.',
        )
    # JSON readers silently drop a key that occurs twice. In plain text every key shows as `":` and
    # nothing else does, so that they can be counted.
    if plain and raw.count(b'":') == len(row):
        return row if raw.isascii() else normalised(row)
    if b"\\u0000" in raw:
        raise RowProblem(
            "not_text", "a text holds a NUL character.", "Take it out: no database keeps one."
        )
    _refuse_doubled_keys(raw)
    return normalised(row)


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    match value:
        case list():
            return "a list"
        case str():
            return "a text"
        case bool() | None:
            return {None: "null", True: "true", False: "false"}[value]
    return "a number"


def too_long(file: str, number: int) -> Rejection:
    """A line over 1 MiB: certainly not one fact."""
    return Rejection(
        file,
        number,
        None,
        "line_too_long",
        f"the line is longer than {LINE_BYTES_MAX:,} bytes; a fact takes a few hundred.",
        "Write one fact a line, with line ends between them.",
    )


def no_text(file: str, name: str) -> Rejection:
    """A file of another kind: reported once, not for each of its lines."""
    return Rejection(
        file, 1, None, "not_text", f"the file is {name}.", "Save it as NDJSON or CSV in UTF-8."
    )


def empty(file: str) -> Rejection:
    """A file without a byte: an export that failed, more often than a day without facts."""
    return Rejection(
        file, 0, None, "empty_file", "the file is empty.", "Export it again, or leave it out."
    )


def rejected(
    file: str, number: int, raw: bytes, problem: RowProblem, default_type: str | None
) -> Rejection:
    """The rejection of a line, with its data as far as it can be read."""
    data: Any
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        data = raw.decode("utf-8", "replace")
    text = None
    if isinstance(data, dict):
        if default_type is None or "type" in data:
            text = raw.decode("utf-8", "replace").strip()
        else:
            data["type"] = default_type
    kind = data.get("type") if isinstance(data, dict) else None
    shown = kind if isinstance(kind, str) else None
    return Rejection(file, number, shown, problem.code, problem.error, problem.hint, data, text)


def _bad_json(raw: bytes, error: ValueError, ended_mid_line: bool) -> RowProblem:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return RowProblem(
            "not_text",
            f"byte {wrong.start + 1} of the line is not UTF-8 text.",
            "Save the file as UTF-8, NDJSON or CSV.",
        )
    if "\0" in text:
        return RowProblem(
            "not_text", "the line holds a NUL byte.", "Save the file as UTF-8, NDJSON or CSV."
        )
    if ended_mid_line:
        return RowProblem(
            "bad_json",
            f"the input ends in the middle of a line: {error}.",
            "The sender stopped early; send the whole input again.",
        )
    return RowProblem(
        "bad_json",
        f"{error}; found {text[:60]!r}.",
        "Write one JSON object a line; name CSV files .csv.",
    )


def _refuse_doubled_keys(raw: bytes) -> None:
    def pairs(fields: list[tuple[str, Any]]) -> dict[str, Any]:
        known: set[str] = set()
        for key, _ in fields:
            if key in known:
                raise RowProblem(
                    "bad_json", f"the key {key!r} appears twice.", "Name each key once."
                )
            known.add(key)
        return dict(fields)

    json.loads(raw, object_pairs_hook=pairs)
