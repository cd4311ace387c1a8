"""Time stamps of checkpoints (RFC 3161): an authority says that a checkpoint was there at a time.

The request and the answer are files; nothing here opens a connection. The request has no nonce:
that guards a client without a clock against an old answer, and an old answer to the same digest
only shows that the checkpoint was there even earlier. So an answer is checked years later with
nothing but the checkpoint that it stamps.
"""

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.errors import MissingExtra
from ledger.kernel.instants import format_instant, instant_of
from ledger.kernel.notes import SignedNote, parsed
from ledger.usecases.evidence.key_files import bytes_in
from ledger.usecases.evidence.stamp_tokens import MALFORMED, BadStamp, signer_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

ANSWER_MAX = 1024 * 1024
"""Bytes of an answer, of a file of certificates and of a checkpoint: far more than any has."""
SHA256 = "2.16.840.1.101.3.4.2.1"
STATUS = (
    "granted",
    "granted with modifications",
    "rejected",
    "waiting",
    "revocation warning",
    "revocation notification",
)
"""What the numbers of a PKIStatus mean, by RFC 3161, section 2.4.2."""
PEM_HINT = "Name a file of certificates in PEM: the authority publishes its root."


class Stamped(NamedTuple):
    """A checkpoint whose file was read, to the byte."""

    content: bytes
    note: SignedNote

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file, signatures and all."""
        return hashlib.sha256(self.content).digest()


def checkpoint_in(path: str) -> Stamped:
    """The checkpoint in a file. Raises `MissingFile`, `BadStamp` for a file too long, `BadNote`."""
    content = bytes_in(path, ANSWER_MAX, "checkpoint", BadStamp)
    return Stamped(content, parsed(content.decode("utf-8", "replace")))


def request_for(checkpoint: Stamped) -> bytes:
    """The request that an authority stamps, in DER: SHA-256 of the checkpoint's file; the answer is
    to bring the certificate. The same for the same file. Raises `MissingExtra`."""
    _refuse_missing()
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(checkpoint.content).nonce(nonce=False)
    builder = builder.hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
    return builder.build().as_bytes()


def checked_stamp(checkpoint: Stamped, path: str, authority: str | None) -> dict[str, Any]:
    """When and by whom a checkpoint was stamped, by the answer of an authority in a file.

    Checked are: the stamp was granted, is of this file to the byte, has a signature that holds, by
    a certificate that is for time stamps and was valid then. With `authority`, a file of
    certificates in PEM, also that the certificate leads to one of them; without, whose it is is not
    asked. Raises `BadStamp`, `MissingFile`, `MissingExtra`.
    """
    _refuse_missing()
    roots = _certificates_in(authority) if authority is not None else []
    answer = _granted(bytes_in(path, ANSWER_MAX, "answer of an authority", BadStamp), path)
    try:
        info = answer.tst_info
        imprint, moment = info.message_imprint, info.gen_time
        algorithm = imprint.hash_algorithm.dotted_string
        policy, token = info.policy.dotted_string, answer.time_stamp_token()
        serial = info.serial_number
    except MALFORMED:
        raise _no_answer(path) from None
    if algorithm != SHA256 or imprint.message != checkpoint.digest:
        raise BadStamp(
            f"The stamp is of another file than the checkpoint: of {imprint.message.hex()}; "
            f"SHA-256 of the checkpoint is {checkpoint.digest.hex()}.",
            "Give the file that was stamped, to the byte: a signature or cosignature added since "
            "makes it another file.",
        )
    certificate = signer_of(token)
    _check_certificate(certificate, moment)
    root = _root_of(answer, checkpoint, roots) if authority is not None else None
    return {
        "stamped_at": format_instant(instant_of(moment)),
        "by": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": str(serial),
        "policy": policy,
        "authority": root,
    }


def _granted(content: bytes, path: str) -> "TimeStampResponse":
    """An answer with a stamp in it. Raises `BadStamp` with the authority's words for any other."""
    from rfc3161_client import decode_timestamp_response

    try:
        answer = decode_timestamp_response(content)
        status, words = answer.status, "; ".join(answer.status_string)
    except MALFORMED:
        raise _no_answer(path) from None
    if status == 0:
        return answer
    meaning = STATUS[status] if 0 < status < len(STATUS) else "unknown"
    because = f": {words}" if words else ""
    raise BadStamp(
        f"The authority has not granted the stamp; its status is {status}, {meaning}{because}."
    )


def _no_answer(path: str) -> BadStamp:
    return BadStamp(
        f"{path} is not the answer of a timestamp authority in DER, a TimeStampResp.",
        "Give the file as the authority sent it (application/timestamp-reply), not as text.",
    )


def _check_certificate(certificate: "Certificate", moment: Any) -> None:
    """Refuses a certificate that is not for time stamps alone, or was not valid at the moment."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    name = certificate.subject.rfc4514_string()
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        uses, critical = list(extension.value), extension.critical
    except x509.ExtensionNotFound:
        uses, critical = [], False
    except (ValueError, x509.DuplicateExtension) as error:
        raise BadStamp(f"The certificate of {name} cannot be read: {error}.") from None
    if uses != [ExtendedKeyUsageOID.TIME_STAMPING] or not critical:
        stated = ", ".join(use.dotted_string for use in uses) or "none"
        stated += "" if critical or not uses else ", not critical"
        raise BadStamp(
            f"The certificate of {name} is not for time stamps: its extended key usage is "
            f"{stated}; expected timeStamping alone, critical.",
            "Have the checkpoint stamped by an authority whose certificate is for that.",
        )
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= moment <= last:
        days = f"from {format_instant(instant_of(first))} to {format_instant(instant_of(last))}"
        raise BadStamp(
            f"The stamp is of {format_instant(instant_of(moment))}; the certificate of {name} is "
            f"valid {days}."
        )


def _root_of(answer: "TimeStampResponse", checkpoint: Stamped, roots: list["Certificate"]) -> str:
    """What is trusted, by its name, once the certificate of the stamp leads to it."""
    from rfc3161_client import VerificationError, VerifierBuilder

    trusted = roots[0].subject.rfc4514_string()
    if len(roots) > 1:
        trusted = f"one of the {len(roots):,} certificates given"
    try:
        VerifierBuilder(roots=roots).build().verify(answer, checkpoint.digest)
    except (VerificationError, *MALFORMED) as error:
        _, known, reason = str(error).partition('data: "Verify error: ')
        why = f" ({reason.partition(chr(34))[0]})" if known else ""
        raise BadStamp(
            f"The certificate of the stamp does not lead to a trusted one{why}; trusted is "
            f"{trusted}.",
            "Name the root of this authority with --authority, and the certificates between where "
            "the answer does not bring them; or do not trust the stamp.",
        ) from None
    return trusted


def _certificates_in(path: str) -> list["Certificate"]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        certificates = load_pem_x509_certificates(
            bytes_in(path, ANSWER_MAX, "file of certificates", BadStamp)
        )
    except ValueError:
        raise BadStamp(f"{path} has no certificate in PEM that can be read.", PEM_HINT) from None
    return list(dict.fromkeys(certificates))


def _refuse_missing() -> None:
    try:
        import asn1crypto  # noqa: F401
        import cryptography  # noqa: F401
        import rfc3161_client  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"A time stamp needs the library {error.name}, which is not installed.",
            "Install it with: pip install 'duebook[sign]'.",
        ) from None
