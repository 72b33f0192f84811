# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy_lock, the part on the controller: who asks, and whether the process that controls another run is still there."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pwd
import socket
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.validation import check_type_int
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Controller, controller_of
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import controller, gone
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.polling import Facts, PollingAction

#: Seconds that the module waits on the server before this side looks again whether the run that it waits for is alive.
SLICE = 5.0

ROOT = Path("/")


def identity(task_vars: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> Facts:
    """Who asks: by, job and controller, as options of the module."""
    job = environment.get("AWX_JOB_ID") or environment.get("JOB_ID") or _first(task_vars, "awx_job_id", "tower_job_id")
    by = _first(task_vars, "awx_user_name", "tower_user_name") or _login()
    return {"by": str(by), "job": str(job) if job else None, "controller": dataclasses.asdict(controller(_ansible(), socket.gethostname(), ROOT))}


def _first(task_vars: t.Mapping[str, t.Any], *names: str) -> t.Any:
    return next((task_vars[name] for name in names if task_vars.get(name)), None)


def _login() -> str:
    """The user of this process; its number in a container that knows no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "uid %d" % os.getuid()


def _ansible() -> int:
    """The process that controls the run. A worker that outlives it has another parent by then, so the one that forked it is asked for."""
    parent = multiprocessing.parent_process()
    return os.getppid() if parent is None or parent.pid is None else parent.pid


def orphaned(me: Facts) -> bool:
    """Whether this process has outlived the one that controls the run. Where there is no /proc nobody knows."""
    return me["boot_id"] is not None and me["started"] is None


def seen_gone(held_by: Facts, me: t.Optional[Controller]) -> bool:
    """Whether the run that has the lock was controlled from here by a process that is gone."""
    other = controller_of(held_by.get("controller"))
    return other is not None and other.beside(me) and gone(other, ROOT)


class ActionModule(PollingAction):
    """Hands the module what only the controller knows, and waits in slices."""

    def steps(self) -> Facts:
        asked: Facts = {**identity(self.task_vars, os.environ), "host": self.host}
        state = self._task.args.get("state", "taken")
        if orphaned(asked["controller"]) and state in ("taken", "renewed"):
            return {"failed": True, "msg": "Cannot take the lock of %s: the run that asks for it was killed. Run again." % self.host}
        return self._take(asked) if state == "taken" else self.call(**asked)

    def _take(self, asked: Facts) -> Facts:
        """Each answer names who has the lock; whether that run is alive is looked up here, before and while the module waits on the server."""
        wait, began = _seconds(self._task.args.get("wait", 0)), time.monotonic()
        me = controller_of(asked["controller"])
        call: Facts = {**asked, "wait": 0}
        told: Facts = {}
        while True:
            result = self.call(**call)
            held_by, left = result.get("held_by"), wait - (time.monotonic() - began)
            if held_by is not None and held_by != call.get("gone") and seen_gone(held_by, me):
                call = {**call, "gone": held_by, "wait": 0}
            elif held_by is None or left < 1 or not result.get("failed"):
                return {**result, "waited": int(wait - left)} if "waited" in result else result
            else:
                if not told or told.get("run") != held_by.get("run"):  # a scheduler sees for whom it waits
                    self._display.display("%s: %s. Waiting up to %d s." % (self.host, result["holder"], left))
                call, told = {**call, "wait": int(min(left, SLICE))}, held_by


def _seconds(given: t.Any) -> int:
    try:
        return int(check_type_int(given))
    except TypeError as error:
        raise AnsibleActionFail("Cannot wait %r seconds for the lock: that is no number. Correct wait." % (given,)) from error
