# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.pulled_commits``; documented in pulled_commits.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import printable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain

Json = t.Dict[str, t.Any]


def pulled_commits(pulls: t.Any, logs: t.Any = ()) -> t.List[Json]:
    """One entry for each checkout: ``dest``, ``from``, ``to`` and ``log``, the subjects of the commits in between."""
    subjects = {log["item"]["item"]["dest"]: [printable(line) for line in log.get("stdout_lines") or []] for log in plain(list(logs))}
    return [
        {"dest": pull["item"]["dest"], "from": pull.get("before"), "to": pull.get("after"), "log": subjects.get(pull["item"]["dest"], [])}
        for pull in plain(list(pulls))
    ]


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"pulled_commits": pulled_commits}
