# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed in to the containers of a rig: keys, settings, secrets. All made up for this rig."""

from __future__ import annotations

import json
import secrets
import shutil

from tests.rig.layout import CLOUDFLARE, EDGE, FORGE, MYCOBRAIN, REGISTRY_PORT, WEBSITE_PORT, Layout
from tests.rig.meminfo import profile, render
from tests.rig.ssh import known_host, make_key
from tests.rig.state import State

#: Env file of a stack -> the secret its compose file asks for.
_STACK_SECRETS = {"always-on.env": "MINDEX_TOKEN", "mas.env": "MAS_TOKEN"}


def write_seeds(state: State, layout: Layout) -> None:
    """Fill an empty state folder with everything the containers are started with."""
    make_key(state.key, "developer")
    deploy_key = state.folder / "ssh" / "deploy"
    make_key(deploy_key, "deploy key")
    for host in (FORGE, *layout.servers):
        make_key(state.seed(host) / "ssh_host_ed25519_key", host)
    state.write(state.known_hosts, "".join(_known_hosts(state, layout, (FORGE, *layout.servers))), 0o644)
    state.write(state.token, secrets.token_hex(20))
    secret_files = {name: f"{variable}={secrets.token_hex(16)}\n" for name, variable in _STACK_SECRETS.items()}
    for host in layout.hosts:
        state.write(state.seed(host) / "resolv.conf", f"nameserver {layout.address(FORGE)}\n", 0o644)
    for service in (FORGE, MYCOBRAIN, CLOUDFLARE):
        state.logs(service).mkdir(parents=True)
    _write_forge(state, layout)
    state.write(state.seed(EDGE) / "origin.vcl", origin(layout), 0o644)
    for server in layout.servers:
        seed = state.seed(server)
        shutil.copyfile(deploy_key, seed / "id_ed25519")
        (seed / "id_ed25519").chmod(0o600)
        shutil.copyfile(state.key.with_suffix(".pub"), seed / "authorized_keys")
        state.write(seed / "known_hosts", "".join(_known_hosts(state, layout, (FORGE,))))
        state.write(seed / "daemon.json", json.dumps(daemon_settings(layout), indent=2) + "\n", 0o644)
        for name, content in secret_files.items():
            state.write(seed / "env" / name, content)
        state.write(state.meminfo(server), render(profile("calm", server)), 0o644)


def _known_hosts(state: State, layout: Layout, hosts: tuple[str, ...]) -> list[str]:
    keys = {host: (state.seed(host) / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8") for host in hosts}
    return [known_host((host, layout.address(host)), key) for host, key in keys.items()]


def _write_forge(state: State, layout: Layout) -> None:
    keys = [path.with_suffix(".pub").read_text(encoding="utf-8") for path in (state.key, state.folder / "ssh" / "deploy")]
    state.write(state.seed(FORGE) / "authorized_keys", "".join(keys), 0o644)
    state.write(state.seed(FORGE) / "dnsmasq.conf", resolver_settings(layout), 0o644)


def resolver_settings(layout: Layout) -> str:
    """dnsmasq.conf: the rig's names; every other name does not exist, and nothing is ever forwarded."""
    records = [f"host-record={host},{layout.address(host)}" for host in layout.hosts]
    return "\n".join(["user=root", "no-resolv", "no-hosts", "log-queries", "log-facility=/log/dns.log", "address=/#/", *records]) + "\n"


def origin(layout: Layout) -> str:
    """Where the edge finds the website: on the first server."""
    return f'backend origin {{ .host = "{layout.address(layout.servers[0])}"; .port = "{WEBSITE_PORT}"; }}\n'


def daemon_settings(layout: Layout) -> dict[str, object]:
    """A server's daemon.json. Without ``dns`` the engine would hand a public resolver to containers."""
    registry = f"{layout.address(FORGE)}:{REGISTRY_PORT}"
    return {
        "dns": [layout.address(FORGE)],
        "registry-mirrors": [f"http://{registry}"],
        "insecure-registries": [registry],
        "storage-driver": "overlay2",
    }
