# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an HTTP address answers, asked from this host."""

from __future__ import annotations

import base64
import socket
import typing as t
import urllib.request
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from ansible_collections.mycosoft.rack.plugins.module_utils._base.within import together

#: How an address begins.
SCHEMES = ("http://", "https://")


def silent(addresses: t.Mapping[str, str], seconds: float) -> t.Dict[str, str]:
    """Of the addresses, by name, those that do not answer with 200, each with the reason. All are asked at once and have ``seconds``."""
    reasons = together(seconds, {name: lambda url=url: _ask(url, seconds) for name, url in addresses.items()})  # type: ignore[misc]
    return {name: str(reason) for name, reason in reasons.items() if reason is not None}


def _ask(url: str, seconds: float) -> t.Optional[str]:
    if not url.startswith(SCHEMES):
        return "that is not an HTTP address"
    try:
        # not Ansible's open_url: it sets what all threads of the process use
        with urllib.request.build_opener().open(_request(url), timeout=seconds) as answer:
            return None if answer.status == 200 else "it answers with %d" % answer.status
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", "") or error
        return "no whole answer within %.3g s" % seconds if isinstance(reason, socket.timeout) else str(reason)


def _request(url: str) -> urllib.request.Request:
    """urllib knows no credentials in an address: they become a header, which does not follow a redirect."""
    parts = urlsplit(url)
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())  # noqa: S310 - it begins with one of SCHEMES
    if parts.username:
        pair = "%s:%s" % (unquote(parts.username), unquote(parts.password or ""))
        request.add_unredirected_header("Authorization", "Basic %s" % base64.b64encode(pair.encode()).decode())
    return request
