"""Followers as users of the `eventsourcing` package write them, with tables on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, ProcessingEvent
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.system import Follower
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from ledger.aggregates.store import GMVRecorded
from ledger.kernel.money import Money
from ledger.store.book import Book, is_url
from ledger.store.following import FollowedBook, FollowedEvent

PATIENCE_SECONDS = 30
TABLES = (
    "CREATE TABLE IF NOT EXISTS taken (position INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS sales (position INTEGER PRIMARY KEY, store TEXT, minor INTEGER)",
)


class Sales:
    """What was taken from the book, and the GMV of it that counts, fact by fact."""

    mark: str
    datastore: Any
    _insert_tracking: Any

    def take(self, followed: FollowedEvent, tracking: Tracking) -> None:
        """Rows and position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            self._insert(cursor, "taken", followed.position)
            if isinstance(gmv := followed.event, GMVRecorded):
                minor = Money.parse(gmv.amount, gmv.currency).minor
                self._insert(cursor, "sales", followed.position, gmv.store, minor)
            for position in followed.withdraws:
                cursor.execute(f"DELETE FROM sales WHERE position = {self.mark}", (position,))

    def _insert(self, cursor: Any, table: str, *values: Any) -> None:
        marks = ", ".join([self.mark] * len(values))
        cursor.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def taken(self) -> list[int]:
        """The positions of all events that were taken."""
        return [one for (one,) in self._rows("SELECT position FROM taken ORDER BY position")]

    def standing(self) -> list[int]:
        """The positions of the GMV that counts."""
        return [one for (one,) in self._rows("SELECT position FROM sales ORDER BY position")]

    def totals(self) -> dict[str, int]:
        """Minor units by store."""
        return dict(self._rows("SELECT store, SUM(minor) AS minor FROM sales GROUP BY store"))

    def _rows(self, sql: str) -> list[Any]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
        return [tuple(row.values() if isinstance(row, dict) else row) for row in rows]


class SQLiteSales(Sales, SQLiteTrackingRecorder):
    mark = "?"

    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), *TABLES]


class PostgresSales(Sales, PostgresTrackingRecorder):
    mark = "%s"

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.sql_create_statements.extend(SQL(table).format() for table in TABLES)


class SalesFollowed(Projection[Any]):
    """Every event of the book, into the tables."""

    def process_event(self, domain_event: FollowedEvent, tracking: Tracking) -> None:
        self.view.take(domain_event, tracking)


class Tally(Aggregate):
    """An aggregate of the follower's own: how often a store sold."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.days = 0

    @staticmethod
    def create_id(store: str) -> UUID:
        return uuid5(NAMESPACE_URL, store)

    @event("Sold")
    def sold(self) -> None:
        self.days += 1


class Tallies(Follower[UUID]):
    """A process application with aggregates of its own, led by the book."""

    topics = (GMVRecorded.TOPIC,)

    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        store = domain_event.event.store
        tally = self.tally(store) or Tally(store)
        tally.sold()
        processing_event.collect_events(tally)

    def tally(self, store: str) -> Tally | None:
        """The aggregate of a store, if it sold."""
        try:
            found: Tally = self.repository.get(Tally.create_id(store))
        except AggregateNotFoundError:
            return None
        return found


def environment(book: Book, place: str) -> dict[str, str]:
    """Follows a book, with tables of its own at another place of the same kind."""
    followed = {"DUEBOOK_BOOK": book.location}
    if not is_url(place):
        return followed | {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": place}
    info = conninfo_to_dict(place)
    return followed | {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(info["dbname"]),
        "POSTGRES_HOST": str(info["host"]),
        "POSTGRES_USER": str(info["user"]),
        "POSTGRES_PASSWORD": "trusted",
    }


def view_class(env: dict[str, str]) -> type[Any]:
    """The tables of the database that the follower's persistence is on."""
    return SQLiteSales if "SQLITE_DBNAME" in env else PostgresSales


@contextmanager
def running(
    env: dict[str, str], projection: type[SalesFollowed] = SalesFollowed
) -> Iterator[ProjectionRunner[FollowedBook, Any]]:
    """The package's runner, stopped at the end and its connections given back."""
    runner = ProjectionRunner(
        application_class=FollowedBook,
        projection_class=projection,
        view_class=view_class(env),
        env=env,
    )
    try:
        with runner:
            yield runner
    finally:
        runner.view.datastore.close()


def catch_up(runner: Any, book: Book) -> None:
    """Waits until the follower has seen the head."""
    runner.wait(book.head().position, timeout=PATIENCE_SECONDS)
