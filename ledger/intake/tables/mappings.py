"""Mappings by name or file: those that are shipped, and a user's own."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ledger.intake.border import MIB, read_bounded
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.refusals import BadMapping
from ledger.intake.tables.targets import ORDERS, RECONCILE, target_named
from ledger.kernel.errors import MissingFile
from ledger.kernel.findings import expected_in, names_expected
from ledger.kernel.near import did_you_mean, near
from ledger.kernel.nesting import nesting_of

BYTES_MAX = MIB
CANONICAL = "canonical"
HOW_TO_BEGIN = "Have one drafted from the file: duebook files FILE"
SHIPPED = Path(__file__).with_name("shipped")
_NESTED_MAX = 8


def shipped_names() -> list[str]:
    """The names of the mappings that come with the product."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def shipped() -> list[Mapping]:
    """The mappings that come with the product."""
    return [_shipped(name) for name in shipped_names()]


def mapping_named(name: str, use: str | None = None) -> Mapping | None:
    """The mapping of that name, or that of a TOML file; None for `canonical`, where a file has our
    own headers. With `use` it has to be for that.

    Raises `BadMapping` with the nearest name, `MissingFile`, `TooLarge`.
    """
    if name == CANONICAL:
        return None
    mapping = _shipped(name) if name in shipped_names() else _of_file(name)
    if use is not None and mapping.for_ != use:
        raise BadMapping(
            f"The profile {mapping.name!r} is for {mapping.for_}, not for {use}.",
            _those_for(use),
        )
    return mapping


def _those_for(use: str) -> str:
    fitting = [name for name in shipped_names() if _shipped(name).for_ == use]
    said = f"Those for {use}: {', '.join(fitting)}. " if fitting else ""
    return f"{said}{HOW_TO_BEGIN}"


@cache
def _shipped(name: str) -> Mapping:
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    return parsed(text, f"the profile {name}")


def _of_file(name: str) -> Mapping:
    names = [CANONICAL, *shipped_names()]
    if not name.lower().endswith(".toml") and not Path(name).is_file():
        raise BadMapping(
            f"There is no profile {name!r}.",
            did_you_mean(name, names) + f"Profiles: {', '.join(names)}; or a mapping as FILE.toml.",
        )
    try:
        text = read_bounded(name, BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadMapping(f"{name}: byte {wrong.start + 1} is not UTF-8 text.") from None
    except MissingFile as missing:
        raise MissingFile(missing.sentence, f"{missing.hint} {HOW_TO_BEGIN}") from None
    return parsed(text, name)


def parsed(text: str, where: str) -> Mapping:
    """A mapping out of TOML. Raises `BadMapping` with each thing that is wrong."""
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        hint = HOW_TO_BEGIN
        if "for a key part" in str(error):
            hint = 'A header that is no plain English word stands in quotes: "Order ID" = "..."'
        raise BadMapping(f"{where} is not TOML: {error}.", hint) from None
    except RecursionError:
        raise BadMapping(f"{where} is nested too deeply for a mapping.", HOW_TO_BEGIN) from None
    if nesting_of(data) > _NESTED_MAX:
        raise BadMapping(f"{where} is nested too deeply for a mapping.", HOW_TO_BEGIN)
    try:
        mapping = Mapping.model_validate(data)
    except ValidationError as error:
        raise BadMapping(_said(error, where), HOW_TO_BEGIN) from None
    _refuse_columns(mapping, where)
    return mapping


def _refuse_columns(mapping: Mapping, where: str) -> None:
    """Raises `BadMapping` for columns that its target does not have."""
    target = target_named(mapping.for_)
    if mapping.rows.add_up and target.name not in (ORDERS, RECONCILE):
        raise BadMapping(
            f"{where}: [rows] add_up: facts are not added up.", "Leave it out, or add the rows up."
        )
    for name in mapping.columns:
        outer = name.partition(".")[0] if target.nested else name
        if outer not in target.kinds:
            meant = near(name, target.kinds)
            raise BadMapping(
                f"{where}: [columns] {name}: {target.name} has no such column.",
                f"Did you mean {meant[0]}?" if meant else f"Columns: {', '.join(target.kinds)}.",
            )


def _said(error: ValidationError, where: str) -> str:
    """What is wrong, one sentence for each of the first findings."""
    findings = error.errors()
    said = []
    for finding in findings[:5]:
        path = ".".join(str(piece) for piece in finding["loc"] if not isinstance(piece, int))
        if finding["type"] == "extra_forbidden":
            names = _names_at(finding["loc"][:-1])
            meant = near(str(finding["loc"][-1]), names)
            hint = f"; did you mean {meant[0]}?" if meant else f"; known here: {', '.join(names)}"
            said.append(f"{where}: {path}: there is no such name{hint}")
        elif finding["type"] == "missing":
            said.append(f"{where}: {path} is missing")
        else:
            expected = expected_in(finding)
            word = "expected " if names_expected(finding) else ""
            said.append(f"{where}: {path}: {word}{expected}")
    more = len(findings) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "") + "."


def _names_at(place: tuple[int | str, ...]) -> list[str]:
    """The names that a table of a mapping may have."""
    model: Any = Mapping
    for piece in place:
        if isinstance(piece, int):
            continue
        field = next(
            (info for name, info in model.model_fields.items() if piece in (name, info.alias)),
            None,
        )
        if field is None:  # a column of ours, whose name is free
            continue
        model = _model_in(field.annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    """The model in an annotation, however it is wrapped."""
    from typing import get_args

    if hasattr(annotation, "model_fields"):
        return annotation
    models = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in models if model is not None), None)
