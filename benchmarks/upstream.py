"""An upstream to measure against: many one-minute assays of two fields, each answer after the same latency.

`python -m benchmarks.upstream ASSAYS LATENCY_MS [SLOW SLOW_MS]` prints its address, and serves until it is killed.
The runs of the assays are spread over the minute; the last SLOW of them answer after SLOW_MS.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from tests.support import messages
from tests.support.messages import Message, runs
from tests.support.upstream import FEATURES, GET, LIST, NEXT_RUN, RESULTS, moment

MINUTE = timedelta(minutes=1)
BEGAN = datetime.now(UTC).replace(second=0, microsecond=0) - 3 * MINUTE
FIELDS: dict[str, tuple[float | None, float | None]] = {"out.a": (0.1, 0.2), "in.b": (0.1, 0.2)}


class Fleet:
    """`number` assays; the run of assay n is n / number of a minute after the full minute."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.assays = [self._assay(n) for n in range(1, number + 1)]
        self.listed = json.dumps(self.assays).encode()

    def _assay(self, n: int) -> Message:
        return messages.assay(n, first_run=self._first(n), unit="Minute", width=MINUTE, fields=FIELDS, pipeline=n % 50)

    def _first(self, n: int) -> datetime:
        return BEGAN + MINUTE * (n - 1) / self.number

    def answer(self, path: str, body: Message) -> bytes:
        if path == LIST:
            return self.listed
        if path == FEATURES:
            return b'{"features": {}, "name": "fleet", "is_auth_enabled": false}'
        n = UUID(body.get("assay_id") or body["id"]).int
        if path == GET:
            return json.dumps(self.assays[n - 1]).encode()
        if path == NEXT_RUN:
            last = self._last(n)
            return json.dumps(runs(last, last + MINUTE)).encode()
        assert path == RESULTS
        return self._results(n, moment(body["start"]), moment(body["end"]))

    def _last(self, n: int) -> datetime:
        first = self._first(n)
        return first + (datetime.now(UTC) - first) // MINUTE * MINUTE

    def _results(self, n: int, start: datetime, end: datetime) -> bytes:
        first, last = self._first(n), self._last(n)
        ends = [first + MINUTE * k for k in range((last - first) // MINUTE, -1, -1)]
        return b"[%s]" % b",".join(_result(n, at) for at in ends if start <= at < end)


@cache
def _template() -> list[bytes]:
    assay = messages.assay(1, fields=FIELDS)
    text = json.dumps(messages.result(assay, datetime(2001, 1, 1, tzinfo=UTC), 0.05) | {"window_start": "START"})
    marks = text.replace("2001-01-01T00:00:00Z", "END").replace("2001-01-01T00:00:02Z", "UPDATED")
    return [marks.encode()]


def _result(n: int, end: datetime) -> bytes:
    write = messages.text
    return (
        _template()[0]
        .replace(b"START", write(end - MINUTE).encode())
        .replace(b"END", write(end).encode())
        .replace(b"UPDATED", write(end + timedelta(seconds=2)).encode())
        .replace(b"0.05", b"%.4f" % (0.05 + (n + end.minute) % 20 / 100))
    )


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as one client needs it."""

    def __init__(self, fleet: Fleet, latency: float, slow: int, slow_latency: float) -> None:
        self.fleet, self.latency, self.slow, self.slow_latency = fleet, latency, slow, slow_latency
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        if len(rest) >= length:
            self.buffer = rest[length:]
            self._answer(head.split(b" ", 2)[1].decode(), json.loads(rest[:length] or b"{}"))

    def _answer(self, path: str, body: Message) -> None:
        n = UUID(body.get("assay_id") or body.get("id") or str(UUID(int=0))).int
        latency = self.slow_latency if n > self.fleet.number - self.slow else self.latency
        asyncio.get_running_loop().call_later(latency, self._send, self.fleet.answer(path, body))

    def _send(self, content: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
        self.transport.write(head + content)


async def main(number: int, latency: float, slow: int = 0, slow_latency: float = 0.0) -> None:
    fleet = Fleet(number)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(fleet, latency / 1000, slow, slow_latency / 1000), "127.0.0.1", 0, backlog=1024
    )
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), *map(float, sys.argv[2:3]), *map(int, sys.argv[3:4]), *map(float, sys.argv[4:5]))
    )
