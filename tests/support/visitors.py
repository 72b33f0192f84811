# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of a website: a request every hundredth of a second, GET and POST in turn, whether or not the ones before were answered."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import threading
import time
import typing as t

RATE = 100  # requests a second
PATIENCE = 10.0  # seconds until a visitor gives up
_REQUESTS = {
    "GET": "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
    "POST": "POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: 5\r\n\r\norder",
}


@dataclasses.dataclass(frozen=True)
class Visit:
    """One request: when it was sent and when its answer was complete, in seconds of a monotonic clock. ``version``: what a good answer said, else None."""

    method: str
    sent: float
    ended: float
    version: str | None


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the visitors of one span of time met."""

    visits: tuple[Visit, ...]

    def failed(self, method: str) -> int:
        """Requests without a good answer."""
        return sum(visit.version is None for visit in self.visits if visit.method == method)

    @property
    def gap(self) -> float:
        """The longest time in seconds in which nobody got a good answer, between the first request and the last."""
        start, end = min(visit.sent for visit in self.visits), max(visit.sent for visit in self.visits)
        good = sorted(min(visit.ended, end) for visit in self.visits if visit.version is not None)
        return max(later - earlier for earlier, later in itertools.pairwise([start, *good, end]))

    @property
    def versions(self) -> list[str]:
        """What was answered, each once, in the order of its first answer."""
        return list(dict.fromkeys(visit.version for visit in sorted(self.visits, key=lambda visit: visit.ended) if visit.version is not None))


@contextlib.contextmanager
def visitors(host: str, port: int) -> t.Iterator[list[Visit]]:
    """Requests from a thread of their own while the block runs; the list is complete when it has ended."""
    found: list[Visit] = []
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_come(host, port, stop, found)))
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


async def _come(host: str, port: int, stop: threading.Event, found: list[Visit]) -> None:
    """Each at its time, counted from the first: a machine that was slow is not asked less often."""
    start = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, method in enumerate(itertools.cycle(_REQUESTS)):
            await asyncio.sleep(start + number / RATE - time.monotonic())
            if stop.is_set():
                return
            group.create_task(_visit(host, port, method, found))


async def _visit(host: str, port: int, method: str, found: list[Visit]) -> None:
    sent = time.monotonic()
    version = None
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            version = await _ask(host, port, _REQUESTS[method])
    found.append(Visit(method, sent, time.monotonic(), version))


async def _ask(host: str, port: int, request: str) -> str | None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request.encode())
        head, _blank, body = (await reader.read()).partition(b"\r\n\r\n")
        return body.decode() if head.split(b" ", 2)[1:2] == [b"200"] and body else None
    finally:
        writer.close()
