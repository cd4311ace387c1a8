"""What is wrong with a row of a mapped file, as one text in SQL: its code, then a sentence.

The sentence is built with the values, so that no second reading of a cell can disagree.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Names

from ledger.intake.columns import trimmed
from ledger.intake.tables import amounts
from ledger.intake.tables.header import Header
from ledger.intake.tables.mapping import Column, Equation, Mapping
from ledger.intake.tables.times import EPOCH, EPOCH_MS
from ledger.intake.tables.value import Value
from ledger.intake.tables.values import Values
from ledger.kernel.duck import literal

SEPARATOR = "|"
OTHER_CURRENCY = "bad_amount/currency"
"""A code may have a detail after a slash, which selects the hint."""
HINTS = {
    "cell_error": "Open the file and correct it, or ask for it again.",
    "equation_differs": "The file contradicts itself: ask for it again.",
    "repeated_row": "The file holds it twice: export it again, without overlap.",
    "wrong_cells": "The row is cut off, or a cell that holds a separator is not quoted.",
    "bad_amount": 'Say how amounts are written: decimal = ",", thousands = "."',
    OTHER_CURRENCY: "Say where the currency is: unit reads it from the amount's own cell.",
    "no_zone": "Say which zone it is of: --zone Europe/Berlin, or zone in the mapping.",
    "spoilt_id": "A workbook keeps 15 digits of a number. Use the file as it was exported.",
    "invalid_field": "Correct the cell, or say in the mapping how it is written.",
}


def split(fault: str) -> tuple[str, str, str]:
    """The code, the sentence and what to do."""
    cause, _, sentence = fault.partition(SEPARATOR)
    return cause.partition("/")[0], sentence, HINTS.get(cause, "")


def first_of(faults: Iterable[str]) -> str:
    """The first fault of a row, in SQL; NULL where there is none."""
    listed = list(faults)
    return f"coalesce({', '.join(listed)})" if listed else "NULL::VARCHAR"


def of_cells(mapping: Mapping, values: Values) -> list[str]:
    """The faults of cells that are read but hold no value."""
    faults = []
    for name in mapping.headers:
        if (bad := values.unreadable((name,))) is None:
            continue
        said = _said("cell_error", f"{name}: found ", values.text((name,)), ", expected a value.")
        faults.append(f"CASE WHEN {bad} THEN {said} END")
    return faults


def of_blanks(mapping: Mapping, values: Values) -> list[str]:
    """The faults of cells that have to be filled and are not."""
    return [
        f"CASE WHEN {values.named(name)} IS NULL THEN"
        f" {literal(f'missing_field{SEPARATOR}{name}: is empty.')} END"
        for name in mapping.rows.filled
    ]


def of_value(
    name: str, value: Value, column: Column, mapping: Mapping, zone: str | None
) -> str | None:
    """The fault of a filled cell that is not what its column holds; None for a plain cell, which
    its reader checks."""
    if value.plain:
        return None
    zoned = zone is not None or column.zone is not None or mapping.file.zone is not None
    match value.kind:
        case "amount":
            code, expected = "bad_amount", _amount_expected(column, mapping)
        case "instant":
            code, expected = _instant_expected(column, zoned)
        case "day":
            written = " or ".join(column.formats) or "2026-01-25"
            code, expected = "invalid_field", f"a day written as {written}"
        case "id" | "text":
            code, expected = "spoilt_id", "an id as text, of which no digit is lost"
        case "currency":
            code, expected = "unknown_currency", "an amount with its currency"
        case _:
            code, expected = "invalid_field", "a value"
    said = _said(code, f"{name}: found '", value.raw, f"', expected {expected}.")
    # nested, so that the raw cell is looked at only where it gave no value
    raw = f"CASE WHEN {value.raw} IS NOT NULL THEN {said} END"
    return f"CASE WHEN {value.sql} IS NULL THEN {raw} END"


def of_units(name: str, value: Value, currency: Value) -> list[str]:
    """The faults of amounts that are written with another currency than the row's."""
    code = f"upper({trimmed(currency.sql)})"
    said = _said(OTHER_CURRENCY, f"{name}: found '", value.raw, "', expected an amount in ")
    return [
        f"CASE WHEN ({unit}) <> {code} THEN {said} || {code} || '.' END" for unit in value.units
    ]


def _amount_expected(column: Column, mapping: Mapping) -> str:
    decimal = column.decimal or mapping.file.decimal
    thousands = mapping.file.thousands if column.thousands is None else column.thousands
    example = f"1{thousands}204{decimal}50" if thousands else f"1204{decimal}50"
    return f"an amount such as {example}"


def _instant_expected(column: Column, zoned: bool) -> tuple[str, str]:
    once = ", not one that daylight saving skips or repeats" if zoned else ""
    if not column.formats:
        if zoned:
            return "invalid_field", f"a time such as 2026-01-10T09:00:00{once}"
        return "no_zone", "a time with its zone, such as 2026-01-10T09:00:00+08:00"
    written = f"a time written as {' or '.join(column.formats)}{once}"
    says_zone = any(
        "%z" in format_ or "%Z" in format_ or format_ in (EPOCH, EPOCH_MS)
        for format_ in column.formats
    )
    if zoned or says_zone:
        return "invalid_field", written
    return "no_zone", f"{written}, and a zone"


def of_repeats(mapping: Mapping, values: Values) -> list[str]:
    """The faults of rows whose name a row further up has."""
    unique = [name for name in mapping.rows.unique if values.knows(name)]
    if not unique:
        return []
    key = f"concat_ws(' ', {', '.join(values.text((name,)) for name in unique)})"
    same = f"OVER (PARTITION BY {key} ORDER BY place)"
    said = _said("repeated_row", f"{', '.join(unique)}: found '", key, "', as in row ")
    return [
        f"CASE WHEN {key} <> '' AND row_number() {same} > 1 THEN {said}"
        f" || first_value(place) {same} || '.' END"
    ]


def of_equations(mapping: Mapping, header: Header, values: Values) -> list[str]:
    """The faults of equations that do not hold, and of terms that are not amounts."""
    faults = []
    for equation in mapping.equation:
        there = [name for name in (*equation.sum, *equation.less) if header.knows(name)]
        parts = {name: values.amount((name,)) for name in there}
        is_ = values.amount(equation.is_)
        for name, (cell, number) in {**parts, equation.is_[0]: is_}.items():
            said = _said("bad_amount", f"{name}: found '", cell, "', expected an amount.")
            faults.append(f"CASE WHEN {number} IS NULL THEN {said} END")
        numbers = {name: number for name, (_, number) in parts.items()}
        faults.append(_equation(equation, numbers, is_[1], values))
    return faults


def _equation(equation: Equation, numbers: Names[str, str], is_: str, values: Values) -> str:
    plus = [name for name in equation.sum if name in numbers]
    less = [name for name in equation.less if name in numbers]
    total = amounts.summed([numbers[name] for name in plus], [numbers[name] for name in less])
    terms = [
        *(
            f"{literal(f' + {name} ' if at else f' {name} ')} || {_number(numbers[name])}"
            for at, name in enumerate(plus)
        ),
        *(f"{literal(f' - {name} ')} || {_number(numbers[name])}" for name in less),
    ]
    said = " || ".join(
        (
            literal(f"equation_differs{SEPARATOR}found {equation.is_[0]} "),
            _number(is_),
            literal(", expected "),
            _number(total),
            literal(" ="),
            *terms,
            literal("."),
        )
    )
    holds = f"{total} = {is_}"
    if equation.when:
        holds = f"NOT ({values.holds(equation.when)}) OR {holds}"
    return f"CASE WHEN NOT ({holds}) THEN {said} END"


def _number(decimal: str) -> str:
    return amounts.as_text(f"({decimal})::DECIMAL(30, 6)")


def _said(code: str, before: str, cell: str, behind: str) -> str:
    """A fault with the content of the cell."""
    return f"{literal(code + SEPARATOR + before)} || left({cell}, 80) || {literal(behind)}"
