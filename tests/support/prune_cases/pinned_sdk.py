# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clear an engine through the Docker SDK for Python, pinned to API 1.41 as Debian bookworm's programs are. Runs on the server.

One argument, a JSON object: ``labels`` that protect, ``cache`` bytes of build cache to keep.
"""

from __future__ import annotations

import inspect
import json
import sys

import docker

wish = json.loads(sys.argv[1])
filters = {"label!": wish["labels"]} if wish["labels"] else {}
client = docker.DockerClient(base_url="unix:///var/run/docker.sock", version="1.41")
client.containers.prune(filters)
client.images.prune({"dangling": False, **filters})
client.networks.prune(filters)
client.volumes.prune(filters)
cache = {"all": True, **({"keep_storage": wish["cache"]} if wish["cache"] else {})}
# Debian bookworm's SDK (5.0.3) offers neither.
client.api.prune_builds(**{name: value for name, value in cache.items() if name in inspect.signature(client.api.prune_builds).parameters})
