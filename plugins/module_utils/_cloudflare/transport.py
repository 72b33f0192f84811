# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to HTTP services and to time: one request, one answer, never an exception.

A secret is given to :class:`Http` once. It goes into the Authorization header
of requests that the caller addresses and nowhere else: redirects are not
followed, ``~/.netrc`` does not replace it, and it is blotted out of every text
that comes back. Deciding what an answer means is left to pure utilities.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import time
import typing as t
import urllib.error
from dataclasses import dataclass

from ansible.module_utils.urls import ConnectionError as UrlsConnectionError
from ansible.module_utils.urls import Request, make_context
from ansible_collections.mycosoft.rack.plugins.module_utils._base.within import TookTooLong, within

#: Bytes of an answer that are read at most; what lies beyond is no answer of an API.
MOST_BYTES = 4 * 1024 * 1024
USER_AGENT = "ansible-collection-mycosoft.rack"


@dataclass(frozen=True)
class Reply:
    """What the other side said: header names are lower case, ``text`` is the decoded body."""

    status: int
    headers: t.Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Silence:
    """No usable answer came. ``transient``: the same request may succeed a little later."""

    cause: str
    transient: bool = True


Answer = t.Union[Reply, Silence]


class Clock:
    """Time and chance: what a test replaces so that nothing has to wait."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def unix(self) -> float:
        """Seconds since 1970: what two runs, and two hosts, can compare."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def chance(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - only spreads runs that started together


class Http:
    """Sends requests with one bearer token, or with none.

    ``timeout`` (seconds) bounds a request as a whole, from the lookup of the name to the
    last byte of the answer, so that a slow drip ends too.
    """

    def __init__(self, token: t.Optional[str] = None, timeout: float = 30.0, validate_certs: bool = True) -> None:
        self._token, self._timeout = token, timeout
        # One TLS context for all requests: loading the certificate authorities takes longer (40 ms) than a request.
        self._request = Request(
            context=make_context(validate_certs=validate_certs),
            http_agent=USER_AGENT,
            follow_redirects="none",
            unredirected_headers=["Authorization"],
            use_netrc=False,
        )

    def send(self, method: str, url: str, body: t.Any = None, headers: t.Optional[t.Mapping[str, str]] = None) -> Answer:
        """One request; ``body``, where given, goes as JSON. ``headers`` go in place of what is sent otherwise."""
        headers = {"Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode("utf-8")
        if self._token is not None:
            headers["Authorization"] = "Bearer " + self._token
        try:
            return within(self._timeout, lambda: self._exchange(method, url, data, headers))
        except Exception as error:  # urllib, http.client, ssl, socket and Ansible raise unrelated families
            return self._silence(error)

    def _exchange(self, method: str, url: str, data: t.Optional[bytes], headers: t.Mapping[str, str]) -> Answer:
        try:
            return self._reply(self._request.open(method, url, data=data, headers=headers, timeout=self._timeout))
        except urllib.error.HTTPError as error:  # 3xx too: nothing is followed
            with error:
                return self._guarded(error)

    def _guarded(self, error: urllib.error.HTTPError) -> Answer:
        """The answer inside an HTTP error, whose body may fail to arrive as well."""
        try:
            return self._reply(error)
        except Exception as broken:
            return self._silence(broken)

    def _reply(self, response: t.Any) -> Reply:
        headers = {name.lower(): self._blotted(value) for name, value in response.headers.items()}
        return Reply(int(response.code), headers, self._blotted(self._read(response).decode("utf-8", "replace")))

    def _read(self, response: t.Any) -> bytes:
        read = bytearray()
        while len(read) < MOST_BYTES:
            piece = response.read1(65536)
            if not piece:
                break
            read += piece
        return bytes(read)

    def _silence(self, error: BaseException) -> Silence:
        reason = getattr(error, "reason", None)
        cause = reason if isinstance(reason, BaseException) else error
        return Silence(self._blotted(_described(cause, self._timeout)), not _is_lasting(cause))

    def _blotted(self, text: str) -> str:
        if not self._token:
            return text
        for form in (self._token, repr(self._token)[1:-1]):  # exceptions quote what they refuse
            text = text.replace(form, "********")
        return text


def _described(error: BaseException, timeout: float) -> str:
    if isinstance(error, (socket.timeout, TookTooLong)):
        return "no whole answer within %g s" % timeout
    return " ".join(str(error).split()) or type(error).__name__


def _is_lasting(error: BaseException) -> bool:
    """Whether trying again cannot help: a certificate, a name that does not exist, a URL or header that cannot be sent."""
    if isinstance(error, ssl.SSLError):
        return not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_NONAME
    return isinstance(error, (UrlsConnectionError, ValueError, http.client.InvalidURL)) or "Tunnel connection failed: 4" in str(error)
