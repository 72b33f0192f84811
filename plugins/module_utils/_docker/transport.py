# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to an engine: its unix socket, TCP, TCP with TLS, or SSH.

Sockets are spoken to with the standard library, over connections that stay open: the Docker SDK for Python opens one
for each request and costs four times the processor time (docs/decisions/0005). Only SSH is left to the SDK.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import threading
import time
import traceback
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, Unreachable

Params = t.Mapping[str, t.Any]


class EngineAnswer(t.NamedTuple):
    """What the engine answered. ``api``: the newest version of the API that it knows, where it says so (20.10 to 28.5 do in every answer)."""

    status: int
    content: bytes
    api: t.Optional[str]


_PLAIN_PORT, _TLS_PORT = 2375, 2376
_API_HEADER = "Api-Version"


class Transport:
    """Carries one request to the engine and its answer back. Raises whatever the way raises when nobody answers."""

    #: Whether several threads may exchange at once.
    parallel = True

    def exchange(self, method: str, target: str, body: t.Optional[bytes]) -> EngineAnswer:
        """The answer to a request; ``target`` is path and query, ``body`` JSON."""
        raise NotImplementedError


class _Bytes(io.RawIOBase):
    """What comes over a socket within its timeout, counted for all bytes together: each wait is as long as what is left of it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)
        self._timeout = sock.gettimeout()
        self._until = None if self._timeout is None else time.monotonic() + self._timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> t.Optional[int]:
        self._sock.settimeout(self._left())
        try:
            return self._file.readinto(buffer)
        except socket.timeout as error:
            raise self._late() from error

    def _left(self) -> t.Optional[float]:
        left = None if self._until is None else self._until - time.monotonic()
        if left is not None and left <= 0:
            raise self._late()
        return left

    def _late(self) -> socket.timeout:
        return socket.timeout("no whole answer within %g s" % (self._timeout or 0))

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose time is that of all of it."""

    def __init__(self, sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Bytes(sock))


class SocketTransport(Transport):
    """HTTP over a socket: one connection for each thread, kept open."""

    def __init__(self, connection: t.Callable[[], http.client.HTTPConnection]) -> None:
        self._connection = connection
        self._of_thread = threading.local()

    def exchange(self, method: str, target: str, body: t.Optional[bytes]) -> EngineAnswer:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._connection()
            connection.response_class = _Response
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)  # the last answer has left less
        try:
            connection.request(method, target, body=body, headers={"Content-Type": "application/json"} if body is not None else {})
            response = connection.getresponse()
            return EngineAnswer(response.status, response.read(), response.headers.get(_API_HEADER))
        except Exception:
            connection.close()  # half an answer may be left on it; the next request connects anew
            raise


class SdkTransport(Transport):
    """SSH, by the SDK, which runs the ``ssh`` of this machine with the settings of its user."""

    parallel = False  # each further connection would be a further login

    def __init__(self, address: str, timeout: int) -> None:
        try:
            import docker  # loaded here, because no other way needs it
        except ImportError as error:
            raise Unreachable(missing_required_lib("docker (Docker SDK for Python, Debian: python3-docker)"), exception=traceback.format_exc()) from error
        # The version is a formality: requests carry their own.
        self._client = docker.APIClient(base_url=address, version="1.41", timeout=timeout, use_ssh_client=True)
        self._timeout = timeout

    def exchange(self, method: str, target: str, body: t.Optional[bytes]) -> EngineAnswer:
        headers = {"Content-Type": "application/json"} if body is not None else None
        response = self._client.request(method, self._client.base_url + target, data=body, headers=headers, timeout=self._timeout)
        return EngineAnswer(response.status_code, response.content, response.headers.get(_API_HEADER))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: int) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _TlsConnection(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, timeout: int, context: ssl.SSLContext, hostname: str) -> None:
        super().__init__(host, port, timeout=timeout)
        self._context = context
        self._hostname = hostname

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._hostname)


def transport(params: Params) -> Transport:
    """The way that ``docker_host`` and the TLS options describe; connects with the first request.

    Raises InvalidInput for an address or a certificate that cannot work, Unreachable where the SDK is needed and missing.
    """
    address, timeout = params["docker_host"], params["timeout"]
    parts = urlsplit(address)
    if parts.scheme == "unix":
        path = address[len("unix://") :]
        return SocketTransport(lambda: _UnixConnection(path, timeout))
    if parts.scheme == "ssh":
        return SdkTransport(address, timeout)
    host = parts.hostname
    if parts.scheme not in ("tcp", "http", "https") or not host:
        raise InvalidInput("Cannot reach a Docker Engine at %s: it is no address of one. Write unix:///path, tcp://host:port or ssh://user@host." % address)
    if params.get("tls") or parts.scheme == "https":
        port, context = parts.port or _TLS_PORT, tls_context(params)
        return SocketTransport(lambda: _TlsConnection(host, port, timeout, context, params.get("tls_hostname") or host))
    return SocketTransport(lambda: http.client.HTTPConnection(host, parts.port or _PLAIN_PORT, timeout=timeout))


def tls_context(params: Params) -> ssl.SSLContext:
    """TLS as the options say; what they leave out is looked for in E(DOCKER_CERT_PATH), as the docker command line does."""
    folder = os.environ.get("DOCKER_CERT_PATH")
    certificates = {"ca_path": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
    paths = {option: params.get(option) or (str(Path(folder, name)) if folder else None) for option, name in certificates.items()}
    if bool(paths["client_cert"]) != bool(paths["client_key"]):
        raise InvalidInput("Cannot use TLS: client_cert and client_key belong together, and one of them is missing. Give both or none.")
    for option, path in paths.items():
        if path and not os.access(path, os.R_OK):
            raise InvalidInput("Cannot use TLS: %s is %s, which is not there or cannot be read. Look at the path and at who may read it." % (option, path))
    try:
        context = ssl.create_default_context(cafile=paths["ca_path"])
        if paths["client_cert"]:
            context.load_cert_chain(paths["client_cert"], paths["client_key"])
    except ssl.SSLError as error:
        raise InvalidInput("Cannot use TLS: a certificate or key cannot be used: %s. Look at ca_path, client_cert and client_key." % error) from error
    if not params.get("validate_certs", True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
