# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Border: the lock on a server's disk, the server's clock, and processes of this machine.

``lock.json`` is read, decided over and replaced as a whole while ``lock.json.guard`` is locked (flock), so that of any number of processes one
goes after the other. The guard is never removed: a process could hold one that has no name any more, and the next one lock its successor.
``reserve`` beside them is room on the disk that is given up where the disk is full: who comes to free it needs a lock and a few notes first.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.jsonlines import append
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.session import COOKIE as JOB
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Controller, Damaged, Lock, LockOnDisk, Moment, lock_of, to_json

#: In the environment of what a run starts on a server: the name of the run. The playbook sets it, with the keyword ``environment``.
COOKIE = "MYCOSOFT_RACK_RUN"

#: Bytes of the reserve: many times what a run notes before it has freed the disk.
_RESERVE = 1 << 20

#: Seconds within which any other process has read and written its few lines.
_PATIENCE = 10.0


class LockFile:
    """The lock in one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._path = state_path(directory, "lock")

    def read(self) -> LockOnDisk:
        """The lock as it is; needs no guard, because the file is only ever replaced."""
        try:
            content, changed = self._path.read_bytes(), self._path.stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused("read", error) from error
        try:
            return lock_of(json.loads(content))
        except ValueError as error:
            return Damaged("%s cannot be understood (%s)" % (self._path, error), max(time.time() - changed, 0))

    def replace(self, after: LockOnDisk) -> None:
        """Put a lock, or none, in the place of the one before; a reader finds one of the two, whole, also after a power cut."""
        try:
            if isinstance(after, Lock):
                self._write_with_reserve(after)
            else:
                self._path.unlink()
                self._keep_reserve()
        except OSError as error:
            raise self._refused("write", error) from error

    def _write_with_reserve(self, lock: Lock) -> None:
        reserve = self._path.with_name("reserve")
        try:
            self._write(lock)
        except OSError as error:
            if error.errno != errno.ENOSPC or not reserve.exists():
                raise
            reserve.unlink()
            self._write(lock)
        else:
            self._keep_reserve()

    def _keep_reserve(self) -> None:
        """Have it; where there is no room for it now there is at the end of a later run."""
        reserve = self._path.with_name("reserve")
        if reserve.exists():
            return
        with contextlib.suppress(OSError):
            try:
                with reserve.open("xb") as file:
                    os.posix_fallocate(file.fileno(), 0, _RESERVE)
            except OSError:
                reserve.unlink(missing_ok=True)
                raise

    def _write(self, lock: Lock) -> None:
        new = self._path.with_name("lock.json.new")  # nobody else's, under the guard; what a killed process left of it goes
        new.unlink(missing_ok=True)
        with new.open("x", encoding="utf-8") as file:
            json.dump(to_json(lock), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(0o644)
        new.replace(self._path)

    def note(self, event: Facts) -> None:
        """One line more in the history of the server."""
        append(state_path(self._directory, "history"), event)

    @contextlib.contextmanager
    def guarded(self) -> t.Iterator[None]:
        """Alone among all processes of the server. To lock it, to read is enough: another user may have made it."""
        guard = self._path.with_name("lock.json.guard")
        try:
            descriptor = os.open(guard, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._refused("guard", error) from error
        try:
            self._lock(descriptor, guard)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, guard: Path) -> None:
        until = time.monotonic() + _PATIENCE
        while not _locked(descriptor):
            if time.monotonic() >= until:
                raise RackError(
                    "Cannot look at the lock: another process has held %s for %d s, which takes a moment at most. "
                    "Find it with `fuser %s`: it is stopped, or hangs." % (guard, _PATIENCE, guard)
                )
            time.sleep(0.01)

    def _refused(self, verb: str, error: OSError) -> RackError:
        facts = {"no_directory": True} if isinstance(error, (FileNotFoundError, PermissionError)) else {}
        return RackError(
            "Cannot %s the lock in %s: %s. The directory has to be there, have room, and be writable for the user that Ansible logs in as; "
            "the role records makes it." % (verb, self._directory, error.strerror or error),
            **facts,
        )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def moment(root: Path) -> Moment:
    """Now, on this server."""
    proc = root / "proc"
    return Moment(
        now=str(iso(time.time())),
        uptime=float((proc / "uptime").read_text(encoding="ascii").split()[0]),
        boot_id=(proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        init_started=Kernel(root).start_ticks(1),
    )


def processes_of(run: str, root: Path, commands: bool = False) -> t.Tuple[int, ...]:
    """Processes of this server that ``run`` has started, as far as this user may read their environments; ``commands``: only those of its long commands."""
    cookie, job = ("%s=%s" % (COOKIE, run)).encode(), ("%s=" % JOB).encode()
    found = {int(path.name): _environment(path) for path in (root / "proc").iterdir() if path.name.isdecimal()}
    ours = [pid for pid, variables in found.items() if cookie in variables and (not commands or any(one.startswith(job) for one in variables))]
    return tuple(sorted(ours))


def _environment(folder: Path) -> t.List[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or ended meanwhile
        return []


def controller(pid: int, host: str, root: Path) -> Controller:
    """The process ``pid`` of this machine as the controller of a run."""
    boot_id = namespace = None
    with contextlib.suppress(OSError):
        boot_id = (root / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = (root / "proc/self/ns/pid").stat().st_ino
    return Controller(host, boot_id, namespace, pid, Kernel(root).start_ticks(pid))


def gone(of: Controller, root: Path) -> bool:
    """Whether that process is no more: none of its number, or one that started at another time. Only for a controller ``beside`` this one."""
    now = Kernel(root).start_ticks(of.pid)
    if now is not None:
        return now != of.started
    try:
        os.kill(of.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # another user's, of which this user may not read more (hidepid)
    return True  # a corpse that nobody has buried
