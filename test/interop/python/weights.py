"""Weights that this script and the tests in TypeScript make alike: a hash of the tensor's name and of the place in it."""

import numpy as np


def fnv(name: str) -> int:
    """FNV-1a of the name in 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def uniform(name: str, count: int) -> np.ndarray:
    """`count` numbers in [-1, 1), each a multiple of 2 ** -12, so that fp32 holds them exactly."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(fnv(name))
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return (x >> np.uint32(19)).astype(np.float32) / np.float32(4096) - np.float32(1)


def made_up(name: str, shape: tuple[int, ...], norms_from_one: bool) -> np.ndarray:
    """Weights of a tensor: norms around one, biases and matrices around zero, all of a size that keeps a model alive."""
    values = uniform(name, int(np.prod(shape))).reshape(shape)
    if "norm" in name:
        return values * np.float32(0.5) + np.float32(0 if norms_from_one else 1)
    if len(shape) == 1:
        return values * np.float32(0.25)
    # Rows of about unit length, so that what flows through keeps its size.
    return values * np.float32(2 / np.sqrt(shape[-1]))
