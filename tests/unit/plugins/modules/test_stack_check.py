# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""stack_check, run for real: an engine on a real socket, the real Compose, real files and a real git checkout."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.modules import stack_check
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.drip import dripping

from tests.support.composed import docker_without_engine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A stack's only source, as it was committed."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "compose.yml").write_text("services: {web: {image: nginx}, job: {image: 'tool:2', profiles: [never]}}\n", encoding="utf-8")
    (folder / "VERSION").write_text("one\n", encoding="utf-8")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for argv in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", "-C", str(folder), *argv], check=True)
    return folder


@pytest.fixture
def run(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> t.Iterator[Run]:
    """``stack``: what is different about the only one."""
    monkeypatch.setenv("PATH", docker_without_engine(tmp_path / "bin"))
    with DockerEngine(tmp_path) as engine:

        def call(stack: dict[str, t.Any] | None = None, **options: t.Any) -> Result:
            arguments = ["--project-name", "shop", "--project-directory", str(checkout), "--file", str(checkout / "compose.yml")]
            shop = {"directory": str(checkout), "files": ["compose.yml"], "arguments": arguments, "sources": [{"dest": str(checkout)}], **(stack or {})}
            given = {"stacks": {"shop": shop}, "docker_host": engine.address, "host": "sandbox", **options}
            with patch_module_args(given), pytest.raises(SystemExit):
                stack_check.main()
            said = capsys.readouterr()
            result: Result = json.loads(said.out)
            # where code of the controller was imported before, a warning goes to the terminal instead of into the result
            return {**result, "warned": " ".join([str(result.pop("warnings", "")), *said.err.split()])}

        yield call


def test_a_server_that_can_deploy_says_what_the_next_steps_need_to_know(run: Run) -> None:
    result = run()
    assert (result.get("failed"), result["changed"], result["engine"]) == (None, False, "20.10.24+dfsg1")
    assert tuple(map(int, result["compose"].split("."))) >= (2, 24, 4)
    assert (result["images"], result["changes"], result["machine"]) == (["nginx"], {}, Kernel().machine())


def test_files_that_nobody_committed_are_named_and_new_ones_are_not(run: Run, checkout: Path) -> None:
    (checkout / "VERSION").write_text("by hand\n", encoding="utf-8")
    (checkout / "notes").write_text("of mine\n", encoding="utf-8")
    assert run()["changes"] == {str(checkout): ["VERSION"]}


def test_files_of_a_submodule_are_named_too_whatever_the_checkout_says_about_it(run: Run, checkout: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always", "-C"]
    subprocess.run([*git, str(checkout), "submodule", "--quiet", "add", str(checkout), "lib"], check=True)
    subprocess.run([*git, str(checkout), "commit", "--quiet", "--message", "two"], check=True)
    subprocess.run([*git, str(checkout), "config", "submodule.lib.ignore", "all"], check=True)
    assert run()["changes"] == {}
    (checkout / "lib/VERSION").write_text("by hand\n", encoding="utf-8")
    assert run()["changes"] == {str(checkout): ["lib/VERSION"]}


def test_a_checkout_that_git_cannot_read_is_refused(run: Run, checkout: Path) -> None:
    (checkout / ".git" / "HEAD").unlink()
    assert run()["msg"].startswith(f"Cannot check {checkout} for changes: ")


def test_a_stack_that_is_not_there_yet_names_nothing(run: Run) -> None:
    result = run({"directory": "/nowhere", "sources": [{"dest": "/nowhere"}]})
    assert (result.get("failed"), result["images"], result["changes"]) == (None, [], {})


def test_files_that_compose_refuses_name_nothing_yet(run: Run, checkout: Path) -> None:
    """What is wrong with them a pull may mend; where not, the build refuses them."""
    (checkout / "compose.yml").write_text("services: [\n", encoding="utf-8")
    result = run()
    assert (result.get("failed"), result["images"]) == (None, [])


def test_an_env_file_that_is_there_will_do(run: Run, checkout: Path) -> None:
    (checkout / "of the shop.env").touch()
    assert run({"env_file": "of the shop.env"}).get("failed") is None
    assert run({"env_file": str(checkout / "of the shop.env")}).get("failed") is None


def test_everything_that_is_wrong_comes_at_once_and_what_was_found_beside_it(run: Run, checkout: Path) -> None:
    result = run({"env_file": "secret.env"}, engine_minimum="99.1", compose_minimum="77.2.3")
    assert result["msg"] == (
        "Cannot deploy to sandbox: it has Docker 20.10.24+dfsg1. Install Docker 99.1 or newer. "
        f"Cannot deploy to sandbox: it has Compose {result['compose']}. Install the Compose plugin 77.2.3 or newer. "
        f"Cannot deploy shop to sandbox: its env file {checkout}/secret.env is missing. Create it, or correct rack_stacks.shop.env_file."
    )
    assert result["images"] == ["nginx"]


def test_an_engine_that_does_not_answer_is_named(run: Run) -> None:
    message = run(docker_host="unix:///nowhere/docker.sock")["msg"]
    assert message.startswith("Cannot use Docker on sandbox: Cannot reach the Docker Engine at unix:///nowhere/docker.sock: "), message


@pytest.fixture
def docker(tmp_path: Path) -> t.Callable[..., None]:
    """Says what the command docker answers, besides Compose."""

    def answers(context: str = "default unix:///var/run/docker.sock", engine: str = "another", buildx: str = "") -> None:
        command, compose = tmp_path / "bin/docker", (tmp_path / "bin/docker").read_text(encoding="utf-8").splitlines()[1:]
        cases = [f"info*) echo '{engine}'; exit;;", f"context*) echo '{context}'; exit;;", f"buildx*) echo '{buildx}'; exit;;"]
        command.write_text("\n".join(["#!/bin/sh", 'case "$1" in', *cases, "esac", *compose, ""]), encoding="utf-8")

    return answers


def test_two_engines_are_refused(run: Run, docker: t.Callable[..., None]) -> None:
    """One that is checked, recorded and cleared, and one that Compose builds and starts on."""
    docker(context="far tcp://192.0.2.7:2375")
    result = run()
    assert result["msg"].startswith("Cannot deploy to sandbox: Compose would use the engine at tcp://192.0.2.7:2375, by the Docker context far, and "), result
    assert result["msg"].endswith("Select one for both: docker context use default, or DOCKER_HOST in the environment of this user.")


@pytest.mark.parametrize("engine", ["by another path", "by its identity"])
def test_one_engine_by_two_addresses_is_one(run: Run, docker: t.Callable[..., None], tmp_path: Path, engine: str) -> None:
    if engine == "by its identity":
        docker(context="far tcp://192.0.2.7:2375", engine="XZ3K:4F7Q")
        assert run().get("failed") is None
    with DockerEngine(tmp_path / "bin") as other:
        link = tmp_path / "link.sock"
        link.symlink_to(other.address.removeprefix("unix://"))
        docker(context=f"near unix://{link}")
        assert run(docker_host=other.address).get("failed") is None


OLD, NEW = "github.com/docker/buildx v0.13.1 abc", "github.com/docker/buildx 0.29.1+ds1 x"


@pytest.mark.parametrize(
    ("buildx", "build", "refused"),
    [(OLD, True, True), (NEW, True, False), ("", True, False), (OLD, False, False)],
    ids=["too old", "new enough", "none", "nothing to build"],
)
def test_a_build_that_compose_would_refuse_is_foreseen(
    run: Run, docker: t.Callable[..., None], checkout: Path, buildx: str, build: bool, refused: bool
) -> None:
    docker(buildx=buildx, engine="XZ3K:4F7Q")
    (checkout / "compose.yml").write_text("services: {web: {%s: .}}\n" % ("build" if build else "image"), encoding="utf-8")
    result = run()
    said = "Cannot deploy shop to sandbox: Compose %s cannot build with buildx 0.13.1. Install buildx 0.17.0 or newer, or remove it."
    assert result.get("msg") == (said % result["compose"] if refused else None)


def test_a_build_that_is_not_known_yet_is_warned_of(run: Run, docker: t.Callable[..., None]) -> None:
    docker(buildx=OLD, engine="XZ3K:4F7Q")
    result = run({"directory": "/nowhere", "sources": []})
    assert result.get("failed") is None
    assert "a stack that builds images would fail" in result["warned"]


@pytest.mark.parametrize("docker", ["exit 1", "echo no such plugin"])
def test_a_server_without_the_plugin_is_told_so(run: Run, tmp_path: Path, docker: str) -> None:
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\n{docker}\n", encoding="utf-8")
    assert "it has no Compose plugin. Install it (docker compose version), 2.24.4 or newer." in run()["msg"]


def test_a_server_without_the_command_is_told_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bin/docker").unlink()
    assert "it has no Compose plugin." in run({"directory": "/nowhere"})["msg"]


def test_a_server_without_git_is_told_so_if_it_has_sources(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin/timeout").symlink_to("/usr/bin/timeout")
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert run({"directory": "/nowhere", "sources": [{"dest": "/nowhere"}]})["msg"] == "Cannot deploy to sandbox: it has no git. Install git."
    assert run({"directory": "/nowhere", "sources": []}).get("failed") is None


class Answers(BaseHTTPRequestHandler):
    """200 at /health, and at /private for those who show credentials, 500 elsewhere."""

    shown: t.ClassVar[list[str]] = []

    def do_GET(self) -> None:
        kind, _blank, shown = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            self.shown.append(base64.b64decode(shown).decode())
        self.send_response(200 if self.path == "/health" or (self.path == "/private" and kind) else 500)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing: the test says what it saw."""


@pytest.fixture
def external() -> t.Iterator[str]:
    """The address of a service outside of the rack."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_external_that_answers_is_well(run: Run, external: str) -> None:
    result = run(externals={"brain": {"url": external, "health": "/health", "required": True}})
    assert (result.get("failed"), result["silent"]) == (None, {})
    assert "brain" not in result["warned"], "warnings of one process add up"


def test_one_that_is_not_well_is_warned_of(run: Run, external: str) -> None:
    result = run(externals={"brain": {"url": external, "health": "/elsewhere"}})
    assert (result.get("failed"), result["silent"]) == (None, {"brain": "Internal Server Error"})
    assert f"brain does not answer at {external}: Internal Server Error. The deploy continues without it." in result["warned"]


def test_several_are_asked_at_once_each_with_the_credentials_of_its_own_address(run: Run, external: str) -> None:
    names = ["brain", "spine", "heart"]
    addresses = {name: {"url": external.replace("//", f"//{name}:a%20word@"), "health": "/private"} for name in names}
    assert run(externals=addresses)["silent"] == {}
    assert sorted(Answers.shown) == sorted(f"{name}:a word" for name in names)


def test_externals_that_answer_in_drips_hold_the_check_no_longer_than_one_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_check, "PATIENCE", 0.5)
    with dripping() as url:
        began = time.monotonic()
        result = run(externals={"brain": {"url": url}, "spine": {"url": url}})
        took = time.monotonic() - began
    assert result["silent"] == {"brain": "no whole answer within 0.5 s", "spine": "no whole answer within 0.5 s"}
    assert took < 5  # without a bound of the whole it would never end


@pytest.mark.parametrize("external", [{"health": "/health"}, "http://brain"])
def test_one_without_an_address_is_refused(run: Run, external: t.Any) -> None:
    assert run(externals={"brain": external})["msg"].startswith("Cannot check the health of brain: it has no url. Give externals.brain.url")


def test_what_is_no_address_is_not_asked(run: Run) -> None:
    assert run(externals={"brain": {"url": "file:///etc", "health": "/passwd"}})["silent"] == {"brain": "that is not an HTTP address"}


def test_one_that_is_required_is_refused(run: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        result = run(externals={"brain": {"url": url, "health": "/health", "required": True}})
    assert result["msg"].startswith(f"Cannot deploy to sandbox: brain does not answer at {url}: "), result
    assert result["msg"].endswith("Start it, or remove required from rack_externals.brain.")
