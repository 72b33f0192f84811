# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the engine that the Compose files of a stack need."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine


class Networks:
    """The networks of the engine, read only if needed, and once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: t.Optional[t.Set[str]] = None

    def lacking(self, wanted: t.Iterable[str]) -> t.List[str]:
        """Those of ``wanted`` that do not exist."""
        names = set(wanted)
        if names and self._known is None:
            self._known = {str(network["Name"]) for network in self._engine.get("/networks")}
        return sorted(names - (self._known or set()))
