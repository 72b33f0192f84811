# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_watch, run for real against a machine of files and an engine on a real socket; time passes when the module waits."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import docker_watch
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import NOW, Container, Machine, StandingKernel

Result = dict[str, t.Any]
Run = t.Callable[..., Result]
Change = t.Callable[[Machine, Container], None]


NONE = "no container of it runs"
SINCE = "2026-11-23T05:14:43Z"  # five minutes before
G = 1024**3


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    with Machine(tmp_path) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """``then``: what happens while the module waits."""

    def call(then: t.Callable[[], None] = lambda: None, check: bool = False, **options: t.Any) -> Result:
        services = [{"project": "always-on", "service": "website"}]
        given = {"docker_host": "unix://%s" % (tmp_path / "docker.sock"), "services": services, "seconds": 3, "_ansible_check_mode": check, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            docker_watch.main(StandingKernel(tmp_path, lambda _seconds: then()))
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def test_services_that_stay_up_are_watched_to_the_end(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", health="healthy", started=NOW)
    result = run()
    assert (result.get("failed"), result["problems"], result["watched"]) == (None, [], 3)


@pytest.mark.parametrize(("up", "watched"), [(1.5, 2), (2.0, 1), (3.0, 0), (3600.0, 0)])
def test_the_youngest_container_decides_how_long_is_watched(machine: Machine, run: Run, up: float, watched: int) -> None:
    machine.add("w-1", "website", started=NOW - 7200)
    machine.add("w-2", "website", started=NOW - up)
    assert run()["watched"] == watched


def test_check_mode_waits_for_nothing(machine: Machine, run: Run) -> None:
    result = run(check=True)
    assert (result.get("failed"), result["watched"]) == (None, 0)


def killed(machine: Machine, container: Container) -> None:
    machine.happened("oom", container, NOW)


def ended(machine: Machine, container: Container, code: int = 3) -> None:
    container.exit_code = code
    machine.happened("die", container, NOW)
    container.state = "exited"


def restarted(_machine: Machine, container: Container) -> None:
    """The engine forgot its events."""
    container.restarts += 1
    container.started = NOW + 1


def unhealthy(_machine: Machine, container: Container) -> None:
    container.health = "unhealthy"


def child_killed(machine: Machine, container: Container) -> None:
    container.oom_kills += 1
    machine.enforce(container)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(killed, "ran out of memory", id="a kill with its event"),
        pytest.param(child_killed, "ran out of memory", id="a killed child without an event"),
        pytest.param(ended, "ended with exit code 3", id="an end"),
        pytest.param(restarted, "was restarted", id="a restart without its events"),
        pytest.param(unhealthy, "is not healthy but unhealthy", id="a health check that fails"),
    ],
)
def test_it_fails_at_the_first_thing_that_happens(machine: Machine, run: Run, change: Change, what: str) -> None:
    container = machine.add("w-1", "website", health="healthy", started=NOW)
    result = run(lambda: change(machine, container))
    assert (result["failed"], result["watched"]) == (True, 1)
    assert [(problem["service"], problem["container"], problem["what"]) for problem in result["problems"]] == [("website", "w-1", what)]
    assert result["msg"].startswith("Cannot confirm the start: always-on/website: %s" % what)


@pytest.mark.parametrize(("before", "fails"), [(2, True), (3, False)])
def test_a_watch_that_goes_on_sees_what_was_restarted_in_between(machine: Machine, run: Run, before: int, fails: bool) -> None:
    container = machine.add("w-1", "website", health="healthy", started=NOW - 60)
    container.restarts = before
    restarts = run()["restarts"]
    assert restarts == {container.id: before}
    container.restarts = 3
    result = run(restarts=restarts, seconds=0)
    assert [problem["what"] for problem in result["problems"]] == ["was restarted"] * fails
    assert result.get("failed", False) is fails


def test_a_container_that_is_new_since_an_earlier_watch_has_no_history(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", started=NOW - 60).restarts = 3
    assert run(restarts={"another": 0}, seconds=0)["problems"] == []


def test_what_happened_before_is_history(machine: Machine, run: Run) -> None:
    container = machine.add("w-1", "website", restarts=7)
    machine.happened("oom", container, NOW - 60)
    assert run()["problems"] == []


@pytest.mark.parametrize("container_made", [pytest.param(60.0, id="made by the run"), pytest.param(3600.0, id="older than the run")])
@pytest.mark.parametrize("told_by", ["event", "counter"])
def test_a_kill_before_the_watch_counts_where_the_run_made_the_container(machine: Machine, run: Run, container_made: float, told_by: str) -> None:
    container = machine.add("w-1", "website", created=NOW - container_made, oom_kills=1 if told_by == "counter" else 0)
    if told_by == "event":
        machine.happened("oom", container, NOW - 30)
    problems = run(since=SINCE)["problems"]
    assert [problem["what"] for problem in problems] == (["ran out of memory"] if container_made < 300 else [])


def test_a_kill_before_the_run_is_history(machine: Machine, run: Run) -> None:
    machine.happened("oom", machine.add("w-1", "website", created=NOW - 600), NOW - 400)
    assert run(since=SINCE)["problems"] == []


OLDER = NOW - 3600.0


@pytest.mark.parametrize(
    ("created", "started", "state", "changed"),
    [
        pytest.param(OLDER, OLDER, "running", False, id="ran all the time"),
        pytest.param(NOW - 60.0, NOW - 59.0, "running", True, id="made"),
        pytest.param(OLDER, NOW - 60.0, "running", True, id="started again"),
        pytest.param(NOW - 60.0, NOW - 59.0, "exited", True, id="made, and ended since"),
        pytest.param(OLDER, OLDER, "exited", False, id="ended before"),
    ],
)
def test_a_project_has_changed_where_one_of_its_containers_was_made_or_started_since(
    machine: Machine, run: Run, created: float, started: float, state: str, changed: bool
) -> None:
    machine.add("w-1", "website", created=OLDER)
    machine.add("db-1", "nobody-watches-it", created=created, started=started, state=state)
    machine.add("other-1", "other", project="other", created=NOW - 60.0)
    assert run(since=SINCE)["changed_projects"] == (["always-on"] if changed else [])


def test_without_a_moment_nothing_is_told_of_changes(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website")
    assert "changed_projects" not in run()


def test_a_moment_that_is_none_is_refused(run: Run) -> None:
    result = run(since="yesterday")
    assert (result["failed"], result["msg"]) == (True, "Cannot watch since 'yesterday': it is not a time. Write it like 2026-11-23T05:45:03Z.")


def test_a_container_that_waits_for_its_health_is_no_success(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", health="starting")
    assert run()["msg"].startswith("Cannot confirm the start: always-on/website: is not healthy but starting")


@pytest.mark.parametrize(
    ("state", "what"),
    [("exited", "ended with exit code 1"), ("restarting", "does not run but is restarting"), ("created", "does not run but is created"), (None, NONE)],
)
def test_a_service_without_a_container_that_runs_is_named_with_its_log(machine: Machine, run: Run, state: str | None, what: str) -> None:
    if state:
        machine.add("w-1", "website", state=state, exit_code=1)
        machine.logs["w-1"] = b"boom: cannot read settings\n"
    result = run()
    assert "always-on/website: %s" % what in result["msg"]
    assert result["logs"] == ({"w-1": ["boom: cannot read settings"]} if state else {})


JOBS = [
    pytest.param("no", 0, None, id="did its work"),
    pytest.param("on-failure", 0, None, id="did its work, and would have been tried again"),
    pytest.param("", 0, None, id="did its work, no policy"),
    pytest.param("no", 1, "ended with exit code 1", id="failed"),
    pytest.param("on-failure", 1, "ended with exit code 1", id="failed as often as it may"),
    pytest.param("unless-stopped", 0, "ended with exit code 0", id="was to go on"),
    pytest.param("always", 0, "ended with exit code 0", id="was to go on for ever"),
]


@pytest.mark.parametrize(("restart", "code", "what"), JOBS)
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("moment", ["before", "while it is waited for", "while it is watched"])
def test_a_job_that_ends_with_0_has_succeeded_and_any_other_end_is_a_failure_whenever_that_is(
    machine: Machine, run: Run, listed: bool, restart: str, code: int, what: str | None, moment: str
) -> None:
    """``listed``: whether somebody watches it by name."""
    machine.add("w-1", "website", started=NOW, health="starting" if moment == "while it is waited for" else "healthy")
    job = machine.add("migrate-1", "migrate", created=NOW - 5, restart=restart)
    (website, _job) = machine.containers.values()

    def end() -> None:
        website.health = "healthy"
        if job.state == "running":
            ended(machine, job, code)

    if moment == "before":
        end()
    services = [{"project": "always-on", "service": name} for name in (["website", "migrate"] if listed else ["website"])]
    result = run(end, services=services, wait=30, since=SINCE)
    assert [(problem["container"], problem["what"]) for problem in result["problems"]] == ([("migrate-1", what)] if what else [])
    assert result.get("failed") == (True if what else None)


def test_what_starts_is_waited_for_until_it_is_healthy(machine: Machine, run: Run) -> None:
    container = machine.add("w-1", "website", health="starting", started=NOW)
    seconds = iter(range(100))

    def pass_by() -> None:
        container.health = "healthy" if next(seconds) == 6 else container.health

    result = run(pass_by, wait=30, seconds=0)
    assert (result.get("failed"), result["waited"]) == (None, 7)


@pytest.mark.parametrize("health", ["starting", "unhealthy"])
def test_the_wait_ends_at_its_end_and_at_once_where_waiting_is_in_vain(machine: Machine, run: Run, health: str) -> None:
    machine.add("w-1", "website", health=health, started=NOW)
    result = run(wait=5)
    assert result["msg"].startswith("Cannot confirm the start: always-on/website: is not healthy but %s" % health)
    assert result["waited"] == (5 if health == "starting" else 0)


def test_a_slice_of_the_wait_tells_what_is_waited_for(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", health="starting", started=NOW)
    result = run(wait=300, patience=10, waited=20)
    assert (result["pending"], result["waited"], result["problems"]) == (["w-1"], 30, [])


@pytest.mark.parametrize(
    ("more", "judged"),
    [
        pytest.param({"created": NOW - 60.0}, True, id="made by the run"),
        pytest.param({"created": NOW - 3600.0, "started": NOW - 60.0}, True, id="started by the run"),
        pytest.param({"created": NOW - 3600.0, "started": NOW - 60.0, "restarts": 3}, False, id="restarted by the engine"),
        pytest.param({"created": NOW - 3600.0}, False, id="older than the run"),
        pytest.param({"created": NOW - 60.0, "project": "other"}, False, id="of another project"),
        pytest.param({"created": NOW - 60.0, "labels": {"com.docker.compose.oneoff": "True"}}, False, id="made by docker compose run"),
    ],
)
def test_other_services_are_held_to_the_same_if_the_run_started_them(machine: Machine, run: Run, more: dict[str, t.Any], judged: bool) -> None:
    machine.add("w-1", "website", started=NOW)
    machine.add("init-1", "init", state="exited", restart="no", exit_code=1, **more)
    assert [problem["service"] for problem in run(since=SINCE, wait=5)["problems"]] == (["init"] if judged else [])


def test_another_service_that_the_run_started_and_that_does_not_stay_up_is_named(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", started=NOW)
    machine.add("q-1", "queue", created=NOW - 60.0, state="restarting", restarts=4)
    problems = run(since=SINCE, wait=2)["problems"]
    assert [(problem["service"], problem["what"]) for problem in problems] == [("queue", "does not run but is restarting")]


def test_a_project_of_which_nobody_watches_a_service_by_name_is_judged_by_what_the_run_started(machine: Machine, run: Run) -> None:
    machine.add("init-1", "init", project="tools", created=NOW - 60.0, state="exited", restart="no", exit_code=1)
    result = run(services=[], projects=["tools"], since=SINCE, wait=5)
    assert ([problem["service"] for problem in result["problems"]], result["changed_projects"]) == (["init"], ["tools"])


def test_a_job_holds_its_limits_also_when_it_has_ended(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", state="exited", restart="no", limit=2 * G, memory_swap=2 * G)
    result = run(services=[{"project": "always-on", "service": "website", "memory": 2 * G}])
    assert result["problems"] == []


def test_what_happens_to_others_does_not_matter(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website")
    other = machine.add("other-1", "batch")
    assert run(lambda: ended(machine, other))["problems"] == []


def test_the_last_lines_that_it_logged_are_told(machine: Machine, run: Run) -> None:
    container = machine.add("w-1", "website", started=NOW)
    machine.environments["w-1"] = ["PATH=/bin", "DATABASE=postgres://me:p4ssw0rd-of-web@example.org/x"]
    line = b"\x1b[31mout of memory\x1b[0m, p4ssw0rd-of-web\n"
    machine.logs["w-1"] = b"\x01\0\0\0" + len(b"hello\n").to_bytes(4, "big") + b"hello\n" + b"\x02\0\0\0" + len(line).to_bytes(4, "big") + line
    assert run(lambda: ended(machine, container))["logs"] == {"w-1": ["hello", "out of memory, ********"]}
    assert run(logs=0)["logs"] == {}


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        pytest.param({"memory": 4 * G}, None, id="what it holds"),
        pytest.param({"memory": 4 * G, "reservation": 2 * G, "memory_swap": 4 * G}, None, id="with the reservation"),
        pytest.param({"memory": 8 * G, "reservation": 2 * G}, "memory 4G instead of 8G, memory_swap 4G instead of 8G", id="another limit"),
        pytest.param({"memory": 4 * G, "reservation": G}, "reservation 2G instead of 1G", id="another reservation"),
        pytest.param({}, None, id="no limit to compare"),
    ],
)
def test_what_does_not_hold_its_limits_fails_at_once(machine: Machine, run: Run, limits: dict[str, int], what: str | None) -> None:
    machine.add("w-1", "website", started=NOW, health="healthy", limit=4 * G, memory_swap=4 * G, reservation=2 * G)
    result = run(services=[{"project": "always-on", "service": "website", **limits}])
    told = [problem["what"] for problem in result["problems"]]
    if what is None:
        assert (told, result["watched"]) == ([], 3)
    else:
        assert len(told) == 1
        assert told[0].startswith(f"does not hold its limits ({what}")
        assert (result["failed"], result["watched"]) == (True, 0)


def test_limits_are_not_compared_where_nobody_wants_it(machine: Machine, run: Run) -> None:
    machine.add("w-1", "website", limit=4 * G, memory_swap=4 * G)
    assert run(services=[{"project": "always-on", "service": "website", "memory": 8 * G}], prove=False)["problems"] == []


def test_a_limit_that_only_the_kernel_lacks_is_found(machine: Machine, run: Run) -> None:
    container = machine.add("w-1", "website", limit=4 * G, memory_swap=4 * G)
    container.limit = 2 * G
    machine.enforce(container)
    container.limit = 4 * G
    problems = run(services=[{"project": "always-on", "service": "website", "memory": 4 * G}])["problems"]
    assert [problem["what"] for problem in problems] == ["does not hold its limits (kernel_memory 2G instead of 4G)"]


def test_a_limit_that_no_engine_takes_is_refused(run: Run) -> None:
    assert run(services=[{"project": "always-on", "service": "website", "memory": 1}])["msg"].startswith("Cannot limit always-on/website: 1 bytes")
