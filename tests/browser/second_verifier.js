// Checks notes and proofs as docs/reference/log-format.md describes them, and nothing from Duebook.
// Loaded into a page of a secure address, where the browser gives it SHA-256 and Ed25519.
window.verifier = (() => {
  const utf8 = (text) => new TextEncoder().encode(text);
  const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const unbase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const sha256 = async (...parts) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const number = (value) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, BigInt(value));
    return new Uint8Array(view.buffer);
  };
  const same = (left, right) => hex(left) === hex(right);

  // Numbers beyond 2^53 stay what they are.
  const fields = (text) =>
    JSON.parse(text.replace(/("(?:at|recorded_at|batch|row|version)":\s*)(-?\d+)/g, '$1"$2"'));

  async function eventHash(position, event) {
    const texts = [utf8(event.stream), utf8(event.topic), unhex(event.state), utf8(event.by)];
    const key = event.key === null ? new Uint8Array() : unhex(event.key);
    const numbers = [position, event.version, event.at, event.recorded_at, event.batch, event.row];
    const lengths = [...texts.map((part) => part.length), event.key === null ? 0 : key.length + 1];
    return sha256(
      utf8("duebook sha256-v1\0"), unhex(event.previous),
      ...numbers.map(number), ...lengths.map(number), ...texts, key,
    );
  }
  const leaf = (data) => sha256([0], data);
  const node = (left, right) => sha256([1], left, right);

  async function root(leaves) {
    if (leaves.length === 1) return leaves[0];
    let left = 1;
    while (left * 2 < leaves.length) left *= 2;
    return node(await root(leaves.slice(0, left)), await root(leaves.slice(left)));
  }

  // RFC 9162, sections 2.1.3.2 and 2.1.4.2.
  async function rootOf(index, size, hash, path) {
    let place = BigInt(index), last = BigInt(size) - 1n;
    for (const sibling of path) {
      if (last === 0n) throw Error("too many hashes");
      if (place & 1n || place === last) {
        hash = await node(sibling, hash);
        while (!(place & 1n) && place !== 0n) { place >>= 1n; last >>= 1n; }
      } else {
        hash = await node(hash, sibling);
      }
      place >>= 1n; last >>= 1n;
    }
    if (last !== 0n) throw Error("too few hashes");
    return hash;
  }
  async function grown(first, second, firstRoot, secondRoot, path) {
    if (first === second) return path.length === 0 && same(firstRoot, secondRoot);
    const hashes = (first & (first - 1)) === 0 ? [firstRoot, ...path] : path;
    let place = first - 1, last = second - 1;
    while (place & 1) { place >>= 1; last >>= 1; }
    let [older, newer] = [hashes[0], hashes[0]];
    for (const sibling of hashes.slice(1)) {
      if (last === 0) return false;
      if (place & 1 || place === last) {
        older = await node(sibling, older);
        newer = await node(sibling, newer);
        while (!(place & 1) && place !== 0) { place >>= 1; last >>= 1; }
      } else {
        newer = await node(newer, sibling);
      }
      place >>= 1; last >>= 1;
    }
    return last === 0 && same(older, firstRoot) && same(newer, secondRoot);
  }

  function note(text) {
    const end = text.indexOf("\n\n") + 1;
    const [origin, size, base64] = text.slice(0, end).split("\n");
    const signatures = text.slice(end + 1).split("\n").filter(Boolean).map((line) => {
      const [, name, content] = line.match(/^\u2014 (\S+) (\S+)$/);
      return { name, content: unbase64(content) };
    });
    return { text: text.slice(0, end), origin, size: Number(size), root: unbase64(base64), signatures };
  }
  async function signed(checkpoint, key) {
    const [name, id, base64] = key.trim().split("+", 2).concat(key.trim().split("+").slice(2).join("+"));
    const content = unbase64(base64);
    if (hex((await sha256(utf8(`${name}\n`), content)).slice(0, 4)) !== id) return null;
    const made = checkpoint.signatures.find(
      (line) => line.name === name && hex(line.content.slice(0, 4)) === id);
    if (!made) return null;
    const after = made.content.slice(4);
    const [time, signature] = content[0] === 4 ? [after.slice(0, 8), after.slice(8)] : [null, after];
    const at = time && Number(new DataView(time.buffer).getBigInt64(0));
    const said = time ? `cosignature/v1\ntime ${at}\n${checkpoint.text}` : checkpoint.text;
    const own = await crypto.subtle.importKey("raw", content.slice(1), "Ed25519", false, ["verify"]);
    const holds = await crypto.subtle.verify("Ed25519", own, signature, utf8(said));
    return holds ? (time ? at : true) : false;
  }

  async function fact(proof, kept) {
    const end = proof.indexOf("\n\n");
    const lines = proof.slice(0, end).split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw Error("no proof of a fact");
    const extra = new TextDecoder().decode(unbase64(lines.shift().slice("extra ".length)));
    const index = Number(lines.shift().slice("index ".length));
    const [event, own] = [fields(extra), note(kept)];
    const hash = await leaf(await eventHash(index + 1, event));
    const holds = same(await rootOf(index, own.size, hash, lines.map(unbase64)), own.root);
    return { holds, position: index + 1, lines: event.lines, state: new TextDecoder().decode(unhex(event.state)) };
  }
  async function rangeRoot(first, leaves, size, hashes) {
    const path = [...hashes], shown = [...leaves];
    const joinedFrom = async (begin, end) => {
      if (end <= first || begin >= first + leaves.length) return path.shift();
      if (end - begin === 1) return shown.shift();
      let left = 1;
      while (left * 2 < end - begin) left *= 2;
      const before = await joinedFrom(begin, begin + left);
      return node(before, await joinedFrom(begin + left, end));
    };
    const hash = await joinedFrom(0, size);
    if (path.length || shown.length) throw Error("hashes are left over");
    return hash;
  }
  async function lines(proof, kept) {
    const { holds, state, lines: said } = await fact(proof, kept);
    const tree = JSON.parse(state).line_tree;
    const leaves = await Promise.all(said.rows.map((row) => leaf(joined(unhex(row.salt), utf8(row.text)))));
    const hash = await rangeRoot(said.first, leaves, tree.rows, said.hashes.map(unhex));
    const rows = said.rows.map((row) => JSON.parse(row.text));
    const whole = rows.length === rows[0].rows
      && rows.every((row, place) => row.statement === rows[0].statement && row.row === place + 1);
    return { holds: holds && hex(hash) === tree.root, whole, lines: rows.map((row) => row.line) };
  }
  async function growth(proof, kept) {
    const end = proof.indexOf("\n\n");
    const [old, ...path] = proof.slice(0, end).split("\n");
    const [first, second] = [note(kept), note(proof.slice(end + 2))];
    return old === `old ${first.size}` && first.origin === second.origin
      && grown(first.size, second.size, first.root, second.root, path.map(unbase64));
  }

  return {
    fact, growth, lines,
    signed: (text, key) => signed(note(text), key),
    log: async (events) => {
      const hashes = await Promise.all(events.map((event, place) => eventHash(place + 1, event)));
      const leaves = await Promise.all(hashes.map(leaf));
      const roots = await Promise.all(leaves.map((_, place) => root(leaves.slice(0, place + 1))));
      return { hashes: hashes.map(hex), leaves: leaves.map(hex), roots: roots.map(hex) };
    },
  };
})();
