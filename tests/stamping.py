"""A timestamp authority of the tests, made anew: a root, a certificate, and answers to requests."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as parsed_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SHA256 = {"algorithm": "sha256"}
MOMENT = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
FOR_STAMPS = (ExtendedKeyUsageOID.TIME_STAMPING,)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuing: ec.EllipticCurvePrivateKey,
    uses: tuple[x509.ObjectIdentifier, ...] | None,
    years: tuple[int, int],
) -> x509.Certificate:
    """A certificate; without `uses` it is a root."""
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in years)
    builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(first).not_valid_after(last)
    builder = builder.add_extension(x509.BasicConstraints(uses is None, None), critical=True)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=True)
    return builder.sign(issuing, hashes.SHA256())


@dataclass
class Authority:
    """Answers requests as an authority does, and wrongly where a test says so."""

    name: str = "Stamps of the Tests"
    uses: tuple[x509.ObjectIdentifier, ...] = FOR_STAMPS
    years: tuple[int, int] = (2020, 2040)
    digest: str = "sha256"
    named: bytes | None = None
    """What the signed attributes name as the certificate, instead of its digest."""
    root: x509.Certificate = field(init=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.key, issuing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = f"Root of {self.name}"
        self.root = _certificate(root, issuing, root, issuing, None, (2020, 2040))
        self.certificate = _certificate(self.name, self.key, root, issuing, self.uses, self.years)

    def pem(self) -> str:
        """The root, as it is published."""
        return self.root.public_bytes(Encoding.PEM).decode()

    def answer(self, request: bytes, *, status: int = 0, words: str | None = None) -> bytes:
        """The answer in DER; without a stamp where the status is not granted."""
        said: dict[str, Any] = {"status": status}
        if words is not None:
            said["status_string"] = [words]
        if status:  # asn1crypto's answer always has a token; this one is short enough by hand
            body = tsp.PKIStatusInfo(said).dump()
            return bytes([0x30, len(body)]) + bytes(body)
        answer = {"status": said, "time_stamp_token": self._token(request)}
        return bytes(tsp.TimeStampResp(answer).dump())

    def _token(self, request: bytes) -> cms.ContentInfo:
        asked = tsp.TimeStampReq.load(request)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": asked["message_imprint"],
                "serial_number": 7,
                "gen_time": MOMENT,
            }
        )
        certificate = parsed_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        attributes = self._attributes(info.dump(), certificate.dump())
        chosen = getattr(hashes, self.digest.upper())()
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": {"algorithm": self.digest},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": f"{self.digest}_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(chosen)),
        }
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.digest}],
            "encap_content_info": {"content_type": "tst_info", "content": info},
            "certificates": [certificate] if asked["cert_req"].native else [],
            "signer_infos": [signer],
        }
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _attributes(self, info: bytes, certificate: bytes) -> cms.CMSAttributes:
        named = self.named or hashlib.sha256(certificate).digest()
        stated = {
            "content_type": "tst_info",
            "message_digest": hashlib.new(self.digest, info).digest(),
            "signing_certificate_v2": {"certs": [{"hash_algorithm": SHA256, "cert_hash": named}]},
        }
        return cms.CMSAttributes(
            [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in stated.items()]
        )
