# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a server: start a program, and kill it when so many objects of the engine have gone.

    python3 kill_after.py COUNT DELAY PROGRAM...

DELAY is in seconds, for the moments between two objects. Prints one JSON document: how many objects went, the exit code, what the program said.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import typing as t

#: What the engine calls it when a container, network or volume, an image, a tag, or build cache goes.
GONE = ("destroy", "delete", "untag", "prune")


def events() -> t.TextIO:
    """The engine's events from now on, one JSON document a line. HTTP 1.0, because its answers come without chunks in between."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect("/run/docker.sock")
    connection.sendall(b"GET /events HTTP/1.0\r\n\r\n")
    stream = connection.makefile()
    while stream.readline().strip():
        pass  # the head of the answer
    return stream


class Watch:
    """Counts what goes and kills ``program`` after ``count``."""

    def __init__(self, program: subprocess.Popen[str], count: int, delay: float) -> None:
        self.gone = 0
        self._program = program
        self._count = count
        self._delay = delay

    def follow(self, stream: t.Iterable[str]) -> None:
        for line in stream:
            self.gone += json.loads(line).get("Action") in GONE
            if self.gone == self._count:
                time.sleep(self._delay)
                self._program.kill()


def main(count: str, delay: str, *program: str) -> None:
    stream = events()  # asked for before the program starts, so that none is missed
    with subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        watch = Watch(process, int(count), float(delay))
        threading.Thread(target=watch.follow, args=[stream], daemon=True).start()
        said = process.communicate()[0]
    print(json.dumps({"gone": watch.gone, "code": process.returncode, "said": said}))


if __name__ == "__main__":
    main(*sys.argv[1:])
