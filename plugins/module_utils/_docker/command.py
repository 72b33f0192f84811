# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the command docker of this server: which engine it talks to, and which buildx it has.

Modules are told an address. The command, and Compose with it, follows the current context of its user instead.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run, bounded
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine

#: Seconds within which the command docker answers: an engine that does not must not hold the check.
_SECONDS = 30

#: The first Compose and buildx that belong together: Compose 2.40 and 5.6 refuse to build beside an older buildx, 2.26 builds without it.
COMPOSE_WITH_BUILDX, BUILDX_MINIMUM = "2.40", "0.17.0"


class Endpoint(t.NamedTuple):
    """Where the command docker finds its engine, and the context that says so."""

    context: str
    address: str


def endpoint(run: Run) -> t.Optional[Endpoint]:
    """Where the command docker finds its engine: DOCKER_HOST, else the current context; None where it does not say."""
    code, output, _errors = _docker(run, "context", "inspect", "--format", "{{.Name}} {{.Endpoints.docker.Host}}")
    name, _space, address = output.strip().partition(" ")
    return Endpoint(name, address) if code == 0 and "://" in address else None


def is_elsewhere(run: Run, found: Endpoint, address: str, engine: Engine) -> bool:
    """Whether the command docker talks to another engine than ``engine``, which is at ``address``."""
    if _same_address(found.address, address):
        return False
    code, output, _errors = _docker(run, "info", "--format", "{{.ID}}")
    return code != 0 or output.strip() != engine.get("/info").get("ID")


def buildx_version(run: Run) -> t.Optional[str]:
    """The version of the plugin buildx in plain numbers; None where there is none."""
    _code, output, _errors = _docker(run, "buildx", "version")
    found = re.search(r"docker/buildx v?(\d+(\.\d+)+)", output)
    return found.group(1) if found else None


def _docker(run: Run, *arguments: str) -> t.Tuple[int, str, str]:
    try:
        return bounded(run, _SECONDS)(["docker", *arguments], handle_exceptions=False)
    except OSError as error:
        return (-1, "", str(error))


def _same_address(one: str, other: str) -> bool:
    """``/var/run/docker.sock`` and ``/run/docker.sock`` are usually the same socket."""
    unix = "unix://"
    if one.startswith(unix) and other.startswith(unix):
        return os.path.realpath(one[len(unix) :]) == os.path.realpath(other[len(unix) :])
    return one.rstrip("/") == other.rstrip("/")
