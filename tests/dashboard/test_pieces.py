"""Pieces compressed beforehand are one gzip stream with what is compressed on the way."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from dashboard.pieces import gzipped, joined, pack, plain

TEXTS = st.binary(max_size=300) | st.sampled_from([b"abc" * 5000, bytes(range(256)) * 300])
PIECES = st.lists(st.tuples(st.booleans(), TEXTS), max_size=8)


@given(PIECES)
def test_a_stream_of_pieces_unpacks_to_them_in_order(texts: list[tuple[bool, bytes]]) -> None:
    pieces = [pack(text) if packed else text for packed, text in texts]
    whole = b"".join(text for _, text in texts)
    assert gzip.decompress(b"".join(gzipped(pieces))) == whole
    assert b"".join(plain(pieces)) == whole


def test_it_is_one_member_as_every_client_reads_it() -> None:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = unpacker.decompress(b"".join(gzipped([b"[", pack(b"1" * 100_000), b",", pack(b"2"), b"]"])))
    assert text == b"[" + b"1" * 100_000 + b",2]"
    assert unpacker.eof
    assert not unpacker.unused_data


def test_a_packed_piece_is_taken_over_as_it_is() -> None:
    block = pack(b"a long piece " * 1000)
    assert block.deflated in b"".join(gzipped([b"[", block, b"]"]))


@given(TEXTS, TEXTS)
def test_the_checksum_of_two_texts_follows_from_theirs(first: bytes, second: bytes) -> None:
    assert joined(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)
