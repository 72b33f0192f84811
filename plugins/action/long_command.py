# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command, the part on the controller: asks how far the command is, shows it, and bears a connection that is lost for a while."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.validation import check_type_int
from ansible.plugins.action import ActionBase

Facts = t.Dict[str, t.Any]

MODULE = "mycosoft.rack.long_command"

#: Seconds between two looks: short at first, because most commands are.
PAUSES = (0.5, 1.0, 2.0)


def clock(seconds: int) -> str:
    """``4:07``, ``1:02:33``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, rest) if hours else "%d:%02d" % (minutes, rest)


class Progress:
    """Decides what of a command that runs is worth a line: something new, not too often."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._shown: t.Optional[t.Tuple[float, str]] = None

    def line(self, now: float, seconds: int, last: str) -> t.Optional[str]:
        """The line to show, or None. ``now``: seconds on any clock; ``seconds``: how long the command has run."""
        if self._shown is None:
            self._shown = (now, "")
        moment, shown = self._shown
        if now - moment < self._every or (last == shown and now - moment < 6 * self._every):
            return None
        self._shown = (now, last)
        return "%s  %s" % (clock(seconds), last)


class ActionModule(ActionBase):
    """Starts the command, and looks until it has ended."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Facts] = None) -> Facts:
        result: Facts = super().run(tmp, task_vars)
        if self._task.check_mode:
            return {**result, "skipped": True, "msg": "The command is not run in check mode."}
        known = task_vars or {}
        started = self._call({"step": "start"}, known)
        label, timeout = self._task.args.get("label") or self._task.args["argv"][0], self._option("timeout", 3600)
        over = started.get("failed") or started.get("ended")
        state = started if over else self._follow(str(started["job"]), label, timeout, known)
        return {**result, **self._end(state, label, timeout)}

    def _call(self, more: Facts, task_vars: Facts) -> Facts:
        answer: Facts = self._execute_module(module_name=MODULE, module_args={**self._task.args, **more}, task_vars=task_vars)
        return answer

    def _option(self, name: str, default: int) -> int:
        return int(check_type_int(self._task.args.get(name, default)))

    def _follow(self, job: str, label: str, timeout: int, task_vars: Facts) -> Facts:
        """What the last look told: it failed, or the command ended or was stopped."""
        patience = self._option("patience", 180)
        progress, looks = Progress(self._option("every", 10)), 0
        host = self._task.delegate_to or task_vars.get("inventory_hostname")
        heard = began = time.monotonic()
        while True:
            time.sleep(PAUSES[min(looks, len(PAUSES) - 1)])
            looks += 1
            try:
                state = self._call({"step": "look" if time.monotonic() - began < timeout else "stop", "job": job}, task_vars)
                heard = time.monotonic()
            except AnsibleConnectionFailure as error:
                if time.monotonic() - heard > patience:
                    raise
                self._display.display("%s: %s: no answer, it goes on there (%s)" % (host, label, str(error).splitlines()[0]))
                continue
            if state.get("failed") or state.get("ended") or state.get("stopped"):
                return state
            line = progress.line(time.monotonic(), state["seconds"], (state["lines"] or [""])[-1])
            if line:
                self._display.display("%s: %s: %s" % (host, label, line))

    def _end(self, state: Facts, label: str, timeout: int) -> Facts:
        if state.get("failed"):
            return state
        shown = {key: value for key, value in state.items() if key not in ("ended", "stopped", "job")}
        if state.get("stopped"):
            return {
                **shown,
                "failed": True,
                "msg": "Cannot finish the %s: it took longer than %s and was stopped. Raise its timeout." % (label, clock(timeout)),
            }
        if state["rc"] != 0:
            last = "\n".join(state["lines"][-15:])
            return {**shown, "failed": True, "msg": "Cannot finish the %s: exit code %d after %s.\n%s" % (label, state["rc"], clock(state["seconds"]), last)}
        return shown
