# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files as people write them, for an override to be laid over: by the Compose binary in unit tests, by a server's own in system tests."""

from __future__ import annotations

from tests.support.composed import Config

ANCHORED = """
x-limits: &limits {mem_limit: 4g, memswap_limit: 8g}
services:
  web: {image: x, <<: *limits}
  other: {image: x, <<: *limits}
"""
EXTENDED = """
services:
  common: {image: x, mem_limit: 4g, profiles: [never]}
  web: {extends: {service: common}}
"""

#: The base, what else there is, and the notes on a plan of 16 G without swap.
BASES: dict[str, tuple[str, Config, list[str]]] = {
    "no limit": ("services: {web: {image: x}}", {}, []),
    "mem_limit": ("services: {web: {image: x, mem_limit: 4g}}", {}, ["web: memory 16G, the Compose files say 4G"]),
    "the same mem_limit": ("services: {web: {image: x, mem_limit: 16384m}}", {}, []),
    "deploy.resources": (
        "services: {web: {image: x, deploy: {resources: {limits: {memory: 1536M}}}}}",
        {},
        ["web: memory 16G, the Compose files say 1536M"],
    ),
    "both, equal": (
        "services: {web: {image: x, mem_limit: 4g, deploy: {resources: {limits: {memory: 4G}}}}}",
        {},
        ["web: memory 16G, the Compose files say 4G"],
    ),
    "a number of bytes that nobody would write": (
        "services: {web: {image: x, mem_limit: 17179869185}}",
        {},
        ["web: memory 16G, the Compose files say 17179869185"],
    ),
    "memswap_limit": (
        "services: {web: {image: x, mem_limit: 16g, memswap_limit: 32g}}",
        {},
        ["web: memory and swap 16G, the Compose files say 32G"],
    ),
    "swap without a limit": (
        "services: {web: {image: x, mem_limit: 16g, memswap_limit: -1}}",
        {},
        ["web: memory and swap 16G, the Compose files say unlimited"],
    ),
    "a reservation below the limit, alone": ("services: {web: {image: x, mem_reservation: 1g}}", {}, []),
    "a reservation above the limit": (
        "services: {web: {image: x, deploy: {resources: {reservations: {memory: 64G}}}}}",
        {},
        ["web: reservation 16G, the Compose files say 64G"],
    ),
    "container_name and fixed ports": (
        "services: {web: {image: x, container_name: site, mem_limit: 4g, ports: ['127.0.0.1:8080:80', '443:443/udp']}}",
        {},
        ["web: memory 16G, the Compose files say 4G"],
    ),
    "a profile": (
        "services: {web: {image: x, profiles: [big, bigger], mem_limit: 4g}, debug: {image: x, profiles: [debug]}}",
        {},
        ["web: memory 16G, the Compose files say 4G"],
    ),
    "an anchor": (
        ANCHORED,
        {},
        ["web: memory 16G, the Compose files say 4G", "web: memory and swap 16G, the Compose files say 8G"],
    ),
    "extends in the same file": (EXTENDED, {}, ["web: memory 16G, the Compose files say 4G"]),
    "extends from another file": (
        "services: {web: {extends: {file: common.yml, service: common}}}",
        {"common_yml": "services: {common: {image: x, mem_limit: 2g, mem_reservation: 32g}}"},
        ["web: memory 16G, the Compose files say 2G", "web: reservation 16G, the Compose files say 32G"],
    ),
    "several files": (
        "services: {web: {image: x, mem_limit: 2g}, api: {image: x}}",
        {"files": ["second.yml"], "second_yml": "services: {web: {mem_limit: 8g, depends_on: [api]}}"},
        ["web: memory 16G, the Compose files say 8G"],
    ),
    "a file that is included": (
        "include: [more.yml]\nservices: {web: {image: x, mem_limit: 4g, depends_on: [api]}}",
        {"more_yml": "services: {api: {image: x}}"},
        ["web: memory 16G, the Compose files say 4G"],
    ),
    "a variable": ("services: {web: {image: x, mem_limit: '${WEB_LIMIT:-4g}'}}", {}, ["web: memory 16G, the Compose files say 4G"]),
}
