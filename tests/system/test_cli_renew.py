# SPDX-License-Identifier: Apache-2.0
"""signet renew: a board in use gets a new identity, and never is without one, wherever it is killed."""

import json
import signal
import sqlite3
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from harness import BIN, SERVER_NAME, Modem, wait_until
from modem_port import AtRelay, at, read_store

FIRST, SECOND = 35724861, 35724863


@pytest.fixture
def served(home):
    home.start()
    return home


@pytest.fixture
def board(served, folder):
    return make_board(served, folder / "modem")


def make_board(home, store, *args):
    m = Modem(home, None, "--store", str(store), *args)
    m.store = store
    home.signet("enroll", "--port", m.port, check=0)
    return m


def server_args(home):
    return ["--server", f"{SERVER_NAME}:{home.lwm2m_port}"]


def renew(home, board, *args, check=None, server=True):
    return home.signet("renew", board.endpoint, "--port", board.port, *(server_args(home) if server else []), *args,
                       check=check)


def shown(home, endpoint):
    return json.loads(home.signet("show", endpoint, "--json", check=0).stdout)


def by_state(home, endpoint):
    states = {}
    for c in shown(home, endpoint)["certificates"]:
        states.setdefault(c["state"], []).append(c["fingerprint"])
    return states


def kept(store):
    """{tag: {type: content}} of the identities in a modem."""
    tags = {}
    for (tag, kind), content in read_store(store).items():
        tags.setdefault(tag, {})[kind] = bytes(content)
    return tags


def fingerprint(pem):
    return x509.load_pem_x509_certificate(pem).fingerprint(SHA256()).hex(":")


def assert_works(home, board):
    """The device's tag, as the inventory knows it, holds a whole identity that the server accepts."""
    db = sqlite3.connect(f"file:{home.path}/inventory.db?mode=ro", uri=True)
    tag, = db.execute("SELECT tag FROM device WHERE endpoint = ?", [board.endpoint]).fetchone()
    db.close()
    at_tag = kept(board.store)[tag]
    assert {0, 1, 2} <= set(at_tag)
    assert fingerprint(at_tag[1]) in by_state(home, board.endpoint)["active"]
    return tag


def register(home, board, tag):
    device = home.device(board, "--tag", tag, "--lifetime", 60)
    device.expect("(?i)registered", 20)
    wait_until(lambda: (home.live(board.endpoint) or {}).get("state") == "registered", what="the registration")
    return device


# ------------------------------------------------------------------------------------------------ all goes well

def test_a_board_gets_a_new_identity_and_uses_it(served, board):
    old = by_state(served, board.endpoint)["active"]
    done = renew(served, board, check=0)
    steps = [line.split()[0] for line in done.stdout.splitlines()]
    assert steps[:8] == [board.port, "store", "key", "request", "certificate", "written", "connected", "retired"]
    assert f"Renewed {board.endpoint}  tag {SECOND}" in done.stdout
    states = by_state(served, board.endpoint)
    assert states["retired"] == old and len(states["active"]) == 1
    assert sorted(kept(board.store)) == [SECOND]
    assert assert_works(served, board) == SECOND
    register(served, board, SECOND).stop()
    assert "renewed" in served.audit() and served.signet("audit", "verify").returncode == 0


def test_the_old_identity_is_refused_afterwards_and_said_why(served, board):
    renew(served, board, "--keep", check=0)
    assert sorted(kept(board.store)) == [FIRST, SECOND]
    device = served.device(board, "--tag", FIRST, "--attempts", 1)
    device.wait(30)
    served.daemon.expect("event=(refused|shut-out) .*was replaced by a newer one")
    register(served, board, SECOND).stop()


def test_twice_it_comes_back_to_the_first_tag(served, board):
    renew(served, board, check=0)
    answer = json.loads(renew(served, board, "--json", check=0).stdout)
    assert answer["tag"] == FIRST and answer["connected"] is True
    assert sorted(kept(board.store)) == [FIRST]
    assert assert_works(served, board) == FIRST
    assert len(by_state(served, board.endpoint)["retired"]) == 2


def test_a_board_that_is_online_is_online_again(served, board):
    at(board.port, "AT+CFUN=1")
    renew(served, board, check=0)
    assert at(board.port, "AT+CFUN?") == ["+CFUN: 1"]


def test_a_tag_and_years_as_asked(served, board):
    renew(served, board, "--tag", 77, "--years", 1, check=0)
    assert sorted(kept(board.store)) == [77]


# ----------------------------------------------------------------------------------------- while both are in place

def test_both_identities_are_one_device_until_the_switch(served, board):
    """The handshake goes to nobody: both certificates stay active, and the server takes either for the same device."""
    done = renew(served, board, "--server", "nobody.example.com", check=1, server=False)
    assert "did not connect" in done.stderr and "The old identity is as it was" in done.stderr
    assert len(by_state(served, board.endpoint)["active"]) == 2
    assert sorted(kept(board.store)) == [FIRST, SECOND]
    for tag in (FIRST, SECOND, FIRST):
        register(served, board, tag).stop()
    devices = json.loads(served.signet("devices", "--json", check=0).stdout)["devices"]
    assert [d["endpoint"] for d in devices] == [board.endpoint]
    assert assert_works(served, board) == FIRST
    served.signet("enroll", "--port", board.port, check=0)  # verifies, and leaves the renewal alone
    renew(served, board, check=0)
    assert sorted(kept(board.store)) == [SECOND]
    assert len(by_state(served, board.endpoint)["active"]) == 1
    assert len(by_state(served, board.endpoint)["retired"]) == 1  # the key of the first attempt was used


def test_a_revocation_between_the_two_ends_both(served, board):
    renew(served, board, "--server", "nobody.example.com", check=1, server=False)
    served.signet("revoke", board.endpoint, "--reason", "key-compromise", "--yes", check=0)
    assert set(by_state(served, board.endpoint)) == {"revoked"}
    assert "revoked" in renew(served, board, check=3).stderr


# ------------------------------------------------------------------------------------------------------- refusals

def test_a_host_without_sockets_is_refused_before_anything_changes(served, folder):
    board = make_board(served, folder / "plain", "--host", "at_host")
    before, audit = board.store.read_bytes(), served.audit()
    done = renew(served, board, check=3)
    assert "no socket commands" in done.stderr and "--trust-unconnected" in done.stderr
    assert (board.store.read_bytes(), served.audit()) == (before, audit)
    renew(served, board, "--trust-unconnected", server=False, check=0)
    assert assert_works(served, board) == SECOND
    assert "WITHOUT a handshake as proof" in served.audit()


def test_another_board_is_refused(served, board, folder):
    other = make_board(served, folder / "other")
    done = served.signet("renew", board.endpoint, "--port", other.port, *server_args(served), check=3)
    assert other.endpoint in done.stderr and board.endpoint in done.stderr
    stranger = Modem(served, None)
    done = served.signet("renew", board.endpoint, "--port", stranger.port, *server_args(served), check=3)
    assert "not in the inventory" in done.stderr


def test_credentials_of_others_at_the_new_tag_are_left_alone(served, board):
    at(board.port, f'AT%CMNG=0,{SECOND},4,"somebody"')
    before = board.store.read_bytes()
    assert f"tag {SECOND}" in renew(served, board, check=3).stderr
    assert board.store.read_bytes() == before
    renew(served, board, "--tag", 78, check=0)


@pytest.mark.parametrize("tag, says", [(FIRST, "is at tag 35724861 already"), (35724862, "bootstrap server"),
                                       ("x", "--tag takes a number"), (2147483648, "--tag takes a number")])
def test_a_tag_that_cannot_be(served, board, tag, says):
    assert says in renew(served, board, "--tag", tag, check=2).stderr


def test_an_unusual_first_tag_needs_a_second_one(served, folder):
    m = Modem(served, None)
    served.signet("enroll", "--port", m.port, "--tag", 42, check=0)
    assert "no usual second one" in renew(served, m, check=2).stderr
    renew(served, m, "--tag", 43, check=0)


def test_another_tag_than_that_of_the_run_before(served, board):
    renew(served, board, "--server", "nobody.example.com", check=1, server=False)
    assert f"to tag {SECOND} was begun" in renew(served, board, "--tag", 99, check=3).stderr


def test_usage(served, board):
    assert "endpoint name is missing" in served.signet("renew", "--port", board.port, check=2).stderr
    assert "port is missing" in served.signet("renew", board.endpoint, check=2).stderr
    assert "there is no device" in served.signet("renew", "urn:x", "--port", board.port, *server_args(served),
                                                 check=4).stderr
    for server in ("", ":5", "a:0", "a:b", "[::1", "a:99999"):
        renew(served, board, f"--server={server}", check=2, server=False)
    assert "any port" in renew(served, board, server=False, check=1).stderr if "127.0.0.1:0" in \
        (served.path / "signet.yaml").read_text() else True
    renew(served, board, "--trust-unconnected", check=2)


# ------------------------------------------------------------------------------------------------- killed anywhere

def killed_run(home, board, number, moment):
    """Renews through a relay that kills the program at the number-th AT command. False where it ended before."""
    victim, begun = [], []

    def on_command(n, m):
        if (n, m) != (number, moment):
            return False
        wait_until(lambda: victim)
        victim[0].kill()
        begun.append(n)
        return True

    relay = AtRelay(board.port, on_command)
    try:
        victim.append(subprocess.Popen([BIN / "signet", "renew", board.endpoint, "--home", home.path, "--port", relay.port,
                                        *server_args(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        out, err = victim[0].communicate(timeout=60)
        assert "Sanitizer" not in err, err
        assert victim[0].returncode == (-signal.SIGKILL if begun else 0), out + err
        return bool(begun)
    finally:
        relay.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_each_command_the_board_works_and_the_next_run_finishes(served, folder, moment):
    number, went_on = 0, True
    while went_on:
        number += 1
        board = make_board(served, folder / f"modem{number}")
        went_on = killed_run(served, board, number, moment)
        tag = assert_works(served, board)
        if went_on:
            renew(served, board, check=0)
        tags = kept(board.store)
        assert len(tags) == 1 and assert_works(served, board) in tags, (number, tag)
        assert len(by_state(served, board.endpoint)["active"]) == 1
        assert "issued" not in by_state(served, board.endpoint)
        board.process.stop()
    assert number > 25
    assert served.signet("audit", "verify").returncode == 0
