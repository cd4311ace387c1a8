"""Every event there is: topics for the store, facts for the intake, in the order of the contract.

A fact is found in its aggregate's file: nothing has to be listed here. The order matters: facts
of one instant are put in order by it.
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
    """What a file defines that has a topic."""
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
"""What facts name, by its word."""
STATES: dict[str, Describes]
"""Per kind of stream how its state is told, from a name and the facts that count."""


def __getattr__(name: str) -> Any:
    """All of them, when the first is asked for: most commands need the events of one program."""
    if name not in __annotations__:
        raise AttributeError(f"the catalogue has no {name}")
    globals().update(_whole())
    return globals()[name]


def event_of(topic: str) -> type[Event] | None:
    """The event that is stored under a topic, importing no more files than the one that has it."""
    file = _files().get(topic)
    if file is None:
        return None
    module = import_module(f"{__package__}.{file}")
    return next(one for one in _events_of(module) if topic == one.TOPIC)


@cache
def _files() -> dict[str, str]:
    """Per topic the file that defines its event, as its text says."""
    folder = Path(__file__).parent
    return {
        topic: path.stem
        for path in folder.glob("*.py")
        for topic in _TOPIC.findall(path.read_text(encoding="utf-8"))
    }


def _whole() -> dict[str, Any]:
    events = tuple(one for module in _modules() for one in _events_of(module))
    ordered = sorted(
        (event for event in events if issubclass(event, Fact)), key=lambda one: one.ORDER
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


def _told(parts: Sequence[Describes]) -> Describes:
    """Several files may tell of one kind of stream, each of its own facts: put together."""

    def describe(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
        return {key: value for part in parts for key, value in part(name, facts).items()}

    return describe


def _states() -> dict[str, Describes]:
    """What the files say of streams, those first that the kind of stream is named after."""
    parts: dict[str, list[Describes]] = {}
    for module in _modules():
        for kind, describes in getattr(module, "STATES", {}).items():
            first = module.__name__.rpartition(".")[2].startswith(kind)
            own = parts.setdefault(kind, [])
            own.insert(0 if first else len(own), describes)
    return {kind: own[0] if len(own) == 1 else _told(own) for kind, own in parts.items()}
