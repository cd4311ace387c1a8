"""Verifying snapshots: each is what the log gives for its stream, version and day."""

from collections import defaultdict

from sqlalchemy import select

from ledger.aggregates.store import GMVRecorded
from ledger.store.book import Book
from ledger.store.log import fetch, read_log
from ledger.store.schema import snapshots
from ledger.usecases.verifying.verify import Check


def verify_snapshots(book: Book) -> list[Check]:
    """One check; none for a book without snapshots."""
    with book.reading() as connection:
        query = select(*snapshots.c).order_by(snapshots.c.stream, snapshots.c.position)
        kept = [tuple(row) for row in fetch(connection, query)]
        if not kept:
            return []
        wanted = {stream for stream, *_ in kept}
        sales: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        versions: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for event in read_log(connection):
            if event.stream in wanted:
                versions[event.stream].append((event.position, event.version))
                if event.topic == GMVRecorded.TOPIC:
                    day = event.event.day.isoformat()
                    sales[event.stream].append((event.position, event.version, day))
    for stream, position, version, day, later in kept:
        last = max((v for p, v in versions[stream] if p <= position), default=0)
        expected = sorted(p for p, v, on in sales[stream] if v <= last and on > day)
        if version != last or later.strip("[]").replace(" ", "") != ",".join(map(str, expected)):
            detail = f"{stream} at position {position} is not what the log gives"
            return [Check("snapshots", False, detail)]
    return [Check("snapshots", True, f"{len(kept):,} are what the log gives")]
