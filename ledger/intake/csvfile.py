"""CSV: a header of field names, one fact a row. Nested fields with a dot, lists with `;`."""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from ledger.aggregates.catalogue import FACTS
from ledger.intake.border import COLUMNS_MAX
from ledger.intake.encodings import to_utf8
from ledger.intake.header import in_other_case, is_nameless, one_cell, other_separator
from ledger.intake.in_words import of_csv
from ledger.intake.lines import LINE_BYTES_MAX, Lines, other_format
from ledger.intake.ndjson import Item, empty, too_long
from ledger.intake.rejection import Rejection, RowProblem
from ledger.intake.rows import Parsed, normalised, parse_row
from ledger.kernel.instants import Instant


class _Text:
    """Lines as text for the csv module; remembers a line that is not text."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.number = 0
        self.problem: RowProblem | None = None
        self.overlong = False
        self.taken: list[tuple[int, str]] = []
        """Lines that the current row was read from."""

    def __iter__(self) -> "_Text":
        return self

    def __next__(self) -> str:
        self.number, raw = next(self._lines)
        if raw is None:
            self.overlong = True
            return "\n"
        if self.number == 1 and (name := other_format(raw)):
            self.problem = RowProblem(
                "not_text", f"the file is {name}.", "Save it as CSV in UTF-8."
            )
            return "\n"
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as wrong:
            self.problem = RowProblem(
                "not_text",
                f"byte {wrong.start + 1} of the line is not UTF-8 text.",
                to_utf8(raw, "FILE"),
            )
            return "\n"
        if "\0" in text:
            self.problem = RowProblem(
                "not_text", "the line holds a NUL byte.", "Save the file as CSV in UTF-8."
            )
            return "\n"
        self.taken.append((self.number, text))
        return text + "\n"


def read(lines: Lines, file: str, now: Instant, default_type: str | None = None) -> Iterator[Item]:
    """Each row's line number with its fact or its rejection; empty rows are passed over."""
    csv.field_size_limit(LINE_BYTES_MAX)
    text = _Text(lines)
    rows = csv.reader(text, strict=True)
    header: list[str] | None = None
    blank = True
    while True:
        text.taken.clear()
        try:
            cells = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            blank = False
            problem = RowProblem(
                "invalid_field", f"not CSV: {of_csv(error)}.", "Quote cells with quotes."
            )
            # Whatever a stray quote has swallowed is reported line by line, so that nothing is
            # lost.
            for number, raw in text.taken or [(text.number, "")]:
                yield number, _rejected(file, number, raw, problem)
            continue
        number = text.number
        blank = blank and not (text.overlong or text.problem or any(map(str.strip, cells)))
        if text.overlong:
            text.overlong = False
            yield number, too_long(file, number)
        elif text.problem:
            problem, text.problem = text.problem, None
            yield number, _rejected(file, number, None, problem)
            if header is None:
                lines.count = number  # the rest is not counted
                return
        elif not any(cell.strip() for cell in cells):
            continue
        elif header is None:
            header = [name.strip() for name in cells]
            lines.nameless = sum(map(is_nameless, header))
            if fault := _header_problem(header, default_type):
                lines.count = number
                yield number, _rejected(file, number, header, fault)
                return
        else:
            yield number, _row(file, number, header, cells, now, default_type)
    if blank:
        yield 0, empty(file)


def _row(
    file: str,
    number: int,
    header: list[str],
    cells: list[str],
    now: Instant,
    default_type: str | None,
) -> Any:
    if len(cells) != len(header):
        problem = RowProblem(
            "invalid_field",
            f"found {len(cells)} cells, expected {len(header)} as in the header.",
            "Quote cells that hold a comma.",
        )
        return _rejected(file, number, cells, problem)
    row: dict[str, Any] = {
        name: cell.strip()
        for name, cell in zip(header, cells, strict=True)
        if cell.strip() and not is_nameless(name)
    }
    if default_type is not None:
        row.setdefault("type", default_type)
    shaped, parsed = parse_cells(row, now)
    if isinstance(parsed, RowProblem):
        return _rejected(file, number, shaped, parsed)
    return parsed


def parse_cells(row: dict[str, Any], now: Instant) -> tuple[dict[str, Any], Parsed | RowProblem]:
    """A row of texts by field, its dots and lists resolved, with its fact or its problem."""
    shaped: dict[str, Any] = row
    try:
        shaped = _shaped(normalised(row))
        return shaped, parse_row(dict(shaped), now)
    except RowProblem as problem:
        return shaped, problem


def _header_problem(header: list[str], default_type: str | None) -> RowProblem | None:
    if len(header) > COLUMNS_MAX:
        return RowProblem(
            "invalid_field",
            f"the header has {len(header):,} cells; {COLUMNS_MAX:,} are read.",
            "Is it the file that you mean?",
        )
    for name, count in Counter(header).items():
        if count > 1 and not is_nameless(name):
            return RowProblem(
                "invalid_field",
                f"the column {name!r} appears twice in the header.",
                "Keep one of them.",
            )
    if separator := other_separator(header):
        return RowProblem(
            "missing_field",
            one_cell(header, separator),
            "Save the file with commas between the cells, or have a mapping drafted: "
            "duebook files FILE",
        )
    if problem := _other_case(header, default_type):
        return problem
    wanted = ["at"] if default_type else ["type", "at"]
    for name in wanted:
        if name not in header:
            return RowProblem(
                "missing_field",
                f"the header has no column {name!r}; found {', '.join(header)[:200]}.",
                "Add it" + (", or name the type with --type." if name == "type" else "."),
            )
    if default_type in FACTS:
        fields = FACTS[default_type].model_fields
        for name, field in fields.items():
            if field.is_required() and name not in header:
                return RowProblem(
                    "missing_field",
                    f"the header has no column {name!r}, which {default_type} needs.",
                    f"See: duebook facts {default_type}",
                )
    return None


def _other_case(header: list[str], default_type: str | None) -> RowProblem | None:
    """The names of facts are written in small letters, in the header too."""
    facts = [FACTS[default_type]] if default_type in FACTS else FACTS.values()
    fields = {name for fact in facts for name in fact.model_fields}
    spelt = in_other_case(header, {"type", "at", "by", *fields})
    if not spelt:
        return None
    columns, meant = ", ".join(spelt)[:200], ",".join(spelt.get(name, name) for name in header)
    return RowProblem(
        "missing_field",
        f"the header has capital letters in {columns}; fields are written in small ones.",
        f"Write the header as {meant[:500]}",
    )


def _shaped(row: dict[str, Any]) -> dict[str, Any]:
    """Dotted names as nested values, `;` lists for fields that are lists."""
    fact = FACTS.get(row.get("type", ""))
    shaped: dict[str, Any] = {}
    for name, value in row.items():
        outer, dot, inner = name.partition(".")
        if dot:
            held = shaped.setdefault(outer, {})
            if not isinstance(held, dict):
                raise RowProblem(
                    "invalid_field",
                    f"{outer} appears together with {name}, which is a part of it.",
                    "Keep the column or its parts.",
                )
            held[inner] = value
        elif name in shaped:
            raise RowProblem(
                "invalid_field", f"{name} appears together with parts of it.", "Keep one of them."
            )
        elif fact and name in fact.model_fields and _is_list(fact.model_fields[name].annotation):
            shaped[name] = [piece.strip() for piece in value.split(";")]
        else:
            shaped[name] = value
    return shaped


def _is_list(annotation: Any) -> bool:
    return any(get_origin(hint) is tuple for hint in (annotation, *get_args(annotation)))


def _rejected(file: str, number: int, raw: Any, problem: RowProblem) -> Rejection:
    kind = raw.get("type") if isinstance(raw, dict) else None
    return Rejection(file, number, kind, problem.code, problem.error, problem.hint, raw)
