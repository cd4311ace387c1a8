"""What is wrong with the fields of a row, in plain words: pydantic's findings, and long numbers."""

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from ledger.aggregates.catalogue import FACTS
from ledger.aggregates.fields import ID_MAX
from ledger.intake.rejection import RowProblem
from ledger.kernel.findings import expected_in

NUMBER_MAX = 10**15
"""The limit of counts, ages and positions: a thousand of the largest still add up in 64 bits."""
IDS = "letters, digits, '.', '_' and '-', 1 to 64 of them"
PATTERNS = {
    r"^[\p{L}\p{N}\p{M}._-]+$": IDS,
    "^[A-Z]{2}$": "two capital letters, such as DE",
    "^[A-Z]{3}$": "three capital letters, such as CNY",
}


def refuse_long_numbers(names: tuple[str, ...], fact: BaseModel) -> None:
    """Raises `RowProblem` for a number longer than databases can add up."""
    for name in names:
        value = fact.__dict__[name]
        if type(value) is int and abs(value) > NUMBER_MAX:
            raise RowProblem(
                "invalid_field",
                f"{name}: found {str(value)[:40]}, expected at most {NUMBER_MAX:,}.",
                "Take out the digits that do not belong to it.",
            )
        if isinstance(value, BaseModel):
            refuse_long_numbers(tuple(value.__dict__), value)


def problem_of(kind: str, error: ValidationError) -> RowProblem:
    """The most useful of pydantic's findings, in plain words."""
    errors = error.errors()
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    missing = next((error for error in errors if error["type"] == "missing"), None)
    name = ".".join(str(piece) for piece in first["loc"])
    fields = [*FACTS[kind].model_fields, "at", "by"]
    if first["type"] == "extra_forbidden":
        near = get_close_matches(name, fields, n=1)
        return RowProblem(
            "invalid_field",
            f"{kind} has no field {name!r}.",
            f"Did you mean {near[0]!r}?" if near else f"See: duebook facts {kind}",
        )
    if missing is not None:
        name = ".".join(str(piece) for piece in missing["loc"])
        return RowProblem(
            "missing_field", f"{kind} needs the field {name!r}.", f"See: duebook facts {kind}"
        )
    pattern = (first.get("ctx") or {}).get("pattern")
    value = first["input"]
    shown = "" if isinstance(value, dict) else f"found {str(value)[:80]!r}, "
    expected = PATTERNS.get(str(pattern)) or expected_in(first)
    if first["type"] == "string_too_long" and name != "source":
        expected = IDS if first["ctx"]["max_length"] == ID_MAX else expected
    place = f"{name}: " if name else ""
    return RowProblem(
        "invalid_field",
        f"{place}{shown}expected: {expected[:1].lower()}{expected[1:]}.",
        f"See: duebook facts {kind}",
    )
