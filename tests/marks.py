"""What runs in `make test`, what only in `make test-more`, and what only in `make soak`.

Every check runs in one of the three. Whoever names files, `.venv/bin/python -m pytest tests/cli`,
runs all that is in them.
"""

from collections.abc import Iterable
from typing import Any

import pytest

more = pytest.mark.more
soak = pytest.mark.soak
decision = pytest.mark.decision
sql = pytest.mark.sql


def examples(few: int, many: int) -> pytest.MarkDecorator:
    """How many stories to try: a few in `make test`; in `test-more` many, those among them."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=more)])


def drawn(values: Iterable[Any], step: int) -> list[Any]:
    """One value in so many runs in `make test`, the others in `make test-more`."""
    return [
        one if number % step == 0 else pytest.param(one, marks=more)
        for number, one in enumerate(values)
    ]
