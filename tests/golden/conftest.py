"""Books for texts that are compared to the letter, one per program, from files beside the texts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.publish import publish

FOLDER = Path(__file__).parent / "explain"
NOW = parse_instant("2026-11-21T12:00:00Z")


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Edition], Path]:
    """Answers the folder with an edition's book `duebook.db`, made when it is first asked for.

    Each book publishes its own edition alone, so that no position moves when a program is added.
    """
    made: dict[str, Path] = {}

    def folder(edition: Edition) -> Path:
        if edition.rules not in made:
            path = made[edition.rules] = tmp_path_factory.mktemp(edition.rules)
            for file in FOLDER.glob(f"{edition.rules}.*"):
                shutil.copy(file, path)
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(path)
                patch.delenv("DUEBOOK_BOOK", raising=False)
                patch.setattr("ledger.usecases.init.shipped", lambda: [edition])
                _tell(edition.rules)
        return made[edition.rules]

    return folder


def _tell(rules: str) -> None:
    """A book in the current folder, told what lies there."""
    book, _ = init("duebook.db", "platform")
    assert not record(book, [f"{rules}.ndjson"], now=NOW, by="lin").rejected
    if Path(f"{rules}.csv").exists():
        assert not record_orders(book, [f"{rules}.csv"], now=NOW, by="lin").rejected
    if Path(f"{rules}.toml").exists():
        publish(book, read_terms(f"{rules}.toml"), "lin")
    book.close()
