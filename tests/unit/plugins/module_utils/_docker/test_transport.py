# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to an engine, over real sockets; TLS and SSH to a real engine are seen on the rig."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.drip import dripping

Params = dict[str, t.Any]
VERSION = b'{"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}'


def params(address: str, **more: t.Any) -> Params:
    return {"docker_host": address, "api_version": "auto", "timeout": 10, **more}


class _Version(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def log_message(self, *_args: t.Any) -> None:
        """Say nothing."""


def serve(context: ssl.SSLContext | None = None) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Version)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as DOCKER_CERT_PATH is one: a certificate that signs itself, for ``engine.test`` and the client alike."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=engine.test", "-addext", "subjectAltName=DNS:engine.test"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*made, *subject, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def tls_server(certificates: Path) -> t.Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(context)
    yield f"tcp://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def options(certificates: Path, *names: str) -> Params:
    files = {"ca_path": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
    return {option: str(certificates / file) for option, file in files.items() if option in names}


def test_plain_tcp_is_spoken() -> None:
    server = serve()
    try:
        assert connect(params(f"tcp://127.0.0.1:{server.server_address[1]}")).version == "26.1.5"
    finally:
        server.shutdown()
        server.server_close()


def test_tls_with_a_client_certificate_is_spoken(tls_server: str, certificates: Path) -> None:
    given = options(certificates, "ca_path", "client_cert", "client_key")
    assert connect(params(tls_server, tls=True, tls_hostname="engine.test", **given)).api_version == "1.45"


def test_certificates_are_found_where_the_docker_command_line_looks(tls_server: str, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    assert connect(params(tls_server, tls=True, tls_hostname="engine.test")).version == "26.1.5"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        pytest.param({"tls_hostname": "another.test"}, ("ca_path", "client_cert", "client_key"), id="certificate of another host"),
        pytest.param({"tls_hostname": "engine.test"}, ("client_cert", "client_key"), id="authority that nobody knows"),
        pytest.param({"tls_hostname": "engine.test"}, ("ca_path",), id="no client certificate"),
    ],
)
def test_tls_that_proves_nothing_is_not_spoken(tls_server: str, certificates: Path, more: Params, names: tuple[str, ...]) -> None:
    with pytest.raises(Unreachable, match="Cannot reach the Docker Engine at tcp://127.0.0.1"):
        connect(params(tls_server, tls=True, **more, **options(certificates, *names)))


def test_a_certificate_need_not_be_valid_where_that_was_said(tls_server: str, certificates: Path) -> None:
    given = options(certificates, "client_cert", "client_key")
    assert connect(params(tls_server, tls=True, validate_certs=False, **given)).version == "26.1.5"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param({"client_cert": "cert.pem"}, "client_cert and client_key belong together", id="certificate without key"),
        pytest.param({"ca_path": "nowhere.pem"}, "ca_path is nowhere.pem, which is not there", id="no such file"),
        pytest.param({"ca_path": __file__}, "cannot be used", id="no certificate"),
    ],
)
def test_certificates_that_cannot_work_are_refused_before_anything_is_asked(more: Params, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        connect(params("tcp://127.0.0.1:1", tls=True, **more))


def test_one_connection_carries_many_requests(tmp_path: Path) -> None:
    with DockerEngine(tmp_path) as fake:
        engine = connect(params(fake.address))
        engine.get("/info")
        fake.refuse_connections()
        assert engine.get("/info")["Driver"] == "overlay2"


def test_an_answer_in_drips_takes_no_longer_than_the_timeout(tmp_path: Path) -> None:
    with dripping(tmp_path / "drip.sock") as address, pytest.raises(Unreachable, match="no whole answer within 1 s"):
        connect(params(address, timeout=1))


def test_ssh_without_the_sdk_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(Unreachable, match="python3-docker"):
        connect(params("ssh://somebody@127.0.0.1:1"))
