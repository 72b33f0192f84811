# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on a real disk, between real processes."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._lock import file as lock_file
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Damaged, Lock, LockRequest, release, take
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import COOKIE, LockFile, controller, gone, moment, processes_of

ROOT = Path("/")
PROCESSES = 8
ROUNDS = 10

Process = subprocess.Popen[bytes]

#: A run that no other test worker on this machine knows: environments are read of all processes.
RUN = f"run of {os.getpid()}"
USERS = {os.geteuid()}


@pytest.fixture
def process() -> t.Iterator[Process]:
    """A process that waits, and knows the name of a run."""
    with subprocess.Popen([sys.executable, "-c", "print(end='.', flush=True); input()"], stdin=-1, stdout=-1, env={COOKIE: RUN}) as waiting:
        assert waiting.stdout is not None
        waiting.stdout.read(1)  # by then it is the program, with its own environment
        yield waiting
        waiting.kill()


def request_of(run: str) -> LockRequest:
    return LockRequest(run, "test", "somebody", None, 600, controller(os.getpid(), socket.gethostname(), ROOT))


def put(file: LockFile) -> None:
    with file.guarded():
        file.replace(take(file.read(), request_of("run"), moment(ROOT)).after)


def taken(file: LockFile, request: LockRequest) -> bool:
    """As the module does it: look first, and decide anew under the guard."""
    if not take(file.read(), request, moment(ROOT)).done:
        return False
    with file.guarded():
        step = take(file.read(), request, moment(ROOT))
        if step.done:
            file.replace(step.after)
        return step.done


def compete(directory: str, start: t.Any) -> None:
    """Take and release the lock, each time adding one to a number in two steps that only one at a time may make."""
    file, number, request = LockFile(directory), Path(directory, "number"), request_of("run of %d" % os.getpid())
    start.wait()
    for _round in range(ROUNDS):
        while not taken(file, request):
            os.sched_yield()
        before = int(number.read_text())
        os.sched_yield()
        number.write_text(str(before + 1))
        with file.guarded():
            file.replace(release(file.read(), request, moment(ROOT)).after)


def test_of_eight_processes_one_at_a_time_has_it(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    context = multiprocessing.get_context("fork")
    start = context.Barrier(PROCESSES)
    processes = [context.Process(target=compete, args=(str(tmp_path), start)) for _number in range(PROCESSES)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    assert [each.exitcode for each in processes] == [0] * PROCESSES
    assert (tmp_path / "number").read_text() == str(PROCESSES * ROUNDS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock.json.guard", "number", "reserve"]


def test_what_is_written_is_read_again_by_anybody(tmp_path: Path) -> None:
    file = LockFile(str(tmp_path))
    step = take(None, request_of("run"), moment(ROOT))
    (tmp_path / "lock.json.new").write_text("what a killed process left of it")
    file.replace(step.after)
    assert file.read() == step.after
    assert (tmp_path / "lock.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"run": 1}', b"\xff"], ids=repr)
def test_what_is_no_lock_is_damaged_for_as_long_as_the_file_is_old(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock.json"
    path.write_bytes(content)
    os.utime(path, (0, path.stat().st_mtime - 700))
    found = LockFile(str(tmp_path)).read()
    assert isinstance(found, Damaged)
    assert found.cause.startswith(f"{path} cannot be understood (")
    assert 700 <= found.age < 710


def test_a_damaged_file_of_the_future_is_new(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_bytes(b"")
    os.utime(path, (0, path.stat().st_mtime + 700))
    found = LockFile(str(tmp_path)).read()
    assert isinstance(found, Damaged)
    assert found.age == 0


def test_a_guard_that_somebody_keeps_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_file, "_PATIENCE", 0.05)
    with (tmp_path / "lock.json.guard").open("w") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        with pytest.raises(RackError, match=r"^Cannot look at the lock: another process has held .*/lock.json.guard for 0 s"):
            put(LockFile(str(tmp_path)))


@pytest.mark.parametrize(("directory", "guard"), [(0o755, 0o600), (0o2775, 0o640)])
@pytest.mark.parametrize("before", [None, 0o644])
def test_only_who_may_write_in_the_directory_can_lock_the_guard(tmp_path: Path, directory: int, guard: int, before: int | None) -> None:
    if before:
        (tmp_path / "lock.json.guard").touch(before)
    tmp_path.chmod(directory)
    put(LockFile(str(tmp_path)))
    assert (tmp_path / "lock.json.guard").stat().st_mode & 0o777 == guard


def test_a_directory_in_which_anybody_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(RackError, match=f"^Cannot keep records in {tmp_path}: every user of the server may write there. Take that right away"):
        put(LockFile(str(tmp_path)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to another user")
def test_a_link_of_another_user_is_no_directory_for_records(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    put(LockFile(str(tmp_path / "link")))
    os.chown(tmp_path / "link", os.geteuid() + 1, -1, follow_symlinks=False)
    with pytest.raises(RackError, match=f"^Cannot keep records in {tmp_path}/link: it is a link of another user."):
        put(LockFile(str(tmp_path / "link")))


@pytest.mark.parametrize("name", ["lock.json.guard", "lock.json", "lock.json.new"])
def test_a_directory_where_the_file_would_be_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    said = rf"^Cannot \w+ the lock in {tmp_path}: Is a directory. {tmp_path}/{name} should be a file. Check who made it, and move it away.$"
    with pytest.raises(RackError, match=said):
        put(LockFile(str(tmp_path)))


def test_a_link_that_somebody_put_there_first_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("theirs", encoding="utf-8")
    for name in ("lock.json.guard", "lock.json.new"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RackError, match="lock.json.guard should be a file"):
        put(LockFile(str(tmp_path)))
    (tmp_path / "lock.json.guard").unlink()
    put(LockFile(str(tmp_path)))
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "theirs"
    assert isinstance(LockFile(str(tmp_path)).read(), Lock)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "Read-only file system. Its file system is mounted read-only: find out why"),
        (errno.ENOSPC, "No space left on device. Free disk there"),
        (errno.ENOTDIR, "Not a directory. A part of this path is a file."),
        (errno.EACCES, "Permission denied. The directory has to be there, and be writable for the user that Ansible logs in as"),
    ],
)
def test_what_the_file_system_refuses_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    def refuse(*_arguments: object, **_options: object) -> t.NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(RackError, match=f"Cannot write the lock in {tmp_path}: {said}") as refused:
        put(LockFile(str(tmp_path)))
    assert refused.value.facts == ({"no_directory": True} if number == errno.EACCES else {})


def test_now_is_the_servers_own_time_since_its_boot(tmp_path: Path) -> None:
    files = {"uptime": "1234.56 9876.54\n", "sys/kernel/random/boot_id": "4834dabb\n", "1/stat": "1 (a (strange) name) S" + " 0" * 18 + " 42 0 0\n"}
    for name, content in files.items():
        path = tmp_path / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    now = moment(tmp_path)
    assert (now.uptime, now.boot_id, now.init_started) == (1234.56, "4834dabb", 42)
    assert now.now.endswith("Z")
    (tmp_path / "proc/1/stat").unlink()
    assert moment(tmp_path).init_started is None


def test_a_process_is_there_until_it_is_killed(process: Process) -> None:
    there = controller(process.pid, "here", ROOT)
    assert there.started is not None
    assert there.beside(controller(os.getpid(), "here", ROOT))
    assert not gone(there, ROOT)
    process.send_signal(signal.SIGSTOP)
    assert not gone(there, ROOT), "one that is stopped can go on"
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert Kernel(ROOT).start_ticks(process.pid) is None, "nobody has asked for its exit code yet"
    assert gone(there, ROOT)
    process.wait()
    assert gone(there, ROOT)


def test_another_process_of_the_same_number_is_not_the_same(process: Process) -> None:
    there = controller(process.pid, "here", ROOT)
    assert gone(there.__class__(**{**there.__dict__, "started": 1}), ROOT)


def test_what_a_run_has_started_is_known_by_its_environment(process: Process) -> None:
    assert processes_of(RUN, ROOT, USERS) == (process.pid,)
    assert processes_of("their", ROOT, USERS) == ()
    assert processes_of(RUN, ROOT, {os.geteuid() + 1}) == (), "another user may set any name in an environment"
    process.kill()
    process.wait()
    assert processes_of(RUN, ROOT, USERS) == ()


def test_an_event_is_a_line_more(tmp_path: Path) -> None:
    file = LockFile(str(tmp_path))
    file.note({"event": "one"})
    file.note({"event": "two"})
    assert [json.loads(line)["event"] for line in (tmp_path / "history.jsonl").read_text().splitlines()] == ["one", "two"]


def test_a_lock_outlives_a_process_that_is_killed_while_it_writes(tmp_path: Path) -> None:
    file = LockFile(str(tmp_path))
    former = take(None, request_of("run"), moment(ROOT)).after
    file.replace(former)
    (tmp_path / "lock.json.new").write_text('{"run": "hal')
    found = file.read()
    assert isinstance(found, Lock)
    assert found == former


class Full:
    """A disk without a free byte, until somebody gives the reserve up."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._write = folder, LockFile._write  # noqa: SLF001 (no disk of its own for a test without root)

        def write(file: LockFile, lock: t.Any) -> None:
            if (self._folder / "reserve").exists():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._write(file, lock)

        monkeypatch.setattr(LockFile, "_write", write)


def test_on_a_full_disk_the_reserve_is_given_up_and_made_again_with_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, request = LockFile(str(tmp_path)), request_of("run")
    assert taken(file, request)
    assert (tmp_path / "reserve").stat().st_size == 1 << 20
    Full(tmp_path, monkeypatch)
    file.replace(take(None, request, moment(ROOT)).after)
    assert not (tmp_path / "reserve").exists(), "made anew at once it would have taken the room for the notes of the run"
    with file.guarded():
        file.replace(release(file.read(), request, moment(ROOT)).after)
    assert (tmp_path / "reserve").stat().st_size == 1 << 20


def test_without_a_reserve_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: LockFile, _lock: t.Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LockFile, "_write", full)
    with pytest.raises(RackError, match="No space left on device"):
        LockFile(str(tmp_path)).replace(take(None, request_of("run"), moment(ROOT)).after)
