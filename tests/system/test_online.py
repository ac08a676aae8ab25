# SPDX-License-Identifier: Apache-2.0
"""The commands of signet that speak with signetd: what they print, as text and as JSON, and what they say when something is wrong."""

import json
import re
import signal
import socket
import time

import pytest
from harness import run, wait_until


@pytest.fixture
def modem(home):
    """An enrolled modem whose device is registered."""
    home.start()
    m = home.modem()
    home.signet("enroll", "--port", m.port, check=0)
    m.device = home.device(m, "--interval", "1")
    m.device.expect("Registered")
    return m


def refused(home, code, *args):
    """What it says on standard error."""
    done = home.signet(*args, check=code)
    assert done.stdout == "" and done.stderr.startswith("signet: ")
    return done.stderr


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def as_json(home, *args):
    return json.loads(home.signet(*args, "--json", check=0).stdout)


def test_devices_and_show(home, modem):
    heading, line = home.signet("devices", check=0).stdout.splitlines()
    assert re.split(r"  +", heading) == ["ENDPOINT", "STATE", "IDENTITY", "LAST SEEN", "ADDRESS"]
    assert re.fullmatch(modem.endpoint + r"  registered +[0-9a-f:]{5}:… to \d{4}-\d\d +\d+ s ago +127\.0\.0\.1:\d+ \(CID\)", line)
    listed = as_json(home, "devices")
    assert listed["live"] is True and listed["devices"][0]["state"] == "registered"

    text = home.signet("show", modem.endpoint, check=0).stdout
    one = as_json(home, "show", modem.endpoint)
    assert text.startswith(f"{modem.endpoint}  registered\n")
    assert one["live"] is True and one["identity"]["fingerprint"] in text
    for words in ["IMEI " + modem.imei, 'issued by "first lot"', "with a connection id", "ECDHE-ECDSA-AES128-GCM-SHA256",
                  "/3303/0 Temperature", "for 300 s at a time", "enrolled by "]:
        assert words in text


def test_show_tells_refusals_with_both_sides_and_the_cure(home):
    home.start()
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    other = "urn:imei:351516170000996"
    home.device(modem, "--endpoint", other, "--attempts", "1").wait(20)
    wait_until(lambda: other in home.signet("show", modem.endpoint, check=0).stdout, what="the audit entry")
    text = home.signet("show", modem.endpoint, check=0).stdout
    assert f'registers as "{other}", but its certificate ' in text and f'says "{modem.endpoint}"' in text and "Cure: " in text


def test_without_signetd_the_inventory_is_shown(home, modem):
    home.daemon.stop()
    done = home.signet("devices", check=0)
    assert modem.endpoint in done.stdout and "enrolled" in done.stdout and "this is what the inventory knows" in done.stderr
    assert as_json(home, "devices")["live"] is False
    shown = as_json(home, "show", modem.endpoint)
    assert shown["live"] is False and shown["connection"] is None and shown["registration"]["lifetime"] == 300
    for command in [["status"], ["read", modem.endpoint, "/3/0/0"], ["write", modem.endpoint, "/3/0/15", "x"],
                    ["execute", modem.endpoint, "/3/0/4"], ["discover", modem.endpoint, "/3"], ["observe", modem.endpoint, "/3"]]:
        assert f"signetd does not run on {home.path}. Start it: `signetd --home {home.path}`" in refused(home, 1, *command)


def test_after_a_crash_the_port_file_misleads_nobody(home, modem):
    home.daemon.send_signal(signal.SIGKILL)
    home.daemon.wait()
    assert (home.run_dir / "ports").exists()
    assert "signetd does not run on" in refused(home, 1, "status")
    assert as_json(home, "devices")["live"] is False


def test_another_program_on_the_port_is_not_trusted(home, start, folder):
    home.start()
    ports = (home.run_dir / "ports").read_text()
    with socket.create_server(("127.0.0.1", 0)) as s:
        (home.run_dir / "ports").write_text(re.sub(r"api=\d+", f"api={s.getsockname()[1]}", ports))
        key, cert = folder / "key.pem", folder / "cert.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
            "/CN=lwm2m.example.com", "-addext", "subjectAltName=DNS:lwm2m.example.com", "-keyout", key, "-out", cert, check=0)
        port = s.getsockname()[1]
    impostor = start("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-www", "-quiet")
    wait_until(lambda: listens(port), what="the impostor")
    assert "is not the signetd of" in refused(home, 1, "status")
    assert "Bearer" not in impostor.text()
    (home.run_dir / "ports").write_text("api=x\n")
    assert "Restart signetd" in refused(home, 1, "status")
    (home.run_dir / "ports").write_text(ports)


def test_a_changed_token_is_told(home):
    home.start()
    token = home.path / "token"
    token.write_text("x" * 44 + "\n")
    said = refused(home, 1, "status")
    assert "token" in said and "restart" in said and "x" * 44 not in said
    wait_until(lambda: "api-denied" in home.audit(), what="the audit entry")


def test_status(home, modem):
    text = home.signet("status", check=0).stdout
    assert f"process {home.daemon.pid}," in text and "1 registered, 1 connected" in text
    assert f"UDP port {home.lwm2m_port}, API on TCP port {home.api_port}" in text
    assert as_json(home, "status")["api_port"] == home.api_port


def test_read(home, modem):
    assert home.signet("read", modem.endpoint, "/3/0/2", check=0).stdout == f"Serial Number  {modem.imei}\n"
    lines = home.signet("read", modem.endpoint, "/3", check=0).stdout.splitlines()
    assert any(re.fullmatch(r"/3/0/0 +Manufacturer +\S.*", line) for line in lines)
    assert any(re.fullmatch(r"/3/0/7/0 +Power Source Voltage 0 +\d+", line) for line in lines)
    assert any(re.fullmatch(r"/3/0/13 +Current Time +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", line) for line in lines)
    assert as_json(home, "read", modem.endpoint, "/3/0/2") == {"path": "/3/0/2", "type": "string", "value": modem.imei}
    assert {"path": "/3303/0/5701", "type": "string", "value": "Cel"} in as_json(home, "read", modem.endpoint, "/3303/0")


def test_write_execute_discover(home, modem):
    done = home.signet("write", modem.endpoint, "/3/0/15", "Europe/Oslo", check=0)
    assert done.stdout == "Written /3/0/15 (Timezone) (the device says 2.04 Changed)\n"
    assert home.signet("read", modem.endpoint, "/3/0/15", check=0).stdout == "Timezone  Europe/Oslo\n"
    assert as_json(home, "write", modem.endpoint, "/1/0/1", "240") == {"path": "/1/0/1", "device": "2.04 Changed"}
    assert as_json(home, "read", modem.endpoint, "/1/0/1")["value"] == 240
    done = home.signet("execute", modem.endpoint, "/3303/0/5605", check=0)
    assert done.stdout == "Executed /3303/0/5605 (Reset Min and Max Measured Values) (the device says 2.04 Changed)\n"
    assert as_json(home, "execute", modem.endpoint, "/3303/0/5605", "0")["device"] == "2.04 Changed"
    lines = home.signet("discover", modem.endpoint, "/3/0", check=0).stdout.splitlines()
    assert any(re.fullmatch(r"/3/0/7 +Power Source Voltage +dim=1", line) for line in lines)
    assert as_json(home, "discover", modem.endpoint, "/3303/0/5700")["links"][0]["path"] == "/3303/0/5700"


def test_what_is_not_there(home, modem):
    unknown = 'no device "urn:imei:0"'
    for command in [["read", "urn:imei:0", "/3/0/0"], ["write", "urn:imei:0", "/3/0/15", "x"], ["show", "urn:imei:0"],
                    ["execute", "urn:imei:0", "/3/0/4"], ["discover", "urn:imei:0", "/3"], ["observe", "urn:imei:0", "/3/0/0"]]:
        said = refused(home, 4, *command)
        assert "urn:imei:0" in said and "signet devices" in said, unknown
    missing = "the device says 4.04 Not Found: it has no "
    assert missing + "/3/0/99" in refused(home, 4, "read", modem.endpoint, "/3/0/99")
    assert missing + "/3/7/15" in refused(home, 4, "write", modem.endpoint, "/3/7/15", "x")
    assert missing + "/9" in refused(home, 4, "discover", modem.endpoint, "/9")
    assert missing + "/3303/0/1" in refused(home, 4, "observe", modem.endpoint, "/3303/0/1", "--count", "1")


def test_what_cannot_be_done(home, modem):
    assert "/1/0/1 is an integer; 'soon' is not" in refused(home, 1, "write", modem.endpoint, "/1/0/1", "soon")
    assert "/3303/0/5700 is a float; 'abc' is not" in refused(home, 1, "write", modem.endpoint, "/3303/0/5700", "abc")
    assert "/3/0/0 cannot be written" in refused(home, 1, "write", modem.endpoint, "/3/0/0", "x")
    assert "executed, not written" in refused(home, 1, "write", modem.endpoint, "/3/0/4", "1")
    assert "/3/0/0 cannot be executed" in refused(home, 1, "execute", modem.endpoint, "/3/0/0")
    assert "does not let this server" in refused(home, 1, "read", modem.endpoint, "/0/0/0")
    modem.device.stop()
    wait_until(lambda: home.live(modem.endpoint)["state"] != "registered", what="the deregistration")
    assert modem.endpoint in refused(home, 1, "read", modem.endpoint, "/3/0/0")
    assert modem.endpoint in refused(home, 1, "observe", modem.endpoint, "/3/0/0")


@pytest.mark.parametrize("command, words", [
    (["read"], "ENDPOINT is missing"),
    (["read", "e"], "PATH is missing"),
    (["read", "e", "/x"], "/x is no LwM2M path"),
    (["read", "e", "/1/2/3/4/5"], "is no LwM2M path"),
    (["read", "e", "/3", "/4"], "one word too many: /4"),
    (["write", "e", "/3/0", "x"], "write takes a path like /3/0/0"),
    (["write", "e", "/3/0/0"], "VALUE is missing"),
    (["execute", "e", "/3"], "execute takes a path like /3/0/0, not /3"),
    (["observe", "e", "/3", "--count", "0"], "--count takes a number"),
    (["observe", "e", "/3", "--second", "1"], "Did you mean --seconds?"),
    (["status", "x"], "one word too many"),
    (["show"], "ENDPOINT is missing"),
])
def test_wrong_usage(home, command, words):
    assert words in refused(home, 2, *command)


def test_observe(home, modem, start):
    lines = home.signet("observe", modem.endpoint, "/3303/0/5700", "--count", "3", check=0).stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  -?\d+(\.\d+)?", line) for line in lines)
    begin = time.monotonic()
    done = home.signet("observe", modem.endpoint, "/3303/0", "--seconds", "3", "--json", check=0)
    assert 2 < time.monotonic() - begin < 6
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) >= 2 and all(e["event"] == "value" and len(e["values"]) >= 3 for e in events)

    endless = start("signet", "observe", "--home", home.path, modem.endpoint, "/3303/0/5700")
    endless.expect("Z  ")
    endless.send_signal(signal.SIGINT)  # Ctrl-C is how it is ended
    assert endless.wait() == 0
    endless = start("signet", "observe", "--home", home.path, modem.endpoint, "/3303/0/5700")
    endless.expect("Z  ")
    home.daemon.send_signal(signal.SIGTERM)
    assert endless.wait() == 1
    assert "signet: the observation ended: signetd stops" in endless.text()
