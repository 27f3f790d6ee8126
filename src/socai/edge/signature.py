"""The signature by which a data server proves who it is: ed25519 over method, path, time and the body's hash.

Both tiers use this file: the DS signs, the cloud verifies. A signature is good for ten minutes either way; a data
server whose clock is further off signs again with the time the refusal's Date header told.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

REPLICA_HEADER = "Socai-Replica"
TIME_HEADER = "Socai-Time"
SIGNATURE_HEADER = "Socai-Signature"
SKEW_SECONDS_MAX = 600


def new_key() -> tuple[bytes, bytes]:
    """A private and its public key, raw bytes each."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed_text(method: str, target: str, time: str, body: bytes) -> bytes:
    """What is signed. `target` is the path with its query, as it stands in the request line."""
    return f"{method.upper()}\n{target}\n{time}\n{hashlib.sha256(body).hexdigest()}".encode()


def sign(private: bytes, method: str, target: str, time: str, body: bytes) -> str:
    """The signature header's value. `time` is UTC ISO, the same text as in the time header."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    return base64.b64encode(key.sign(signed_text(method, target, time, body))).decode()


def signed_headers(private: bytes, replica: str, method: str, target: str, time: str, body: bytes) -> dict[str, str]:
    """The three headers of a signed request."""
    signature = sign(private, method, target, time, body)
    return {REPLICA_HEADER: replica, TIME_HEADER: time, SIGNATURE_HEADER: signature}


def verified(public: bytes, signature: str, method: str, target: str, time: str, body: bytes) -> bool:
    """Whether the signature is of this key over exactly this request. Says nothing about the time: see `timely`."""
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, signed_text(method, target, time, body))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def timely(time: str, now: datetime) -> bool:
    """Whether a request signed at `time` (UTC ISO) may still be taken at `now`."""
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return False
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return abs((now - at).total_seconds()) <= SKEW_SECONDS_MAX


def key_of_text(text: str) -> bytes | None:
    """A public key as it travels (base64 of its raw bytes), or None where it is not one."""
    try:
        raw = base64.b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError):
        return None
    return raw
