# SPDX-License-Identifier: Apache-2.0
"""signet probe device against signet-device, which must refuse every bad server."""

import json
import socket
import subprocess

import pytest
from harness import SERVER_NAME, free_port, run

ENDPOINT = "urn:imei:351516170000996"
REFUSALS = ["dev.server.wrong-ca", "dev.server.same-name", "dev.server.wrong-key", "dev.server.expired",
            "dev.server.future", "dev.server.wrong-name", "dev.server.other-server", "dev.server.usage",
            "dev.server.ca-leaf", "dev.server.sha1", "dev.server.broken-chain", "dev.mitm", "dev.server.no-certificate",
            "dev.server.anon", "dev.server.psk", "dev.suite.weak", "dev.suite.old-version", "dev.server.not-a-ca", "dev.server.small-curve",
            "dev.server.small-rsa"]


def openssl(folder, *args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=folder)


@pytest.fixture
def identity(home, folder):
    """A device's key and certificate, in files."""
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "device.key")
    (folder / "device.key").chmod(0o600)
    openssl(folder, "req", "-new", "-key", "device.key", "-subj", f"/CN={ENDPOINT}", "-out", "device.csr")
    openssl(folder, "x509", "-req", "-in", "device.csr", "-CA", home.path / "ca/issuing.pem", "-CAkey",
            home.path / "ca/issuing.key", "-days", 30, "-out", "device.pem")
    return ["--cert", folder / "device.pem", "--key", folder / "device.key"]


@pytest.fixture
def device(home, start, identity):
    """Starts a device that connects to a port, where the probe will be."""
    def begin(port, *args):
        return start("signet-device", "--server", f"coaps://{SERVER_NAME}:{port}", "--address", "127.0.0.1", "--ca",
                     home.path / "ca/server-root.pem", *identity, "--pause", 1, *args)
    return begin


def probe(home, folder, port, *args, check=None):
    done = run("signet", "probe", "device", "--home", home.path, "--listen", f"127.0.0.1:{port}", "--evidence",
               folder / "evidence", "--json", *args, check=check, timeout=300)
    out = json.loads(done.stdout) if done.stdout else None
    return done, {r["run"]: r for r in out["results"]} if out else None


def record(folder, result):
    return json.loads((folder / "evidence" / result["record"] / "record.json").read_text())


def test_a_sound_device_refuses_every_bad_server(home, folder, device):
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", ",".join(REFUSALS), check=0)
    assert list(results) == REFUSALS
    for r in results.values():
        assert r["verdict"] == "nothing-against", r
        rec = record(folder, r)
        assert [c["ok"] for c in rec["controls"]] == [True, True]
        assert rec["controls"][0]["when"] <= rec["began"] or rec["controls"][0]["when"] <= rec["ended"]
        assert rec["target"]["identity"].startswith(ENDPOINT)
        assert rec["weight"] == "supporting" and rec["setting"] == "design"
        assert rec["facts"]["stage"] == "hello" and not rec["facts"]["session"]
    assert "unknown CA" in results["dev.server.wrong-ca"]["observed"]
    assert "decrypt error" in results["dev.server.wrong-key"]["observed"]
    assert "protocol version" in results["dev.suite.old-version"]["observed"]
    assert "certificate expired" in results["dev.server.expired"]["observed"]
    whole = run("signet", "probe", "records", folder / "evidence", "--json", check=0)
    assert json.loads(whole.stdout)["whole"] is True


def test_a_sound_device_keeps_its_session(home, folder, device):
    runs = ["dev.suite.offer", "dev.rights", "dev.record.tamper", "dev.record.truncate", "dev.record.nonce",
            "dev.coap.repeat", "dev.record.replay", "dev.capture"]
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", ",".join(runs), "--known", "Tokyo", check=0)
    assert list(results) == runs
    for r in results.values():
        assert r["verdict"] == ("remark" if r["run"] == "dev.capture" else "nothing-against"), r
    assert ENDPOINT in results["dev.capture"]["observed"] and "handshake alone" in results["dev.capture"]["observed"]
    offer = record(folder, results["dev.suite.offer"])["facts"]
    assert offer["suites"][0] == "c02b TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert offer["server_name"] == SERVER_NAME and offer["version"] == "DTLS 1.2"
    rights = record(folder, results["dev.rights"])["facts"]
    assert rights["read of the secret key /0/0/5"] == "4.01 Unauthorized"
    assert record(folder, results["dev.record.nonce"])["facts"]["records"] >= 12
    assert len(record(folder, results["dev.record.replay"])["controls"]) == 2


def test_a_device_on_this_host_is_not_the_product(home, folder, device):
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", "dev.server.wrong-ca", "--equipment", "Meter", "--serial", "0",
                          check=0)
    rec = record(folder, results["dev.server.wrong-ca"])
    assert rec["setting"] == "design" and "host of the probe" in rec["setting_reason"]
    assert rec["weight"] == "supporting"


def test_another_serial_number_than_the_operators_is_told(home, folder, device):
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", "dev.server.wrong-ca", "--equipment", "Meter", "--serial", "4711",
                          check=0)
    assert "serial number is said to be 4711, and it says 0" in \
        record(folder, results["dev.server.wrong-ca"])["setting_reason"]


def test_no_device_is_told_and_leaves_no_record(home, folder):
    port = free_port()
    done, results = probe(home, folder, port, "--patience", 1, check=1)
    assert "No device registered with the good server within 1 s: it did not come" in done.stderr
    assert results == {}
    assert not list((folder / "evidence").glob("0*"))


def test_a_device_that_trusts_another_root_is_told_why(home, folder, device, identity, start):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=Another", "-keyout", "other.key", "-out", "other.pem", "-days", 2)
    port = free_port()
    start("signet-device", "--server", f"coaps://{SERVER_NAME}:{port}", "--address", "127.0.0.1", "--ca",
          folder / "other.pem", *identity, "--pause", 1)
    done, results = probe(home, folder, port, "--patience", 20, check=1)
    assert "unknown_ca" in done.stderr


def test_what_the_probe_needs_is_said(home, folder):
    for args, word in [(["--listen", "nowhere"], "--listen"), (["--server-ca", "x"], "belong together"),
                       (["--patience", "0"], "from 1"), (["more"], "one word too many")]:
        done = run("signet", "probe", "device", "--home", home.path, *args, check=2)
        assert word in done.stderr
    done = run("signet", "probe", "device", "--home", folder / "none", check=1)
    assert "signet init" in done.stderr
    done = run("signet", "probe", "device", "--home", home.path, "--server-ca", home.path / "ca/server-root.pem",
               "--server-ca-key", home.path / "ca/issuing.key", check=1)
    assert "is not that of the CA" in done.stderr


def test_an_open_port_is_found(home, folder, device):
    """On an address of its own of the loopback network; other services of this host may be found there too."""
    port = free_port()
    device(port)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.77", 5683))
        listener.listen(4)
        done, results = probe(home, folder, port, "--only", "dev.scan", "--scan", "127.0.0.77", "--rate", 2000, check=5)
    scan = results["dev.scan"]
    assert "5683/tcp" in scan["observed"] and "at most 2000 a second" in scan["observed"]
    assert scan["verdict"] == "fail" and scan["severity"] == "medium"


def test_without_an_address_nothing_is_scanned(home, folder, device):
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", "dev.scan", check=7)
    assert results["dev.scan"]["verdict"] == "skipped" and "--scan" in results["dev.scan"]["reason"]
    done = run("signet", "probe", "device", "--home", home.path, "--scan", "lwm2m.example.com", check=2)
    assert "--scan takes an IP address" in done.stderr


def test_storms_of_messages_and_silence_change_nothing(home, folder, device):
    """Made from another seed than the default."""
    port = free_port()
    device(port)
    done, results = probe(home, folder, port, "--only", "dev.fuzz.*,dev.flood,dev.plain,dev.server.revoked", "--seed", 7,
                          "--messages", 600, "--rate", 500, check=0)
    assert {name: r["verdict"] for name, r in results.items()} == {
        "dev.fuzz.coap": "nothing-against", "dev.fuzz.lwm2m": "nothing-against", "dev.flood": "nothing-against",
        "dev.plain": "nothing-against", "dev.server.revoked": "not-applicable"}
    assert record(folder, results["dev.fuzz.coap"])["facts"] == {"seed": 7, "messages": 600, "lives": True,
                                                                 "unchanged": True}
    assert record(folder, results["dev.flood"])["facts"]["session_lives"]


def test_a_device_behind_a_modem_refuses_too(home, folder, start):
    """The identity is in a simulated modem, which verifies the server itself."""
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    port = free_port()
    start("signet-device", "--server", f"coaps://{SERVER_NAME}:{port}", "--modem", modem.port, "--pause", 1)
    done, results = probe(home, folder, port, "--patience", 120, "--only",
                          "dev.server.wrong-ca,dev.server.expired,dev.server.wrong-name,dev.record.replay,dev.rights")
    assert {r["verdict"] for r in results.values()} <= {"nothing-against", "remark"}, results
    assert len(results) == 5
