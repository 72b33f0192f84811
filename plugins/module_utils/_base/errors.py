# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way this collection reports: one exception family, caught once.

Utilities raise :class:`RackError`; a module wraps its work in :func:`reported`
and a filter translates the error with its own type. Nothing else catches it.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import printable

Facts = t.Dict[str, t.Any]


class RackError(Exception):
    """Something could not be done.

    The message reads ``Cannot <verb> <object>: <cause>. <what to do>``.
    ``facts`` (plain JSON types only) are returned next to the message, so that
    what had been done before the failure is never lost.
    """

    def __init__(self, message: str, **facts: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Facts = facts


class InvalidInput(RackError):
    """What was asked for is wrong: raised before anything was changed."""


class Unreachable(RackError):
    """The other side (engine, API) does not answer."""


def reported(module: AnsibleModule, run: t.Callable[[AnsibleModule], Facts]) -> t.NoReturn:
    """Run ``run(module)`` and end the module with what it returns or raises."""
    try:
        result = run(module)
    except RackError as error:
        module.fail_json(msg=printable(error.message), **error.facts)  # which may quote another program
    module.exit_json(**result)
