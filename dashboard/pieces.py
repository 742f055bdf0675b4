"""Gzip streams put together of pieces that were compressed beforehand, and the same streams uncompressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEAD = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
"""RFC 1952: deflate, no flags, no time, compressed fast, on no particular system."""

LEVEL = 1
RAW = -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes as deflate blocks that refer to nothing before them and end on a full byte; crc and size are theirs."""

    deflated: bytes
    crc: int
    size: int

    def unpacked(self) -> bytes:
        return zlib.decompressobj(RAW).decompress(self.deflated)


Piece = bytes | Packed


def pack(content: bytes) -> Packed:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    deflated = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    return Packed(deflated, zlib.crc32(content), len(content))


def plain(pieces: Iterable[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece if isinstance(piece, bytes) else piece.unpacked()


def gzipped(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """One member of RFC 1952, whose packed pieces are taken over as they are."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    pending, crc, size = HEAD, 0, 0
    for piece in pieces:
        if isinstance(piece, Packed):
            # what the packer has seen ends here: nothing after the piece refers to what lies before it
            pending += packer.flush(zlib.Z_FULL_FLUSH) + piece.deflated
            crc, size = joined(crc, piece.crc, piece.size), size + piece.size
        else:
            pending += packer.compress(piece)
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        if len(pending) > 4096:
            yield pending
            pending = b""
    yield pending + packer.flush() + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def joined(first: int, second: int, size: int) -> int:
    """The CRC-32 of two texts one after the other, from theirs and the second's size, as zlib's crc32_combine.

    Text is a polynomial over GF(2), lowest power in the highest bit: the first one's remainder is moved up by
    x ** (8 * size), and the second one's is added.
    """
    return _times(_power(8 * size), first) ^ second


POLYNOMIAL = 0xEDB88320
ONE = 1 << 31


def _times(one: int, other: int) -> int:
    product = 0
    while one:
        if one & ONE:
            product ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)
    return product


def _squares() -> Iterator[int]:
    square = ONE >> 1
    for _ in range(64):
        yield square
        square = _times(square, square)


SQUARES = tuple(_squares())
"""x ** (2 ** k)."""


def _power(exponent: int) -> int:
    """x ** exponent, of the powers that its bits stand for."""
    result = ONE
    for k in range(exponent.bit_length()):
        if exponent >> k & 1:
            result = _times(SQUARES[k], result)
    return result
