# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to HTTP, against real local servers: encrypted, proxied, silent, slow and gone."""

from __future__ import annotations

import pathlib
import secrets
import socket
import time
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Http, Reply, Silence
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Api, CloudflareServer
from ansible_collections.mycosoft.rack.tests.fakes.drip import dripping
from ansible_collections.mycosoft.rack.tests.fakes.tls import certificate, encrypt

ZONES, TOKEN = "/zones?name=example.org", secrets.token_hex(20)


@pytest.fixture(autouse=True)
def _past_the_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server() -> t.Iterator[CloudflareServer]:
    with CloudflareServer(Api(TOKEN, [("a" * 32, "example.org")])) as running:
        yield running


@pytest.fixture
def encrypted(server: CloudflareServer, tmp_path: pathlib.Path) -> str:
    """The stand-in behind TLS, with a certificate nobody vouches for: its address."""
    encrypt(server, certificate(tmp_path / "certificate.pem"))
    return server.url.replace("http:", "https:")


def free_address() -> str:
    """An address on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:%d" % unused.getsockname()[1]


def test_an_answer_comes_with_lower_case_header_names(server: CloudflareServer) -> None:
    answer = Http(TOKEN).send("GET", server.url + ZONES)
    assert isinstance(answer, Reply)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert '"success": true' in answer.text


def test_a_body_goes_as_json(server: CloudflareServer) -> None:
    Http(TOKEN).send("POST", server.url + "/anything", {"ä": [1]})
    entry = server.journal.read()[0]
    assert (entry["content_type"], entry["body"]) == ("application/json", {"ä": [1]})


def test_without_a_token_none_is_sent(server: CloudflareServer) -> None:
    answer = Http().send("GET", server.url + ZONES)
    assert isinstance(answer, Reply)
    assert "Missing" in answer.text


def test_the_token_is_blotted_out_of_text_and_headers(server: CloudflareServer) -> None:
    server.faults.append({"status": 500, "body": "your token %s" % TOKEN, "headers": {"X-Echo": TOKEN}})
    answer = Http(TOKEN).send("GET", server.url + ZONES)
    assert isinstance(answer, Reply)
    assert (answer.text, answer.headers["x-echo"]) == ("your token ********", "********")


def test_an_endless_answer_is_read_only_up_to_a_bound(server: CloudflareServer) -> None:
    server.faults.append({"status": 200, "body": "x" * (5 * 1024 * 1024)})
    answer = Http(TOKEN).send("GET", server.url + ZONES)
    assert isinstance(answer, Reply)
    assert 4 * 1024 * 1024 <= len(answer.text) < 5 * 1024 * 1024


def test_a_certificate_nobody_vouches_for_is_refused_for_good(server: CloudflareServer, encrypted: str) -> None:
    answer = Http(TOKEN).send("GET", encrypted + ZONES)
    assert isinstance(answer, Silence)
    assert not answer.transient
    assert "CERTIFICATE_VERIFY_FAILED" in answer.cause
    assert server.journal.read() == []


def test_the_check_of_certificates_can_be_turned_off(encrypted: str) -> None:
    answer = Http(TOKEN, validate_certs=False).send("GET", encrypted + ZONES)
    assert isinstance(answer, Reply)
    assert answer.status == 200


def test_a_proxy_of_the_environment_is_used(server: CloudflareServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.origin)
    monkeypatch.setenv("no_proxy", "")
    answer = Http(TOKEN).send("GET", "http://api.invalid/client/v4" + ZONES)
    assert isinstance(answer, Reply)
    assert server.journal.read()[0]["target"] == "http://api.invalid/client/v4" + ZONES


def test_a_proxy_that_refuses_the_tunnel_is_final(server: CloudflareServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", server.origin)
    monkeypatch.setenv("no_proxy", "")
    answer = Http(TOKEN).send("GET", "https://api.invalid/client/v4" + ZONES)
    assert isinstance(answer, Silence)
    assert "Tunnel connection failed" in answer.cause
    assert not answer.transient
    assert [entry["method"] for entry in server.journal.read()] == ["CONNECT"]


@pytest.mark.parametrize(
    ("url", "transient"),
    [
        pytest.param("http://api.invalid/", False, id="a name that does not exist"),
        pytest.param("http://exa mple.org/", False, id="an address that cannot be sent"),
    ],
)
def test_an_address_that_leads_nowhere_is_silence(url: str, transient: bool) -> None:
    answer = Http(TOKEN, timeout=5).send("GET", url)
    assert isinstance(answer, Silence)
    assert answer.transient == transient
    assert TOKEN not in answer.cause


def test_nobody_listening_may_pass() -> None:
    answer = Http(TOKEN).send("GET", free_address())
    assert isinstance(answer, Silence)
    assert answer.transient
    assert "refused" in answer.cause


def test_plain_text_where_encryption_is_expected_is_refused_for_good(server: CloudflareServer) -> None:
    answer = Http(TOKEN).send("GET", server.url.replace("http:", "https:") + ZONES)
    assert isinstance(answer, Silence)
    assert not answer.transient


@pytest.mark.parametrize("fault", [{"delay": 30}, {"drip": 0.02}, {"status": 500, "body": "x" * 99, "drip": 0.02}], ids=["silence", "drip", "drip of an error"])
def test_an_answer_takes_no_longer_than_the_timeout(server: CloudflareServer, fault: dict[str, t.Any]) -> None:
    server.faults.append(fault)
    assert Http(TOKEN, timeout=0.2).send("GET", server.url + ZONES) == Silence("no whole answer within 0.2 s")


def test_headers_that_come_in_drips_take_no_longer_than_the_timeout() -> None:
    with dripping() as url:
        began = time.monotonic()
        assert Http(TOKEN, timeout=0.3).send("GET", url) == Silence("no whole answer within 0.3 s")
        assert time.monotonic() - began < 5


def test_a_header_that_cannot_be_sent_does_not_show_the_token(server: CloudflareServer) -> None:
    answer = Http(TOKEN + "\r\nX: y").send("GET", server.url + ZONES)
    assert isinstance(answer, Silence)
    assert TOKEN not in answer.cause
