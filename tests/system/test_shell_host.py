# SPDX-License-Identifier: Apache-2.0
"""Enrolment through a shell (Modem Shell): found by itself, and line ends that only it writes."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from harness import Modem, run
from modem_port import read_store

TAG = 35724861


def enroll(home, modem, *args, check=0):
    return home.signet("enroll", "--port", modem.port, *args, check=check)


def board(home, store, host, imei=None):
    return Modem(home, imei, "--store", str(store), "--host", host)


def kept_at(store, tag=TAG):
    return {kind: bytes(content) for (t, kind), content in read_store(store).items() if t == tag}


def test_a_board_is_enrolled_through_a_shell(home, folder):
    modem = board(home, folder / "modem", "shell")
    assert f"Enrolled {modem.endpoint}" in enroll(home, modem).stdout
    kept = kept_at(folder / "modem")
    assert kept[0] == (home.path / "ca/server-root.pem").read_bytes().replace(b"\n", b"\r\n")
    cert = x509.load_pem_x509_certificate(kept[1])
    assert cert.public_key() == load_der_private_key(kept[2], None).public_key()
    assert kept[1].count(b"\r\n") == kept[1].count(b"\n")
    assert json.loads(home.signet("show", modem.endpoint, "--json", check=0).stdout)["state"] == "enrolled"


def test_another_host_finds_the_same_identity(home, folder):
    """Verified through each host, whatever line ends the first one wrote; nothing is written."""
    for first, others in (("shell", ("serial-modem", "at_host", "shell")), ("at_host", ("shell",))):
        store = folder / f"modem-{first}"
        modem = board(home, store, first)
        enroll(home, modem)
        modem.process.stop()
        before = store.read_bytes()
        for host in others:
            again = board(home, store, host, modem.imei)
            answer = json.loads(enroll(home, again, "--json").stdout.splitlines()[-1])
            assert answer["enrolled"][0]["enrolled_before"] is True
            again.process.stop()
        assert store.read_bytes() == before


def test_what_a_shell_does_not_pass_on_is_told(home, folder):
    modem = board(home, folder / "modem", "shell")
    done = enroll(home, modem, "--name", "O'Neil", check=1)
    assert "does not pass on" in done.stderr and "Serial Modem" in done.stderr
    assert kept_at(folder / "modem") == {}
    enroll(home, modem, "--name", "meter-7", "--renew")


def test_a_shell_without_line_ends_is_told(home, folder):
    """Built without CONFIG_AT_SHELL_UNESCAPE_LF."""
    modem = Modem(home, None, "--store", str(folder / "modem"), "--host", "shell", "--set", "shell-lines=as-typed")
    done = enroll(home, modem, check=1)
    assert "527" in done.stderr and "real line ends" in done.stderr


def test_a_pre_shared_key_through_a_shell(home, folder):
    modem = board(home, folder / "modem", "shell")
    done = enroll(home, modem, "--psk")
    assert "forward secrecy" in done.stdout + done.stderr
    assert sorted(kept_at(folder / "modem")) == [3, 4]


@pytest.mark.parametrize("host", ["at_host", "shell", "slm-2.9", "slm-3.1"])
def test_other_hosts_are_enrolled_and_cannot_connect(home, folder, host):
    """signet-device speaks Serial Modem's socket commands alone."""
    modem = board(home, folder / "modem", host)
    assert f"Enrolled {modem.endpoint}" in enroll(home, modem).stdout
    done = run("signet-device", "--server", "coaps://lwm2m.example.com", "--modem", modem.port, check=1)
    assert "Serial Modem" in done.stderr and host.partition("-")[0] in done.stderr
