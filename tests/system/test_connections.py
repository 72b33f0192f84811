"""docker_prune reaches an engine on another machine: TCP with TLS, and SSH through either generation of the SDK."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.servers import docker

SERVER = "overflow2"  # nothing runs there, so its engine may be restarted
READY = ["sh", "-c", "until docker version >/dev/null 2>&1; do :; done"]
ONLY_CONTAINERS: dict[str, Any] = {"networks": False, "build_cache": False, "images": False}


def prune_from_here(options: dict[str, Any], python: str = sys.executable, path: str = "") -> dict[str, Any]:
    """The module's result, run on this machine by ``python``, with ``path`` before PATH."""
    command = ["ansible", "localhost", "--inventory", "localhost,", "--connection", "local", "--extra-vars", f"ansible_python_interpreter={python}"]
    command += ["--module-name", "mycosoft.rack.docker_prune", "--args", json.dumps({**ONLY_CONTAINERS, "irreplaceable_grace": "0", **options})]
    environment = {**os.environ, "PATH": os.pathsep.join(filter(None, [path, os.environ["PATH"]])), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    head, arrow, result = done.stdout.partition(" => ")
    assert arrow, done.stdout + done.stderr
    assert "CHANGED" in head or "SUCCESS" in head or "FAILED" in head
    found: dict[str, Any] = json.loads(result)
    return found


@pytest.fixture(scope="module")
def rig(engines: Rig) -> Rig:
    """One server of a rack is all that is needed, and nothing is placed on this one."""
    return engines


@pytest.fixture
def rubbish(rig: Rig) -> str:
    """The id of a stopped container that nobody needs."""
    rig.run(SERVER, ["sh", "-c", "tar c --files-from /dev/null | docker import - rubbish:1"])
    return docker(rig, SERVER, "create", "--name", "rubbish", "rubbish:1", "true").strip()


@pytest.fixture
def certificates(rig: Rig, tmp_path: Path) -> Iterator[Path]:
    """A folder with a certificate for engine and client alike, and the server's engine listening with it on port 2376."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=engine.test"]
    files = ["-addext", "subjectAltName=DNS:engine.test", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    tls = "--tlsverify --tlscacert=/etc/docker/cert.pem --tlscert=/etc/docker/cert.pem --tlskey=/etc/docker/key.pem"
    for name in ("cert.pem", "key.pem"):
        content = base64.b64encode((tmp_path / name).read_bytes()).decode()
        rig.run(SERVER, ["sh", "-c", f"echo {content} | base64 --decode | sudo tee /etc/docker/{name} >/dev/null"])
    rig.run(SERVER, ["sh", "-c", f"echo 'DOCKER_OPTS=\"-H tcp://0.0.0.0:2376 {tls}\"' | sudo tee /etc/default/docker >/dev/null"])
    rig.run(SERVER, ["sudo", "systemctl", "restart", "docker"])
    rig.run(SERVER, READY)
    yield tmp_path
    rig.run(SERVER, ["sudo", "rm", "/etc/default/docker", "/etc/docker/cert.pem", "/etc/docker/key.pem"])
    rig.run(SERVER, ["sudo", "systemctl", "restart", "docker"])
    rig.run(SERVER, READY)


def test_tls_reaches_a_real_engine_and_only_with_the_right_certificate(rig: Rig, rubbish: str, certificates: Path) -> None:
    options = {"docker_host": f"tcp://{rig.layout.address(SERVER)}:2376", "tls": True, "tls_hostname": "engine.test", "ca_path": f"{certificates}/cert.pem"}
    refused = prune_from_here(options)
    assert "Cannot reach the Docker Engine at tcp://" in refused["msg"]
    done = prune_from_here({**options, "client_cert": f"{certificates}/cert.pem", "client_key": f"{certificates}/key.pem"})
    assert [found["id"] for found in done["removed"]["containers"]] == [rubbish]
    assert done["disk"] is None, "the disk of another machine cannot be measured"


@pytest.mark.parametrize("sdk", [["docker[ssh]==5.0.3", "requests<2.29", "urllib3<2", "setuptools<81"], ["docker[ssh]==7.1.0"]], ids=["SDK 5.0.3", "SDK 7.1.0"])
def test_ssh_reaches_a_real_engine_through_the_sdk(rig: Rig, rubbish: str, tmp_path: Path, sdk: list[str]) -> None:
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv")], check=True)
    python = str(tmp_path / "venv/bin/python")
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *sdk], check=True)
    identity, address = rig.identity, rig.layout.address(SERVER)
    # ssh takes its settings from the home of the user, which is not this test's to change
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec /usr/bin/ssh {" ".join(identity.options)} -i {identity.key} "$@"\n', encoding="utf-8")
    ssh.chmod(0o755)
    done = prune_from_here({"docker_host": f"ssh://{identity.user}@{address}"}, python, str(tmp_path))
    assert [found["id"] for found in done["removed"]["containers"]] == [rubbish], done


def test_ssh_without_the_sdk_says_what_is_missing(rig: Rig, tmp_path: Path) -> None:
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(tmp_path)], check=True)
    refused = prune_from_here({"docker_host": f"ssh://mycosoft@{rig.layout.address(SERVER)}"}, f"{tmp_path}/bin/python")
    assert "python3-docker" in refused["msg"]
