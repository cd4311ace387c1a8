"""A book with a folder for order lines, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.usecases.init import init
from tests.fees import Fees


@pytest.fixture
def fees(location: str, database: str, tmp_path: Path) -> Iterator[Fees]:
    """An empty book: beside a file its archive lies by itself, a server is told of a folder."""
    orders = str(tmp_path / "archive") if database == "postgresql" else None
    made, _ = init(location, "platform", orders)
    yield Fees(made, tmp_path)
    made.close()
