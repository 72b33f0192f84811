# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an HTTP address answers, asked from this host."""

from __future__ import annotations

import socket
import typing as t
from http.client import HTTPException

from ansible_collections.mycosoft.rack.plugins.module_utils._base.within import together

#: How an address begins.
SCHEMES = ("http://", "https://")


def silent(addresses: t.Mapping[str, str], seconds: float) -> t.Dict[str, str]:
    """Of the addresses, by name, those that do not answer with 200, each with the reason. All are asked at once and have ``seconds``."""
    if not addresses:
        return {}
    from ansible.module_utils.urls import open_url  # slow to import, not needed where nothing is asked

    def ask(url: str) -> t.Optional[str]:
        if not url.startswith(SCHEMES):
            return "that is not an HTTP address"
        try:
            with open_url(url, timeout=seconds) as answer:
                return None if answer.status == 200 else "it answers with %d" % answer.status
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", "") or error
            return "no whole answer within %.3g s" % seconds if isinstance(reason, socket.timeout) else str(reason)

    reasons = together(seconds, {name: lambda url=url: ask(url) for name, url in addresses.items()})  # type: ignore[misc]
    return {name: str(reason) for name, reason in reasons.items() if reason is not None}
