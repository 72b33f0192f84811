# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command on the host, with real processes: started apart from the task, found again, stopped."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._host import session
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.session import Session
from ansible_collections.mycosoft.rack.plugins.modules import long_command

from tests.support.composed import docker_without_engine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(**options: t.Any) -> Result:
        with patch_module_args({"state_directory": str(tmp_path), **options}), pytest.raises(SystemExit):
            long_command.main()
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def ended(run: Run, begun: Result) -> Result:
    """The last look, which may be that of the start."""
    result, until = begun, time.monotonic() + 20
    while not result["ended"]:
        assert time.monotonic() < until, result
        result = run(step="look", job=begun["job"])
    return result


def leader(job: str) -> int:
    """The process that leads the session of a job."""
    return int((Path(job) / "pid").read_text().split()[0])


def left(pid: int) -> bool:
    """Whether a process is still there; a zombie is not."""
    return Kernel().start_ticks(pid) is not None


def test_exit_code_and_last_lines_are_told_and_nothing_is_left(run: Run, tmp_path: Path) -> None:
    begun = run(step="start", argv=["sh", "-c", "echo one; echo two >&2; echo; printf '10%%\\r20%%\\n'; exit 3"])
    result = ended(run, begun)
    assert (result["ended"], result["rc"], result["lines"]) == (True, 3, ["one", "two", "20%"])
    assert list(tmp_path.iterdir()) == []


def test_neither_control_sequences_nor_values_of_the_environment_are_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", docker_without_engine(tmp_path / "bin"))
    hidden = {word: "1-%s" % secrets.token_hex(8) for word in ("of the env file", "of a service", "of its env file", "of a build")}
    there = tmp_path / "there"
    there.mkdir()
    service = {"build": {"context": ".", "args": {"C": hidden["of a build"]}}, "environment": {"A": hidden["of a service"]}, "env_file": ["web.env"]}
    files = {
        ".env": f"X={hidden['of the env file']}\n",
        "web.env": f"B={hidden['of its env file']}\n",
        "compose.yml": json.dumps({"services": {"web": service}}),
    }
    for name, content in files.items():
        (there / name).write_text(content, encoding="utf-8")
    command = r"printf '\033]0;title\007\033[31m%s\033[0m\n' " + " ".join(hidden.values())
    arguments = ["--project-directory", str(there), "--file", str(there / "compose.yml")]
    begun = run(step="start", argv=["sh", "-c", command], hide_environment_of=arguments, wait=20)
    assert (begun["ended"], begun["lines"]) == (True, ["********"] * 4)
    (there / ".env").write_text(f"X='{hidden['of the env file']}\n", encoding="utf-8")
    begun = run(step="start", argv=["sh", "-c", command], hide_environment_of=arguments, wait=20)
    assert begun["lines"][0] == "********", "the files are not accepted, and their variables may be said all the same"


def test_it_runs_in_its_directory_and_reads_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    begun = run(step="start", argv=["sh", "-c", "pwd; cat"], chdir=str(tmp_path / "there"))
    assert ended(run, begun)["lines"] == [str(tmp_path / "there")]


def test_arguments_are_not_for_a_shell(run: Run) -> None:
    begun = run(step="start", argv=["echo", "$HOME", "a  b", "'", "; exit 7"])
    assert ended(run, begun)["lines"] == ["$HOME a  b ' ; exit 7"]


def test_it_is_seen_while_it_runs_and_stopped_with_its_children(run: Run, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    job = run(step="start", argv=["sh", "-c", f"echo begun; echo >{fifo}; sleep 600 & sleep 600"], wait=0)["job"]
    fifo.read_text()  # it has begun by then
    seen = run(step="look", job=job, wait=0)
    assert (seen["ended"], seen["lines"], "rc" in seen) == (False, ["begun"], False)
    pid = leader(job)
    assert (run(step="stop", job=job)["stopped"], left(pid), Path(job).exists()) == (True, False, False)


def test_what_ignores_the_signal_is_stopped_or_left_its_session_is_gone_before_it_is_called_stopped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_SIGNALS", ((signal.SIGTERM, 0.5), (signal.SIGKILL, 20.0)))
    commands = [
        "trap '' TERM; while :; do sleep 600; done",  # ignores it
        "kill -STOP $$; sleep 600",  # is stopped, and would get it when it continues
        "exec setsid -f sleep 600",  # in a session of its own, and without a parent
        "env -i setsid -w sleep 600",  # in a session of its own, without the environment of the command
    ]
    job = run(step="start", argv=["sh", "-c", 'for one; do sh -c "$one" & done; wait', "sh", *commands], wait=0)["job"]
    processes, until = Session(Kernel(), leader(job), Kernel().start_ticks(leader(job)) or 0, job), time.monotonic() + 20
    while len(alive := processes.processes()) < 2 + 2 + 1 + 1 + 2:  # the wrapper, the command, and what each one becomes
        assert time.monotonic() < until, alive
    result = run(step="stop", job=job)
    assert (result["stopped"], result["left"]) == (True, [])
    assert [pid for pid in alive if left(pid)] == []


def test_what_no_signal_ends_is_named_and_not_called_stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    job = run(step="start", argv=["sleep", "600"], wait=0)["job"]
    with monkeypatch.context() as patched:
        patched.setattr(session, "_SIGNALS", ((signal.SIGWINCH, 0.2),))  # as good as none, as for a process that waits for a dead disk
        result = run(step="stop", job=job)
    assert [name.split()[1] for name in result["left"]] == ["(sh)", "(sleep)"]
    assert run(step="stop", job=job)["left"] == []


def test_a_start_that_ssh_repeats_finds_the_command_again(run: Run, tmp_path: Path) -> None:
    """Its answer was lost with the connection; two of the same command would work side by side."""
    argv = ["sh", "-c", f"echo begun >>{tmp_path}/starts; sleep 600"]
    first = run(step="start", argv=argv, job="command-one", wait=0.5)
    again = run(step="start", argv=argv, job="command-one", wait=0)
    assert (again["job"], again["ended"], (tmp_path / "starts").read_text()) == (first["job"], False, "begun\n")
    assert run(step="stop", job=first["job"])["left"] == []


def test_a_command_that_could_not_be_found_again_does_not_go_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, *given: t.Any, **more: t.Any) -> int:
        if path.name == "pid":
            raise OSError(28, "No space left on device")
        return write(path, *given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        result = run(step="start", argv=["sleep", "600"], job="command-one", wait=0)
    assert "No space left on device" in result["msg"]
    assert Session(Kernel(), session.NOBODY, 0, str(tmp_path / "command-one")).processes() == []


def test_one_that_has_ended_by_itself_was_not_stopped(run: Run) -> None:
    begun = run(step="start", argv=["sh", "-c", "exit 5"], wait=0)
    while begun.get("ended") is False and not (Path(begun["job"]) / "code").exists():
        pass
    result = begun if begun["ended"] else run(step="stop", job=begun["job"])
    assert (result["rc"], "stopped" in result) == (5, False)


def test_a_job_whose_directory_is_gone_is_stopped_all_the_same(run: Run) -> None:
    job = run(step="start", argv=["sleep", "600"], wait=0)["job"]
    pid = leader(job)
    shutil.rmtree(job)
    assert (run(step="stop", job=job)["stopped"], left(pid)) == (True, False)


def test_a_look_that_waits_sees_the_end_at_once(run: Run, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    job = run(step="start", argv=["sh", "-c", f"cat {fifo}"], wait=0)["job"]
    threading.Timer(0.3, fifo.write_text, ["over\n"]).start()
    seen = run(step="look", job=job, wait=600)
    assert (seen["ended"], seen["rc"], seen["lines"]) == (True, 0, ["over"])


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        pytest.param("echo two >state", True, id="changed"),
        pytest.param("echo Recreated; echo one >state", False, id="unchanged, whatever it says"),
        pytest.param("echo two >state; exit 1", True, id="changed, and failed"),
    ],
)
def test_what_it_changed_is_compared_and_not_read_from_its_output(run: Run, tmp_path: Path, command: str, changed: bool) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "state").write_text("one\n")
    compare = ["cat", str(there / "state")]
    begun = run(step="start", argv=["sh", "-c", command], chdir=str(there), compare=compare)
    result = begun if begun["ended"] else run(step="look", job=begun["job"], compare=compare, wait=20)
    assert (result["ended"], result["changed"]) == (True, changed)


def test_without_something_to_compare_it_counts_as_changed(run: Run) -> None:
    assert ended(run, run(step="start", argv=["true"]))["changed"] is True


def test_one_that_was_killed_with_its_wrapper_has_ended(run: Run, tmp_path: Path) -> None:
    begun = run(step="start", argv=["sleep", "600"], wait=0)
    os.killpg(leader(begun["job"]), signal.SIGKILL)
    assert (ended(run, begun)["rc"], list(tmp_path.iterdir())) == (-1, [])


def test_one_whose_wrapper_alone_was_killed_has_not_ended(run: Run) -> None:
    job = run(step="start", argv=["sleep", "600"], wait=0)["job"]
    os.kill(leader(job), signal.SIGKILL)
    assert run(step="look", job=job, wait=0)["ended"] is False
    assert run(step="stop", job=job)["left"] == []


def test_a_comparison_that_hangs_fails_the_task_and_not_the_command(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As docker does beside an engine that hangs."""
    monkeypatch.setattr(long_command, "_COMPARE", 1)
    compare = ["sh", "-c", f"if [ -e {tmp_path}/hangs ]; then sleep 600; fi"]
    begun = run(step="start", argv=["touch", str(tmp_path / "hangs")], wait=0, compare=compare)
    result = begun if begun.get("failed") else run(step="look", job=begun["job"], compare=compare, wait=20)
    assert (result["failed"], result["ended"], result["rc"], "did not end within 1 s" in result["msg"]) == (True, True, 0, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"step": "start", "argv": []}, "argv is empty", id="nothing to run"),
        pytest.param({"step": "start", "argv": ["no-such-program"]}, "Cannot run no-such-program: there is no such program", id="unknown program"),
        pytest.param({"step": "start", "argv": ["true"], "state_directory": "/nowhere"}, "the permissions of /nowhere", id="no place for its output"),
        pytest.param({"step": "look", "job": "/nowhere"}, "Cannot find the command again: /nowhere", id="a job that is gone"),
        pytest.param({"step": "start", "argv": ["true"], "compare": ["false"]}, "Cannot compare before and after: false", id="nothing to compare"),
        pytest.param({"argv": ["true"]}, "must run through its action plugin", id="without the action plugin"),
    ],
)
def test_what_cannot_be_run_is_refused(run: Run, options: Result, said: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert said in result["msg"]
