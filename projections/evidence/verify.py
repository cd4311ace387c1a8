"""Checks a package of evidence: python3 verify.py Q.zip [--key K.pub] [--checkpoint C.note]

Needs Python 3.9 alone, writes nothing, opens no connection. Use a copy that did not come with the
package. --key: the public key of whoever keeps the book; --checkpoint: one that you kept. Without
them the package is only held against itself. Exit code 0: all holds. See reference/log-format.md.
"""

import argparse
import base64
import hashlib
import json
import struct
import sys
import zipfile

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
MANIFEST, LOG, CHECKPOINT = "MANIFEST", "events.ndjson", "checkpoint.note"
READ = ("statement-", "period-closed.", "terms-", "batch-", "orders-archived.")

def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

# Ed25519 (RFC 8032, section 5.1.7) with every check, in its plainest form: nothing here is secret.
def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    need(len(raw) == 32 and y < P and x * x % P == square and (x or not sign), "no key of Ed25519")
    return (P - x if x & 1 != sign else x), y

def added(a, b):
    product = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P

def times(scalar, of):
    half = times(scalar >> 1, of) if scalar else (0, 1)
    return added(added(half, half), of) if scalar & 1 else added(half, half)

def verifies(key, message, made):
    own, scalar = point(key), int.from_bytes(made[32:], "little")
    need(len(made) == 64 and scalar < ORDER, "a signature has another form")
    need(times(8, own) != (0, 1), "a key of small order binds nobody")
    digest = int.from_bytes(hashlib.sha512(made[:32] + key + message).digest(), "little") % ORDER
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    x, y = added(times(scalar, base), times(digest, (P - own[0], own[1])))
    return (y | (x & 1) << 255).to_bytes(32, "little") == made[:32]

def signed_by(text, key):
    """Whose key, NAME+ID+BASE64, has signed a note; raises where it has not."""
    name, key_id, encoded = key.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    need(raw[0] == 1 and sha256(name.encode() + b"\n", raw)[:4].hex() == key_id, "no key of a log")
    body, _, tail = text.rpartition("\n\n")
    lines = [line.removeprefix("— ").split(" ") for line in tail.splitlines()]
    made = [base64.b64decode(each, validate=True) for whose, each in lines if whose == name]
    own = [each[4:] for each in made if each[:4].hex() == key_id]
    need(own and all(verifies(raw[1:], f"{body}\n".encode(), each) for each in own), f"not {name}")
    return name

def tree_of(checkpoint):
    origin, size, root = checkpoint.partition("\n\n")[0].split("\n")[:3]
    return origin, int(size), base64.b64decode(root, validate=True)

def hash_of(event, position, previous, state):
    key = None if event["key"] is None else bytes.fromhex(event["key"])
    texts = [event["stream"].encode(), event["topic"].encode(), state, event["by"].encode()]
    numbers = [event[name] for name in ("version", "at", "recorded_at", "batch", "row")]
    lengths = [*map(len, texts), 0 if key is None else len(key) + 1]
    packed = struct.pack(">6q5Q", position, *numbers, *lengths)
    return sha256(b"duebook sha256-v1\0", previous, packed, *texts, key or b"")

def root_of(leaves):  # RFC 6962, section 2.1
    if len(leaves) < 2:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root_of(leaves[:left]), root_of(leaves[left:]))

def above(index, size, leaf, hashes):
    """The root that a proof of inclusion leads to."""
    if size < 2:
        return leaf
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return sha256(b"\1", above(index, left, leaf, hashes), hashes.pop(0))
    lower = above(index - left, size - left, leaf, hashes)
    return sha256(b"\1", hashes.pop(0), lower)

class Package:
    def __init__(self, path, key, kept):
        self.zip, self.key, self.kept, self.failed = zipfile.ZipFile(path), key, kept, 0
        self.names, self.log = self.zip.namelist(), {}  # stream and state of events, by position

    def check(self, what, of):
        try:
            print(f"holds  {what}: {of()}")
        except Exception as error:  # whatever a file raises that is not what it should be
            self.failed += 1
            print(f"FAILS  {what}: {error if type(error) is ValueError else repr(error)}")

    def text(self, name):
        return self.zip.read(name).decode()

    def under(self, folder):
        return [(name, self.text(name)) for name in self.names if name.startswith(folder)]

    def manifest(self):
        lines = self.text(MANIFEST).partition("\n\n")[0].split("\n")
        need(lines[0] == "duebook.evidence/v1", f"another format, {lines[0]}")
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines[3:])}
        for name in self.names:
            once = self.names.count(name) == 1 and name in [*listed, MANIFEST]
            need(once, f"{name} was added: it is not listed, or there twice")
        for name, digest in listed.items():
            need(name in self.names, f"{name} was dropped: it is listed")
            need(sha256(self.zip.read(name)).hex() == digest, f"{name} was altered")
        notes = (MANIFEST, CHECKPOINT) if self.key else ()
        whose = "".join({signed_by(self.text(name), self.key) for name in notes})
        return f"{len(listed)} files, of {lines[2]}; signed by {whose or 'whom? Ask with --key'}"

    def events(self):
        leaves, previous = [], bytes(32)
        with self.zip.open(LOG) as lines:
            for position, event in enumerate(map(json.loads, lines), 1):
                previous = hash_of(event, position, previous, event["state"].encode())
                leaves.append(sha256(b"\0", previous))
                if event["topic"].startswith(READ):
                    self.log[position] = event["stream"], json.loads(event["state"])
        for name, note in [*self.under("checkpoint"), ("your checkpoint", self.kept)]:
            _, size, root = tree_of(note or self.text(CHECKPOINT))
            need(0 < size <= len(leaves), f"{name} is of {size} events, here are {len(leaves)}")
            need(root_of(leaves[:size]) == root, f"{name} is not of the {size} events here")
        need(tree_of(self.text(CHECKPOINT))[1] == len(leaves), f"{CHECKPOINT} is not of all events")
        return f"{len(leaves)} events"

    def proofs(self):
        own = tree_of(self.text(CHECKPOINT))
        need(tree_of(self.kept or self.text(CHECKPOINT)) == own, f"yours is not {CHECKPOINT}")
        for name, proof in self.under("proofs/"):
            body, _, note = proof.partition("\n\n")
            extra, index, *hashes = body.split("\n")[1:]
            event, at = json.loads(base64.b64decode(extra[6:])), int(index[6:])
            previous, state = bytes.fromhex(event["previous"]), bytes.fromhex(event["state"])
            leaf = sha256(b"\0", hash_of(event, at + 1, previous, state))
            root = above(at, own[1], leaf, [base64.b64decode(each) for each in hashes])
            need(tree_of(note) == own and root == own[2], f"{name} does not hold")
            self.log[at + 1] = event["stream"], json.loads(state)
        return f"{len(self.log)} events proved"

    def lines(self):
        for name, text in self.under("lines/"):
            rows = [json.loads(line) for line in text.splitlines()]
            pairs = [(bytes.fromhex(row["salt"]), row["text"].encode()) for row in rows]
            root = root_of([sha256(b"\0", *pair) for pair in pairs]).hex()
            need(root == self.log[int(name[6:-7])][1]["line_tree"]["root"], f"other lines: {name}")
        return f"of {len(self.under('lines/'))} decisions"

    def statements(self):
        fields = ("line", "outcome", "amount", "difference", "currency")
        stated = {}
        for stream, state in [each for each in self.log.values() if each[0][:10] == "statement:"]:
            stated[stream] = stated.get(stream, []) + state.get("lines", [])
        for name, text in self.under("statements/"):
            shown = json.loads(text)
            own = stated[f"statement:{shown['fingerprint']['statement']}"]
            both = own, shown["lines"] + shown["adjustments"]
            log, file = (sorted(str([*map(row.get, fields)]) for row in rows) for rows in both)
            need(log and log == file, f"{name} is not what was stated")
        return f"{len(self.under('statements/'))}"

    def terms(self):
        digest = f"sha256:{sha256(self.zip.read('terms.json')).hex()}"
        terms = [state["digest"] for stream, state in self.log.values() if stream[:6] == "terms:"]
        need(digest in terms, "terms.json was never published")
        for row in json.loads(self.text("digests.json")):
            need(row["sha256"] in str(self.log[row["position"]]), f"digests.json: {row}")
        return digest

def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("package")
    for name in ("--key", "--checkpoint"):
        parser.add_argument(name, type=lambda path: open(path, encoding="utf-8").read())
    given = parser.parse_args()
    package = Package(given.package, given.key, given.checkpoint)
    log = package.events if LOG in package.names else package.proofs
    for check in (package.manifest, log, package.lines, package.statements, package.terms):
        package.check(check.__name__, check)
    print(f"{package.failed} checks FAIL." if package.failed else "All holds.")
    return package.failed > 0

if __name__ == "__main__":
    sys.exit(main())
