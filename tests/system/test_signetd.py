# SPDX-License-Identifier: Apache-2.0
"""signetd as a person starts and ends it: what it says when it is ready, what it refuses to start with, what outlives it."""

import re
import signal
import socket

import pytest
from harness import Home, run


def refused(home, words, *args):
    """It does not start, and says why in one sentence."""
    done = run("signetd", "--home", home.path, *args, check=1, timeout=20)
    assert done.stdout == ""
    assert done.stderr.startswith("signetd: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert str(word) in done.stderr, done.stderr


def edit(path, pattern, replacement):
    text = path.read_text()
    assert re.search(pattern, text)
    path.write_text(re.sub(pattern, replacement, text, count=1))


@pytest.mark.parametrize("args, words", [(["--homes"], ""), (["here"], 'no "here"'), (["--home"], "")])
def test_wrong_usage(args, words):
    done = run("signetd", *args, check=2)
    assert words in done.stderr and "signetd --help" in done.stderr


def test_help_and_version():
    assert run("signetd", "--version", check=0).stdout.startswith("signetd 0.")
    assert "--home DIR" in run("signetd", "--help", check=0).stdout


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(home, end):
    daemon = home.start()
    ready = daemon.expect("event=ready").string
    ports = (home.run_dir / "ports").read_text()
    assert ports == f"lwm2m={home.lwm2m_port}\napi={home.api_port}\npid={daemon.pid}\n"
    for words in [f"lwm2m={home.lwm2m_port}", f"api={home.api_port}", f"pid={daemon.pid}", f"home={home.path}"]:
        assert words in ready.split(" ")
    assert daemon.stop(end) == 0
    assert not (home.run_dir / "ports").exists()
    for line in daemon.lines:
        assert re.fullmatch(r'time=\S+Z level=[a-z]+ event=[a-z-]+( [a-z0-9_]+=("([^"\\]|\\.)*"|[^\s"]+))*', line), line
    assert daemon.seen("event=stopping")


def test_a_second_one_is_refused(home):
    daemon = home.start()
    refused(home, [f"process {daemon.pid}", "another home"])
    assert (home.run_dir / "ports").exists()
    home.signet("status", check=0)
    daemon.stop()
    home.start()


def test_a_home_that_is_none(folder):
    done = run("signetd", "--home", folder / "nothing", check=1)
    assert "signet init" in done.stderr


def test_a_mistake_in_the_configuration(home):
    edit(home.path / "signet.yaml", r"workers: 1", "workers: many")
    line = (home.path / "signet.yaml").read_text().split("workers: many")[0].count("\n") + 1
    refused(home, ["signet.yaml", f"line {line}", 'server.workers is "many"', "1 to 64"])
    edit(home.path / "signet.yaml", r"workers: many", "wrokers: 1")
    refused(home, [f"line {line}", '"wrokers"', "max_devices"])
    refused(home, ["none.yaml"], "--config", home.path / "none.yaml")


def test_secrets_that_others_can_read(home):
    for name in ["token", "server/server.key"]:
        (home.path / name).chmod(0o644)
        refused(home, [home.path / name, "chmod 600"])
        (home.path / name).chmod(0o600)
    home.start()


def test_a_key_that_is_missing_or_of_another(home):
    key = home.path / "server/server.key"
    content = key.read_text()
    key.unlink()
    refused(home, [key, "No such file"])
    key.write_text("nothing")
    key.chmod(0o600)
    refused(home, [key])
    key.write_text((home.path / "ca/issuing.key").read_text())
    refused(home, ["does not belong to its certificate"])
    key.write_text(content)
    home.start()


def test_a_damaged_inventory(home):
    inventory = home.path / "inventory.db"
    whole = inventory.read_bytes()
    inventory.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    refused(home, [inventory, "damaged"])
    inventory.write_bytes(b"no inventory at all")
    refused(home, [inventory])
    inventory.write_bytes(whole)
    home.start()


def test_a_port_that_another_program_has(home):
    config = home.path / "signet.yaml"
    plain = config.read_text()
    for kind, field in [(socket.SOCK_DGRAM, "server.listen"), (socket.SOCK_STREAM, "127.0.0.1")]:
        with socket.socket(socket.AF_INET, kind) as other:
            other.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                other.listen()
            port = other.getsockname()[1]
            section = "server" if kind == socket.SOCK_DGRAM else "api"
            config.write_text(re.sub(rf'(?s)(^{section}:.*?listen: )"127.0.0.1:0"', rf'\1"127.0.0.1:{port}"', plain,
                                     count=1, flags=re.M))
            refused(home, [f"127.0.0.1:{port}", "in use", field])
    config.write_text(plain)
    home.start()


def test_no_room_in_the_run_time_directory(home):
    edit(home.path / "signet.yaml", r'run_dir: ".*"', 'run_dir: "/proc/signet"')
    refused(home, ["/proc/signet"])


# ------------------------------------------------------------------------------------------------------- restart

@pytest.fixture(params=[1, 2])
def three(request, folder, start):
    """Three registered devices, at one and at two workers."""
    home = Home(folder / "home", start, workers=request.param)
    home.start()
    home.modems = [home.modem() for _ in range(3)]
    for modem in home.modems:
        home.signet("enroll", "--port", modem.port, check=0)
        modem.device = home.device(modem, "--lifetime", "8", "--interval", "1")
        modem.device.expect("Registered")
    yield home
    for modem in home.modems:  # while the server is there to hear their farewell
        modem.device.stop()


def test_a_kill_costs_no_device_anything(three):
    for _ in range(2):
        three.daemon.send_signal(signal.SIGKILL)
        three.daemon.wait()
        daemon = three.start()
        for modem in three.modems:
            assert three.live(modem.endpoint)["state"] == "registered"
            assert three.signet("read", modem.endpoint, "/3/0/2", check=0).stdout
            daemon.expect(f"event=updated endpoint={modem.endpoint}", seconds=20)
        assert not daemon.seen("event=connected") and not daemon.seen("event=registered")


def test_tables_of_another_size_are_put_aside(home):
    home.start()
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    device = home.device(modem)
    device.expect("Registered")
    home.daemon.stop()
    device.stop()
    edit(home.path / "signet.yaml", "max_devices: 10000", "max_devices: 20")
    daemon = home.start()
    assert daemon.seen("event=table-put-aside .*max_devices")
    assert home.live(modem.endpoint)["state"] != "registered"
    home.device(modem).expect("Registered")
    assert home.live(modem.endpoint)["state"] == "registered"
