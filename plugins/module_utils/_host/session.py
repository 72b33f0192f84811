# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a command that was started in a session of its own: which are alive, and ending all of them.

A command may start processes that leave its process group and its session, that ignore SIGTERM, or that are stopped. They are found by
their session, by their parents, and by a variable in their environment. Only a daemon that has left all three behind is not found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel

#: In the environment of a command and of what it starts: the directory of its job.
COOKIE = "MYCOSOFT_RACK_JOB"

#: No process has this id, and no session.
NOBODY = -1

#: What ends a process, and the seconds it has to end: SIGTERM first, so that a command can clean up.
_SIGNALS: t.Tuple[t.Tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

#: Seconds between two looks at all processes.
_POLL = 0.1


class _Stat(t.NamedTuple):
    """Of a process: its parent, its session, and its start in clock ticks."""

    parent: int
    session: int
    started: int


class Session:
    """A command by the id of the process that leads its session, the start of that process in clock ticks, and the directory of its job."""

    def __init__(self, kernel: Kernel, leader: int, started: int, job: str) -> None:
        self._kernel, self._leader, self._started = kernel, leader, started
        self._cookie = "%s=%s" % (COOKIE, os.fsencode(job).decode("ascii", "replace"))
        #: Start of each process that was found, by its id: also what has left the session keeps its children.
        self._known: t.Dict[int, int] = {leader: started}

    def leads(self) -> bool:
        """Whether the process that leads the session is alive."""
        return self._kernel.start_ticks(self._leader) == self._started

    def processes(self) -> t.List[int]:
        """Every process of the command that is alive. A zombie is not."""
        stats = {pid: stat for pid in self._kernel.processes() if pid != os.getpid() for stat in [_stat(self._kernel, pid)] if stat}
        leader = stats.get(self._leader)
        reused = leader is not None and leader.started != self._started  # by a later process, whose session is not ours
        found = {pid for pid, stat in stats.items() if self._belongs(pid, stat, reused)}
        grown = True
        while grown:
            children = {pid for pid, stat in stats.items() if stat.parent in found} - found
            found, grown = found | children, bool(children)
        self._known.update({pid: stats[pid].started for pid in found})
        return sorted(found)

    def _belongs(self, pid: int, stat: _Stat, reused: bool) -> bool:
        if self._known.get(pid) == stat.started or (stat.session == self._leader and not reused):
            return True
        return self._cookie in (self._kernel.process(pid, "environ") or "").split("\0")

    def end(self) -> t.List[int]:
        """End all of them; those that did not end, because the kernel does not let them or they are another user's."""
        left = self.processes()
        for number, seconds in _SIGNALS:
            told: t.Set[int] = set()
            until = time.monotonic() + seconds
            while left and time.monotonic() < until:
                for pid in set(left) - told:
                    _signal(pid, number)
                told.update(left)
                time.sleep(_POLL)
                left = self.processes()
        return left


def write_leader(job: Path, pid: int) -> None:
    """Write down which process leads the session of a job. A command that nobody could find again is ended; raises OSError then."""
    ticks = Kernel().start_ticks(pid) or 0
    try:
        (job / "pid").write_text("%d %d %f" % (pid, ticks, time.time()), encoding="ascii")
    except OSError:
        Session(Kernel(), pid, ticks, str(job)).end()
        raise


def read_leader(job: Path) -> t.Tuple[Session, float]:
    """The processes of a job, and when it began, in seconds since 1970. Raises RackError where the job is gone."""
    try:
        pid, ticks, began = (job / "pid").read_text(encoding="ascii").split()
    except OSError as error:
        raise RackError("Cannot find the command again: %s: %s. Check whether it still runs, then run this task again." % (job, error.strerror)) from error
    return Session(Kernel(), int(pid), int(ticks), str(job)), float(began)


def _signal(pid: int, number: signal.Signals) -> None:
    """A process that is stopped gets SIGTERM when it continues."""
    for one in (number, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, one)


def _stat(kernel: Kernel, pid: int) -> t.Optional[_Stat]:
    text = kernel.process(pid, "stat")
    if text is None:
        return None
    # proc(5): the name, field 2, may hold blanks and brackets; state, ppid, pgrp, session are 3 to 6, starttime is 22
    state, *fields = text.rpartition(")")[2].split()
    return None if state in ("Z", "X") else _Stat(int(fields[0]), int(fields[2]), int(fields[18]))
