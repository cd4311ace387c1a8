"""Every event there is: topics for the store, facts for the intake, in the order of the contract.

A fact is found in its aggregate's file: nothing has to be listed here. The order matters: facts
of one instant are put in order by it.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ledger.aggregates.base import Event, Fact, Recorded
from ledger.aggregates.things import COMMON, Thing

Describes = Callable[[str, Sequence[Recorded]], dict[str, Any]]


def _modules() -> Iterator[ModuleType]:
    """The aggregates' files, by name."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "catalogue"):
            yield import_module(f"{__package__}.{path.stem}")


def _events() -> Iterator[type[Event]]:
    """What the files define that has a topic."""
    for module in _modules():
        for one in vars(module).values():
            is_event = isinstance(one, type) and issubclass(one, Event) and "TOPIC" in vars(one)
            if is_event and one.__module__ == module.__name__:
                yield one


EVENTS: tuple[type[Event], ...] = tuple(_events())
FACTS: dict[str, type[Fact]] = {
    fact.__name__: fact
    for fact in sorted((one for one in EVENTS if issubclass(one, Fact)), key=lambda one: one.ORDER)
}
TOPICS: dict[str, type[Event]] = {event.TOPIC: event for event in EVENTS}
PAYING: tuple[type[Fact], ...] = tuple(
    fact for fact in FACTS.values() if fact.pays is not Fact.pays
)
"""Facts that pay a statement."""
HOLDING: tuple[type[Fact], ...] = tuple(
    fact for fact in FACTS.values() if fact.holds is not Fact.holds
)
"""Facts that move a pot."""
THINGS: dict[str, Thing] = {thing.word: thing for thing in COMMON.values()} | {
    thing.word: thing
    for fact in FACTS.values()
    for thing in (*fact.NAMES.values(), *([fact.INTRODUCES[1]] if fact.INTRODUCES else []))
}
"""What facts name, by its word."""


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


STATES: dict[str, Describes] = _states()
"""Per kind of stream how its state is told, from a name and the facts that count."""

assert len(TOPICS) == len(EVENTS), "two events claim one topic"
assert len({fact.ORDER for fact in FACTS.values()}) == len(FACTS), "two facts claim one place"
