# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_rollout, the part on the controller: shows for what is waited, and calls the module again until nothing is."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.validation import check_type_int
from ansible.plugins.action import ActionBase
from ansible_collections.mycosoft.rack.plugins.module_utils._durations import clock

Facts = t.Dict[str, t.Any]

MODULE = "mycosoft.rack.compose_rollout"


def joined(first: Facts, then: Facts) -> Facts:
    """Two answers as one: the last word, and what both did."""
    diff = {side: first["diff"][side] + then["diff"][side] for side in ("before", "after")} if "diff" in then else first["diff"]
    return {
        **then,
        "changed": True,  # else there would be no second one
        "rollouts": first["rollouts"] + then.get("rollouts", []),
        "diff": diff,
    }


class ActionModule(ActionBase):
    """Waits in slices."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Facts] = None) -> Facts:
        result: Facts = super().run(tmp, task_vars)
        known = task_vars or {}
        host = self._task.delegate_to or known.get("inventory_hostname")
        args: Facts = {**self._task.args, "patience": int(check_type_int(self._task.args.get("every", 10)))}
        answer = self._call(args, known)
        while answer.get("going") and not answer.get("failed"):
            going = answer["going"]
            self._display.display(
                "%s: rollout of %s/%s: %s  %s is starting" % (host, args["project"], going["service"], clock(int(going["waited"])), going["new"])
            )
            left = self._task.args["rollouts"][len(answer["rollouts"]) :]
            again = {key: going[key] for key in ("service", "container", "waited")}
            answer = joined(answer, self._call({**args, "rollouts": left, "going": again}, known))
        return {**result, **answer}

    def _call(self, args: Facts, task_vars: Facts) -> Facts:
        answer: Facts = self._execute_module(module_name=MODULE, module_args=args, task_vars=task_vars)
        return answer
