# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.git_credentials``; documented in git_credentials.yml."""

from __future__ import annotations

import shlex
import typing as t
from urllib.parse import urlsplit

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain

Json = t.Dict[str, t.Any]

#: Answers only the question for a password: git also tells its helpers what to store.
_HELPER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$(cat %s)"; }; f'


def git_credentials(checkouts: t.Any, token_file: t.Any) -> t.Dict[str, str]:
    """The environment in which git uses the token in ``token_file`` for the hosts of ``checkouts`` over https, and for no other host."""
    addresses = (urlsplit(str(checkout["repo"])) for checkout in plain(list(checkouts)))
    hosts = dict.fromkeys(parts.netloc for parts in addresses if parts.scheme == "https")
    # an empty helper forgets those of the server, which could store the token
    settings = [("credential.https://%s.helper" % host, helper) for host in hosts for helper in ("", _HELPER % shlex.quote(str(token_file)))]
    if not settings:
        return {}
    pairs = {"GIT_CONFIG_%s_%d" % (word, number): text for number, pair in enumerate(settings) for word, text in zip(("KEY", "VALUE"), pair)}
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"git_credentials": git_credentials}
