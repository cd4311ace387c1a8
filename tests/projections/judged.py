"""Exceptions of judged facts, told in any order: helpers of the tests of each program's."""

from collections.abc import Callable, Collection
from typing import Any

from ledger.store.book import Book
from ledger.usecases.init import init
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild

Fact = dict[str, Any]
Found = list[tuple[str, str]]


def exceptions(book: Book, but: Collection[str] = ()) -> Found:
    """Codes and sentences, those of some codes left out, caught up and the same built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return sorted((row["code"], row["sentence"]) for row in live if row["code"] not in but)


def in_any_order(
    new_location: Callable[[], str],
    record_facts: Callable[..., Any],
    calls: Collection[list[Fact]],
    prepare: Callable[[Book], object] = lambda book: None,
    same: Callable[[Book], object] = lambda book: None,
) -> Found:
    """The exceptions of some calls of facts: call by call, of one call of everything and of its
    warnings, and of the calls the other way round; so is whatever else `same` asks."""
    books = [init(new_location(), "platform")[0] for _ in range(3)]
    for book in books:
        prepare(book)
    found: Found = []
    for call in calls:
        record_facts(books[0], call)
        found = exceptions(books[0])
    answer = record_facts(books[1], [fact for call in calls for fact in call])
    assert sorted((one.code, one.error) for one in answer.warnings) == found
    for call in reversed(list(calls)):
        record_facts(books[2], call)
    assert [exceptions(one) for one in books[1:]] == [found, found]
    first, *others = [same(one) for one in books]
    assert others == [first, first]
    for book in books:
        book.close()
    return found
