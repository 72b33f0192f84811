# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.sudo_refusal``; documented in sudo_refusal.yml."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import printable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain

#: Words of sudo, su and doas, in whatever Ansible makes of them.
_TELLING = re.compile(r"\b(sudo|su|doas|password|tty|terminal|sudoers|privilege)\b", re.IGNORECASE)


def sudo_refusal(result: t.Any) -> str:
    """The line of a failed result that tells why privileges were refused; else its last line."""
    failed = plain(result)
    texts = [str(failed.get(key) or "") for key in ("msg", "module_stdout", "module_stderr")]
    lines = [line.strip() for text in texts for line in printable(text).splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return ((telling or lines or ["no reason was given"])[-1]).rstrip(".")


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"sudo_refusal": sudo_refusal}
