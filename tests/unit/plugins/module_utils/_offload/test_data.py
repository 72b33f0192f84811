# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes along when services move, and what stands in the way."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import Leaving, Moving, in_the_way, leaving, serving
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.host_paths import is_system, parents

Json = dict[str, t.Any]
ANONYMOUS = "ab" * 32


def volume(name: str, driver: str = "local") -> Json:
    return {"Type": "volume", "Name": name, "Source": "/var/lib/docker/volumes/%s/_data" % name, "Destination": "/data", "Driver": driver}


def bind(path: str, writable: bool = True) -> Json:
    return {"Type": "bind", "Source": path, "Destination": "/there", "RW": writable}


def container(service: str, *mounts: Json, needs: str = "", running: bool = True, ports: Json | None = None, project: str = "on", health: str = "") -> Json:
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.depends_on": needs, CONFIG_HASH: "c0ffee"}
    return {
        "Id": "id-" + service,
        "Name": "/%s-%s-1" % (project, service),
        "Config": {"Labels": labels},
        "State": {"Running": running, **({"Health": {"Status": health}} if health else {})},
        "HostConfig": {"PortBindings": ports},
        "Mounts": list(mounts),
    }


def told(*details: Json, services: t.Sequence[str] = ("api",), named: t.Sequence[str] = ()) -> Leaving:
    return leaving(details, Moving("on", services, ["/srv/api/"], ["/data/docker", "/srv/rack/state"], named), {ANONYMOUS})


def test_volumes_directories_and_ports_go_along() -> None:
    ports = {"8000/tcp": [{"HostIp": "", "HostPort": "8001"}], "9/udp": None}
    result = told(
        container("api", volume("on_data"), bind("/srv/files"), bind("/srv/api/config"), bind("/etc/localtime"), bind("/var/run/docker.sock"), ports=ports)
    )
    assert (result.volumes, result.binds, result.ports, result.problems) == ({"on_data": ["api"]}, {"/srv/files": ["api"]}, [8001], [])
    assert [(one.path, one.why, one.checkout) for one in result.stays.values()] == [("/srv/api/config", "checkout", "/srv/api")]
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
            [container("api", {"Type": "cluster", "Destination": "/data"}, {"Type": "tmpfs", "Destination": "/tmp"})],  # noqa: S108
            "on-api-1 has a mount of the type cluster at /data, which cannot be copied.",
        ),
        (
            [container("api", needs="db:service_healthy:true"), container("db")],
            "on-api-1 depends on db, which would stay behind. Move both, and list db in the inventory for it.",
        ),
        (
            [container("api", volume("on_data")), container("web", volume("on_data"))],
            "on-web-1 uses the volume on_data, too, and would stay behind. Move both.",
        ),
        (
            [container("api", bind("/srv/shared/api")), container("web", bind("/srv/shared", writable=False), project="other")],
            "other-web-1 uses /srv/shared/api, too, and would stay behind. Move both.",
        ),
        (
            [container("api", bind("/srv/shared")), container("web", bind("/srv/shared/web"))],
            "on-web-1 uses /srv/shared/web, too, and would stay behind. Move both.",
        ),
        *(
            (
                [container("api", bind(path))],
                "on-api-1 may write to %s, which belongs to the system of its server and never moves. Mount the directory that it needs, or mount it"
                " read-only." % path,
            )
            for path in ("/", "/etc", "/var/lib", "/var/lib/docker/volumes/x/_data", "/usr/local/data", "/data", "/data/docker/volumes", "/srv/rack")
        ),
    ],
)
def test_what_stands_in_the_way_is_told(details: list[Json], problem: str) -> None:
    assert told(*details).problems == [problem]


def test_what_moves_together_is_no_obstacle() -> None:
    both = [container("api", volume("on_data"), needs="db:service_started:true"), container("db", volume("on_data"))]
    result = told(*both, services=["api", "db"])
    assert (result.volumes, result.problems) == ({"on_data": ["api", "db"]}, [])


def test_a_dependency_that_has_no_container_here_is_elsewhere_already() -> None:
    assert told(container("api", needs="db:service_started:true")).problems == []


def test_what_was_run_by_hand_from_the_image_of_a_service_is_not_the_service() -> None:
    by_hand = {**container("api", volume("on_data")), "Id": "by-hand"}
    del by_hand["Config"]["Labels"][CONFIG_HASH]
    assert told(by_hand).problems == ["api has no container here. Deploy it first."]
    assert told(container("api", volume("on_data")), by_hand).problems == ["on-api-1 uses the volume on_data, too, and would stay behind. Move both."]


def test_a_stopped_container_that_shares_a_volume_is_no_obstacle() -> None:
    assert told(container("api", volume("on_data")), container("old", volume("on_data"), running=False)).problems == []


def test_an_agent_that_reads_the_whole_server_shares_nothing() -> None:
    agent = container("agent", bind("/", writable=False), bind("/var/lib/docker", writable=False), bind("/var/run/docker.sock"))
    assert told(container("api", volume("on_data"), bind("/srv/files")), agent).problems == []


def test_what_is_read_only_or_of_the_system_stays_unless_it_is_named() -> None:
    mounts = [bind("/", writable=False), bind("/srv/certs", writable=False), bind("/srv/api/data"), bind("/srv/both", writable=False), bind("/srv/both/.")]
    result = told(container("api", *mounts))
    assert (list(result.binds), result.problems) == (["/srv/both"], [])
    assert [(one.path, one.why) for one in result.stays.values()] == [
        ("/", "system"),
        ("/srv/certs", "read-only"),
        ("/srv/api/data", "checkout"),
        ("/srv/both", "read-only"),
    ]
    named = told(container("api", *mounts), named=["/srv/certs/", "/srv/api/data", "/"])
    assert (list(named.binds), named.problems, list(named.stays)) == (["/srv/certs", "/srv/api/data", "/srv/both"], [], ["/", "/srv/both"])


def test_a_directory_that_nobody_mounts_cannot_be_named() -> None:
    problem = "/srv/x cannot be moved along: the services do not mount it. Mounted directories: /srv/files."
    assert told(container("api", bind("/srv/files")), named=["/srv/x"]).problems == [problem]


@pytest.mark.parametrize(
    ("path", "system"), [("/", True), ("//etc/", True), ("/etc/x", False), ("/var/../usr/lib/x", True), ("/home", True), ("/srv/x", False)]
)
def test_the_directories_of_a_system_and_their_parents_are_known(path: str, system: bool) -> None:
    assert is_system(path) is system


def test_services_that_stay_and_depend_on_one_that_moves_are_named() -> None:
    stays = container("web", needs="api:service_healthy:true,db:service_started:true")
    assert told(container("api"), stays, container("db")).dependants == {"web": "api"}


@pytest.mark.parametrize(
    ("details", "problems"),
    [
        ([], []),
        ([container("api", volume("on_data"), bind("/srv/files"))], []),
        ([container("web", volume("on_data"), running=False)], ["on-web-1 uses the volume on_data there. Remove it, or give it other data."]),
        ([container("api", bind("/srv/files/x"), project="b")], ["b-api-1 uses /srv/files/x there. Remove it, or give it other data."]),
        ([container("agent", bind("/", writable=False), volume("other"))], []),
    ],
)
def test_who_uses_what_would_be_overwritten_is_in_the_way(details: list[Json], problems: list[str]) -> None:
    assert in_the_way(details, Moving("on", ["api"]), ["on_data"], ["/srv/files"]) == problems


@pytest.mark.parametrize(
    ("details", "problems"),
    [
        ([container("api", volume("on_data"), health="healthy")], []),
        ([container("api", volume("on_data"))], []),
        ([container("api", volume("on_data"), project="other")], ["api does not run"]),
        ([container("api", volume("on_data"), running=False)], ["api does not run"]),
        ([container("api", volume("other_data"))], ["api does not use the volume on_data"]),
        ([container("api", volume("on_data"), health="unhealthy")], ["api is unhealthy"]),
        ([container("api", volume("on_data"), health="starting")], ["api is starting"]),
    ],
)
def test_old_data_is_superfluous_only_where_its_service_uses_the_new(details: list[Json], problems: list[str]) -> None:
    assert serving(details, "on", ["api"], "on_data") == problems


def test_a_directory_below_another_one_goes_with_it() -> None:
    assert parents(["/srv/b/c", "/srv/b", "/srv/bc", "/srv/b/"]) == ["/srv/b", "/srv/bc"]
