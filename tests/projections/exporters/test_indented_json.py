"""JSON that is written piece by piece has the bytes of the whole answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.shown import visible_json
from projections.exporters.indented_json import indented, indented_pieces

TEXTS = st.sampled_from(["", "a", "é\n", "商", "\u202e", '"\\', "\ud800"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def streamed(value: Any, depth: int) -> Any:
    """The value with iterators in place of the lists that stand in its objects and lists."""
    if isinstance(value, dict):
        return {name: streamed(own, depth) for name, own in value.items()}
    if isinstance(value, list) and depth:
        return (streamed(element, depth - 1) for element in value)
    return value


@given(PLAIN, st.booleans())
def test_pieces_are_what_the_standard_library_writes(value: Any, any_script: bool) -> None:
    whole = visible_json(json.dumps(value, indent=2, ensure_ascii=not any_script)) + "\n"
    for depth in (0, 1, 2):
        pieces = indented_pieces(streamed(value, depth), any_script=any_script)
        assert "".join(pieces) == whole
    assert indented(value, any_script=any_script) == whole


def test_elements_are_written_as_they_come() -> None:
    written: list[str] = []

    def lines() -> Iterator[dict[str, int]]:
        for number in range(3):
            assert sum("number" in piece for piece in written) == number
            yield {"number": number}

    for piece in indented_pieces({"head": 1, "lines": lines()}):
        written.append(piece)
    assert json.loads("".join(written))["lines"] == [{"number": number} for number in range(3)]


@pytest.mark.parametrize("empty", [iter(()), {"lines": iter(())}])
def test_nothing_is_an_empty_list(empty: Any) -> None:
    assert json.loads(indented(empty)) in ([], {"lines": []})
