# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_watch, the part on the controller: shows what is waited for, and bears a connection that is lost for a while."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.validation import check_type_int
from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import clock
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.polling import Facts, PollingAction

#: Seconds without an answer after which the task fails.
PATIENCE = 180.0

#: Seconds before a host that did not answer is asked again.
PAUSE = 2.0

#: Seconds after which a line is shown although nothing is new.
QUIET = 60.0


class ActionModule(PollingAction):
    """Waits in slices, then watches in one."""

    def steps(self) -> Facts:
        every = int(check_type_int(self._task.args.get("every", 10)))
        heard = began = time.monotonic()
        shown: t.Tuple[float, t.Sequence[str]] = (began, ())
        while True:
            try:
                answer = self.call(patience=every, waited=int(time.monotonic() - began))
            except AnsibleConnectionFailure as error:
                if time.monotonic() - heard > PATIENCE:
                    raise
                self._say(began, "no answer, it goes on there (%s)" % str(error).splitlines()[0])
                time.sleep(PAUSE)
                continue
            heard = time.monotonic()
            if answer.get("failed") or not answer.get("pending"):
                return answer
            if answer["pending"] != shown[1] or heard - shown[0] >= QUIET:
                shown = (heard, answer["pending"])
                self._say(began, "waits for %s" % ", ".join(answer["pending"]))

    def _say(self, began: float, what: str) -> None:
        self._display.display("%s: start: %s  %s" % (self.host, clock(int(time.monotonic() - began)), what))
