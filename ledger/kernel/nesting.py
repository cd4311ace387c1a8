"""How deep data is nested, measured without recursion: deep data would exhaust the stack."""

from typing import Any


def nesting_of(value: Any) -> int:
    """How many tables and lists are nested in one another; 0 for a plain value."""
    depth, level = 0, [value]
    while level := [
        each
        for node in level
        if isinstance(node, dict | list)
        for each in (node.values() if isinstance(node, dict) else node)
    ]:
        depth += 1
    return depth
