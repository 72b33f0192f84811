# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_rollout, the part on the controller: shows for what is waited, and calls the module again until nothing is."""

from __future__ import annotations

from ansible.module_utils.common.validation import check_type_int
from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import clock
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.polling import Facts, PollingAction


def joined(first: Facts, then: Facts) -> Facts:
    """Two answers as one: the last word, and what both did."""
    diff = {side: first["diff"][side] + then["diff"][side] for side in ("before", "after")} if "diff" in then else first["diff"]
    return {
        **then,
        "changed": True,  # else there would be no second one
        "rollouts": first["rollouts"] + then.get("rollouts", []),
        "diff": diff,
    }


class ActionModule(PollingAction):
    """Waits in slices."""

    def steps(self) -> Facts:
        args = self._task.args
        patience = int(check_type_int(args.get("every", 10)))
        answer = self.call(patience=patience)
        while answer.get("pending") and not answer.get("failed"):
            pending = answer["pending"]
            self._display.display(
                "%s: rollout of %s/%s: %s  %s is starting" % (self.host, args["project"], pending["service"], clock(int(pending["waited"])), pending["new"])
            )
            left = args["rollouts"][len(answer["rollouts"]) :]
            again = {key: pending[key] for key in ("service", "container", "waited")}
            answer = joined(answer, self.call(patience=patience, rollouts=left, pending=again))
        return answer
