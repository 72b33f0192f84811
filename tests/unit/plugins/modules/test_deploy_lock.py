# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy_lock, run for real in a directory of its own, on a server of a few files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import deploy_lock

Result = dict[str, t.Any]

HERE = {"host": "controller", "boot_id": "its boot", "pid_namespace": 1, "pid": 4711, "started": 1000}
ELSEWHERE = {**HERE, "host": "another", "boot_id": "another boot"}


class Server:
    """What the module looks at: its directory, and the clock and boot of the server. Its clock stands still until it is set."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder / "records"
        self.root = folder / "root"
        self.folder.mkdir()
        self._capsys = capsys
        self.set(1000.0)

    def set(self, uptime: float, boot_id: str = "boot") -> None:
        for name, content in {"uptime": f"{uptime} 0", "sys/kernel/random/boot_id": boot_id}.items():
            path = self.root / "proc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def __call__(self, state: str, run: str = "mine", check: bool = False, **options: t.Any) -> Result:
        given = {"state": state, "run": run, "state_directory": str(self.folder), "controller": ELSEWHERE, "by": "jane", "host": "sandbox", **options}
        with patch_module_args({**given, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            deploy_lock.main(self.root)
        said = self._capsys.readouterr()
        result: Result = json.loads(said.out)
        # where code of the controller was imported before, a warning goes to the terminal instead of into the result, and only once
        return {**result, "warned": " ".join([str(result.pop("warnings", "")), *said.err.split()])}

    @property
    def lock(self) -> Result:
        """What the file holds; empty where there is none."""
        path = self.folder / "lock.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def history(self) -> list[Result]:
        path = self.folder / "history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    return Server(tmp_path, capsys)


def test_it_is_taken_renewed_and_released_and_each_again(server: Server) -> None:
    foreseen = server("taken", check=True)
    assert (foreseen["changed"], list(server.folder.iterdir())) == (True, [])
    taken = server("taken")
    assert (taken["changed"], taken["lock"], server.lock) == (True, taken["lock"], taken["lock"])
    assert {**foreseen["lock"], "taken": 0, "renewed": 0} == {**taken["lock"], "taken": 0, "renewed": 0}
    assert taken["diff"]["before"] == "nobody has it\n"
    assert taken["diff"]["after"].startswith("deploy mine by jane@another has it since ")

    server.set(1100.0)
    again = server("taken")
    assert (again["changed"], again["lock"]["uptime"], again["lock"]["taken"]) == (False, 1100.0, taken["lock"]["taken"])
    server.set(1200.0)
    renewed = server("renewed", lease=60, purpose="rollback")
    assert (renewed["changed"], server.lock) == (False, renewed["lock"])
    assert (renewed["lock"]["uptime"], renewed["lock"]["lease"], renewed["lock"]["purpose"]) == (1200.0, 60, "rollback")

    assert server("released", check=True)["changed"] is True
    assert server.lock != {}
    assert server("released")["changed"] is True
    assert server.lock == {}
    assert server.history == []
    assert server("released")["changed"] is False


def test_one_that_another_run_has_is_refused_with_who_and_since_when(server: Server) -> None:
    server("taken", run="theirs", job="17", controller=HERE)
    server.set(1012.0)
    refused = server("taken")
    since = refused["held_by"]["taken"][11:19]
    holder = f"deploy theirs by jane@controller (job 17) has it since {since} UTC, renewed 12 s ago"
    assert refused["failed"] is True
    assert refused["msg"] == f"Cannot take the lock of sandbox: {holder}. Wait for it, or set deploy_lock_break=true if it is dead."
    assert (refused["holder"], refused["held_by"], refused["changed"], refused["waited"]) == (holder, server.lock, False, 0)


def test_check_mode_tells_of_another_run_and_does_not_wait_for_it(server: Server) -> None:
    server("taken", run="theirs")
    before = server.lock
    for state in ("taken", "renewed"):
        told = server(state, check=True, wait=60)
        assert ("failed" in told, told["changed"], told["held_by"]["run"], told["waited"]) == (False, False, "theirs", 0)
        assert "theirs by jane@another has it" in told["warned"]
    assert server.lock == before


def test_in_check_mode_what_was_not_taken_is_not_lost(server: Server) -> None:
    told = server("renewed", check=True)
    assert ("failed" in told, "held_by" in told, told["lock"]) == (False, False, None)


@pytest.mark.parametrize("gone", ["released", "theirs"])
def test_a_lock_that_is_lost_cannot_be_renewed(server: Server, gone: str) -> None:
    server("taken")
    server("released")
    if gone == "theirs":
        server("taken", run="theirs")
    lost = server("renewed")
    assert lost["failed"] is True
    assert lost["msg"].startswith("Cannot renew the lock of sandbox: it is lost, " + ("nobody has it." if gone == "released" else "deploy theirs by jane"))
    assert lost["msg"].endswith("Another run may have changed the server since. Run again.")


def test_a_run_never_releases_anothers(server: Server) -> None:
    server("taken", run="theirs")
    assert server("released")["changed"] is False
    assert server.lock != {}


@pytest.mark.parametrize(
    ("setting", "options", "why"),
    [
        pytest.param((1600.0, "boot"), {}, "its lease of 600 s ran out 0 s ago", id="lease"),
        pytest.param((10.0, "next boot"), {}, "the server has booted since", id="reboot"),
        pytest.param((1000.0, "boot"), {"controller": {**HERE, "pid": 1}, "gone": True}, "its process 4711 on controller is gone", id="killed"),
    ],
)
def test_one_of_a_dead_run_is_taken_over_with_a_record(server: Server, setting: tuple[float, str], options: Result, why: str) -> None:
    theirs = server("taken", run="theirs", controller=HERE)["lock"]
    server.set(*setting)
    options = {**options, "gone": theirs} if options else {}
    foreseen = server("taken", check=True, **options)
    assert (foreseen["took_over"], server.history) == ({**theirs, "why": why}, [])
    done = server("taken", **options)
    assert (done["changed"], done["took_over"], server.lock) == (True, {**theirs, "why": why}, done["lock"])
    assert done["lock"]["run"] == "mine"
    assert f"Takes over the lock of sandbox because {why}: deploy theirs by jane@controller has it since" in foreseen["warned"] + done["warned"]
    [line] = server.history
    assert line == {"time": line["time"], "event": "lock taken over", "run": "mine", "by": "jane", "job": None, "why": why, "from": theirs}


def test_a_person_breaks_a_lock_with_a_record_and_its_run_learns_of_it(server: Server) -> None:
    theirs = server("taken", run="theirs")["lock"]
    foreseen = server("broken", check=True)
    assert (foreseen["took_over"]["run"], server.lock) == ("theirs", theirs)
    done = server("broken")
    assert (done["changed"], done["lock"], server.lock) == (True, None, {})
    assert "Breaks the lock of sandbox because jane said so: deploy theirs by jane@another has it since" in foreseen["warned"] + done["warned"]
    assert [(line["event"], line["why"], line["from"]) for line in server.history] == [("lock broken", "jane said so", theirs)]
    assert server("renewed", run="theirs")["failed"] is True
    assert server("broken")["changed"] is False


def test_a_damaged_file_is_held_by_somebody_unknown_for_ten_minutes(server: Server) -> None:
    path = server.folder / "lock.json"
    path.write_text("{")
    refused = server("taken")
    assert refused["failed"] is True
    assert refused["msg"].startswith(f"Cannot take the lock of sandbox: somebody unknown has it: {path} cannot be understood (")
    assert server("released")["changed"] is False
    os.utime(path, (0, time.time() - 601))
    done = server("taken")
    assert done["took_over"]["why"].startswith(f"{path} cannot be understood (")
    assert server.history[0]["from"]["cause"] == done["took_over"]["cause"]


def test_what_a_dead_run_left_running_is_waited_for(server: Server) -> None:
    server("taken", run="theirs", controller=HERE)
    server.set(1600.0)
    environment = server.root / "proc/17/environ"
    environment.parent.mkdir()
    environment.write_bytes(b"HOME=/\0MYCOSOFT_RACK_RUN=theirs\0")
    environment.with_name("status").write_text(f"Name:\tx\nUid:\t{os.geteuid()}\t0\t0\t0\n")
    refused = server("taken")
    assert refused["failed"] is True
    assert "renewed 600 s ago, and is gone, but its processes 17 still work there. Wait for it" in refused["msg"]
    environment.unlink()
    assert server("taken")["took_over"]["run"] == "theirs"


def test_a_lock_is_kept_while_a_command_that_could_not_be_stopped_works(server: Server) -> None:
    """Any other process of the run, such as the housekeeping of git, does not keep it."""
    server("taken")
    for pid, more in (("17", b"MYCOSOFT_RACK_JOB=/srv/command-x\0"), ("18", b"")):
        environment = server.root / "proc" / pid / "environ"
        environment.parent.mkdir()
        environment.write_bytes(b"MYCOSOFT_RACK_RUN=mine\0" + more)
        environment.with_name("status").write_text(f"Name:\tx\nUid:\t{os.geteuid()}\t0\t0\t0\n")
    refused = server("released")
    assert (refused["failed"], server.lock["run"]) == (True, "mine")
    assert refused["msg"].startswith("Cannot release the lock of sandbox: processes 17 of this run still work there. End them")
    (server.root / "proc/17/environ").unlink()
    assert (server("released")["changed"], server.lock) == (True, {})


def test_it_waits_until_the_other_run_releases_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_lock, "POLL", 0.01)
    server("taken", run="theirs")
    path = server.folder / "lock.json"
    with subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(0.3); os.unlink({str(path)!r})"]):
        done = server("taken", wait=30)
    assert (done["changed"], done["lock"]["run"], "took_over" in done) == (True, "mine", False)


def test_it_waits_no_longer_than_it_may(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_lock, "POLL", 0.2)
    server("taken", run="theirs")
    refused = server("taken", wait=1)
    assert (refused["failed"], refused["waited"]) == (True, 1)


@pytest.mark.parametrize("state", ["released", "broken"])
def test_what_has_nothing_to_do_needs_no_directory(server: Server, state: str) -> None:
    server.folder.rmdir()
    assert server(state)["changed"] is False
    assert server("taken", check=True)["changed"] is True


def test_a_directory_that_is_not_there_is_named(server: Server) -> None:
    server.folder.rmdir()
    refused = server("taken")
    assert refused["failed"] is True
    assert refused["msg"].startswith(f"Cannot guard the lock in {server.folder}: No such file or directory. The directory has to be there")


def test_a_history_that_cannot_be_written_keeps_the_lock_from_changing_hands(server: Server) -> None:
    theirs = server("taken", run="theirs")["lock"]
    (server.folder / "history.jsonl").mkdir()
    assert server("broken")["failed"] is True
    assert server.lock == theirs


@pytest.mark.parametrize(
    "options",
    [{"run": ""}, {"lease": 0}, {"wait": -1}, {"controller": {"host": "h"}}, {"gone": {"run": "theirs"}}],
    ids=["no run", "no lease", "no wait", "no controller", "no lock"],
)
def test_what_cannot_be_meant_is_refused(server: Server, options: Result) -> None:
    refused = server("taken", **options)
    assert refused["failed"] is True
    assert refused["msg"].startswith("Cannot use the lock: ")
    assert list(server.folder.iterdir()) == []
