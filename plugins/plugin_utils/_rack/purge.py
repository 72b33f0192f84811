# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a purge of Cloudflare names after a deploy, and whether one is sent. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Service

Json = t.Dict[str, t.Any]

EVERYTHING = "everything"


def targets(services: t.Sequence[Service]) -> t.Dict[str, t.List[str]]:
    """The addresses of the services by the option of cloudflare_purge that takes them, each once."""
    visited = [target for service in services for target in service.urls]
    return {
        "files": _once(target.url for target in visited),
        "hosts": _once(target.host for target in visited),
        "prefixes": _once(target.prefix for target in visited),
    }


def _once(items: t.Iterable[str]) -> t.List[str]:
    return list(dict.fromkeys(items))


@dataclass(frozen=True)
class Settings:
    """``when``: auto, always or never; ``changed``: whether a public service changed; ``token``: whether there is one."""

    selector: str
    when: str
    changed: bool
    zone_id: str
    zone: str
    token: bool


def decide(named: t.Mapping[str, t.Sequence[str]], settings: Settings) -> Json:
    """``select``: the option of cloudflare_purge that says what to purge; ``skip``: why nothing is to be purged; ``problem``: why the purge could not be sent.

    ``skip`` and ``problem`` are empty where there is none. ``named``: as :func:`targets` returns it, an absent key for none.
    """
    selected: t.Any = True if settings.selector == EVERYTHING else list(named.get(settings.selector) or ())
    skip = _skip(selected, settings)
    return {"select": {settings.selector: selected}, "skip": skip, "problem": _problem(settings, skip)}


def _skip(selected: t.Any, settings: Settings) -> str:
    if settings.when == "never":
        return "cloudflare_purge_when is never"
    if not settings.zone_id and not settings.zone:
        return "no zone is configured (cloudflare_purge_zone_id or cloudflare_purge_zone)"
    if settings.when == "auto" and not settings.changed:
        return "no public service changed"
    return "" if selected else "no public service has a URL"


def _problem(settings: Settings, skip: str) -> str:
    if settings.zone_id and settings.zone:
        return "both cloudflare_purge_zone_id (%s) and cloudflare_purge_zone (%s) are set. Keep the one that is meant." % (settings.zone_id, settings.zone)
    if settings.when == "always" and skip:  # a purge that was asked for, such as playbooks/purge.yml, must not end well without one
        return "cloudflare_purge_when is always, and %s. Set it, or leave cloudflare_purge_when at auto." % skip
    if not settings.token and not skip:
        return "a zone is configured, but no token. Set the environment variable CLOUDFLARE_API_TOKEN on the controller, or cloudflare_purge_token in a vault."
    return ""
