# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.deploy_report``; documented in deploy_report.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import plain
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.deploy import deploy_document, deploy_text


def deploy_report(hosts: t.Any, check: bool = False, purge: t.Any = None) -> t.Dict[str, t.Any]:
    """The document and the text of one run."""
    document = deploy_document(plain(list(hosts)), check, plain(purge or {}))
    return {"document": document, "text": deploy_text(document)}


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"deploy_report": deploy_report}
