# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of a rig sits: names, addresses, ports. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re
import typing as t
from pathlib import Path

from tests.rig.errors import RigError

CHECKOUT = Path(__file__).resolve().parents[2]

DEFAULT_NAME = "demo"
DEFAULT_SERVERS = ("sandbox", "overflow1", "overflow2")
HOME_SERVER = "sandbox"

FORGE = "forge"
MYCOBRAIN = "mycobrain"
CLOUDFLARE = "cloudflare"
EDGE = "edge"
SERVICES = (FORGE, MYCOBRAIN, CLOUDFLARE, EDGE)

SSH_PORT = 22
REGISTRY_PORT = 5000
MYCOBRAIN_PORT = 8765
CLOUDFLARE_PORT = 8080
WEBSITE_PORT = 3000  # of the demo's stack

_FIRST_SERVICE = 2  # .1 is this machine's side of the network
_FIRST_SERVER = 11
_NAME = re.compile(r"[a-z][a-z0-9]{0,20}")
#: Rigs share one /16 of the private range, a /24 each.
RANGE = ipaddress.IPv4Network("10.201.0.0/16")


@dataclasses.dataclass(frozen=True)
class Layout:
    """One rig: its name in this checkout, the names and addresses of its containers."""

    project: str
    subnet: str
    servers: tuple[str, ...]

    def address(self, host: str) -> str:
        """The fixed address of a server or a service."""
        network = ipaddress.IPv4Network(self.subnet)
        if host in SERVICES:
            return str(network[_FIRST_SERVICE + SERVICES.index(host)])
        return str(network[_FIRST_SERVER + self.servers.index(host)])

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every container of the rig."""
        return (*SERVICES, *self.servers)

    def container(self, host: str) -> str:
        """The engine's name of a host's container."""
        return f"{self.project}-{host}"

    @property
    def registry(self) -> str:
        """Base URL of the registry, as servers and this machine reach it."""
        return f"http://{self.address(FORGE)}:{REGISTRY_PORT}"

    @property
    def mycobrain_url(self) -> str:
        """Base URL of the stand-in for MycoBrain."""
        return f"http://{self.address(MYCOBRAIN)}:{MYCOBRAIN_PORT}"

    @property
    def cloudflare_url(self) -> str:
        """Base URL of the stand-in for Cloudflare's API, without ``/client/v4``."""
        return f"http://{self.address(CLOUDFLARE)}:{CLOUDFLARE_PORT}"

    @property
    def edge_url(self) -> str:
        """Base URL of the cache in front of the website, which answers for every host name."""
        return f"http://{self.address(EDGE)}"


def project_of(name: str, checkout: Path = CHECKOUT) -> str:
    """The engine-wide name of the rig ``name`` of a checkout: two checkouts never meet."""
    if not _NAME.fullmatch(name):
        raise RigError(f"Cannot name a rig {name!r}: it takes up to 21 lower-case letters and digits, a letter first. Choose another name.")
    return f"rack-{name}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:6]}"


def checked_servers(servers: t.Iterable[str]) -> tuple[str, ...]:
    """The servers asked for; refuses names that could not be host names, doubles and the rig's own."""
    names = tuple(servers)
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) or name in SERVICES:
            raise RigError(f"Cannot make a server called {name!r}: it takes lower-case letters, digits and '-', and none of {', '.join(SERVICES)}.")
    if not names or len(set(names)) != len(names):
        raise RigError(f"Cannot make the servers {','.join(names) or '(none)'}: at least one, each once.")
    return names


def free_subnets(taken: t.Iterable[str]) -> t.Iterator[str]:
    """Every /24 of the rigs' range that overlaps none of ``taken`` (networks as text)."""
    used = [ipaddress.IPv4Network(network, strict=False) for network in taken]
    return (str(subnet) for subnet in RANGE.subnets(new_prefix=24) if not any(subnet.overlaps(other) for other in used))


def routed_subnets(table: str) -> list[str]:
    """The networks in the text of /proc/net/route, the default route aside. Fields are little-endian hex."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        destination, mask = (int.from_bytes(bytes.fromhex(fields[index]), "little") for index in (1, 7))
        if mask:
            found.append(f"{ipaddress.IPv4Address(destination)}/{mask.bit_count()}")
    return found
