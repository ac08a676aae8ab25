# SPDX-License-Identifier: Apache-2.0
"""The CA's keys: a factory with the issuing CA's key only, limits, a CA that is withdrawn, and a key in a TPM."""

import json
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import time

import pytest
from harness import PASSPHRASE, Home, Modem, free_port, run, wait_until


class Factory:
    """A home that enrols only, with the roots of another."""

    def __init__(self, home, path):
        self.home, self.path, self.start_process = home, path, home.start_process
        run("signet", "init", "--home", path, "--factory", "--device-root", home.path / "ca/device-root.pem",
            "--server-root", home.path / "ca/server-root.pem", check=0)

    def signet(self, *args, check=None, **options):
        return run("signet", args[0], "--home", self.path, *args[1:], check=check, **options)

    def get_ca(self, *limits, name="lot 7", request=("--plain-keys",), check=0):
        csr, pem = self.path.parent / "ca.csr", self.path.parent / "ca.pem"
        self.signet("ca", "request", "--name", name, "--out", csr, *request, check=0)
        self.home.signet("ca", "sign", csr, "--out", pem, *limits, check=0)
        return self.signet("ca", "import", pem, check=check)


@pytest.fixture
def factory(home, folder):
    return Factory(home, folder / "factory")


def cas(home):
    listed = json.loads(home.signet("ca", "show", "--json", check=0).stdout)["certificates"]
    return {c["name"]: c["state"] for c in listed if c["kind"] == "issuing-ca"}


# ---------------------------------------------------------------------------------------------------- a factory

def test_a_factory_has_the_issuing_key_only(home, factory):
    files = {p.name for p in (factory.path / "ca").iterdir()}
    assert files == {"device-root.pem", "server-root.pem"}
    modem = Modem(factory, None)
    done = factory.signet("enroll", "--port", modem.port, check=1)
    assert "has no issuing CA yet" in done.stderr and "signet ca request" in done.stderr
    assert 'The issuing CA is now "lot 7"' in factory.get_ca().stdout
    files = {p.name for p in (factory.path / "ca").iterdir()}
    assert files == {"device-root.pem", "server-root.pem", "issuing.pem", "issuing.key"}
    assert (factory.path / "ca/issuing.key").stat().st_mode & 0o777 == 0o600
    factory.signet("enroll", "--port", modem.port, check=0)
    assert cas(factory) == {"lot 7": "active"} and cas(home) == {"first lot": "active", "lot 7": "active"}
    chain = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", home.path / "ca/device-root.pem",
                            factory.path / "ca/issuing.pem"], capture_output=True, text=True)
    assert chain.returncode == 0, chain.stderr
    assert "ca-imported" in factory.signet("audit", check=0).stdout and "ca-created" in home.audit()
    assert factory.signet("audit", "verify").returncode == 0
    assert not re.search("problem", factory.signet("doctor").stderr)


def test_the_next_ca_takes_over_and_the_old_stays_trusted(factory):
    factory.get_ca()
    modem = Modem(factory, None)
    factory.signet("enroll", "--port", modem.port, check=0)
    factory.get_ca(name="lot 8")
    assert cas(factory) == {"lot 7": "active", "lot 8": "active"}
    assert len(list((factory.path / "ca").glob("issuing-*.key"))) == 1
    factory.signet("enroll", "--port", modem.port, check=0)
    done = factory.signet("enroll", "--port", modem.port, "--renew", "--yes", "--json", check=0)
    assert json.loads(factory.signet("show", modem.endpoint, "--json").stdout)["identity"]["issuer"] == "lot 8"
    assert done.returncode == 0


def test_an_encrypted_key_and_again(home, factory, folder):
    (folder / "pass").write_text(PASSPHRASE + "\n")
    os.chmod(folder / "pass", 0o600)
    secret = ("--passphrase-file", folder / "pass")
    for _ in range(2):  # the same key asks again
        factory.signet("ca", "request", "--out", folder / "r", *secret, check=0)
    assert "ENCRYPTED" in (factory.path / "ca/next.key").read_text()
    for _ in range(2):  # and the same certificate comes
        home.signet("ca", "sign", folder / "r", "--name", "lot 9", "--out", folder / "c", check=0)
    for _ in range(2):
        factory.signet("ca", "import", folder / "c", *secret, check=0)
    assert cas(factory) == {"lot 9": "active"}


def test_what_does_not_fit_is_refused(home, factory, folder):
    other = Home(folder / "other", home.start_process)
    factory.signet("ca", "request", "--plain-keys", "--out", folder / "r", check=0)
    other.signet("ca", "sign", folder / "r", "--out", folder / "foreign", check=0)
    done = factory.signet("ca", "import", folder / "foreign", check=3)
    assert "is not an issuing CA of this home's device root" in done.stderr
    done = factory.signet("ca", "import", home.path / "ca/issuing.pem", check=3)
    assert "is for another key than the one that waits here" in done.stderr
    done = factory.signet("ca", "sign", folder / "r", check=1)
    assert "device-root.key" in done.stderr
    done = factory.signet("ca", "request", "--key", "handle:0x81000001", check=3)
    assert "its key waits in" in done.stderr
    (folder / "junk").write_text("junk")
    assert "not a certificate request" in home.signet("ca", "sign", folder / "junk", check=1).stderr
    for wrong in (("ca",), ("ca", "sing"), ("ca", "sign"), ("ca", "sign", "x", "--devices", "0"),
                  ("ca", "withdraw", "first lot"), ("init", "--factory"), ("init", "--device-root", "x")):
        factory.signet(*wrong, check=2)
    assert not (factory.path / "ca/issuing.pem").exists()


# ------------------------------------------------------------------------------------------------------- limits

def test_a_limited_number(factory):
    factory.get_ca("--devices", "2")
    modems = [Modem(factory, None) for _ in range(3)]
    for m in modems[:2]:
        factory.signet("enroll", "--port", m.port, check=0)
    done = factory.signet("enroll", "--port", modems[2].port, check=3)
    assert 'the issuing CA "lot 7" may issue for 2 devices, and has' in done.stderr
    assert len(json.loads(factory.signet("devices", "--json").stdout)["devices"]) == 2
    factory.signet("enroll", "--port", modems[0].port, "--renew", "--yes", check=0)  # no further device
    factory.get_ca("--devices", "1", name="lot 8")
    factory.signet("enroll", "--port", modems[2].port, check=0)


def test_a_limited_time(factory):
    factory.get_ca("--days", "30")
    text = subprocess.run(["openssl", "x509", "-in", factory.path / "ca/issuing.pem", "-noout", "-text"],
                          capture_output=True, text=True).stdout
    assert "Private Key Usage Period" in text
    factory.signet("enroll", "--port", Modem(factory, None).port, check=0)


# ----------------------------------------------------------------------------------------------------- withdrawn

def enrolled_device(home, start_args=()):
    modem = home.modem()
    home.signet("enroll", "--port", modem.port, check=0)
    return modem


def test_a_withdrawn_ca_takes_its_devices_and_no_others(home, folder):
    old = enrolled_device(home)
    home.signet("ca", "request", "--name", "lot 2", "--plain-keys", "--out", folder / "r", check=0)
    home.signet("ca", "sign", folder / "r", "--out", folder / "c", check=0)
    home.signet("ca", "import", folder / "c", check=0)
    new = enrolled_device(home)
    home.start()
    devices = {m.endpoint: home.device(m, "--lifetime", "60") for m in (old, new)}
    for m in (old, new):
        wait_until(lambda: home.live(m.endpoint)["state"] == "registered", 30, f"{m.endpoint} to register")

    home.signet("ca", "withdraw", "first lot", "--reason", "ca-compromise", check=3)  # nobody is there to say yes
    assert cas(home)["first lot"] == "active"
    done = home.signet("ca", "withdraw", "first lot", "--reason", "ca-compromise", "--yes", check=0)
    begun = time.monotonic()
    assert 'Withdrew the issuing CA "first lot": 1 device is shut out' in done.stdout
    wait_until(lambda: home.live(old.endpoint)["state"] not in ("registered", "connected"), 3, "the device to be ended")
    assert time.monotonic() - begun < 2  # within a second, and the time to ask
    home.daemon.expect(r"the issuing CA of the certificate .* was revoked", 40)  # its next handshake
    assert home.live(new.endpoint)["state"] == "registered"
    assert "ca-withdrawn" in home.audit()
    home.signet("ca", "withdraw", "first lot", "--reason", "ca-compromise", "--yes", check=4)
    home.signet("ca", "withdraw", "none", "--reason", "ca-compromise", "--yes", check=4)
    assert all(d.popen.poll() is None for d in devices.values())


def test_a_withdrawn_ca_issues_nothing(home):
    home.signet("ca", "withdraw", "first lot", "--reason", "cessation", "--yes", check=0)
    done = home.signet("enroll", "--port", home.modem().port, check=3)
    assert 'the issuing CA "first lot" was withdrawn (cessation)' in done.stderr


# ----------------------------------------------------------------------------------------------------------- TPM

def two_ports():
    """Two free ports in a row: a TPM's control port is the one after its own."""
    for _ in range(100):
        port = free_port(socket.SOCK_STREAM)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port + 1))
                return port, port + 1
            except OSError:
                continue
    raise AssertionError("no two free ports in a row")


@pytest.fixture
def tpm(folder, monkeypatch):
    """A simulated TPM 2.0 with a key at 0x81000001 that signs and cannot be read."""
    state = folder / "tpm"
    state.mkdir()
    port, control = two_ports()
    swtpm = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags",
                              "not-need-init,startup-clear", "--server", f"type=tcp,port={port},bindaddr=127.0.0.1",
                              "--ctrl", f"type=tcp,port={control},bindaddr=127.0.0.1"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tcti = f"swtpm:host=127.0.0.1,port={port}"
    monkeypatch.setenv("TPM2TOOLS_TCTI", tcti)
    monkeypatch.setenv("TPM2OPENSSL_TCTI", tcti)
    # The provider's library is unloaded at the end, and what it still held then looks like a leak of nobody's.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")

    def tool(*args):
        return subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=30)

    try:
        wait_until(lambda: tool("tpm2_getcap", "properties-fixed").returncode == 0, 10, "the TPM")
        context = folder / "primary"
        made = tool("tpm2_createprimary", "-C", "o", "-G", "ecc256:ecdsa:null", "-a",
                    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "-c", context)
        assert made.returncode == 0, made.stderr
        assert tool("tpm2_evictcontrol", "-C", "o", "-c", context, "0x81000001").returncode == 0
        assert tool("tpm2_flushcontext", "-t").returncode == 0
        yield "handle:0x81000001"
    finally:
        swtpm.terminate()
        swtpm.wait(10)


def test_an_issuing_ca_whose_key_is_in_a_tpm(home, factory, tpm, folder, monkeypatch):
    factory.get_ca(request=("--key", tpm))
    assert (factory.path / "ca/issuing.uri").read_text() == tpm + "\n"
    assert not (factory.path / "ca/issuing.key").exists()
    modem = Modem(factory, None)
    factory.signet("enroll", "--port", modem.port, check=0)
    crl = factory.signet("ca", "crl", check=0).stdout
    assert "BEGIN X509 CRL" in crl
    certificate = factory.path.parent / "leaf.pem"
    db = sqlite3.connect(factory.path / "inventory.db")
    (der,), = db.execute("SELECT der FROM certificate WHERE kind = 'device'").fetchall()
    db.close()
    certificate.write_text(ssl.DER_cert_to_PEM_cert(der))
    done = subprocess.run(["openssl", "verify", "-CAfile", home.path / "ca/device-root.pem", "-untrusted",
                           factory.path / "ca/issuing.pem", certificate], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.setenv("TPM2OPENSSL_TCTI", "swtpm:host=127.0.0.1,port=1")
    done = factory.signet("enroll", "--port", modem.port, "--renew", "--yes", check=1)
    assert 'OpenSSL\'s provider "tpm2", which does not start' in done.stderr


def test_a_key_that_is_not_in_the_tpm(factory, tpm):
    done = factory.signet("ca", "request", "--key", "handle:0x81000009", check=1)
    assert "there is no private key at handle:0x81000009" in done.stderr
    assert not (factory.path / "ca/next.uri").exists()
    done = factory.signet("ca", "request", "--key", "ca/next.key", check=2)
    assert "--key takes a URI" in done.stderr
