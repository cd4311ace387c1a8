"""Every event type: topics for the store, facts for the intake, in the order of the contract.

Facts are found in their aggregates' files: nothing has to be listed here. The order matters: it
orders facts of the same instant.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ledger.aggregates.base import Event, Fact, Recorded
from ledger.aggregates.things import COMMON, Thing

Describes = Callable[[str, Sequence[Recorded]], dict[str, Any]]
_TOPIC = re.compile(r'^    TOPIC = "([^"]+)"$', re.MULTILINE)


def _modules() -> Iterator[ModuleType]:
    """The aggregates' files, by name."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "catalogue"):
            yield import_module(f"{__package__}.{path.stem}")


def _events_of(module: ModuleType) -> Iterator[type[Event]]:
    """The event types with a topic that a file defines."""
    for var in vars(module).values():
        is_event = isinstance(var, type) and issubclass(var, Event) and "TOPIC" in vars(var)
        if is_event and var.__module__ == module.__name__:
            yield var


EVENTS: tuple[type[Event], ...]
FACTS: dict[str, type[Fact]]
TOPICS: dict[str, type[Event]]
PAYING: tuple[type[Fact], ...]
"""Facts that pay a statement."""
HOLDING: tuple[type[Fact], ...]
"""Facts that move a pot."""
THINGS: dict[str, Thing]
"""The kinds of things that facts name, by their word."""
STATES: dict[str, Describes]
"""How to describe a stream's state, by its kind, from its name and the facts that count."""


def __getattr__(name: str) -> Any:
    """Builds all of these on first access: most commands need the events of one program only."""
    if name not in __annotations__:
        raise AttributeError(f"the catalogue has no {name}")
    globals().update(_whole())
    return globals()[name]


def event_of(topic: str) -> type[Event] | None:
    """The event type stored under a topic; only the file that defines it is imported."""
    file = _files().get(topic)
    if file is None:
        return None
    module = import_module(f"{__package__}.{file}")
    return next(event for event in _events_of(module) if topic == event.TOPIC)


@cache
def _files() -> dict[str, str]:
    """The file that defines each topic's event, read from the source text."""
    folder = Path(__file__).parent
    return {
        topic: path.stem
        for path in folder.glob("*.py")
        for topic in _TOPIC.findall(path.read_text(encoding="utf-8"))
    }


def _whole() -> dict[str, Any]:
    events = tuple(event for module in _modules() for event in _events_of(module))
    ordered = sorted(
        (event for event in events if issubclass(event, Fact)), key=lambda fact: fact.ORDER
    )
    facts = {fact.__name__: fact for fact in ordered}
    topics = {event.TOPIC: event for event in events}
    assert len(topics) == len(events), "two events claim one topic"
    assert len({fact.ORDER for fact in ordered}) == len(ordered), "two facts claim one place"
    named = [
        thing
        for fact in ordered
        for thing in (*fact.NAMES.values(), *([fact.INTRODUCES[1]] if fact.INTRODUCES else []))
    ]
    return {
        "EVENTS": events,
        "FACTS": facts,
        "TOPICS": topics,
        "PAYING": tuple(fact for fact in ordered if fact.pays is not Fact.pays),
        "HOLDING": tuple(fact for fact in ordered if fact.holds is not Fact.holds),
        "THINGS": {thing.word: thing for thing in (*COMMON.values(), *named)},
        "STATES": _states(),
    }


def _merged(parts: Sequence[Describes]) -> Describes:
    """One description out of those of several files, each about its own facts of a stream."""

    def describe(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
        return {key: value for part in parts for key, value in part(name, facts).items()}

    return describe


def _states() -> dict[str, Describes]:
    """The descriptions by kind of stream; the file named after the kind comes first."""
    parts: dict[str, list[Describes]] = {}
    for module in _modules():
        for kind, describes in getattr(module, "STATES", {}).items():
            first = module.__name__.rpartition(".")[2].startswith(kind)
            own = parts.setdefault(kind, [])
            own.insert(0 if first else len(own), describes)
    return {kind: own[0] if len(own) == 1 else _merged(own) for kind, own in parts.items()}
