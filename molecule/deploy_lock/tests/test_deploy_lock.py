"""Nobody has the lock when the run is over, and a run that found it free leaves no record."""

testinfra_hosts = ["ansible://rack"]

DIRECTORY = "/var/lib/mycosoft-rack"


def test_the_lock_is_free(host):
    assert host.file(DIRECTORY).user == "mycosoft"
    assert not host.file(f"{DIRECTORY}/lock.json").exists


def test_nothing_half_written_is_left(host):
    assert not host.file(f"{DIRECTORY}/lock.json.new").exists
