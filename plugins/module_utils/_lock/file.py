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
import re
import stat
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

#: What to do about an error of the file system.
_DIRECTORY = "The directory has to be there, and be writable for the user that Ansible logs in as; the role records makes it."
_REMEDIES = {
    errno.EROFS: "Its file system is mounted read-only: find out why (dmesg shows errors of the disk), and mount it writable.",
    errno.ENOSPC: "Free disk there; playbooks/cleanup.yml needs a lock, docker builder prune does not.",
    errno.EDQUOT: "The disk quota of the user that Ansible logs in as is used up: free disk, or raise it.",
    errno.ENOTDIR: "A part of this path is a file. Correct rack_state_directory, or move the file away.",
    errno.EIO: "The disk reports errors (dmesg). Check it before anything else.",
}

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
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        new.replace(self._path)

    def users(self) -> t.Set[int]:
        """Who works under this lock: the user that wrote it, this one, and root."""
        with contextlib.suppress(OSError):
            return {0, os.geteuid(), self._path.stat().st_uid}
        return {0, os.geteuid()}

    def note(self, event: Facts) -> None:
        """One line more in the history of the server."""
        append(state_path(self._directory, "history"), event)

    @contextlib.contextmanager
    def guarded(self) -> t.Iterator[None]:
        """Alone among all processes of the server."""
        guard = state_path(self._directory, "guard")
        self._refuse_open_directory(guard.parent)
        try:
            descriptor = os.open(guard, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            _close_to_others(descriptor, guard.parent)
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
        return RackError("Cannot %s the lock in %s: %s. %s" % (verb, self._directory, error.strerror or error, self._remedy(error)), **facts)

    def _refuse_open_directory(self, directory: Path) -> None:
        """Raises RackError where anybody could replace the records, or lead them elsewhere by a link."""
        try:
            place, link = directory.stat(), directory.lstat()
        except OSError as error:
            raise self._refused("guard", error) from error
        if place.st_mode & 0o002:
            raise RackError("Cannot keep records in %s: every user of the server may write there. Take that right away (chmod o-w)." % directory)
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, os.geteuid()):
            raise RackError("Cannot keep records in %s: it is a link of another user. Name the directory itself in rack_state_directory." % directory)

    def _remedy(self, error: OSError) -> str:
        in_the_way = [path for path in self._path.parent.glob(self._path.name + "*") if path.is_dir() or path.is_symlink()]
        if in_the_way and error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST):
            return "%s should be a file. Check who made it, and move it away." % in_the_way[0]
        return _REMEDIES.get(error.errno or 0, _DIRECTORY)


def _close_to_others(descriptor: int, directory: Path) -> None:
    """Let only those open the guard who may write in its directory: whoever can open it can lock it, and so stop every run."""
    guard, place = os.fstat(descriptor), directory.stat()
    mode = 0o600 | (place.st_mode & 0o020) << 1
    if guard.st_uid == os.geteuid() and (stat.S_IMODE(guard.st_mode) != mode or guard.st_gid != place.st_gid):
        with contextlib.suppress(OSError):  # a group that this user is not in
            os.fchown(descriptor, -1, place.st_gid)
        os.fchmod(descriptor, mode)


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


def processes_of(run: str, root: Path, users: t.Container[int], commands: bool = False) -> t.Tuple[int, ...]:
    """Processes of this server that ``run`` has started, as far as this user may read their environments; ``commands``: only those of its long commands.

    ``users``: who can have started one. Anybody else's process may have that name in its environment to keep a lock for ever.
    """
    cookie, job = ("%s=%s" % (COOKIE, run)).encode(), ("%s=" % JOB).encode()
    found = {int(path.name): _environment(path, users) for path in (root / "proc").iterdir() if path.name.isdecimal()}
    ours = [pid for pid, variables in found.items() if cookie in variables and (not commands or any(one.startswith(job) for one in variables))]
    return tuple(sorted(ours))


def _environment(folder: Path, users: t.Container[int]) -> t.List[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0") if _owner(folder) in users else []
    except OSError:  # another user's, or ended meanwhile
        return []


def _owner(folder: Path) -> int:
    """The real user of a process. Its folder belongs to root where a process says that nobody may look into it."""
    found = re.search(r"^Uid:\t(\d+)", (folder / "status").read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return int(found.group(1)) if found else -1


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
