# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""address_check, the part on the controller: shows which address is waited for, and calls the module again until all answer or the time is up."""

from __future__ import annotations

import time

from ansible.module_utils.common.validation import check_type_float
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.polling import Facts, PollingAction
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.progress import Progress

#: Seconds that one call of the module waits.
SLICE = 10.0


class ActionModule(PollingAction):
    """Waits in slices."""

    def steps(self) -> Facts:
        seconds = float(check_type_float(self._task.args.get("seconds", 300)))
        began = time.monotonic()
        progress = Progress(SLICE, began)
        while True:
            waited = time.monotonic() - began
            answer = self.call(seconds=min(SLICE, max(seconds - waited, 0)), waited=waited, host=self.host)
            waited = time.monotonic() - began
            silent = answer.get("silent")
            if not silent or waited >= seconds:
                return answer
            line = progress.line(time.monotonic(), int(waited), "%(service)s does not answer at %(url)s: %(why)s" % silent[0])
            if line:
                self._display.display("%s: health: %s" % (self.host, line))
