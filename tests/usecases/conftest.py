"""A book with a folder for order lines, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fees import Fees


@pytest.fixture
def fees(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """An empty book: beside a file its archive lies by itself, a server is told of a folder."""
    return Fees(book_with(None), tmp_path)
