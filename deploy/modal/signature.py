"""Checks the edge's signed webhook (edge/orchestration/launch/webhook.ts) with the standard library alone."""

import hashlib
import hmac
import time

TOLERANCE_SECONDS = 300


def is_signed(secret: str, timestamp: str, signature: str, body: bytes, now: float | None = None) -> bool:
    """Whether the body was signed with the secret in the last five minutes."""
    try:
        age = abs((time.time() if now is None else now) - int(timestamp))
    except ValueError:
        return False
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v1={expected}", signature) and age <= TOLERANCE_SECONDS
