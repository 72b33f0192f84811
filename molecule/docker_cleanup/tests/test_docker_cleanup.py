"""What nothing uses is gone; what belongs to a stack stays, also when it is stopped; so do its volumes."""

testinfra_hosts = ["ansible://rack"]


def names(host, command):
    return host.check_output(f"docker {command}").split()


def test_what_belongs_to_nobody_is_gone(host):
    assert "rubbish" not in names(host, "ps --all --format '{{.Names}}'")
    assert "rubbish:1" not in names(host, "images --format '{{.Repository}}:{{.Tag}}'")
    assert "rubbish" not in names(host, "network ls --format '{{.Name}}'")


def test_a_stopped_container_of_a_stack_stays_with_its_image_network_and_volume(host):
    assert "kept" in names(host, "ps --all --format '{{.Names}}'")
    assert "kept:1" in names(host, "images --format '{{.Repository}}:{{.Tag}}'")
    assert "kept" in names(host, "network ls --format '{{.Name}}'")
    assert "kept" in names(host, "volume ls --format '{{.Name}}'")


def test_an_anonymous_volume_goes_when_its_grace_has_passed_and_no_sooner(host):
    volumes = names(host, "volume ls --format '{{.Name}}'")
    assert "f00d" * 16 not in volumes
    assert len([name for name in volumes if len(name) == 64]) == 1, "the one that lost its container in this run"
