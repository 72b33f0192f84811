# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_recovery, run for real against a machine of files and an engine on a real socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import docker_recovery
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import MIB, StandingKernel
from ansible_collections.mycosoft.rack.tests.fakes.docker_recovery import TOTAL, RecoveringMachine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]
GIB = 1024 * MIB

#: Changes of a recovery that stops three containers: each is updated and stopped.
STOPPING = 6

SERVICES = [
    {"project": "mas", "service": "orchestrator", "essential": False},
    {"project": "always-on", "service": "website", "essential": True},
    {"project": "always-on", "service": "api", "essential": True, "needed_by": "always-on/website"},
]


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[RecoveringMachine]:
    """62 GiB, of which 6 are available: the incident."""
    with RecoveringMachine(tmp_path, 6 * GIB) as running:
        running.give("website", "website", 20 * GIB)
        running.give("api", "api", 10 * GIB, needs=["db"])
        running.give("db", "db", 2 * GIB)
        running.give("orchestrator", "orchestrator", 8 * GIB, project="mas")
        running.give("batch", usage=4 * GIB, host={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}})
        running.give("stray", usage=3 * GIB, host={"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}})
        yield running


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(state: str, check: bool = False, passes: t.Callable[[float], None] = lambda _seconds: None, root: Path = tmp_path, **options: t.Any) -> Result:
        given = {
            "state": state,
            "docker_host": "unix://%s" % (root / "docker.sock"),
            "services": SERVICES,
            "state_directory": str(root),
            "_ansible_check_mode": check,
            **options,
        }
        with patch_module_args(given), pytest.raises(SystemExit):
            docker_recovery.main(StandingKernel(root, passes))
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def names(result: Result, key: str = "stopped") -> list[str]:
    return [entry["name"] for entry in result[key]]


def test_it_stops_until_there_is_enough_and_nothing_that_is_essential(machine: RecoveringMachine, run: Run, tmp_path: Path) -> None:
    result = run("stopped", available="12G")
    assert (names(result), result["changed"], result["left"]) == (["orchestrator"], True, [])
    assert result["available"] == {"before": 6 * GIB, "after": 14 * GIB, "wanted": 12 * GIB}
    assert machine.done == ["update orchestrator", "stop orchestrator"]
    assert result["waiting"] == ["mas/orchestrator"]
    assert {entry["name"]: entry["why"] for entry in result["stays"]} == {
        "always-on/website": "it is essential",
        "always-on/api": "always-on/website, which is essential, needs it",
        "always-on/db": "always-on/api, which is essential, needs it",
    }
    assert len(json.loads((tmp_path / "recovery.json").read_text())["containers"]) == 6


def test_a_share_is_of_all_memory(machine: RecoveringMachine, run: Run) -> None:
    assert run("stopped", available="25%")["available"]["wanted"] == TOTAL // 4
    assert machine.running() == {"website", "api", "db", "stray"}


def test_told_to_go_on_it_leaves_the_essential_alone(machine: RecoveringMachine, run: Run) -> None:
    result = run("stopped", everything=True)
    assert names(result) == ["orchestrator", "batch", "stray"]
    assert machine.running() == {"website", "api", "db"}
    assert machine.policies() == {"website": "always", "api": "always", "db": "always", "orchestrator": "no", "batch": "no", "stray": "no"}


def test_what_nobody_planned_can_be_left_alone(machine: RecoveringMachine, run: Run) -> None:
    assert names(run("stopped", everything=True, unplanned=False)) == ["orchestrator"]
    assert "batch" in machine.running()


@pytest.mark.parametrize(("options", "stopped"), [({"available": "12G"}, ["orchestrator"]), ({"everything": True}, ["orchestrator", "batch", "stray"])])
def test_check_mode_foresees_exactly_that_and_touches_nothing(
    machine: RecoveringMachine, run: Run, tmp_path: Path, options: Result, stopped: list[str]
) -> None:
    result = run("stopped", check=True, **options)
    assert (names(result), machine.done) == (stopped, [])
    assert [entry["memory"] for entry in result["stopped"]] == [{"orchestrator": 8, "batch": 4, "stray": 3}[name] * GIB for name in stopped]
    assert not (tmp_path / "recovery.json").exists()
    before, after = (set(result["diff"][side]["running"]) for side in ("before", "after"))
    assert before - after == {"mas/orchestrator" if name == "orchestrator" else name for name in stopped}


@pytest.mark.parametrize("check", [True, False])
def test_a_goal_that_stopping_everything_would_not_reach_is_told_first_and_nothing_is_touched(
    machine: RecoveringMachine, run: Run, tmp_path: Path, check: bool
) -> None:
    result = run("stopped", check=check, available="22G")
    assert result["msg"] == (
        "Cannot make 22G of memory available: 6G are, and stopping everything that may be stopped would free about 15G (mas/orchestrator 8G, batch 4G, "
        "stray 3G). Nothing was stopped. What stays and uses most: always-on/website 20G (it is essential), always-on/api 10G (always-on/website, which is "
        "essential, needs it), always-on/db 2G (always-on/api, which is essential, needs it). Lower available (role recover: recover_available), move a "
        "service to another server, or set everything (recover_everything) to stop what may be stopped all the same."
    )
    assert (machine.done, result["changed"], names(result)) == ([], False, [])
    assert not (tmp_path / "recovery.json").exists()
    assert names(run("stopped", check=check, available="22G", everything=True)) == ["orchestrator", "batch", "stray"]


def test_nothing_that_may_be_stopped_is_a_goal_out_of_reach_too(machine: RecoveringMachine, run: Run) -> None:
    result = run("stopped", available="12G", unplanned=False, keep_labels=["com.docker.compose.project"])
    assert "would free about 0B (there is nothing). Nothing was stopped." in result["msg"]
    assert run("stopped", available="6G", unplanned=False)["changed"] is False


def test_where_a_container_cannot_be_measured_nothing_is_foretold(machine: RecoveringMachine, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StandingKernel, "container", lambda *_of: None)
    assert names(run("stopped", available="12G")) == ["orchestrator"]
    assert names(run("stopped", available="30G")) == ["batch", "stray"]


def test_there_and_back_everything_is_as_it_was(machine: RecoveringMachine, run: Run, tmp_path: Path) -> None:
    before = machine.running(), {name: dict(host) for name, host in machine.host.items()}
    run("stopped", everything=True)
    machine.done.clear()
    result = run("restored")
    assert (machine.running(), machine.host) == before
    assert [word for word in machine.done if word.startswith("start")] == ["start stray", "start batch", "start orchestrator"]
    assert (result["waiting"], names(result, "started")) == ([], ["stray", "batch", "mas/orchestrator"])
    assert not (tmp_path / "recovery.json").exists()
    assert run("restored")["changed"] is False


def cut_after(last: int) -> t.Callable[[t.Any], t.Any]:
    """Let so many changes through and refuse every other one."""
    changes: list[str] = []

    def cut(request: t.Any) -> t.Any:
        changes.append(request.path)
        return (500, {"message": "cut off"}) if len(changes) > last else None

    return cut


def test_killed_at_any_moment_it_goes_on_and_forgets_nothing(tmp_path: Path, run: Run) -> None:
    """Each change of a recovery and of a restore is once the last that is made; the next run goes on from there."""
    for last in range(16):
        folder = tmp_path / str(last)
        folder.mkdir()
        with RecoveringMachine(folder, 6 * GIB) as machine:
            machine.give("website", "website", 20 * GIB)
            machine.give("orchestrator", "orchestrator", 8 * GIB, project="mas")
            machine.give("batch", usage=4 * GIB)
            machine.give("stray", usage=3 * GIB, host={"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}})
            before = machine.running(), machine.policies()
            machine.intercept = cut_after(last)
            if not run("stopped", everything=True, root=folder).get("failed"):
                run("restored", root=folder)
            machine.intercept = lambda _request: None
            if last < STOPPING:
                run("stopped", everything=True, root=folder)
                assert machine.running() == {"website"}, last
            result = run("restored", root=folder)
            assert (machine.running(), machine.policies()) == before, last
            assert result["waiting"] == []


def test_what_came_in_between_is_added_and_what_was_known_stays(machine: RecoveringMachine, run: Run) -> None:
    run("stopped", available="12G")
    machine.give("late", usage=5 * GIB)
    result = run("stopped", available="26G")
    assert names(result) == ["late", "batch", "stray"]
    assert result["waiting"] == ["mas/orchestrator", "late", "batch", "stray"]
    run("restored")
    assert machine.policies()["orchestrator"] == "always"
    assert machine.running() >= {"late", "batch", "stray", "orchestrator"}


def test_the_essential_are_started_each_after_what_it_needs(machine: RecoveringMachine, run: Run) -> None:
    for container in machine.containers.values():
        container.state = "exited"
    result = run("started")
    assert machine.done == ["start db", "start api", "start website"]
    assert names(result, "started") == ["always-on/db", "always-on/api", "always-on/website"]


def test_what_ran_and_went_down_with_the_engine_is_started_too_but_not_what_was_stopped(machine: RecoveringMachine, run: Run, tmp_path: Path) -> None:
    run("stopped", available="12G")
    for container in machine.containers.values():
        container.state = "exited"
    machine.done.clear()
    run("started")
    assert machine.running() == {"website", "api", "db", "batch", "stray"}
    assert [entry["name"] for entry in json.loads((tmp_path / "recovery.json").read_text())["containers"]] == ["orchestrator"]


def test_what_became_essential_is_brought_back(machine: RecoveringMachine, run: Run) -> None:
    run("stopped", available="12G")
    essential = [{**entry, "essential": True} for entry in SERVICES]
    result = run("started", services=essential)
    assert (machine.policies()["orchestrator"], result["waiting"]) == ("always", [])
    assert "orchestrator" in machine.running()


def test_an_essential_service_without_a_container_is_named(machine: RecoveringMachine, run: Run) -> None:
    machine.remove(next(one for one in machine.containers.values() if one.name == "website"))
    result = run("started")
    assert result["problems"] == ["always-on/website has no container. Deploy it"]
    assert result["failed"]


def test_one_that_does_not_come_up_is_named_after_the_others_were_started(machine: RecoveringMachine, run: Run) -> None:
    run("stopped", everything=True)
    machine.broken.add("batch")
    batch = next(one for one in machine.containers.values() if one.name == "batch")
    batch.exit_code = 1
    result = run("restored")
    assert result["problems"] == ["batch ended with exit code 1"]
    assert (result["waiting"], machine.running() >= {"orchestrator", "stray"}) == (["batch"], True)
    machine.broken.clear()
    assert run("restored")["waiting"] == []


@pytest.mark.parametrize(("name", "problems"), [("batch", []), ("orchestrator", ["mas/orchestrator ended with exit code 0"])])
def test_one_that_does_its_work_and_ends_is_no_problem_if_its_policy_leaves_it_alone(
    machine: RecoveringMachine, run: Run, name: str, problems: list[str]
) -> None:
    run("stopped", everything=True)
    machine.broken.add(name)
    result = run("restored")
    assert (result.get("problems"), bool(result["waiting"])) == (problems, bool(problems))


def test_what_waits_for_its_health_is_waited_for(machine: RecoveringMachine, run: Run) -> None:
    website = next(one for one in machine.containers.values() if one.name == "website")
    website.health = "starting"

    def passes(_seconds: float) -> None:
        website.health = "healthy"

    assert run("started", passes=passes)["problems"] == []
    website.health = "unhealthy"
    assert run("started", seconds=0)["problems"] == ["always-on/website is not healthy but unhealthy"]


def test_nothing_is_brought_back_where_memory_would_be_short(machine: RecoveringMachine, run: Run) -> None:
    run("stopped", everything=True)
    result = run("restored", available="12G")
    assert names(result, "started") == ["stray", "batch"]
    assert result["left"] == ["mas/orchestrator, which took 8G"]
    assert result["waiting"] == ["mas/orchestrator"]


def test_check_mode_gives_memory_only_once(machine: RecoveringMachine, run: Run) -> None:
    run("stopped", everything=True)
    machine.done.clear()
    result = run("restored", check=True, available="12G")
    assert (names(result, "started"), machine.done) == (["stray", "batch"], [])
    assert result["waiting"] == ["mas/orchestrator", "batch", "stray"]


@pytest.mark.parametrize("follower", [True, False])
def test_what_is_gone_was_followed_or_is_told(machine: RecoveringMachine, run: Run, follower: bool) -> None:
    run("stopped", available="12G")
    machine.remove(next(one for one in machine.containers.values() if one.name == "orchestrator"))
    if follower:
        machine.give("orchestrator-2", "orchestrator", project="mas", state="exited")
    result = run("restored")
    assert (result["gone"], names(result, "started")) == ([], ["mas/orchestrator"]) if follower else (["mas/orchestrator"], [])
    assert result["waiting"] == []


def test_when_the_time_is_up_the_rest_is_named(machine: RecoveringMachine, run: Run) -> None:
    result = run("stopped", everything=True, seconds=0)
    assert (names(result), result["left"]) == ([], ["mas/orchestrator", "batch", "stray"])
    assert machine.running() >= {"orchestrator", "batch", "stray"}


def test_a_record_that_cannot_be_understood_is_refused_before_anything_stops(machine: RecoveringMachine, run: Run, tmp_path: Path) -> None:
    (tmp_path / "recovery.json").write_text("{")
    result = run("stopped", everything=True)
    assert result["msg"].startswith("Cannot read what a recovery stopped: %s" % (tmp_path / "recovery.json"))
    assert machine.done == []


def test_a_record_that_cannot_be_written_stops_nothing(machine: RecoveringMachine, run: Run, tmp_path: Path) -> None:
    result = run("stopped", everything=True, state_directory=str(tmp_path / "nowhere"))
    assert "Nothing more was stopped." in result["msg"]
    assert machine.done == []


def test_a_size_that_is_none_is_refused(run: Run, machine: RecoveringMachine) -> None:
    assert run("stopped", available="much")["msg"].startswith("Cannot use available: 'much' is not a size.")
    assert machine.done == []


def test_an_engine_that_is_slow_is_asked_again(machine: RecoveringMachine, run: Run) -> None:
    failures = [1, 1]

    def slow(request: t.Any) -> None:
        if request.path.endswith("/stop") and failures:
            failures.pop()
            raise ConnectionAbortedError

    machine.intercept = slow
    waited: list[float] = []
    assert names(run("stopped", available="12G", passes=waited.append)) == ["orchestrator"]
    assert waited == [5.0, 5.0]
