"""The main job, end to end: what a deploy leaves behind, and in which order it got there."""

from __future__ import annotations

import datetime
import json

import pytest

from tests.rig.rig import Rig
from tests.support.playbooks import Run
from tests.support.servers import SERVERS, docker, services
from tests.system.conftest import Playbook
from tests.system.deploys import EVENTS, NEW_VOLUME, OLD_VOLUME, Released, Repeated, leave_rubbish
from tests.system.edge import PAGES, served, website

G = 1024**3


def test_every_service_is_healthy_on_its_own_server(rig: Rig, deployed: Run) -> None:
    placed = {server: sorted(services(rig, server)) for server in SERVERS}
    assert placed == {"sandbox": ["mindex-api", "mindex-db", "mycosoft-website"], "overflow1": ["mas-orchestrator"], "overflow2": []}
    health = {name: service["State"]["Health"]["Status"] for server in SERVERS for name, service in services(rig, server).items()}
    assert set(health.values()) == {"healthy"}, health


@pytest.mark.parametrize(
    ("server", "service", "memory", "reservation"),
    [
        pytest.param("sandbox", "mycosoft-website", 32 * G, 8 * G, id="website"),
        pytest.param("sandbox", "mindex-api", 16 * G, 0, id="mindex"),
        pytest.param("overflow1", "mas-orchestrator", 8 * G, 0, id="orchestrator, whose base file says mem_limit 12g"),
    ],
)
def test_the_live_container_has_the_limit_of_the_table_and_no_swap_beyond_it(
    rig: Rig, deployed: Run, server: str, service: str, memory: int, reservation: int
) -> None:
    limits = services(rig, server)[service]["HostConfig"]
    assert (limits["Memory"], limits["MemoryReservation"], limits["MemorySwap"]) == (memory, reservation, memory)


def test_the_website_knows_its_limit_and_where_mycobrain_is(rig: Rig, deployed: Run) -> None:
    state = website(rig)
    assert state["memory_limit"] == str(32 * G)
    assert state["MYCOBRAIN_SERVICE_URL"] == rig.layout.mycobrain_url
    assert state["mindex"] is True


def test_the_pulled_files_are_not_edited(rig: Rig, deployed: Run) -> None:
    for checkout in ("mas", "website", "mindex"):
        changes = rig.run("sandbox", ["git", "-C", f"/home/mycosoft/mycosoft/{checkout}", "status", "--porcelain"])
        assert (changes.returncode, changes.stdout) == (0, "")


def test_check_mode_foretells_the_deploy_and_changes_nothing_on_the_servers(released: Released) -> None:
    """It runs by the playbook's name, from a directory that is not the checkout."""
    assert released.written == {server: [] for server in SERVERS}
    assert released.posted == []
    assert "mycosoft.rack.cloudflare_purge : Purge | Purge" in released.foreseen.output
    told = " ".join(released.foreseen.output.split())
    for text in ("sandbox would remove ", "network rubbish", "image rubbish:1 (0B) is kept until"):
        assert text in told, told


def test_a_new_commit_reaches_the_page_and_the_purge_gives_it_to_visitors(rig: Rig, released: Released) -> None:
    assert released.old_pages != dict.fromkeys(PAGES, released.version)
    assert website(rig)["version"] == released.version
    assert served(rig) == dict.fromkeys(PAGES, released.version)
    assert [purge["body"] for purge in released.purges] == [{"hosts": ["rack.example"]}]


def test_data_survives_a_deploy(rig: Rig, released: Released) -> None:
    assert docker(rig, "sandbox", "exec", str(services(rig, "sandbox")["mindex-db"]["Id"]), "redis-cli", "GET", "/items/spore").strip() == "amanita"


def test_an_anonymous_volume_goes_when_its_grace_has_passed_and_no_sooner(rig: Rig, released: Released) -> None:
    volumes = docker(rig, "overflow2", "volume", "ls", "--quiet").split()
    assert (OLD_VOLUME in volumes, NEW_VOLUME in volumes) == (False, True)


def test_the_steps_follow_the_required_order_on_all_servers(rig: Rig, released: Released) -> None:
    """Read from the engines' events, git's own log, the images, the containers and the purge's stand-in."""
    built = [("sandbox", "mycosoft-website"), ("sandbox", "mindex-api"), ("overflow1", "mas-orchestrator")]
    steps = {
        "cleared": [moment for server in SERVERS for moment in removed(rig, server, "rubbish")],
        "pulled": [fetched(rig, "sandbox", "website")],
        "built": [image_created(rig, server, service) for server, service in built],
        "started": [seconds(services(rig, server)[service]["State"]["StartedAt"]) for server, service in built],
        "purged": [purge["time"] for purge in released.purges],
    }
    assert {step: len(moments) for step, moments in steps.items()} == {"cleared": 3, "pulled": 1, "built": 3, "started": 3, "purged": 1}
    bounds = [released.began.timestamp(), *(moment for moments in steps.values() for moment in (min(moments), max(moments)))]
    assert bounds == sorted(bounds), steps


def test_backends_start_before_the_frontends_that_need_them(rig: Rig, released: Released) -> None:
    order = [("sandbox", "mindex-db"), ("sandbox", "mindex-api"), ("sandbox", "mycosoft-website")]
    starts = [seconds(services(rig, server)[name]["State"]["StartedAt"]) for server, name in order]
    assert starts == sorted(starts)
    assert seconds(services(rig, "overflow1")["mas-orchestrator"]["State"]["StartedAt"]) < starts[-1]


def test_a_deploy_with_nothing_new_touches_no_container_says_so_and_purges_nothing(repeated: Repeated) -> None:
    assert repeated.after == repeated.before
    assert {server: facts["changed_stacks"] for server, facts in repeated.document["hosts"].items()} == {server: [] for server in SERVERS}
    assert (repeated.document["purge"], repeated.purges) == ({"purged": False}, [])
    assert "Cloudflare is not purged: no public service changed." in repeated.output


def test_a_stopped_service_of_the_stack_survives_the_clean_up(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    before = services(rig, "overflow1")["mas-orchestrator"]
    docker(rig, "overflow1", "stop", before["Id"])
    leave_rubbish(rig, "overflow1")
    docker(rig, "overflow1", "create", "--name", "made", "rubbish:1", "true")
    result = "docker create --name report rubbish:1 true && echo 42 >result && docker cp result report:/result && rm result"
    assert rig.run("overflow1", ["sh", "-c", result]).returncode == 0
    told = " ".join(playbook("cleanup", "--limit", "overflow1").succeeded().output.split())
    after = services(rig, "overflow1")["mas-orchestrator"]
    assert (after["Id"], after["Image"]) == (before["Id"], before["Image"])
    assert "network rubbish" in told, told
    assert "container made (created, 0B) is kept until" in told, told
    assert "container report (created, 3B) is kept until" in told, told
    left = docker(rig, "overflow1", "ps", "--all", "--format", "{{.Names}}").split()
    assert ("made" in left, "report" in left) == (True, True)
    assert "rubbish" not in docker(rig, "overflow1", "network", "ls", "--format", "{{.Name}}").split()
    docker(rig, "overflow1", "rm", "made", "report")
    docker(rig, "overflow1", "start", before["Id"])


def removed(rig: Rig, server: str, name: str) -> list[float]:
    """Unix times at which something of this name was removed while somebody was watching."""
    found = [json.loads(line) for line in rig.run(server, ["cat", EVENTS]).stdout.splitlines()]
    return [event["timeNano"] / 1e9 for event in found if event["Actor"]["Attributes"].get("name") == name]


def fetched(rig: Rig, server: str, checkout: str) -> float:
    """Unix time of the last entry of the checkout's own log of where its branch stood."""
    log = rig.run(server, ["stat", "--format", "%.Y", f"/home/mycosoft/mycosoft/{checkout}/.git/logs/refs/remotes/origin/main"])
    return float(log.stdout)


def image_created(rig: Rig, server: str, service: str) -> float:
    image = services(rig, server)[service]["Image"]
    return seconds(docker(rig, server, "image", "inspect", "--format", "{{.Created}}", image).strip())


def seconds(moment: str) -> float:
    """Unix time of the engine's RFC 3339 text, whose nanoseconds Python does not read."""
    whole, _point, fraction = moment.rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp() + float(f"0.{fraction or 0}")
