"""Verifying published terms: each version is what its digest is of, closed under or not."""

from ledger.aggregates.terms import TermsPublished
from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.usecases.terms.editions import edition_from
from ledger.usecases.verifying.verify import Check

NAME = "terms"


def verify_terms(book: Book) -> Check:
    """Fails at the first version that does not match its digest, which every run refuses."""
    count = 0
    with book.reading() as connection:
        for recorded in read_log(connection, topics=[TermsPublished.TOPIC]):
            try:
                edition_from(recorded)
            except Refusal as refusal:
                return Check(NAME, False, refusal.sentence)
            count += 1
    return Check(NAME, True, f"{counted(count, 'version')} with the recorded digest")
