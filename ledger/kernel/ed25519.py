"""Ed25519 signatures verified in pure Python: RFC 8032, section 5.1.7, without a library.

Every check of the RFC is made: lengths, coordinates below the prime, a point for the key and no
negative zero, the scalar below the order of the group. The equation is the one without the
cofactor, [S]B = R + [k]A, and R is compared as bytes: Go's and OpenSSL's verifiers do the same, so
that whether a signature holds does not depend on who verifies it. The RFC permits the equation
with the cofactor too; that lets a signer make signatures which hold for some verifiers only.

Nothing here is secret, so nothing takes constant time. Signing is left to a library.
"""

from hashlib import sha512

P = 2**255 - 19
"""The prime of the field."""
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the base point."""
D = -121665 * pow(121666, -1, P) % P
"""Of the curve -x^2 + y^2 = 1 + d x^2 y^2."""
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z."""
NEUTRAL: Point = (0, 1, 1, 0)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes over a message is that of a public key of 32 bytes.

    False for whatever is not in the form of a signature or a key. Never raises.
    """
    if len(public) != 32 or len(signature) != 64:
        return False
    key = _point(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    digest = sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return _encoded(_combined(scalar, BASE, challenge, _negative(key))) == signature[:32]


def is_key(public: bytes) -> bool:
    """Whether 32 bytes are a public key that binds its owner: a point, and not of small order.

    With a key of small order a signature can hold for every message. The RFC lets such keys pass,
    and so does `verifies`; whoever takes a key from somebody asks here first.
    """
    if len(public) != 32 or (key := _point(public)) is None:
        return False
    for _ in range(3):
        key = _doubled(key)
    x, y, z, _ = key
    return x % P != 0 or (y - z) % P != 0


def _point(encoded: bytes) -> Point | None:
    """The point that 32 bytes stand for (RFC 8032, section 5.1.3), or None if there is none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    above, below = (y * y - 1) % P, (D * y * y + 1) % P
    x = above * pow(below, 3, P) * pow(above * pow(below, 7, P), (P - 5) // 8, P) % P
    if below * x * x % P != above:
        x = x * ROOT_OF_MINUS_ONE % P
        if below * x * x % P != above:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _encoded(point: Point) -> bytes:
    """The 32 bytes of a point: y, and the lowest bit of x as the highest."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def _added(left: Point, right: Point) -> Point:
    """The sum of two points, which may be equal or neutral: RFC 8032, section 5.1.4."""
    x1, y1, z1, t1 = left
    x2, y2, z2, t2 = right
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _doubled(point: Point) -> Point:
    """Twice a point: RFC 8032, section 5.1.4."""
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e, g = h - (x + y) * (x + y) % P, a - b
    f = 2 * z * z + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _combined(first: int, base: Point, second: int, key: Point) -> Point:
    """[first]base + [second]key, one doubling a bit for both."""
    sums = (NEUTRAL, base, key, _added(base, key))
    result = NEUTRAL
    for bit in range(max(first, second).bit_length() - 1, -1, -1):
        result = _doubled(result)
        if chosen := first >> bit & 1 | (second >> bit & 1) << 1:
            result = _added(result, sums[chosen])
    return result


def _base() -> Point:
    """The base point: y = 4/5, x even."""
    point = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


BASE = _base()
