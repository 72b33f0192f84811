# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services moved away from this server with their data: what is left of it here is old, and nothing may write to it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError

#: Stack -> service -> the server that has it now.
Moved = t.Mapping[str, t.Mapping[str, str]]


def read_moved(path: Path) -> Moved:
    """Empty where none did. Raises RackError for a file that cannot be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(stack): {str(service): str(host) for service, host in services.items()} for stack, services in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise RackError("Cannot tell which services moved away from here: %s: %s. Look at the file, and remove it where none did." % (path, error)) from error
