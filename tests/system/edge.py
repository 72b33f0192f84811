# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors of the rig's website get, from the cache that stands before it and from the service itself."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from tests.rig.containers import ZONE_NAME
from tests.rig.rig import Rig

PAGES = ("/", "/api/state")
#: Past any proxy of this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def served(rig: Rig) -> dict[str, str]:
    """The version that visitors are told, page for page. Whatever the edge had forgotten it keeps from here on."""
    return {path: _version(rig.layout.edge_url, path) for path in PAGES}


def website(rig: Rig) -> dict[str, Any]:
    """What the service itself tells of its state."""
    state: dict[str, Any] = json.loads(_page(f"http://{rig.layout.address('sandbox')}:3000", "/api/state"))
    return state


def _page(address: str, path: str) -> str:
    with OPENER.open(urllib.request.Request(address + path, headers={"Host": ZONE_NAME}), timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def _version(address: str, path: str) -> str:
    text = _page(address, path)
    found: str = json.loads(text)["version"] if path == "/api/state" else re.findall(r"<th>version</th><td>(.*?)</td>", text)[0]
    return found
