# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins have in common whose other half is a module of the same name: the server is looked at in steps, the controller waits and shows it."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

Facts = t.Dict[str, t.Any]


class PollingAction(ActionBase):
    """Calls the module as often as it takes; what ``steps`` returns is the result of the task."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Facts] = None) -> Facts:
        result: Facts = super().run(tmp, task_vars)
        self.task_vars: Facts = task_vars or {}
        return {**result, **self.steps()}

    def steps(self) -> Facts:
        raise NotImplementedError

    @property
    def host(self) -> str:
        """The server that is worked on: in a loop over servers, the delegate."""
        return str(self._task.delegate_to or self.task_vars.get("inventory_hostname"))

    def call(self, **more: t.Any) -> Facts:
        """One answer of the module to the arguments of the task and ``more``."""
        answer: Facts = self._execute_module(module_name=self._task.resolved_action, module_args={**self._task.args, **more}, task_vars=self.task_vars)
        return answer
