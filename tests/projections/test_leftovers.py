"""Tables of rebuilds that were killed are swept; those that somebody builds are not."""

from collections.abc import Callable

import pytest

from ledger.store.book import Book
from projections import runner
from projections.base import View
from projections.catalogue import VIEWS
from projections.leftovers import building, left_behind, sweep
from projections.runner import catch_up, rebuild


class KilledError(BaseException):
    """What stands for a kill."""


def killed_rebuild(book: Book, view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops between two batches, with nothing tidied up."""

    def kill(*given: object, **options: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(runner, "take_together", kill)
        with pytest.raises(KilledError):
            rebuild(book, view)


def left(book: Book) -> list[str]:
    with book.reading() as connection:
        return left_behind(connection)


@pytest.mark.parametrize("name", ["gmv", "activity"])
def test_what_a_killed_rebuild_left_is_swept_by_the_next_command(
    record_demo: Book, name: str, monkeypatch: pytest.MonkeyPatch, live_rows: Callable[..., object]
) -> None:
    """Its table and its place are gone, and the live view is as it was."""
    view = VIEWS[name]
    catch_up(record_demo, view)
    before = live_rows(record_demo, view)
    killed_rebuild(record_demo, view, monkeypatch)
    assert left(record_demo) == [f"{name}__next"]
    sweep(record_demo)
    assert left(record_demo) == []
    with record_demo.reading() as connection:
        assert not runner.has_table(connection, f"{name}__next")
    assert live_rows(record_demo, view) == before


def test_what_somebody_builds_is_left_alone(
    record_demo: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is swapped in or its builder is gone."""
    killed_rebuild(record_demo, VIEWS["gmv"], monkeypatch)
    with building(record_demo):
        sweep(record_demo)
        assert left(record_demo) == ["gmv__next"]
    sweep(record_demo)
    assert left(record_demo) == []
