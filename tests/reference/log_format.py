"""How the log is hashed and what is proved of it: the page for whoever writes a second verifier,
with a small log whose every hash, note and proof the product itself has made."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ledger.kernel.line_leaves import range_of_rows, root_of_rows, salted
from ledger.kernel.merkle import consistency, inclusion, leaf, root_at
from ledger.kernel.note_keys import COSIGNATURE, ED25519
from ledger.kernel.notes import Checkpoint, SignedNote, cosigned, signed
from ledger.kernel.proofs import ConsistencyProof, InclusionProof
from ledger.store import chain
from ledger.store.head import ORIGIN
from ledger.usecases.evidence.proofs_of_facts import FIELDS
from projections.evidence.package import verifier
from tests.kernel.signers import signer
from tests.kernel.trees import Tree

SIGNED_AT = 1_782_864_000
EVENTS = [
    *(("book:main", 1, "book-opened.v1", {"scheme": "sha256-v1"}, "duebook", 0, None),),
    *(("store:S-1", 1, "merchant-onboarded.v1", {"store": "S-1"}, "lin", 1, b"\x01" * 32),),
    *(("store:S-1", 2, "first-sale.v1", {"store": "S-1"}, "lin", 2, b"\x02" * 32),),
    *(("store:商店", 1, "merchant-onboarded.v1", {"store": "商店"}, "王", 3, b""),),
    *(("store:商店", 2, "first-sale.v1", {"store": "商店"}, "王", 4, b"\x04" * 32),),
]
TEXTS = [
    '{"amount":"2000.00","line":"p/S-1","row":1,"rows":1,"statement":"p/partner:P-1"}',
    '{"amount":"2000.00","line":"p/商店","row":1,"rows":2,"statement":"p/partner:P-2"}',
    '{"amount":"0.00","line":"p/S-2","row":2,"rows":2,"statement":"p/partner:P-2"}',
]
ROWS = salted(bytes(range(32)), TEXTS)
TREE = {"root": root_of_rows(ROWS).hex(), "rows": len(ROWS)}
EVENTS.append(("period:p", 1, "period-closed.v1", {"line_tree": TREE}, "lin", 0, None))
"""Made up: stream, version, topic, state, by, row, key."""
PROVED, FIRST, CLOSE = 4, 3, 6
"""The position that is proved, the size of the earlier checkpoint, the position of the close."""

TEXT = Path(__file__).with_name("log-format.in.md")


def page(made: str) -> str:
    """The page."""
    return TEXT.read_text("utf-8").format(
        made=made,
        script=hashlib.sha256(verifier("verify.py")).hexdigest(),
        page=hashlib.sha256(verifier("verify.html")).hexdigest(),
        origin=ORIGIN,
        fields=", ".join(f"`{name}`" for name in FIELDS),
        events=len(EVENTS),
        vectors=json.dumps(vectors(), ensure_ascii=False, indent=1),
    )


def vectors() -> dict[str, Any]:
    """The small log, and what the product makes of it."""
    columns, hashes, previous = [], [], chain.GENESIS
    for position, (stream, version, topic, state, by, row, key) in enumerate(EVENTS, 1):
        content = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
        at = 1_767_225_600_000_000 + position
        said = (stream, version, topic, content, at, at + 1, by, position, row, key)
        before, previous = previous, chain.link(previous, position, *said)
        hashes.append(previous)
        written = (content.hex() if value is content else value for value in said)
        columns.append(
            {"previous": before.hex()}
            | dict(zip(FIELDS, written, strict=True))
            | {"key": None if key is None else key.hex()}
        )
    size, tree = len(hashes), Tree([leaf(event_hash) for event_hash in hashes])
    origin = f"{ORIGIN}{hashes[0].hex()[:32]}"
    notes = [SignedNote(Checkpoint(origin, part, root_at(part, tree))) for part in (FIRST, size)]
    key, sign = signer("acme.example/finance", ED25519)
    theirs, cosign = signer("partner.example/p-01", COSIGNATURE)
    note = cosigned(signed(notes[1], key, sign), theirs, SIGNED_AT, cosign)
    shown = {
        "first": 1,
        "rows": [{"salt": row.salt.hex(), "text": row.text} for row in ROWS[1:]],
        "hashes": [value.hex() for value in range_of_rows(ROWS, 1, 2)],
    }

    def proved(position: int, more: dict[str, Any]) -> str:
        said = json.dumps(columns[position - 1] | more, ensure_ascii=False, separators=(",", ":"))
        path = tuple(inclusion(position - 1, size, tree))
        return InclusionProof(position - 1, path, note, said.encode()).text()

    between = ConsistencyProof(FIRST, tuple(consistency(FIRST, size, tree)), note)
    return {
        "events": columns,
        "hashes": [event_hash.hex() for event_hash in hashes],
        "leaves": [leaf_hash.hex() for leaf_hash in tree.leaves],
        "roots": [root_at(part, tree).hex() for part in range(1, size + 1)],
        "keys": [key.text(), theirs.text()],
        "earlier_checkpoint": notes[0].text(),
        "checkpoint": note.text(),
        "cosigned_at": SIGNED_AT,
        "proof_of_fact": proved(PROVED, {}),
        "proof_of_lines": proved(CLOSE, {"lines": shown}),
        "proof_of_growth": between.text(),
    }
