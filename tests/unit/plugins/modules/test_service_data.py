# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_data, on an engine on a real socket and real directories: what moves, what proves whose data it is, what is in the way."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH, PROJECT, SERVICE
from ansible_collections.mycosoft.rack.plugins.module_utils._offload import target
from ansible_collections.mycosoft.rack.plugins.modules import service_data
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.composed import docker_without_engine

Json = dict[str, t.Any]
Run = t.Callable[..., Json]
Arrive = t.Callable[..., list[str]]
LABELS = {PROJECT: "on", SERVICE: "db", CONFIG_HASH: "c0ffee"}


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[DockerEngine]:
    (tmp_path / "docker").mkdir()
    with DockerEngine(tmp_path / "docker") as engine:
        yield engine


@pytest.fixture
def run(tmp_path: Path, engine: DockerEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """``state``: that of the module; the rest as the role passes it."""
    monkeypatch.setattr(target, "_MARGIN", 0)

    def call(state: str, **options: t.Any) -> Json:
        common = {"docker_host": engine.address, "state_directory": str(tmp_path / "state"), "project": "on", "services": ["db"]}
        with patch_module_args({"state": state, **common, **options}), pytest.raises(SystemExit):
            service_data.main()
        result: Json = json.loads(capsys.readouterr().out)
        assert engine.writes == []
        # warnings of one process add up, in a shape that is no argument of a module
        return {key: value for key, value in result.items() if key not in ("warnings", "deprecations")}

    return call


@pytest.fixture
def data(tmp_path: Path, engine: DockerEngine) -> Path:
    """A directory of the only service that holds a file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "row").write_text("one")
    engine.add_container("on-db-1", state="running", labels=LABELS, mounts=[mount(tmp_path / "data")])
    return tmp_path / "data"


def mount(path: Path) -> Json:
    return {"Type": "bind", "Source": str(path), "Destination": "/data", "RW": True}


def volume(engine: DockerEngine, path: Path, labels: Json | None = None, **about: t.Any) -> None:
    engine.add_volume("on_data", labels={PROJECT: "on"} if labels is None else labels, extra={"Mountpoint": str(path), **about})


def test_the_data_of_a_service_is_listed_with_who_uses_it_and_what_identifies_it(run: Run, data: Path, engine: DockerEngine) -> None:
    volume(engine, data)
    next(iter(engine.containers.values())).volumes = ["on_data"]
    result = run("leaving")
    about = {"path": str(data), "services": ["db"], "size": 4096, "empty": False, "inode": data.stat().st_ino}
    assert result["volumes"] == [{**about, "name": "on_data", "labels": {PROJECT: "on"}}]
    assert (result["binds"], result["problems"], result["stays"]) == ([about], [], [])


@pytest.mark.parametrize(
    ("options", "beginning"),
    [
        ({"type": "none", "o": "bind", "device": "/srv/vol"}, "the volume on_data is a mount of /srv/vol, which its directory shows only while"),
        ({"type": "cifs", "o": "username=x,password=hidden", "device": "//x/y"}, "the volume on_data has driver options (cifs): its data is elsewhere"),
        ({"type": "nfs", "o": "addr=192.0.2.1"}, "the volume on_data has driver options (nfs): "),
        ({"type": "tmpfs", "device": "tmpfs"}, "the volume on_data has driver options (tmpfs): "),
        ({"size": "10G"}, "the volume on_data has driver options (size): "),
    ],
)
def test_a_volume_that_is_a_mount_is_refused(run: Run, data: Path, engine: DockerEngine, options: Json, beginning: str) -> None:
    volume(engine, data, Options=options)
    next(iter(engine.containers.values())).volumes = ["on_data"]
    result = run("leaving")
    assert [problem[: len(beginning)] for problem in result["problems"]] == [beginning]
    assert "hidden" not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


def test_files_are_not_copied_and_what_vanished_is_told(run: Run, data: Path, engine: DockerEngine) -> None:
    next(iter(engine.containers.values())).mounts = [mount(data / "row"), mount(data / "gone")]
    result = run("leaving")
    assert [(one["path"], one["why"], one["file"]) for one in result["stays"]] == [(str(data / "row"), "file", True)]
    assert result["problems"] == ["%s is mounted, and does not exist any more. Restore it, or remove it from the Compose file." % (data / "gone")]


def test_data_that_is_not_there_any_more_after_the_stop_is_told(run: Run, data: Path) -> None:
    before = run("leaving")
    assert run("stopped", data=before)["problems"] == []
    (data / "row").unlink()
    assert run("stopped", data=before)["problems"] == ["%s held data before, and is empty now." % data]
    data.rename(data.parent / "aside")
    data.mkdir()
    (data / "row").write_text("another")
    assert run("stopped", data=before)["problems"][0].startswith("%s is another directory than before: something was mounted there" % data)


@pytest.fixture
def arrive(run: Run, data: Path, engine: DockerEngine) -> Arrive:
    """What blocks the arrival of the volume, whose directory is that of ``data``, on a server on which ``data`` is somebody's."""
    volume(engine, data)
    container = next(iter(engine.containers.values()))
    container.mounts, container.volumes = [], ["on_data"]
    found = run("leaving")
    engine.containers.clear()

    def call(**options: t.Any) -> list[str]:
        return t.cast(list[str], run("arriving", **{"stack": "always-on", "origin": "sandbox", "data": found, **options})["problems"])

    return call


def record(data: Path, moved: Json | None = None, **places: Json) -> None:
    """What this server recorded; ``places``: kind -> what differs about the only entry."""
    whole = {"path": str(data), "volume": "on_data", "stack": "always-on", "project": "on", "services": ["db"], "host": "sandbox"}
    state = data.parent / "state"
    state.mkdir(exist_ok=True)
    (state / "moved_data.json").write_text(json.dumps({kind: [{**whole, **entry}] for kind, entry in places.items()}))
    (state / "moved.json").write_text(json.dumps(moved or {}))


THERE = {"always-on": {"db": "sandbox"}}
#: id -> what moved, the records of data
PROOFS: dict[str, tuple[Json, Json]] = {
    "the same move copied it": ({}, {"arriving": {}}),
    "its services left it there": (THERE, {"left": {}}),
}
NO_PROOFS: dict[str, tuple[Json, Json]] = {
    "no record": ({}, {}),
    "a copy of another stack": ({}, {"arriving": {"stack": "mas"}}),
    "a copy from another server": ({}, {"arriving": {"host": "overflow2"}}),
    "a copy of another directory": ({}, {"arriving": {"path": "/srv/x"}}),
    "left by services that are here": ({}, {"left": {}}),
    "left by services that moved on": ({"always-on": {"db": "overflow2"}}, {"left": {}}),
    "left to another server": (THERE, {"left": {"host": "overflow2"}}),
    "left by nobody": (THERE, {"left": {"services": []}}),
}


@pytest.mark.parametrize(("moved", "places"), PROOFS.values(), ids=PROOFS)
def test_what_a_record_says_is_of_the_move_may_be_overwritten(arrive: Arrive, data: Path, moved: Json, places: Json) -> None:
    record(data, moved, **places)
    assert arrive() == []


@pytest.mark.parametrize(("moved", "places"), NO_PROOFS.values(), ids=NO_PROOFS)
def test_without_a_proof_nothing_is_overwritten(arrive: Arrive, data: Path, moved: Json, places: Json) -> None:
    record(data, moved, **places)
    (problem,) = arrive()
    assert problem.startswith("on_data is not empty there, and no earlier move of db put it there. A copy would overwrite it.")
    assert arrive(overwrite=["other", "/srv/x"]) == [problem]
    assert arrive(overwrite=["on_data"]) == arrive(overwrite=["%s/" % data]) == []


def test_an_empty_directory_may_be_filled(arrive: Arrive, data: Path) -> None:
    (data / "row").unlink()
    assert arrive() == []
    data.rmdir()
    assert arrive() == []


def test_a_record_that_cannot_be_read_proves_nothing_and_is_told(run: Run, arrive: Arrive, data: Path) -> None:
    record(data)
    (data.parent / "state" / "moved_data.json").write_text('{"arriving": [{"path": "/srv"}]}')
    with pytest.raises(KeyError):
        arrive()
    assert run("left")["msg"].startswith("Cannot tell whose data is here: %s/state/moved_data.json: " % data.parent)


@pytest.mark.parametrize(
    ("labels", "about", "problem"),
    [
        ({PROJECT: "shop"}, {}, "the volume on_data belongs to the project shop there. Rename or remove it."),
        ({}, {}, "the volume on_data belongs to no project there. Rename or remove it."),
        (
            {PROJECT: "on"},
            {"Options": {"type": "nfs"}},
            "the volume on_data has a driver or driver options there, unlike the one that moves. Rename or remove it.",
        ),
    ],
)
def test_a_volume_of_another_owner_is_refused_even_if_it_is_empty(
    arrive: Arrive, data: Path, engine: DockerEngine, labels: Json, about: Json, problem: str
) -> None:
    (data / "row").unlink()
    engine.volumes["on_data"].labels, engine.volumes["on_data"].extra = labels, {**engine.volumes["on_data"].extra, **about}
    assert arrive(overwrite=["on_data"]) == [problem]


def test_data_that_another_container_uses_there_is_refused_whatever_is_named(arrive: Arrive, data: Path, engine: DockerEngine) -> None:
    engine.add_container("shop-1", volumes=["on_data"])
    assert arrive(overwrite=["on_data"]) == ["shop-1 uses the volume on_data there. Remove it, or give it other data."]


def test_an_engine_that_keeps_its_volumes_elsewhere_is_refused(arrive: Arrive, data: Path, engine: DockerEngine) -> None:
    (data / "row").unlink()
    engine.root = "/"
    assert arrive() == ["Docker keeps volumes in / here, and in %s/docker on the other server. Use the same data-root on both." % data.parent]


def test_what_stays_and_is_missing_is_returned(run: Run, data: Path) -> None:
    found = {**run("leaving"), "volumes": [], "binds": [], "stays": [{"path": str(data)}, {"path": "/nowhere"}]}
    assert run("arriving", stack="always-on", origin="sandbox", data=found)["missing"] == ["/nowhere"]


def test_only_volumes_of_services_that_are_elsewhere_are_left(run: Run, data: Path, engine: DockerEngine) -> None:
    volume(engine, data)
    record(data, THERE, left={})
    engine.add_container("backup", volumes=["on_data"])
    (left,) = run("left")["left"]
    assert (left["volume"], left["services"], left["host"], left["users"]) == ("on_data", ["db"], "sandbox", ["backup"])
    record(data, {}, left={})
    assert run("left")["left"] == [], "the service moved back"
    record(data, THERE, left={"volume": "gone"})
    assert run("left")["left"] == []


def test_a_service_that_serves_from_its_volume_is_told_from_others(run: Run, engine: DockerEngine) -> None:
    engine.add_container("other-db-1", state="running", labels={**LABELS, PROJECT: "other"}, volumes=["on_data"])
    assert run("serving", volume="on_data")["problems"] == ["db does not run"]
    engine.add_container("on-db-1", state="running", labels=LABELS, volumes=["on_data"], health="healthy")
    assert run("serving", volume="on_data")["problems"] == []


def test_what_is_present_is_told_wherever_it_is_planned(run: Run, engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", docker_without_engine(tmp_path / "bin"))
    text = "services: {web: {image: nginx}, db: {image: redis, volumes: ['data:/data', '/srv/x:/x']}}\nvolumes: {data: {name: its-data}}\n"
    (tmp_path / "compose.yml").write_text(text, encoding="utf-8")
    mounts = [{"Type": "bind", "Source": path, "RW": path != "/srv/read"} for path in ("/srv/x", "/etc/localtime", "/var/run/docker.sock", "/", "/srv/read")]
    labels = {**LABELS, "com.docker.compose.project.working_dir": "/srv/shop"}
    engine.add_container("on-db-1", state="running", labels=labels, volumes=["its-data"], mounts=mounts)
    engine.add_container("by-hand", volumes=["its-data"])
    for name, project in (("its-data", "on"), ("on_data", "on"), ("by-hand", None)):
        engine.add_volume(name, labels={PROJECT: project} if project else {})
    record(tmp_path / "data", THERE, left={})
    arguments = ["--project-name", "on", "--project-directory", str(tmp_path), "--file", str(tmp_path / "compose.yml")]
    stack = {"directory": str(tmp_path), "files": ["compose.yml"], "arguments": arguments, "elsewhere": {"db": "overflow1"}}
    present = run("present", stacks={"shop": stack, "gone": {**stack, "directory": "/nowhere"}})["present"]
    (found,) = present["containers"]
    about = {"name": "on-db-1", "project": "on", "service": "db", "directory": "/srv/shop", "running": True, "data": ["its-data", "/srv/x"]}
    assert {key: found[key] for key in found if key != "id"} == about
    assert (present["volumes"], present["elsewhere"]) == ([{"name": "its-data", "project": "on"}], {"shop": {"db": ["its-data"]}, "gone": {}})
    assert present["moved"] == THERE
    (tmp_path / "state" / "moved.json").write_text("[1]", encoding="utf-8")
    assert run("present")["msg"].startswith("Cannot tell which services moved away from here: %s/state/moved.json: " % tmp_path)
