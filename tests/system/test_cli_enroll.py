# SPDX-License-Identifier: Apache-2.0
"""signet enroll: what it promises when all goes well, when something is in the way, and when it is killed anywhere."""

import glob
import json
import os
import shutil
import signal
import subprocess
import time
from datetime import datetime

import pytest
from harness import BIN, Home, Modem, run
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from modem_port import AtRelay, at, read_store

TAG = 35724861


def enroll(home, *args, check=None, **options):
    return home.signet("enroll", *args, check=check, **options)


def last(done):
    """The object at the end of what --json prints."""
    return json.loads(done.stdout.splitlines()[-1])


def devices(home):
    return json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]


def device(home, endpoint):
    return json.loads(home.signet("show", endpoint, "--json", check=0).stdout)


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def assert_trusted(home, modem, store, tag=TAG):
    """The modem holds one identity, whole, and the inventory knows exactly that one as active."""
    kept = {kind: content for (t, kind), content in read_store(store).items() if t == tag}
    assert sorted(kept) == [0, 1, 2]
    assert bytes(kept[0]) == (home.path / "ca/server-root.pem").read_bytes()
    cert = x509.load_pem_x509_certificate(bytes(kept[1]))
    assert spki(cert.public_key()) == spki(load_der_private_key(bytes(kept[2]), None).public_key())
    assert cert.subject.rfc4514_string() == f"CN={modem.endpoint}"
    d = device(home, modem.endpoint)
    assert d["state"] == "enrolled"
    active = [c for c in d["certificates"] if c["state"] == "active"]
    assert [c["serial"] for c in active] == [format(cert.serial_number, "032x")] or \
        int(active[0]["serial"], 16) == cert.serial_number
    assert len(active) == 1 and not [c for c in d["certificates"] if c["state"] == "issued"]
    assert home.signet("audit", "verify").returncode == 0


@pytest.fixture
def modem(home, folder):
    m = Modem(home, None, "--store", str(folder / "modem"))
    m.store = folder / "modem"
    return m


# ------------------------------------------------------------------------------------------------- all goes well

def test_a_board_gets_an_identity(home, modem):
    done = enroll(home, "--port", modem.port, check=0)
    steps = [line.split()[0] for line in done.stdout.splitlines()[:6]]
    assert steps == [modem.port, "store", "key", "request", "certificate", "written"]
    assert f"Enrolled {modem.endpoint}" in done.stdout
    assert done.stdout.splitlines()[-1].split()[:3] == [modem.endpoint, "nRF9151-LACA", str(TAG)]
    assert_trusted(home, modem, modem.store)


def test_again_it_verifies_and_writes_nothing(home, modem):
    enroll(home, "--port", modem.port, check=0)
    before = modem.store.read_bytes(), modem.store.stat().st_mtime_ns, home.audit()
    done = last(enroll(home, "--port", modem.port, "--json", check=0))
    assert done["enrolled"][0]["enrolled_before"] is True and done["failed"] == []
    assert (modem.store.read_bytes(), modem.store.stat().st_mtime_ns, home.audit()) == before


def test_an_enrolled_board_is_verified_while_it_is_online(home, modem):
    enroll(home, "--port", modem.port, check=0)
    at(modem.port, "AT+CFUN=1")
    enroll(home, "--port", modem.port, check=0)
    assert at(modem.port, "AT+CFUN?") == ["+CFUN: 1"]


def test_several_ports_one_after_the_other(home, folder):
    modems = [home.modem() for _ in range(2)]
    args = [x for m in modems for x in ("--port", m.port)]
    done = last(enroll(home, *args, "--json", check=0))
    assert [e["endpoint"] for e in done["enrolled"]] == [m.endpoint for m in modems]
    assert {d["endpoint"] for d in devices(home)} == {m.endpoint for m in modems}


def test_one_bad_port_does_not_stop_the_others(home, modem, folder):
    done = enroll(home, "--port", str(folder / "none"), "--port", modem.port, "--json", check=1)
    answer = last(done)
    assert [e["endpoint"] for e in answer["enrolled"]] == [modem.endpoint]
    assert answer["failed"][0]["port"] == str(folder / "none")
    assert "there is no port" in answer["failed"][0]["sentence"]


def test_name_tag_and_years_are_as_asked(home, modem):
    enroll(home, "--port", modem.port, "--name", "meter-7", "--tag", "42", "--years", "2", check=0)
    d = device(home, "meter-7")
    assert d["identity"]["tag"] == 42
    begin, end = (datetime.fromisoformat(d["identity"][name]) for name in ("valid_from", "valid_until"))
    assert 729 < (end - begin).days < 731
    modem.endpoint = "meter-7"
    assert_trusted(home, modem, modem.store, tag=42)
    enroll(home, "--port", modem.port, check=0)  # the name and the tag that it has


def test_an_encrypted_ca_key_needs_its_passphrase(start, folder):
    secret = folder / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    run("signet", "init", "--home", folder / "h", "--server", "a.example", "--passphrase-file", secret, check=0)
    home = Home.__new__(Home)
    home.path, home.start_process = folder / "h", start
    m = Modem(home, None)
    assert "Traceback" not in enroll(home, "--port", m.port, "--passphrase-file", secret, check=0).stderr
    m2 = Modem(home, None)
    secret.write_text("wrong\n")
    done = enroll(home, "--port", m2.port, "--passphrase-file", secret, check=1)
    assert "passphrase" in done.stderr and at(m2.port, f"AT%CMNG=1,{TAG}") == []
    done = enroll(home, "--port", m2.port, "--passphrase-fd", "0", input="correct horse\n", check=0)
    assert "Enrolled" in done.stdout


# ------------------------------------------------------------------------------------------ something is in the way

def test_a_modem_on_the_network_is_left_alone(home, modem):
    at(modem.port, "AT+CFUN=1")
    done = enroll(home, "--port", modem.port, check=3)
    assert "while it is on the network (AT+CFUN=1, error 518)" in done.stderr
    assert "Run again with --offline" in done.stderr
    assert at(modem.port, f"AT%CMNG=1,{TAG}") == [] and devices(home) == []


def test_offline_takes_it_down_and_puts_it_back(home, modem):
    at(modem.port, "AT+CFUN=1")
    done = enroll(home, "--port", modem.port, "--offline", check=0)
    assert "was taken offline, and is back (AT+CFUN=1)" in done.stdout
    assert at(modem.port, "AT+CFUN?") == ["+CFUN: 1"]
    assert_trusted(home, modem, modem.store)


def test_credentials_of_others_are_not_touched(home, modem):
    at(modem.port, "AT+CFUN=4")
    at(modem.port, f'AT%CMNG=0,{TAG},4,"somebody"')
    done = enroll(home, "--port", modem.port, check=3)
    assert f"tag {TAG}" in done.stderr and "PSK identity" in done.stderr and "--renew" in done.stderr
    assert devices(home) == []
    done = enroll(home, "--port", modem.port, "--renew", check=3)
    assert "This destroys a PSK identity" in done.stderr and "--yes" in done.stderr
    assert len(at(modem.port, f"AT%CMNG=1,{TAG}")) == 1
    enroll(home, "--port", modem.port, "--renew", "--yes", check=0)
    assert_trusted(home, modem, modem.store)


def test_a_revoked_board_gets_a_new_identity_only_by_renew(home, modem):
    enroll(home, "--port", modem.port, check=0)
    home.signet("revoke", modem.endpoint, "--reason", "superseded", "--yes", check=0)
    done = enroll(home, "--port", modem.port, check=3)
    assert "was revoked" in done.stderr and "signet enroll --renew" in done.stderr
    enroll(home, "--port", modem.port, "--renew", check=0)  # nothing of worth is lost: it does not ask
    assert_trusted(home, modem, modem.store)
    states = sorted(c["state"] for c in device(home, modem.endpoint)["certificates"])
    assert states == ["active", "revoked"]


def test_another_name_or_tag_is_another_identity(home, modem):
    enroll(home, "--port", modem.port, check=0)
    done = enroll(home, "--port", modem.port, "--name", "other", check=3)
    assert modem.endpoint in done.stderr and "other" in done.stderr
    done = enroll(home, "--port", modem.port, "--tag", "7", check=3)
    assert f"at tag {TAG}, not at tag 7" in done.stderr


def test_a_name_belongs_to_one_board(home, modem):
    enroll(home, "--port", modem.port, "--name", "meter", check=0)
    other = home.modem()
    done = enroll(home, "--port", other.port, "--name", "meter", check=3)
    assert "the name meter is taken" in done.stderr and modem.imei in done.stderr
    assert at(other.port, f"AT%CMNG=1,{TAG}") == []


def test_what_was_changed_in_the_modem_shows(home, modem):
    enroll(home, "--port", modem.port, check=0)
    at(modem.port, f"AT%CMNG=3,{TAG},1")
    done = enroll(home, "--port", modem.port, check=1)
    assert "the certificate is missing" in done.stderr and "--renew" in done.stderr


def test_a_full_store_says_so_and_goes_on_later(home, folder):
    m = Modem(home, None, "--store", str(folder / "small"), "--capacity", "1500")
    m.store = folder / "small"
    at(m.port, "AT+CFUN=4")
    at(m.port, 'AT%CMNG=0,99,4,"' + "x" * 600 + '"')
    done = enroll(home, "--port", m.port, check=1)
    assert "+CME ERROR: 515 (credential store full)" in done.stderr
    assert [d["state"] for d in devices(home)] == ["enrolling"]
    at(m.port, "AT%CMNG=3,99,4")
    enroll(home, "--port", m.port, check=0)
    assert_trusted(home, m, m.store)


def test_a_busy_port_is_left_to_its_user(home, modem):
    import fcntl
    with open(modem.port) as port:
        fcntl.flock(port, fcntl.LOCK_EX)
        done = enroll(home, "--port", modem.port, check=1)
    assert "is in use by another program" in done.stderr


def test_a_port_that_is_no_modem(home, folder):
    master, slave = os.openpty()
    done = enroll(home, "--port", os.ttyname(slave), check=1)
    assert "does not answer like a modem" in done.stderr
    os.close(master), os.close(slave)
    file = folder / "file"
    file.write_text("")
    done = enroll(home, "--port", file, check=1)
    assert "is not a serial port" in done.stderr
    done = enroll(home, "--port", "/dev/ttyNONE7", check=1)
    assert "there is no port /dev/ttyNONE7" in done.stderr
    assert devices(home) == []


def test_garbage_on_the_line_is_survived(home, modem):
    fd = os.open(modem.port, os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b'\x00\xff%CMNG garbage AT%CMNG=0,1,0,"half a certific')
    os.close(fd)
    enroll(home, "--port", modem.port, check=0)
    assert_trusted(home, modem, modem.store)


# ----------------------------------------------------------------------------------------------- killed anywhere

def killed_run(home, port, args, number, moment):
    """Runs enroll through a relay that kills it at the number-th AT command. Returns False where it ended before."""
    victim = []
    begun = []

    def on_command(n, m):
        if (n, m) != (number, moment):
            return False
        while not victim:
            time.sleep(0.001)
        victim[0].kill()
        begun.append(n)
        return True

    relay = AtRelay(port, on_command)
    try:
        victim.append(subprocess.Popen([BIN / "signet", "enroll", "--home", home.path, "--port", relay.port, *args],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        out, err = victim[0].communicate(timeout=60)
        assert "Sanitizer" not in err, err
        if not begun:
            assert victim[0].returncode == 0, out + err
        else:
            assert victim[0].returncode == -signal.SIGKILL
        return bool(begun)
    finally:
        relay.close()


def kill_everywhere(home, folder, moment, prepare, args):
    """For each AT command of an enrolment: a fresh modem and inventory, a kill there, and the same command again."""
    template = folder / "template"
    shutil.copytree(home.path, template)
    number = 0
    while True:
        number += 1
        home.path = folder / f"home{number}"
        shutil.copytree(template, home.path)
        store = folder / f"modem{number}"
        m = Modem(home, None, "--store", str(store))
        prepare(home, m)
        went_on = killed_run(home, m.port, args, number, moment)
        if went_on:
            enroll(home, "--port", m.port, *args, check=0)
        assert_trusted(home, m, store)
        m.process.stop()
        if not went_on:
            return number - 1


@pytest.mark.parametrize("moment", ["before", "half", "after"])
def test_killed_at_each_command_it_is_finished_by_the_next_run(home, folder, moment):
    assert kill_everywhere(home, folder, moment, lambda home, modem: None, []) >= 15


def test_killed_while_it_renews(home, folder):
    def prepare(home, modem):
        enroll(home, "--port", modem.port, check=0)

    assert kill_everywhere(home, folder, "after", prepare, ["--renew", "--yes"]) >= 18


def test_killed_while_it_holds_the_modem_offline(home, folder):
    def prepare(home, modem):
        at(modem.port, "AT+CFUN=1")

    assert kill_everywhere(home, folder, "after", prepare, ["--offline"]) >= 18


def test_ctrl_c_ends_between_two_steps_and_says_so(home, modem):
    def on_command(number, moment):
        if relay.commands[-1].startswith("AT%KEYGEN") and moment == "before":
            victim.send_signal(signal.SIGINT)
            time.sleep(0.2)
        return False

    relay = AtRelay(modem.port, on_command)
    victim = subprocess.Popen([BIN / "signet", "enroll", "--home", home.path, "--port", relay.port],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = victim.communicate(timeout=30)
    relay.close()
    assert victim.returncode == 1
    assert 'stopped after the step "key"' in err and "the same command does the rest" in err
    enroll(home, "--port", modem.port, check=0)
    assert_trusted(home, modem, modem.store)


# -------------------------------------------------------------------------------------------------- ports found

def test_ports_are_found(home, modem):
    """Only where no board is connected to this computer: a developer's must not be enrolled by a test."""
    if glob.glob("/dev/ttyACM*") or glob.glob("/dev/ttyUSB*"):
        return
    done = enroll(home, check=4)
    assert "no board was found" in done.stderr and "--port" in done.stderr
    if not os.access("/dev", os.W_OK):
        return
    master, slave = os.openpty()
    links = {"/dev/ttyACM96": os.ttyname(slave), "/dev/ttyACM97": modem.port}
    try:
        for link, target in links.items():
            os.symlink(target, link)
        done = enroll(home, check=0)
        assert "Found nRF9151-LACA at /dev/ttyACM97" in done.stdout and f"Enrolled {modem.endpoint}" in done.stdout
        found = json.loads(home.signet("modem", "ports", "--json", check=0).stdout)["ports"]
        assert [(p["port"], p["state"]) for p in found] == [("/dev/ttyACM96", "no modem answers"), ("/dev/ttyACM97", "modem")]
        assert json.loads(home.signet("modem", "info", "--json", check=0).stdout)["port"] == "/dev/ttyACM97"
        os.symlink(modem.port, "/dev/ttyACM98")
        done = home.signet("modem", "info", check=2)
        assert "there are 2 modems (/dev/ttyACM97, /dev/ttyACM98): name one with --port" in done.stderr
        os.unlink("/dev/ttyACM98")
        os.unlink("/dev/ttyACM97")
        done = enroll(home, check=4)
        assert "no nRF91 modem was found at /dev/ttyACM96 (does not answer like a modem)" in done.stderr
    finally:
        for link in [*links, "/dev/ttyACM98"]:
            if os.path.islink(link):
                os.unlink(link)
        os.close(master), os.close(slave)
