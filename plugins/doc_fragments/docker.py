# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to a Docker Engine (``_docker/client.py``, ``DOCKER_OPTIONS``)."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Address of the Docker Engine, V(unix:///path), V(tcp://host:port) or V(ssh://user@host).
      - By default the environment variable E(DOCKER_HOST) of the managed host is used.
    type: str
    default: unix:///var/run/docker.sock
  api_version:
    description:
      - API version to use; V(auto) takes the newest that both sides know, which for this collection is 1.51.
      - By default the environment variable E(DOCKER_API_VERSION) of the managed host is used.
    type: str
    default: auto
  timeout:
    description:
      - Seconds to wait for one whole response of the engine.
      - By default the environment variable E(DOCKER_TIMEOUT) of the managed host is used.
    type: int
    default: 300
  tls:
    description:
      - Use TLS with an engine at C(tcp://).
      - By default the environment variables E(DOCKER_TLS) and E(DOCKER_TLS_VERIFY) of the managed host are used.
    type: bool
    default: false
  validate_certs:
    description: Whether the engine's certificate has to be valid for its host name and signed by O(ca_path).
    type: bool
    default: true
  tls_hostname:
    description:
      - The host name in the engine's certificate, if it differs from that of O(docker_host).
      - By default the environment variable E(DOCKER_TLS_HOSTNAME) of the managed host is used.
    type: str
  ca_path:
    description:
      - Certificate of the CA that signed the engine's certificate. By default the CAs that the system trusts.
      - If this, O(client_cert) or O(client_key) is not given, it is read from C(ca.pem), C(cert.pem) or C(key.pem) in the directory
        E(DOCKER_CERT_PATH).
    type: path
  client_cert:
    description: Client certificate for the engine.
    type: path
  client_key:
    description: Key of O(client_cert).
    type: path
requirements:
  - docker >= 5.0.3 (Docker SDK for Python) and paramiko, only for addresses that begin with C(ssh://); all others need only Python
"""
