"""How deep data is nested, told without going down in it: what is deep would end the program."""

from typing import Any


def nesting_of(value: Any) -> int:
    """How many tables and lists stand in one another."""
    depth, level = 0, [value]
    while level := [
        each
        for one in level
        if isinstance(one, dict | list)
        for each in (one.values() if isinstance(one, dict) else one)
    ]:
        depth += 1
    return depth
