"""Each server holds the checkouts of its own stacks, at the newest commit."""

import pytest

testinfra_hosts = ["ansible://sandbox", "ansible://overflow1"]

CHECKOUTS = {"sandbox": ["mas", "mindex", "website"], "overflow1": ["mas"]}


@pytest.fixture
def checkouts(host):
    return CHECKOUTS[host.backend.get_hostname()]


def test_the_checkouts_are_those_of_the_stacks_placed_here(host, checkouts):
    assert sorted(host.file("/home/mycosoft/mycosoft").listdir()) == checkouts


def test_each_checkout_is_at_the_newest_commit_of_its_branch_and_unchanged(host, checkouts):
    for name in checkouts:
        git = f"git -C /home/mycosoft/mycosoft/{name}"
        newest = host.check_output(f"{git} ls-remote origin refs/heads/main").split()[0]
        assert host.check_output(f"{git} rev-parse HEAD") == newest
        assert host.check_output(f"{git} status --porcelain") == ""
