"""The catalogue of facts, made from the models themselves, so that it cannot differ from them."""

from typing import Any, get_args

from ledger.aggregates.base import Fact
from ledger.aggregates.catalogue import FACTS
from ledger.aggregates.judge import LOOKS_LIKE
from ledger.kernel.errors import Refusal
from ledger.kernel.near import did_you_mean

COMMON = {
    "at": (True, "when it happened: ISO 8601 instant with offset or Z, not in the future"),
    "id": (False, "the sender's own id of the fact: recorded once, for ever"),
    "source": (False, "the system that the id comes from"),
    "by": (False, "who reports it; not part of the content"),
}


class NoSuchFact(Refusal):
    """A fact type that the book does not know."""

    kind = "usage"


def fact_named(name: str) -> type[Fact]:
    """The fact of that type. Raises `NoSuchFact` with the nearest one."""
    fact = FACTS.get(name)
    if fact is None:
        meant = did_you_mean(name, FACTS, 1)
        raise NoSuchFact(
            f"{name!r} is not a fact that the book knows.",
            f"{meant}List them: duebook facts",
        )
    return fact


def catalogue() -> list[dict[str, str]]:
    """Every fact in one sentence, in the order of the contract."""
    return [{"type": name, "meaning": _meaning(fact)} for name, fact in FACTS.items()]


def describe(name: str) -> dict[str, Any]:
    """One fact: fields with their meaning, warnings it can come with, an example."""
    fact = fact_named(name)
    named = {"source", "id"} if name == "FactWithdrawn" else {"by"} & set(fact.model_fields)
    fields = [
        {"field": field, "required": needed, "meaning": meaning}
        for field, (needed, meaning) in COMMON.items()
        if field not in named
    ]
    for field, info in fact.model_fields.items():
        if field in COMMON and field not in named:
            continue
        meaning = info.description or ""
        if field in named and field in ("source", "id"):
            meaning = f"{field} under which the wrong fact was sent"
        fields.append(
            {"field": field, "required": info.is_required(), "meaning": _with_values(meaning, info)}
        )
    return {
        "type": name,
        "meaning": _meaning(fact),
        "fields": fields,
        "warnings": [*fact.WARNINGS, *([LOOKS_LIKE] if fact.INTRODUCES else [])],
        "example": fact.EXAMPLE,
    }


def schema(name: str | None) -> dict[str, Any]:
    """JSON Schema of one fact, or of any fact as `oneOf`."""
    if name is not None:
        return _schema(fact_named(name))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "duebook fact",
        "oneOf": [_schema(fact) for fact in FACTS.values()],
    }


def _schema(fact: type[Fact]) -> dict[str, Any]:
    fact.validator()
    json_schema = fact.model_json_schema()
    instant = {"type": "string", "format": "date-time", "description": COMMON["at"][1]}
    properties = {
        "type": {"const": fact.__name__},
        "at": instant,
        "by": {"type": "string", "description": COMMON["by"][1]},
        **json_schema["properties"],
    }
    json_schema["properties"] = properties
    json_schema["required"] = ["type", "at", *json_schema.get("required", [])]
    return json_schema


def _meaning(fact: type[Fact]) -> str:
    return (fact.__doc__ or "").strip().split("\n")[0]


def _with_values(meaning: str, info: Any) -> str:
    values = [literal for literal in _literals(info.annotation) if isinstance(literal, str)]
    return f"{meaning}: {', '.join(values)}" if values else meaning


def _literals(annotation: Any) -> list[Any]:
    literals: list[Any] = []
    for argument in get_args(annotation):
        literals += _literals(argument) if get_args(argument) else [argument]
    return literals if "Literal" in str(annotation) else []
