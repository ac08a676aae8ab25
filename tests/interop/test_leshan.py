# SPDX-License-Identifier: Apache-2.0
"""Eclipse Leshan's LwM2M client and server libraries, by X.509 and with connection ids, against ours."""

import json
import shutil
import subprocess

import pytest

from harness import SERVER_NAME, free_port, wait_until
from peers import Identities, java


@pytest.mark.parametrize("cid", [6, -1], ids=["cid", "no-cid"])
def test_our_device_at_leshans_server(start, folder, cid):
    """signet-device registers with Leshan's server and is read, written, executed and observed."""
    ids = Identities(folder)
    port = free_port()
    server = java(start, "LeshanServerPeer", port, ids["server.pem"], ids["server.key"], ids["device-root.pem"],
                  ids.endpoint, cid)
    server.expect("^ready$", 30)
    device = start("signet-device", "--server", f"coaps://localhost:{port}", "--cert", ids["device.pem"],
                   "--key", ids["device.key"], "--ca", ids["server-root.pem"], "--endpoint", ids.endpoint,
                   "--lifetime", 60, "--interval", 1)
    server.expect(f"^registered {ids.endpoint}$", 30)

    def ask(line, answer):
        seen = len(server.lines)
        server.send(line)
        return server.expect(answer, 15, seen)

    ask("read /3/0/0", r"^205 \S+")
    for format in ("TLV", "SENML_CBOR", "TEXT", "CBOR"):
        ask(f"read /3/0/0 {format}", r"^205 \S+")
    for format in ("TLV", "SENML_CBOR"):
        ask(f"read /3/0 {format}", r"^205 .*LwM2mObjectInstance|^205 ObjectInstance")
        ask(f"read /3303 {format}", r"^205 ")
    ask("read /3/0/99", r"^404")
    ask("read /0/0/0", r"^401")
    ask("write /3/0/15 Asia/Tokyo", r"^204")
    ask("read /3/0/15", r"^205 Asia/Tokyo$")
    ask("write-integer /1/0/1 120", r"^204")
    ask("write /3/0/0 Nobody", r"^405")
    ask("execute /3303/0/5605", r"^204")
    ask("observe /3303/0/5700", r"^205 -?\d")
    server.expect(rf"^notified {ids.endpoint} /3303/0/5700 -?\d", 20)
    if cid >= 0:
        device.expect(r"(?i)\bcid\b|connection id", 5)
    device.stop()
    server.expect(f"^gone {ids.endpoint}$", 10)


@pytest.mark.parametrize("cid", [6, 0, -1], ids=["cid", "cid-of-ours-only", "no-cid"])
def test_leshans_client_at_our_server(home, start, folder, relay, cid):
    """Leshan's client registers with signetd and is read, written, executed and observed; comes from another port."""
    ids = Identities(folder)
    home.signet("issue", ids["device.csr"], "--out", folder / "leshan.pem", check=0)
    home.start()
    nat = relay(home.lwm2m_port)
    root = home.path / "ca/server-root.pem"
    client = java(start, "LeshanClientPeer", f"coaps://{SERVER_NAME}:{nat.port}", ids.endpoint, folder / "leshan.pem",
                  ids["device.key"], root, cid)
    client.expect("^registered$", 30)
    live = wait_until(lambda: home.live(ids.endpoint), what="the device in `signet devices`")
    assert live["state"] == "registered"
    assert live["connection"]["cid"] == (cid >= 0)

    def value(path):
        return json.loads(home.signet("read", ids.endpoint, path, "--json", check=0).stdout)["value"]

    assert value("/3/0/0") == "Eclipse Leshan"
    home.signet("write", ids.endpoint, "/3/0/15", "Asia/Tokyo", check=0)
    client.expect("^written /3/0/15 Asia/Tokyo$")
    assert value("/3/0/15") == "Asia/Tokyo"
    home.signet("execute", ids.endpoint, "/3/0/4", check=0)
    client.expect("^executed /3/0/4$")
    observed = home.signet("observe", ids.endpoint, "/3/0/9", "--count", 3, "--json", check=0, timeout=30).stdout
    values = [event["value"] for event in map(json.loads, observed.splitlines()) if event["event"] == "value"]
    assert len(values) == 3 and len(set(values)) > 1

    if cid >= 0:
        handshakes = len(home.daemon.text().split("event=connected"))
        nat.rebind()
        seen = len(client.lines)
        client.send("u")
        client.expect("^updated$", 15, seen)
        assert len(home.daemon.text().split("event=connected")) == handshakes
        assert value("/3/0/0") == "Eclipse Leshan"


def test_leshans_client_of_another_ca_is_told_why(home, start, folder):
    ids = Identities(folder)
    home.start()
    client = java(start, "LeshanClientPeer", f"coaps://{SERVER_NAME}:{home.lwm2m_port}", ids.endpoint, ids["device.pem"],
                  ids["device.key"], home.path / "ca/server-root.pem", 6)
    client.expect("^failed .*(?i:unknown_ca|UNKNOWN_CA|alert)", 30)
    home.daemon.expect("event=refused .*device-root")


def test_leshans_server_with_what_was_exported_for_it(home, start, folder):
    """It trusts exactly the exported files: the good device registers; the revoked one, and one of another CA, do not."""
    for name in ("good", "bad"):
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", folder / f"{name}.key", "-subj", f"/CN={name}", "-out", folder / f"{name}.csr"],
                       check=True, capture_output=True)
        home.signet("issue", folder / f"{name}.csr", "--out", folder / f"{name}.pem", check=0)
    home.signet("revoke", "bad", "--reason", "key-compromise", "--yes", check=0)
    out = folder / "out"
    home.signet("export", "leshan", out, check=0)
    port = free_port()
    ids = Identities(folder)  # a server's certificate for it, and a device's of a CA that it does not know
    server = java(start, "LeshanServerPeer", port, ids["server.pem"], ids["server.key"], out / "trust.pem",
                  out / "clients.json", 6)
    server.expect("^ready$", 30)

    def connect(name, *args):
        return start("signet-device", "--server", f"coaps://localhost:{port}", "--cert", folder / f"{name}.pem",
                     "--key", folder / f"{name}.key", "--ca", ids["server-root.pem"], "--endpoint", name, "--lifetime",
                     60, *args)

    connect("good")
    server.expect("^registered good$", 30)
    seen = len(server.lines)
    server.send("read /3/0/0")
    server.expect(r"^205 \S+", 15, seen)
    shutil.copy(ids["device.pem"], folder / "other.pem")
    shutil.copy(ids["device.key"], folder / "other.key")
    for name in ("bad", "other"):
        refused = connect(name, "--attempts", 1)
        assert refused.wait(60) != 0, refused.text()
    assert not server.seen("registered (bad|other)")
