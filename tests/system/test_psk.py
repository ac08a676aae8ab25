# SPDX-License-Identifier: Apache-2.0
"""Pre-shared keys from the board to the server: enrolled, never shown, taken only where they are switched on, shut out."""

import json
import re
import shutil
import subprocess

import pytest
from harness import BIN, Modem, run, wait_until
from modem_port import AtRelay, read_store

TAG = 35724861
LABEL = "PSK (no forward secrecy)"
WARNING = "no forward secrecy with a pre-shared key"


def switch(home, on):
    config = home.path / "signet.yaml"
    config.write_text(re.sub(r"(?m)^(\s*)psk: .*$", rf"\1psk: {'true' if on else 'false'}", config.read_text()))


@pytest.fixture
def modem(home, folder):
    m = Modem(home, None, "--store", str(folder / "modem"))
    m.store = folder / "modem"
    return m


def enroll(home, modem, *args, check=0, **options):
    return home.signet("enroll", "--psk", "--port", modem.port, *args, check=check, **options)


def stored(store):
    """What the modem holds at the tag, by type."""
    return {kind: bytes(content) for (tag, kind), content in read_store(store).items() if tag == TAG}


def show(home, endpoint):
    return json.loads(home.signet("show", endpoint, "--json", check=0).stdout)


def device_with_file(home, folder, modem, key, *args):
    """signet-device with that key in a file instead of a modem."""
    path = folder / "psk.hex"
    path.touch(0o600)
    path.write_text(key + "\n")
    return home.start_process("signet-device", "--server", home.uri(), "--address", "127.0.0.1", "--psk-file", path,
                              "--psk-identity", modem.endpoint, *args)


def test_from_an_empty_modem_to_a_reading(home, modem):
    """The modem connects with the key that it was given, the one suite that it has; everywhere it is told what that is."""
    switch(home, True)
    done = enroll(home, modem)
    assert WARNING in done.stderr and "signetd refuses" not in done.stderr and LABEL in done.stdout
    kept = stored(modem.store)
    key = kept[3].decode()
    assert sorted(kept) == [3, 4] and re.fullmatch("[0-9a-f]{64}", key) and kept[4].decode() == modem.endpoint
    home.start()
    assert home.daemon.seen("event=psk-on")
    home.device(modem).expect("Registered")
    home.daemon.expect('event=connected .*identity="PSK \\(no forward secrecy\\)" suite=PSK-AES128-CCM8 cid=yes')
    assert home.signet("read", modem.endpoint, "/3/0/0", check=0).stdout.strip()

    assert LABEL in home.signet("devices", check=0).stdout
    text = home.signet("show", modem.endpoint, check=0).stdout
    assert f"{LABEL}: the weaker identity" in text and "pre-shared key, no forward secrecy, at tag" in text
    d = show(home, modem.endpoint)
    assert d["identity_kind"] == "psk" and d["identity"]["state"] == "active" and d["identity"]["forward_secrecy"] is False
    assert d["connection"]["forward_secrecy"] is False and d["connection"]["suite"] == "0xC0A8" and d["certificates"] == []

    # The key is nowhere that it should not be.
    everything = [done.stdout, done.stderr, text, json.dumps(d), home.audit(), home.daemon.text(), modem.process.text()]
    assert not [t for t in everything if key in t.lower()]
    for path in (p for p in home.path.rglob("*") if p.is_file()):
        content = path.read_bytes()
        assert key.encode() not in content and bytes.fromhex(key) not in content, path
    vault = home.path / "psk.key"
    assert vault.stat().st_mode & 0o7777 == 0o600 and vault.stat().st_size == 32


def test_only_where_it_is_switched_on(home, modem):
    done = enroll(home, modem)
    assert "signetd refuses such a device until `psk: true`" in done.stderr
    home.start()
    home.device(modem, "--attempts", "1")
    line = home.daemon.expect("event=refused .*").group(0)
    assert "Pre-shared keys are switched off here" in line and "psk: true" in line
    home.daemon.stop()
    switch(home, True)
    home.start()
    home.device(modem).expect("Registered")
    home.daemon.stop()
    switch(home, False)
    home.start()  # what it holds from before is shut out too
    home.daemon.expect(f"event=shut-out endpoint={modem.endpoint} .*psk: true")


def test_again_it_verifies(home, modem):
    enroll(home, modem)
    before = modem.store.read_bytes()
    for args in (["--psk"], []):  # it is what it is
        done = home.signet("enroll", *args, "--port", modem.port, check=0)
        assert "nothing was written" in done.stdout and LABEL in done.stdout
    board = json.loads(enroll(home, modem, "--json").stdout.splitlines()[-1])["enrolled"][0]
    assert board["identity_kind"] == "psk" and board["enrolled_before"] is True and board["fingerprint"] is None
    assert modem.store.read_bytes() == before


def test_from_a_certificate_only_with_renew(home, modem):
    home.signet("enroll", "--port", modem.port, check=0)
    assert "weaker identity" in enroll(home, modem, check=3).stderr
    enroll(home, modem, "--renew", "--yes")
    assert sorted(stored(modem.store)) == [3, 4]
    home.signet("enroll", "--port", modem.port, "--renew", "--yes", check=0)
    assert sorted(stored(modem.store)) == [0, 1, 2]
    d = show(home, modem.endpoint)
    assert d["identity_kind"] == "certificate" and [p["state"] for p in d["pre_shared_keys"]] == ["retired"]


def test_revoked_at_once(home, folder, modem):
    switch(home, True)
    enroll(home, modem)
    key = stored(modem.store)[3].decode()
    home.start()
    device = device_with_file(home, folder, modem, key)
    device.expect("Registered")
    home.daemon.expect("event=connected .*identity=PSK suite=ECDHE-PSK-CHACHA20-POLY1305")
    assert re.search(modem.endpoint + r"  registered +PSK +", home.signet("devices", check=0).stdout)
    done = home.signet("revoke", modem.endpoint, "--reason", "key-compromise", "--yes", check=0)
    assert "(pre-shared key). Live association ended, registration removed" in done.stdout
    device.expect("access_denied", 5)
    home.daemon.expect(f"event=refused .*the pre-shared key of {modem.endpoint} was revoked", 20)
    assert show(home, modem.endpoint)["identity"]["state"] == "revoked"
    home.signet("revoke", modem.endpoint, "--reason", "key-compromise", "--yes", check=4)
    home.daemon.stop()


def test_revoked_in_the_inventory(home, modem):
    enroll(home, modem)
    done = home.signet("revoke", modem.endpoint, "--reason", "superseded", "--yes", "--json", check=0)
    answer = json.loads(done.stdout)
    assert answer["pre_shared_keys"] == 1 and answer["certificates"] == 0 and answer["fingerprint"] is None
    assert show(home, modem.endpoint)["state"] == "revoked"
    assert "was revoked" in enroll(home, modem, check=3).stderr
    enroll(home, modem, "--renew", "--yes")
    assert show(home, modem.endpoint)["state"] == "enrolled"


def test_who_has_another_key_is_refused(home, folder, modem):
    switch(home, True)
    enroll(home, modem)
    home.start()
    device = device_with_file(home, folder, modem, "00" * 32, "--attempts", "1")
    device.expect("decrypt_error", 10)
    home.daemon.expect(f"event=refused .*subject={modem.endpoint} .*another pre-shared key", 10)
    assert "another pre-shared key" in home.signet("show", modem.endpoint, check=0).stdout


def test_the_key_that_encrypts_them_is_needed(home, modem):
    switch(home, True)
    enroll(home, modem)
    vault = home.path / "psk.key"
    kept = vault.read_bytes()
    vault.unlink()
    assert "there is no psk.key" in home.signet("enroll", "--port", modem.port, check=1).stderr
    vault.write_bytes(kept)
    vault.chmod(0o644)
    assert "chmod 600" in enroll(home, modem, check=1).stderr
    assert re.search(r"psk\.key.*", home.signet("doctor", check=1).stdout)
    done = run("signetd", "--home", home.path, check=1)
    assert "chmod 600" in done.stderr
    vault.chmod(0o600)
    enroll(home, modem)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_command_it_is_finished_by_the_next_run(home, folder, moment):
    """The key that reached the modem is one that the inventory knows, whenever signet is killed."""
    template = folder / "template"
    shutil.copytree(home.path, template)
    for number in range(1, 100):
        home.path = folder / f"home{number}"
        shutil.copytree(template, home.path)
        m = Modem(home, None, "--store", str(folder / f"modem{number}"))
        victim, killed = [], []

        def on_command(n, when):
            if (n, when) != (number, moment):
                return False
            victim[0].kill()
            killed.append(n)
            return True

        relay = AtRelay(m.port, on_command)
        victim.append(subprocess.Popen([BIN / "signet", "enroll", "--psk", "--home", home.path, "--port", relay.port],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        victim[0].communicate(timeout=60)
        relay.close()
        enroll(home, m)
        kept = stored(folder / f"modem{number}")
        assert sorted(kept) == [3, 4] and kept[4].decode() == m.endpoint
        d = show(home, m.endpoint)
        assert d["state"] == "enrolled" and [p["state"] for p in d["pre_shared_keys"]] == ["active"]
        assert "nothing was written" in enroll(home, m).stdout
        m.process.stop()
        if not killed:
            assert number > 8
            return
    pytest.fail("an enrolment has no hundred commands")


def test_signet_device_says_what_is_wrong(folder):
    key = folder / "key"
    key.write_text("00" * 16)
    common = ["signet-device", "--server", "coaps://127.0.0.1:5684"]
    key.chmod(0o644)
    assert "chmod 600" in run(*common, "--psk-file", key, "--psk-identity", "a", check=1).stderr
    key.chmod(0o600)
    key.write_text("no key")
    assert "in hexadecimal" in run(*common, "--psk-file", key, "--psk-identity", "a", check=1).stderr
    assert "belong together" in run(*common, "--psk-file", key, check=2).stderr
    assert "takes the place" in run(*common, "--psk-file", key, "--psk-identity", "a", "--ca", key, check=2).stderr
    assert "1 to 127" in run(*common, "--psk-file", key, "--psk-identity", "", check=2).stderr
