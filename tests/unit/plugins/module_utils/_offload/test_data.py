# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes along when services move, and what stands in the way."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import Leaving, leaving, parents

Json = dict[str, t.Any]
ANONYMOUS = "ab" * 32


def volume(name: str, driver: str = "local") -> Json:
    return {"Type": "volume", "Name": name, "Source": "/var/lib/docker/volumes/%s/_data" % name, "Destination": "/data", "Driver": driver}


def bind(path: str) -> Json:
    return {"Type": "bind", "Source": path, "Destination": "/there"}


def container(service: str, *mounts: Json, needs: str = "", running: bool = True, ports: Json | None = None, project: str = "on") -> Json:
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.depends_on": needs, CONFIG_HASH: "c0ffee"}
    return {
        "Id": "id-" + service,
        "Name": "/%s-%s-1" % (project, service),
        "Config": {"Labels": labels},
        "State": {"Running": running},
        "HostConfig": {"PortBindings": ports},
        "Mounts": list(mounts),
    }


def told(*details: Json, services: t.Sequence[str] = ("api",)) -> Leaving:
    return leaving(details, "on", services, ["/srv/api"], {ANONYMOUS})


def test_volumes_directories_and_ports_go_along() -> None:
    ports = {"8000/tcp": [{"HostIp": "", "HostPort": "8001"}], "9/udp": None}
    result = told(
        container("api", volume("on_data"), bind("/srv/files"), bind("/srv/api/config"), bind("/etc/localtime"), bind("/var/run/docker.sock"), ports=ports)
    )
    assert (result.volumes, result.binds, result.ports, result.problems) == (["on_data"], ["/srv/files"], [8001], [])
    assert result.containers == [{"id": "id-api", "name": "on-api-1", "running": True}]


@pytest.mark.parametrize(
    ("details", "problem"),
    [
        ([container("web")], "api has no container here. Deploy it first."),
        ([container("api", project="other")], "api has no container here. Deploy it first."),
        ([container("api", volume(ANONYMOUS))], "on-api-1 keeps data in a volume without a name at /data. Name it in the Compose file, and deploy."),
        (
            [container("api", volume("on_nfs", "nfs"))],
            "the volume on_nfs is of the driver nfs, whose data cannot be copied. Move it with the means of that driver.",
        ),
        (
            [container("api", needs="db:service_healthy:true"), container("db")],
            "on-api-1 depends on db, which would stay behind. Move both, and list db in the inventory for it.",
        ),
        (
            [container("api", volume("on_data")), container("web", volume("on_data"))],
            "on-web-1 uses the volume on_data, too, and would stay behind. Move both.",
        ),
    ],
)
def test_what_stands_in_the_way_is_told(details: list[Json], problem: str) -> None:
    assert told(*details).problems == [problem]


def test_what_moves_together_is_no_obstacle() -> None:
    both = [container("api", volume("on_data"), needs="db:service_started:true"), container("db", volume("on_data"))]
    result = told(*both, services=["api", "db"])
    assert (result.volumes, result.problems) == (["on_data"], [])


def test_a_dependency_that_has_no_container_here_is_elsewhere_already() -> None:
    assert told(container("api", needs="db:service_started:true")).problems == []


def test_what_was_run_by_hand_from_the_image_of_a_service_is_not_the_service() -> None:
    by_hand = {**container("api", volume("on_data")), "Id": "by-hand"}
    del by_hand["Config"]["Labels"][CONFIG_HASH]
    assert told(by_hand).problems == ["api has no container here. Deploy it first."]
    assert told(container("api", volume("on_data")), by_hand).problems == ["on-api-1 uses the volume on_data, too, and would stay behind. Move both."]


def test_a_stopped_container_that_shares_a_volume_is_no_obstacle() -> None:
    assert told(container("api", volume("on_data")), container("old", volume("on_data"), running=False)).problems == []


def test_a_directory_below_another_one_goes_with_it() -> None:
    assert parents(["/srv/b/c", "/srv/b", "/srv/bc", "/srv/b/"]) == ["/srv/b", "/srv/bc"]
