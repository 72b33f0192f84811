# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role cloudflare_purge, run by ansible-playbook for two servers that nobody ever connects to: all of it happens here."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Answer, Api, CloudflareServer, Request

from tests.support.repository import ROOT, passes, run

pytestmark = pytest.mark.slow

ZONE, NAME, TOKEN = secrets.token_hex(16), "rack.example", secrets.token_hex(20)
TOKENS = ("CLOUDFLARE_API_TOKEN", "CF_API_TOKEN", "CLOUDFLARE_TOKEN")
TARGETS = {
    "files": ["https://rack.example/", "http://www.rack.example:8080/shop"],
    "hosts": ["rack.example", "www.rack.example"],
    "prefixes": ["rack.example/", "www.rack.example/shop"],
}

PLAYBOOK = [{"name": "Purge", "hosts": "rack", "gather_facts": False, "roles": ["mycosoft.rack.cloudflare_purge"]}]
#: Servers at an address kept for documentation: a connection to one would fail the run.
INVENTORY = {"rack": {"hosts": {"sandbox": {"ansible_host": "192.0.2.1"}, "overflow": {"ansible_host": "192.0.2.2"}}}}


class Controller:
    """Where ansible-playbook runs, with a stand-in of the API and an edge that answers whatever it is told."""

    def __init__(self, folder: Path, api: CloudflareServer, edge: CloudflareServer) -> None:
        self.folder, self.api, self.edge = folder, api, edge
        #: The environment beside the usual one.
        self.environment: dict[str, str] = dict.fromkeys(TOKENS, "") | {"no_proxy": "*", "ANSIBLE_LOG_PATH": str(folder / "log"), "COLUMNS": "500"}
        (folder / "play.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
        (folder / "inventory.json").write_text(json.dumps(INVENTORY), encoding="utf-8")

    def play(self, *arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        """Run the role; ``options`` without the prefix of its variables."""
        given = {"zone_id": ZONE, "api_url": self.api.url, "verify": "never", "max_wait": 0, **options}
        variables = {"rack_plan": {"purge": TARGETS}, **{"cloudflare_purge_" + name: value for name, value in given.items()}}
        (self.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        files = (self.folder / "play.yml", "--inventory", self.folder / "inventory.json", "--extra-vars", "@%s" % (self.folder / "variables.json"))
        return run("ansible-playbook", *files, *arguments, cwd=ROOT, **self.environment)

    def purged(self, *arguments: str, **options: t.Any) -> list[t.Any]:
        """Run the role, which has to succeed: the bodies of all purges that came in, each with the token."""
        done = self.play(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        assert all(entry["token"] for entry in self.api.journal.read())
        return [entry["body"] for entry in self.api.journal.read() if entry["method"] == "POST"]


@pytest.fixture
def controller(tmp_path: Path) -> t.Iterator[Controller]:
    with CloudflareServer(Api(TOKEN, [(ZONE, NAME)])) as api, CloudflareServer(Api("", [])) as edge:
        made = Controller(tmp_path, api, edge)
        made.environment[TOKENS[0]] = TOKEN
        yield made


SELECTED = {**{selector: {selector: addresses} for selector, addresses in TARGETS.items()}, "everything": {"purge_everything": True}}


@pytest.mark.parametrize("selector", SELECTED)
def test_what_is_purged_comes_from_the_public_services_once_for_all_servers(controller: Controller, selector: str) -> None:
    assert controller.purged(selector=selector) == [SELECTED[selector]]


def test_the_zone_may_be_given_by_its_name(controller: Controller) -> None:
    assert controller.purged(zone_id="", zone=NAME, mode="invalidate") == [SELECTED["hosts"]]
    assert controller.api.journal.read()[-1]["path"].endswith("/%s/invalidate_cache" % ZONE)


@pytest.mark.parametrize("set_too", range(len(TOKENS)))
def test_the_token_comes_from_the_variables_people_use_the_first_that_is_set(controller: Controller, set_too: int) -> None:
    later = {name: secrets.token_hex(20) for name in TOKENS[set_too + 1 :]}
    controller.environment |= {**dict.fromkeys(TOKENS, ""), TOKENS[set_too]: TOKEN, **later}
    assert controller.purged() == [SELECTED["hosts"]]


def test_the_token_may_lie_in_a_vault(controller: Controller) -> None:
    controller.environment[TOKENS[0]] = ""
    password, vault = controller.folder / "password", controller.folder / "vault.yml"
    password.write_text(secrets.token_hex(20), encoding="utf-8")
    vault.write_text("cloudflare_purge_token: %s\n" % TOKEN, encoding="utf-8")
    passes("ansible-vault", "encrypt", "--vault-password-file", password, vault)
    assert TOKEN not in vault.read_text(encoding="utf-8")
    assert controller.purged("--vault-password-file", str(password), "--extra-vars", "@%s" % vault) == [SELECTED["hosts"]]


#: id -> options, and what is said instead of a purge
SKIPPED: dict[str, tuple[dict[str, t.Any], str]] = {
    "no zone": ({"zone_id": ""}, "no zone is configured (cloudflare_purge_zone_id or cloudflare_purge_zone)"),
    "never": ({"when": "never"}, "cloudflare_purge_when is never"),
    "auto, nothing changed": ({"changed": False}, "no public service changed"),
    "no URL": ({"targets": {}}, "no public service has a URL"),
}


@pytest.mark.parametrize(("options", "said"), SKIPPED.values(), ids=SKIPPED)
def test_it_says_why_it_purges_nothing_and_needs_no_token_for_that(controller: Controller, options: dict[str, t.Any], said: str) -> None:
    controller.environment[TOKENS[0]] = ""
    done = controller.play(**options)
    assert done.returncode == 0, done.stdout
    assert "Cloudflare is not purged: %s." % said in " ".join(done.stdout.split())
    assert controller.api.journal.read() == []


def test_always_purges_what_did_not_change(controller: Controller) -> None:
    assert controller.purged(when="always", changed=False) == [SELECTED["hosts"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"zone": NAME}, "are set. Keep the one that is meant.", id="two zones"),
        pytest.param({"token": ""}, "Set the environment variable CLOUDFLARE_API_TOKEN on the controller", id="no token"),
    ],
)
def test_settings_that_cannot_work_are_refused(controller: Controller, options: dict[str, t.Any], said: str) -> None:
    if "token" in options:
        controller.environment[TOKENS[0]] = ""
    done = controller.play(**options)
    assert done.returncode == 2
    assert said in " ".join(done.stdout.split())
    assert controller.api.journal.read() == []


def test_check_mode_shows_the_request_and_sends_none(controller: Controller) -> None:
    done = controller.play("--check", "--diff", "-v", verify="fail")
    assert done.returncode == 0, done.stdout
    assert "/zones/%s/purge_cache" % ZONE in done.stdout
    assert "-hosts rack.example: as cached\n+hosts rack.example: gone" in "\n".join(sorted(done.stdout.splitlines(), key=lambda line: line[1:]))
    assert controller.api.journal.read() == controller.edge.journal.read() == []


def page(status: str, age: int) -> dict[str, t.Any]:
    return {"status": 200, "body": "page", "headers": {"CF-Cache-Status": status, "Age": str(age)}}


@pytest.mark.parametrize(("verify", "code"), [("warn", 0), ("fail", 2)])
def test_a_page_that_stays_old_is_told(controller: Controller, verify: str, code: int) -> None:
    controller.edge.faults.append(page("HIT", 500))
    done = controller.play(verify=verify, verify_max_wait=0, selector="everything", targets={"files": [controller.edge.origin + "/"]})
    assert done.returncode == code, done.stdout
    assert "%s/ is served stale: the copy is 500 s old" % controller.edge.origin in done.stdout + done.stderr
    assert [entry["target"] for entry in controller.edge.journal.read()] == ["/"]
    assert len(controller.api.journal.read()) == 1


def test_a_fresh_page_is_proven(controller: Controller) -> None:
    controller.edge.faults.append({**page("MISS", 0), "headers": {"CF-Cache-Status": "MISS"}})
    assert controller.purged(verify="fail", selector="everything", targets={"files": [controller.edge.origin + "/"]}) == [SELECTED["everything"]]
    assert len(controller.edge.journal.read()) == 1


#: id -> callback, arguments, options, faults, exit code, statuses of the requests that arrive. Nothing that comes of it may hold the token.
LOUD: dict[str, tuple[str, list[str], dict[str, t.Any], list[dict[str, t.Any]], int, list[int]]] = {
    "a purge": ("default", ["--diff"], {"zone_id": "", "zone": NAME}, [], 0, [200, 200]),
    "a purge as JSON": ("ansible.posix.json", ["--diff"], {}, [], 0, [200]),
    "a purge as JSON lines": ("ansible.posix.jsonl", ["--diff"], {}, [], 0, [200]),
    "check mode": ("default", ["--check", "--diff"], {"zone_id": "", "zone": NAME}, [], 0, [200]),
    "check mode as JSON": ("ansible.posix.json", ["--check", "--diff"], {}, [], 0, []),
    "a refusal that repeats the token": ("default", [], {}, [{"status": 403, "body": "Authorization: Bearer %s" % TOKEN}], 2, [403]),
    "such a refusal as JSON": ("ansible.posix.json", [], {}, [{"status": 403, "body": "Authorization: Bearer %s" % TOKEN}], 2, [403]),
    "a redirect with the token": ("default", [], {}, [{"status": 302, "headers": {"Location": "http://localhost/?%s" % TOKEN}}], 2, [302]),
    "an answer that is none": ("default", [], {}, [{"status": 200, "body": TOKEN}], 2, [200]),
    "a wrong option of the role": ("default", [], {"mode": "evict"}, [], 2, []),
    "a wrong option beside a token that is one": ("ansible.posix.json", [], {"mode": "evict", "token": TOKEN}, [], 2, []),
    "a wrong option of the module": ("ansible.posix.json", [], {"zone_id": "example.org"}, [], 2, []),
}


@pytest.mark.parametrize(("callback", "arguments", "options", "faults", "code", "statuses"), LOUD.values(), ids=LOUD)
def test_nothing_that_is_said_or_logged_or_listed_holds_the_token(
    controller: Controller,
    monkeypatch: pytest.MonkeyPatch,
    callback: str,
    arguments: list[str],
    options: dict[str, t.Any],
    faults: list[dict[str, t.Any]],
    code: int,
    statuses: list[int],
) -> None:
    listed: list[str] = []
    reply = controller.api.reply

    def look_around(request: Request) -> Answer:
        """While the module works: the command line of every process of this machine."""
        listed.extend(_command_lines())
        return reply(request)

    monkeypatch.setattr(controller.api, "reply", look_around)
    controller.api.faults.extend(faults)
    controller.environment["ANSIBLE_STDOUT_CALLBACK"] = callback
    done = controller.play("-vvvv", *arguments, **options)
    log = (controller.folder / "log").read_text(encoding="utf-8")
    assert done.returncode == code, done.stdout + done.stderr
    assert [(entry["status"], entry["token"]) for entry in controller.api.journal.read()] == [(status, True) for status in statuses]
    assert "mycosoft.rack.cloudflare_purge" in done.stdout
    assert log
    assert any("ansible-playbook" in line for line in listed) is bool(statuses)
    for where, text in {"output": done.stdout, "errors": done.stderr, "log": log, "processes": "\n".join(listed)}.items():
        assert TOKEN not in text, where


def _command_lines() -> t.Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
