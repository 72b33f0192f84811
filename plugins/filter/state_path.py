# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.state_path``; documented in state_path.yml."""

from __future__ import annotations

import posixpath
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY, NAMES
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path as path_of


def state_path(state_directory: t.Any, name: t.Any = None) -> str:
    """The state directory, or the path of what is kept there; raises AnsibleFilterError where there is no such thing."""
    directory = posixpath.normpath(str(state_directory)) if state_directory else DIRECTORY
    if name is None:
        return directory
    if name not in NAMES:
        raise AnsibleFilterError("Cannot find %s in the state directory: there are %s." % (name, ", ".join(NAMES)))
    try:
        return str(path_of(directory, str(name)))
    except InvalidInput as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"state_path": state_path}
