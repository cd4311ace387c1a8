"""Checks a package of evidence: python3 verify.py Q.zip [--key K.pub] [--checkpoint C.note]

Needs Python 3.9 alone, writes nothing, opens no connection. Take it from elsewhere than the zip.
--key: the public key of whoever keeps the book; --checkpoint: one that you kept. Without them the
package is only held against itself. Exit code 0: all holds. See docs/reference/log-format.md.
"""

import base64
import hashlib
import json
import struct
import sys
import zipfile

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
MANIFEST, LOG, CHECKPOINT = "MANIFEST", "events.ndjson", "checkpoint.note"
READ = ("statement-", "payment-", "period-closed.", "batch-", "orders-archived.")
SHOWN = {  # the rows of a statement by the event that states them, and what has to be the same
    "statement-issued.v1": ("lines", "line kind subject outcome amount currency unmet held_for"),
    "statement-adjusted.v1": ("adjustments", "line was now difference outcome currency"),
    "payment-made.v1": ("payments", "amount currency ref"),
}
def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
def once(pairs):
    need(len(dict(pairs)) == len(pairs), "a key of JSON is there twice")
    return dict(pairs)
load = json.JSONDecoder(object_pairs_hook=once).decode
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
def signed_by(text, key, what):  # whose key, NAME+ID+BASE64, has signed a note
    name, key_id, encoded = key.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    need(raw[0] == 1 and sha256(name.encode() + b"\n", raw)[:4].hex() == key_id, "no key of a log")
    body, _, tail = text.rpartition("\n\n")
    lines = [line.removeprefix("— ").split(" ") for line in tail.splitlines()]
    made = [base64.b64decode(each, validate=True) for whose, each in lines if whose == name]
    own = [each[4:] for each in made if each[:4].hex() == key_id]
    own = own and all(verifies(raw[1:], f"{body}\n".encode(), each) for each in own)
    need(own, f"{what} is not signed by {name}")
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
def above(index, size, leaf, hashes):  # the root that a proof of inclusion leads to
    if size < 2:
        return leaf
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return sha256(b"\1", above(index, left, leaf, hashes), hashes.pop(0))
    lower = above(index - left, size - left, leaf, hashes)
    return sha256(b"\1", hashes.pop(0), lower)
class Package:
    def __init__(self, path, key, kept):
        self.zip, self.key, self.kept, self.failed, at = zipfile.ZipFile(path), key, kept, 0, 0
        self.names, self.log = self.zip.namelist(), {}  # stream, topic, state of events by position
        raw, entries = open(path, "rb").read(), self.zip.infolist()
        for entry in entries:  # what every reader of zip files takes for the same content
            heads = [entry.FileHeader(zip64) for zip64 in (False, True)]
            own = [head for head in heads if raw.startswith(head, at) and not entry.extra]
            need(own and entry.compress_type in (0, 8), "it is packed in another way")
            at, entry.file_size = at + len(own[0]) + entry.compress_size, 1 << 62
        end = (b"PK\5\6", 0, 0, len(entries), len(entries), len(raw) - 22 - at, at, 0)
        need(raw[-22:] == struct.pack("<4s4H2IH", *end), "there is more in the zip than its files")
    def check(self, what, of):
        try:
            said = f"holds  {what}: {of()}"
        except Exception as error:  # whatever a file raises that is not what it should be
            self.failed += 1
            said = f"FAILS  {what}: {error if type(error) is ValueError else repr(error)}"
        print(ascii(said)[1:-1])
    def text(self, name):
        return self.zip.read(name).decode()
    def under(self, folder):
        return [(name, self.text(name)) for name in self.names if name.startswith(folder)]
    def manifest(self):
        notes = [] if self.key is False else self.under(MANIFEST) + self.under(CHECKPOINT)
        whose = "".join({signed_by(text, self.key, name) for name, text in notes})
        lines = self.text(MANIFEST).partition("\n\n")[0].split("\n")
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines[3:])}
        known = lines[0] == "duebook.evidence/v1" and len(listed) == len(lines) - 3
        need(known, "it is of another format, or lists a file twice")
        for name, again in zip(sorted(self.names), [*sorted(self.names)[1:], ""]):
            need(name in listed or name == MANIFEST, f"{name} was added: it is not listed")
            need(name != again, f"{name} is in the zip twice")
        for name, digest in listed.items():
            need(name in self.zip.NameToInfo, f"{name} was dropped: it is listed")
            need(sha256(self.zip.read(name)).hex() == digest, f"{name} was altered")
            need(name[:6] != "files/" or name[6:] == digest, f"{name} is not what it is called")
        return f"{len(listed)} files, of {lines[2]}; signed by {whose or 'whom? Ask with --key'}"
    def events(self):
        leaves, previous = [], bytes(32)
        with self.zip.open(LOG) as lines:
            for position, event in enumerate((load(line.decode()) for line in lines), 1):
                previous = hash_of(event, position, previous, event["state"].encode())
                leaves.append(sha256(b"\0", previous))
                if event["topic"].startswith(READ):
                    self.log[position] = event["stream"], event["topic"], load(event["state"])
        kept = [] if self.kept is False else [("your checkpoint", self.kept)]
        for name, note in self.under("checkpoint") + kept:
            _, size, root = tree_of(note)
            need(0 < size <= len(leaves), f"{name} is of {size} events, here are {len(leaves)}")
            need(root_of(leaves[:size]) == root, f"{name} is not of the {size} events here")
        need(tree_of(self.text(CHECKPOINT))[1] == len(leaves), f"{CHECKPOINT} is not of all events")
        return f"{len(leaves)} events, {size if kept else 0} of them by a checkpoint of yours"
    def proofs(self):
        own = tree_of(self.text(CHECKPOINT))
        need(self.kept is False or tree_of(self.kept) == own, f"yours is not {CHECKPOINT}")
        for name, proof in self.under("proofs/"):
            body, _, note = proof.partition("\n\n")
            extra, index, *hashes = body.split("\n")[1:]
            event, at = load(base64.b64decode(extra[6:]).decode()), int(index[6:])
            previous, state = bytes.fromhex(event["previous"]), bytes.fromhex(event["state"])
            leaf = sha256(b"\0", hash_of(event, at + 1, previous, state))
            path = [base64.b64decode(each) for each in hashes]
            holds = above(at, own[1], leaf, path) == own[2] and not path and tree_of(note) == own
            need(holds, f"{name} does not hold")
            self.log[at + 1] = event["stream"], event["topic"], load(state.decode())
        return f"{len(self.log)} events proved"
    def lines(self):
        for name, text in self.under("lines/"):
            pairs = [tuple(load(line).values()) for line in text.splitlines()]
            need({len(salt) for salt, _ in pairs} == {32}, f"{name}: a salt has 32 digits")
            rows = [(bytes.fromhex(salt), row.encode()) for salt, row in pairs]
            root = root_of([sha256(b"\0", *row) for row in rows])
            decided = self.log[int(name[6:-7])][2]["line_tree"]
            need(root.hex() == decided["root"], f"other lines: {name}")
        return f"of {len(self.under('lines/'))} decisions"
    def statements(self):
        terms, said = f"sha256:{sha256(self.zip.read('terms.json')).hex()}", {}
        for stream, topic, state in self.log.values():
            said[stream, topic] = said.get((stream, topic), []) + [state]
        for name, text in self.under("statements/"):
            shown = load(text)
            for topic, (kind, fields) in SHOWN.items():
                events = said.get((f"statement:{shown['fingerprint']['statement']}", topic), [])
                stated = [row for state in events for row in state.get("lines", [state])]
                log = sorted(str([*map(row.get, fields.split())]) for row in stated)
                file = sorted(str([*map(row.get, fields.split())]) for row in shown[kind])
                need(log == file, f"{name} has other {kind} than the log")
            close, seal = self.log[shown["seal"]["position"]][2], shown["seal"]["digest"]
            need(close["digest"] == seal, f"{name} has another seal than its close")
            need(close["terms"]["digest"] == terms, "terms.json is not what the close is under")
        return f"{len(self.under('statements/'))}, under terms {terms}"
    def digests(self):
        for row in load(self.text("digests.json")):
            of = self.log[row["position"]][2]
            named = [file.get("sha256") or file["digest"] for file in of.get("files", [of])]
            need(row["sha256"] in named, f"the log has no such file: {row}")
        return "as in the log"
def main(path, *options):
    given = dict(zip(options[::2], options[1::2]))
    need({*given} <= {"--key", "--checkpoint"} and len(options) % 2 == 0, f"found: {options}")
    texts = (name in given and open(given[name]).read() for name in ("--key", "--checkpoint"))
    package = Package(path, *texts)
    log = package.events if LOG in package.names else package.proofs
    for check in (package.manifest, log, package.lines, package.statements, package.digests):
        package.check(check.__name__, check)
    sys.exit(f"{package.failed} checks FAIL." if package.failed else print("All holds."))
if __name__ == "__main__":
    sys.excepthook = lambda kind, error, trace: print(f"FAILS  package: {error!a}")
    main(*sys.argv[1:]) if sys.argv[1:] else sys.exit(__doc__)
