"""What a validated model expected of a value, in plain words: no Python type is named."""

from collections.abc import Mapping
from typing import Any

_EXPECTED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list in square brackets",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table of names and values",
    "model_type": "a table of names and values",
    "model_attributes_type": "a table of names and values",
    "too_short": "at least one entry",
    "string_too_long": "a shorter text",
    "too_long": "fewer entries",
    "date_type": "a day such as 2026-01-25",
    "date_parsing": "a day that the calendar has, such as 2026-01-25",
    "date_from_datetime_parsing": "a day that the calendar has, such as 2026-01-25",
    "date_from_datetime_inexact": "a day such as 2026-01-25, without a time",
}
"""By the type of the finding."""


def expected_in(finding: Mapping[str, Any]) -> str:
    """What was expected, or, where the finding says so instead, what is wrong."""
    message = str(finding["msg"]).removeprefix("Value error, ")
    return _EXPECTED.get(finding["type"]) or message.removeprefix("Input should be ")


def names_expected(finding: Mapping[str, Any]) -> bool:
    """Whether `expected_in` names what was expected rather than what is wrong."""
    message = str(finding["msg"])
    return finding["type"] in _EXPECTED or message.startswith("Input should be ")
