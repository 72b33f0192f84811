# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that a service is told of what it needs. They follow the placement."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import Graph
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Where
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import Host
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Address, Rack, Service
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.needs import externals_of, service_path


class ProvidedAddress(t.NamedTuple):
    """One address on its way into a service: the variable, whose address it is, the address."""

    variable: str
    of: str
    url: str


def addresses(rack: Rack, needs: Graph, hosts: t.Mapping[str, Host], problems: t.List[str]) -> t.Dict[str, t.Dict[str, str]]:
    """The variables of every service by its id. Two addresses in one variable become a problem, unless the service sets it itself."""
    services = {service.id: service for service in rack.services()}
    result = {}
    for identity, service in services.items():
        told = [ProvidedAddress(external.env, external.name, external.url) for external in externals_of(rack, service) if external.env]
        needed = (services[name] for name in needs[identity])
        told += [ProvidedAddress(other.address.env, other.id, _url(service, other, other.address, hosts)) for other in needed if other.address is not None]
        _check(service, told, problems)
        result[identity] = {entry.variable: entry.url for entry in told}
    return result


def _url(user: Service, service: Service, address: Address, hosts: t.Mapping[str, Host]) -> str:
    """By its name where Compose puts both into one network, otherwise by its host and the port published there."""
    if (user.stack, user.host) == (service.stack, service.host):
        host, port = service.name, address.port
    else:
        known = hosts.get(service.host)
        host, port = known.address if known else service.host, address.published or address.port
    return "%s://%s:%d%s" % (address.scheme, host, port, address.path)


def _check(service: Service, told: t.Iterable[ProvidedAddress], problems: t.List[str]) -> None:
    first: t.Dict[str, ProvidedAddress] = {}
    for entry in told:
        other = first.setdefault(entry.variable, entry)
        if other.url != entry.url and entry.variable not in service.env:
            Where(service_path(service), problems).key("needs").refuse(
                "%s and %s both give their address in %s. Name another variable for one of them." % (other.of, entry.of, entry.variable)
            )
