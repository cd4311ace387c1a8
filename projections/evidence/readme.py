"""The text that a package of evidence begins with, for whoever opens it."""

from ledger.kernel.counted import counted
from ledger.usecases.evidence.package import Evidence

WHOLE = """\
The files of order lines are not in this package: it has their digests alone, in digests.json.

Evidence of {of}, from the book {origin},
as it was when its log had {events}.

  verify.py, verify.html    check this package without the book: see below
  MANIFEST                  every other file with its SHA-256{signed}
  checkpoint.note           the size of the log and the root of its Merkle tree{signed}
  checkpoint-at-close.note  the same as the close left it
  events.ndjson             every event of the log, as it is hashed, in its order
  lines/POSITION.ndjson     the lines of the close and of each adjustment, with their salts
  statements/               each statement: lines, adjustments, payments, fingerprint
  explanations.ndjson       how each line came about, at the close and where it was adjusted
  terms.json                the terms of the close, as the JSON that their digest is of
  digests.json              the input files and order files that the log names, by digest
{files}"""
OF_PAYEE = """\
The files of order lines are not in this package, nor their digests: they are of others too.

Evidence for {payee} of {of}, from the book {origin},
as it was when its log had {events}.

  verify.py, verify.html    check this package without the book: see below
  MANIFEST                  every other file with its SHA-256{signed}
  checkpoint.note           the size of the log and the root of its Merkle tree{signed}
  proofs/POSITION.proof     that an event is in that log: the close, its terms, the statements,
                            their adjustments and payments
  statements/               each statement, as its party gets it, explained line by line
  terms.json                the terms of the close, as the JSON that their digest is of

Other events are not in it. Where an explanation names one, it is named by its position. Whoever
guesses all of an event right beside one of these, if it has no salt, can see by the hashes that it
is right. The close shows the totals of the whole period. To be held against a checkpoint that you
kept, the package has to be made when the log is of that size; otherwise ask for a `proof between`.
"""
HOW = """\

To check it, with Python 3.9 or later and nothing else:

  python3 verify.py THIS.zip --key KEEPER.pub --checkpoint KEPT.note

or open verify.html in a browser; it sends nothing anywhere. Use a copy of either that did not come
with the package: whoever forges a package forges what checks it. KEEPER.pub is the public key of
whoever keeps the book, from them and not from here. KEPT.note is a checkpoint that you kept: with
it you see whether the log is still the one that you were shown then. Without these the package is
only held against itself.

What is shown: that these events were recorded before the checkpoint was made, and that the lines,
adjustments and payments of the statements, the seal and the terms are those that were decided. The
rest of a statement, explanations and this text rest on the signature alone. Not shown is that a
fact is true, or that amounts follow from facts: for that, have the book replayed.
"""
FILES = "  files/                    input files that were kept, named by their SHA-256\n"


def readme(evidence: Evidence, lost: list[str]) -> str:
    """What the package is of, what each file is, how to check it, and what is missing."""
    seal = evidence.known.seal
    text = (OF_PAYEE if evidence.payee else WHOLE).format(
        of=" ".join(filter(None, [seal.program, seal.period])),
        origin=evidence.note.checkpoint.origin,
        payee=evidence.payee,
        events=counted(evidence.size, "event"),
        signed=", signed" if evidence.note.signatures else ", not signed",
        files=FILES,
    )
    missing = [f"{name} was kept and is missing or altered.\n" for name in lost]
    if not evidence.payee and evidence.without_lines:
        positions = ", ".join(f"{position:,}" for position in evidence.without_lines)
        missing.append(
            f"The lines decided at position {positions} are in events.ndjson, without salts: their "
            "secret is not kept, or an earlier version decided.\n"
        )
    if evidence.payee and evidence.unsalted:
        missing.append(
            "An earlier version issued the statements, without salts: by the hashes in the proofs "
            "whoever guesses the amount of a neighbouring statement can see that it is right.\n"
        )
    return text + HOW + ("\nTo be known:\n\n" + "".join(missing) if missing else "")
