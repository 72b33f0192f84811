# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to a Docker Engine (``_docker.DOCKER_OPTIONS``)."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Address of the Docker Engine.
      - Where it is not given, the environment variable E(DOCKER_HOST) of the managed host is used.
    type: str
    default: unix:///var/run/docker.sock
  api_version:
    description:
      - Version of the Engine's API to speak; V(auto) takes the newest that both sides know.
      - Where it is not given, the environment variable E(DOCKER_API_VERSION) of the managed host is used.
    type: str
    default: auto
  timeout:
    description:
      - Seconds to wait for one answer of the Engine.
      - Where it is not given, the environment variable E(DOCKER_TIMEOUT) of the managed host is used.
    type: int
    default: 300
requirements:
  - docker >= 5.0.3 (Docker SDK for Python)
"""
