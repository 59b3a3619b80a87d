"""Checks the edge's signed webhook (edge/orchestration/launch/webhook.ts) with the standard library alone."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterable

TOLERANCE_SECONDS = 300
MAXIMUM_BYTES = 10_000


async def read_bounded(chunks: AsyncIterable[bytes]) -> bytes | None:
    """The body of a launch; None where it is longer than one: what comes beyond is not read."""
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) > MAXIMUM_BYTES:
            return None
    return body


def is_signed(secret: str, timestamp: str, signature: str, body: bytes, now: float | None = None) -> bool:
    """Whether the body was signed with the secret in the last five minutes."""
    try:
        age = abs((time.time() if now is None else now) - int(timestamp))
    except ValueError:
        return False
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v1={expected}", signature) and age <= TOLERANCE_SECONDS
