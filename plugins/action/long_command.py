# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command, the part on the controller: asks how far the command is, shows it, and bears a connection that is lost for a while."""

from __future__ import annotations

import re
import time
import typing as t
import uuid

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.validation import check_type_int
from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import clock
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.polling import Facts, PollingAction
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.progress import Progress

#: Seconds before a host that did not answer is asked again.
PAUSE = 2.0


def still_open(lines: t.Sequence[str], done: t.Container[str]) -> str:
    """Of lines that differ in their last word the last one counts; of what is not ``done`` by that word, the last line. Else the last of all."""
    latest: t.Dict[str, str] = {}
    for line in lines:
        about = line.rpartition(" ")[0].rstrip()
        latest.pop(about, None)
        latest[about] = line
    left = [line for line in latest.values() if line.rpartition(" ")[2] not in done]
    return (left or list(lines) or [""])[-1].strip()


def warnings(lines: t.Iterable[str], pattern: t.Optional[str]) -> t.List[str]:
    """What the first group of the pattern finds in the lines, each once; quotes that were escaped inside a quoted text are plain again."""
    found = [match.group(1).replace('\\"', '"') for line in lines if pattern and (match := re.search(pattern, line))]
    return list(dict.fromkeys(found))


def _alive(left: t.Sequence[str], host: str) -> str:
    """What is said of processes that did not end."""
    return "It could not be stopped: on %s the processes %s still run. The server stays locked. End them, or restart the server, then run again." % (
        host,
        ", ".join(left),
    )


class ActionModule(PollingAction):
    """Starts the command, and looks until it has ended."""

    def steps(self) -> Facts:
        if self._task.check_mode:
            return {"skipped": True, "msg": "The command is not run in check mode."}
        started = self.call(step="start", job="command-%s" % uuid.uuid4().hex)  # the same one where SSH repeats it
        label, timeout = self._task.args.get("label") or self._task.args["argv"][0], self._option("timeout", 3600)
        over = started.get("failed") or started.get("ended")
        return self._end(started if over else self._follow(str(started["job"]), label, timeout), label, timeout)

    def _option(self, name: str, default: int) -> int:
        return int(check_type_int(self._task.args.get(name, default)))

    def _follow(self, job: str, label: str, timeout: int) -> Facts:
        """What the last look told: it failed, or the command ended or was stopped."""
        patience, every = self._option("patience", 180), self._option("every", 10)
        done = self._task.args.get("done") or ()
        heard = began = time.monotonic()
        progress = Progress(every, began)
        while True:
            # the host waits, so that the end is seen at once and a long command costs it few looks
            left = timeout - (time.monotonic() - began)
            try:
                state = self.call(job=job, step="look", wait=min(every, left)) if left > 0 else self.call(job=job, step="stop")
                heard = time.monotonic()
            except AnsibleConnectionFailure as error:
                if time.monotonic() - heard > patience:
                    raise
                self._display.display("%s: %s: no answer, it goes on there (%s)" % (self.host, label, str(error).splitlines()[0]))
                time.sleep(PAUSE)
                continue
            if state.get("ended") or state.get("stopped"):
                return state
            if state.get("failed"):
                return self._lost(job, state)
            line = progress.line(time.monotonic(), state["seconds"], still_open(state["lines"], done))
            if line:
                self._display.display("%s: %s: %s" % (self.host, label, line))

    def _lost(self, job: str, state: Facts) -> Facts:
        """A look that failed leaves a command that runs, beside whatever is done after the failure: it is stopped, or said to run on."""
        again = self.call(job=job, step="stop")
        if again.get("ended") and not again.get("stopped"):
            return again
        if again.get("failed"):
            return {**state, "msg": "%s The command may still run on %s: %s" % (state["msg"], self.host, again["msg"])}
        now = "The command was stopped." if again["ran"] else "The command does not run any more."
        return {**state, "msg": "%s %s" % (state["msg"], _alive(again["left"], self.host) if again["left"] else now)}

    def _end(self, state: Facts, label: str, timeout: int) -> Facts:
        if state.get("failed"):
            return state
        told = warnings(state["lines"], self._task.args.get("warning"))
        shown = {key: value for key, value in state.items() if key not in ("ended", "stopped", "ran", "left", "job")}
        shown["warnings"] = [*state.get("warnings", []), *told]
        if state.get("stopped"):
            late = "Cannot finish the %s: it took longer than %s" % (label, clock(timeout))
            ended = ". %s" % _alive(state["left"], self.host) if state["left"] else " and was stopped. Raise its timeout."
            return {**shown, "failed": True, "msg": late + ended}
        if state["rc"] != 0:
            last = "\n".join(state["lines"][-15:])
            return {**shown, "failed": True, "msg": "Cannot finish the %s: exit code %d after %s.\n%s" % (label, state["rc"], clock(state["seconds"]), last)}
        return shown
