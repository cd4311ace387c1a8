"""Verifying snapshots: each holds what the log gives for its stream, version and day."""

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
        for one in read_log(connection):
            if one.stream in wanted:
                versions[one.stream].append((one.position, one.version))
                if one.topic == GMVRecorded.TOPIC:
                    day = one.event.day.isoformat()
                    sales[one.stream].append((one.position, one.version, day))
    for stream, position, version, day, later in kept:
        last = max((v for p, v in versions[stream] if p <= position), default=0)
        expected = sorted(p for p, v, on in sales[stream] if v <= last and on > day)
        if version != last or later.strip("[]").replace(" ", "") != ",".join(map(str, expected)):
            detail = f"{stream} at position {position} is not what the log gives"
            return [Check("snapshots", False, detail)]
    return [Check("snapshots", True, f"{len(kept):,} are what the log gives")]
