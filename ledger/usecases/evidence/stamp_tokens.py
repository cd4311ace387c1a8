"""The signature of a time stamp's token: whose certificate made it, and over what.

A token is CMS signed data (RFC 5652) around a TSTInfo (RFC 3161, section 2.4.2). The signature is
over the signed attributes, these name the digest of what was stamped and the signer's certificate.
The parsing is asn1crypto's, the mathematics are cryptography's.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from ledger.kernel.errors import Refusal

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

STRONG = ("sha256", "sha384", "sha512")
"""The digests under which nobody finds a second text of the same signature."""
STAMPED = "tst_info"
"""What asn1crypto calls the type of the content that a token of RFC 3161 has."""
MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What asn1crypto and cryptography raise for bytes that are no token or no certificate."""


class BadStamp(Refusal):
    """An answer of a timestamp authority that does not stamp what it is to stamp."""

    hint = (
        "Nothing was shown. Ask the authority again with the file of "
        "`duebook stamp CHECKPOINT --request FILE`, and keep its answer as it came."
    )


def signer_of(token: bytes) -> "Certificate":
    """The certificate of whoever signed a token, once the signature has been checked.

    Whose certificate it is, and what it may be used for, is not asked here. Raises `BadStamp` where
    the token has not one signer with its certificate, or the signature does not hold.
    """
    try:
        return _checked_signer(token)
    except MALFORMED:
        raise BadStamp(
            "The token of the answer is not in the form that RFC 3161 gives it."
        ) from None


def _checked_signer(token: bytes) -> "Certificate":
    from asn1crypto import cms

    signed = cms.ContentInfo.load(token, strict=True)["content"]
    signers = signed["signer_infos"]
    if len(signers) != 1:
        raise BadStamp(f"The token has {len(signers)} signatures; expected 1.")
    signer = signers[0]
    certificate = _certificate_of(signed, signer)
    content = signed["encap_content_info"]
    if content["content_type"].native != STAMPED:
        raise BadStamp(f"The token signs {content['content_type'].native}; expected a time stamp.")
    attributes = _attributes(signer)
    digest = _strong(signer["digest_algorithm"]["algorithm"].native)
    stamped = hashlib.new(digest, content["content"].contents).digest()
    if attributes.get("content_type") != STAMPED or attributes.get("message_digest") != stamped:
        raise BadStamp("The token was altered: its signature is of another time stamp.")
    _check_named(attributes, certificate)
    # Signed as a SET OF, sent as the field 0 of the signer: only the first byte differs.
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    if not _verifies(certificate, signer, digest, message):
        raise BadStamp("The token was altered: its signature does not hold.")
    return certificate


def _certificate_of(signed: Any, signer: Any) -> "Certificate":
    """The certificate that the signer names, from those that came with the token."""
    from cryptography.x509 import load_der_x509_certificate

    signer_id = signer["sid"].chosen
    for choice in signed["certificates"]:
        certificate = choice.chosen
        if signer["sid"].name == "issuer_and_serial_number":
            same = (certificate.issuer, certificate.serial_number) == (
                signer_id["issuer"],
                signer_id["serial_number"].native,
            )
        else:
            same = certificate.key_identifier == signer_id.native
        if same:
            return load_der_x509_certificate(certificate.dump())
    raise BadStamp(
        "The certificate of whoever signed the token is not in the answer.",
        "Ask again with the file of `duebook stamp CHECKPOINT --request FILE`: it asks for it.",
    )


def _attributes(signer: Any) -> dict[str, Any]:
    """The signed attributes that have one value, each by its name."""
    attributes: dict[str, Any] = {}
    for attribute in signer["signed_attrs"]:
        name, values = attribute["type"].native, attribute["values"].native
        if name in attributes or len(values) != 1:
            raise BadStamp(f"The signed attribute {name} of the token is there more than once.")
        attributes[name] = values[0]
    return attributes


def _check_named(attributes: dict[str, Any], certificate: "Certificate") -> None:
    """The signed attributes name the certificate by its digest, so that none can be put in its
    place (RFC 3161, section 2.4.2; RFC 5816). Raises `BadStamp`."""
    from cryptography.hazmat.primitives.serialization import Encoding

    newer, older = (attributes.get(f"signing_certificate{end}") for end in ("_v2", ""))
    named = newer or older
    if named is None:
        raise BadStamp("The signature of the token does not name the certificate that made it.")
    first = named["certs"][0]
    name = first["hash_algorithm"]["algorithm"] if newer else "sha1"
    encoded = certificate.public_bytes(Encoding.DER)
    if hashlib.new(name, encoded).digest() != first["cert_hash"]:
        raise BadStamp("The signature of the token names another certificate than it came with.")


def _verifies(certificate: "Certificate", signer: Any, digest: str, message: bytes) -> bool:
    """Whether a signature holds. Raises `BadStamp` for a kind that is not known here."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    algorithm = signer["signature_algorithm"]
    kind, signature = algorithm.signature_algo, signer["signature"].native
    names_digest = algorithm["algorithm"].native not in ("rsassa_pkcs1v15", "ed25519")
    name = _strong(algorithm.hash_algo) if names_digest else digest
    chosen: hashes.HashAlgorithm = getattr(hashes, name.upper())()
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15":
            key.verify(signature, message, padding.PKCS1v15(), chosen)
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss":
            scheme = padding.PSS(padding.MGF1(chosen), padding.PSS.AUTO)
            key.verify(signature, message, scheme, chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(signature, message, ec.ECDSA(chosen))
        elif isinstance(key, ed25519.Ed25519PublicKey) and kind == "ed25519":
            key.verify(signature, message)
        else:
            raise BadStamp(
                f"The token has a signature of the kind {kind}; RSA, ECDSA and Ed25519 are known.",
                "Have the checkpoint stamped by an authority that signs with one of these.",
            )
    except InvalidSignature:
        return False
    return True


def _strong(digest: str) -> str:
    if digest not in STRONG:
        raise BadStamp(
            f"The token is signed over a digest by {digest}; expected one of {', '.join(STRONG)}.",
            "Have the checkpoint stamped by an authority that signs with one of these.",
        )
    return digest
