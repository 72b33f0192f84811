# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors met, from their visits; and that visits to a real server are what they are taken for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.visitors import Seen, Visit, visitors


def test_failures_are_counted_by_method_and_versions_by_their_first_answer() -> None:
    seen = Seen((Visit("GET", 0, 0.1, "1"), Visit("POST", 1, 1.1, None), Visit("GET", 2, 4.1, "1"), Visit("POST", 3, 3.1, "2"), Visit("GET", 4, 4.2, None)))
    assert (seen.failed("GET"), seen.failed("POST"), seen.versions) == (1, 1, ["1", "2"])


@pytest.mark.parametrize(
    ("visits", "gap"),
    [
        pytest.param([(0, 0, "1"), (1, 1, "1"), (2, 2, "1")], 1, id="all good"),
        pytest.param([(0, 0, "1"), (1, 1, None), (2, 2, None), (3, 3, "1")], 3, id="two failed in between"),
        pytest.param([(0, 0, None), (1, 1, "1"), (2, 2, "1")], 1, id="the first failed"),
        pytest.param([(0, 0, "1"), (1, 1, None), (5, 5, None)], 5, id="nothing good any more"),
        pytest.param([(0, 0, "1"), (1, 4, "1"), (2, 4, "1"), (5, 6, "1")], 4, id="answered late"),
    ],
)
def test_the_gap_is_the_longest_time_without_a_good_answer(visits: list[tuple[float, float, str | None]], gap: float) -> None:
    assert Seen(tuple(Visit("GET", *visit) for visit in visits)).gap == gap


class Busy(BaseHTTPRequestHandler):
    """GET is answered, POST refused."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"7")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(503)

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    server.request_queue_size = 128
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_visits_tell_what_was_answered(port: int) -> None:
    with visitors("127.0.0.1", port) as visits:
        time.sleep(0.5)
    seen = Seen(tuple(visits))
    posts = [visit for visit in visits if visit.method == "POST"]
    assert len(posts) >= 10
    assert (seen.failed("GET"), seen.failed("POST"), seen.versions) == (0, len(posts), ["7"])


def test_nobody_answers(port: int) -> None:
    with visitors("127.0.0.1", 1) as visits:
        time.sleep(0.2)
    assert visits
    assert Seen(tuple(visits)).versions == []
