# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.status_report``; documented in status_report.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.page import page
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.status import status_document, status_text


def status_report(hosts: t.Any, plan: t.Any, released: t.Any, memory: t.Any, check: bool = False) -> t.Dict[str, t.Any]:
    """The document, the text and the page of one status run."""
    facts = [
        {"host": host, "plan": plan["hosts"].get(host, {}), "released": of_release, "memory": of_memory}
        for host, of_release, of_memory in zip(hosts, released, memory, strict=True)
    ]
    document = status_document(plain(facts), check)
    return {"document": document, "text": status_text(document), "page": page(document)}


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"status_report": status_report}
