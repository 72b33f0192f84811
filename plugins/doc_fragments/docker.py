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
      - Address of the Docker Engine, V(unix:///path), V(tcp://host:port) or V(ssh://user@host).
      - Where it is not given, the environment variable E(DOCKER_HOST) of the managed host is used.
    type: str
    default: unix:///var/run/docker.sock
  api_version:
    description:
      - Version of the Engine's API to speak; V(auto) takes the newest that both sides know, which for this collection is 1.51.
      - Where it is not given, the environment variable E(DOCKER_API_VERSION) of the managed host is used.
    type: str
    default: auto
  timeout:
    description:
      - Seconds to wait for one answer of the Engine.
      - Where it is not given, the environment variable E(DOCKER_TIMEOUT) of the managed host is used.
    type: int
    default: 300
  tls:
    description:
      - Speak TLS with an engine at C(tcp://).
      - Where it is not given, the environment variables E(DOCKER_TLS) and E(DOCKER_TLS_VERIFY) of the managed host are used.
    type: bool
    default: false
  validate_certs:
    description: Whether the engine's certificate has to be valid for its host name and signed by O(ca_path).
    type: bool
    default: true
  tls_hostname:
    description:
      - The host name in the engine's certificate, where it is not that of O(docker_host).
      - Where it is not given, the environment variable E(DOCKER_TLS_HOSTNAME) of the managed host is used.
    type: str
  ca_path:
    description:
      - Certificate of the authority that signed the engine's certificate. By default the authorities that the system trusts.
      - This, O(client_cert) and O(client_key) are looked for as C(ca.pem), C(cert.pem) and C(key.pem) in the directory E(DOCKER_CERT_PATH) where
        they are not given.
    type: path
  client_cert:
    description: Certificate to log in to the engine with.
    type: path
  client_key:
    description: Key of O(client_cert).
    type: path
requirements:
  - docker >= 5.0.3 (Docker SDK for Python) and paramiko, for an address that begins with C(ssh://) only; every other needs nothing but Python
"""
