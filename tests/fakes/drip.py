# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that sends a header now and then and never the end of them: no wait for bytes is long, and the answer never comes."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
from pathlib import Path

#: Seconds between two headers.
EVERY = 0.05


@contextlib.contextmanager
def dripping(path: t.Optional[Path] = None) -> t.Iterator[str]:
    """Its address: a URL, or that of a socket at ``path``."""
    stopping = threading.Event()
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as server:
        server.bind(str(path) if path else ("127.0.0.1", 0))
        server.listen()
        accepting = threading.Thread(target=_accept, args=(server, stopping), daemon=True)
        accepting.start()
        yield "unix://%s" % path if path else "http://127.0.0.1:%d" % server.getsockname()[1]
        stopping.set()
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()


def _accept(server: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            connection, _address = server.accept()
        except OSError:
            return
        threading.Thread(target=_drip, args=(connection, stopping), daemon=True).start()


def _drip(connection: socket.socket, stopping: threading.Event) -> None:
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stopping.wait(EVERY):
            connection.sendall(b"X-Wait: a little\r\n")
