# SPDX-License-Identifier: Apache-2.0
"""Traps 14 and 16 of the modem notes (section 9), which are the firmware's and the server's: what we promise about them.
The others are the modem's: tests/unit/test_sim_traps.c."""

import json

import pytest
from harness import SERVER_NAME, run
from modem_port import at, read_store

LWM2M, BOOTSTRAP = 35724861, 35724862  # the tags that Nordic's LwM2M client looks at
WHAT = {0: "root CA certificate", 1: "client certificate", 2: "client private key"}


@pytest.fixture
def board(home, folder):
    modem = home.modem("--store", folder / "modem")
    modem.store = folder / "modem"
    return modem


def kept(board):
    return sorted((tag, kind) for tag, kind in read_store(board.store))


def test_trap_14_all_three_are_at_the_tag_that_the_firmware_uses(home, board):
    home.signet("enroll", "--port", board.port, check=0)
    assert kept(board) == [(LWM2M, 0), (LWM2M, 1), (LWM2M, 2)]


def test_trap_14_and_at_that_for_bootstrap_where_it_is_asked_for(home, board):
    home.signet("enroll", "--port", board.port, "--tag", str(BOOTSTRAP), check=0)
    assert kept(board) == [(BOOTSTRAP, 0), (BOOTSTRAP, 1), (BOOTSTRAP, 2)]


@pytest.mark.parametrize("kind", WHAT)
def test_trap_14_a_tag_that_lacks_one_is_told_by_both_ends(home, board, kind):
    """The client of the firmware falls back to a PSK then, without a word: enroll is no success, signet-device no
    attempt."""
    home.start()
    home.signet("enroll", "--port", board.port, check=0)
    at(board.port, f"AT%CMNG=3,{LWM2M},{kind}")
    done = home.signet("enroll", "--port", board.port, check=1)
    assert f"tag {LWM2M}" in done.stderr and "is missing" in done.stderr
    device = home.device(board, "--attempts", 1)
    device.expect(f"has no {WHAT[kind]} at tag {LWM2M}")
    assert device.wait(30) == 1
    assert "event=connected" not in home.daemon.text()


def test_trap_16_our_server_speaks_the_modems_suite_as_it_comes(home, board):
    """The configuration that `signet init` writes; C02B, the modem's only AEAD suite with certificates."""
    home.start()
    home.signet("enroll", "--port", board.port, check=0)
    device = home.device(board)
    device.expect("Registered at", 60)
    connection = json.loads(home.signet("show", board.endpoint, "--json", check=0).stdout)["connection"]
    assert connection["suite"] == "0xC02B" and connection["cid"] is True


def test_trap_16_an_ip_address_switches_no_check_off(home, board):
    """As Zephyr's engine does. Ours asks for the name to check; `signet init` warns of an address."""
    home.start()
    home.signet("enroll", "--port", board.port, check=0)
    uri = f"coaps://127.0.0.1:{home.lwm2m_port}"
    done = run("signet-device", "--server", uri, "--modem", board.port)
    assert done.returncode == 2 and "give --name NAME" in done.stderr
    other = home.start_process("signet-device", "--server", uri, "--modem", board.port, "--name", "other.example.com",
                               "--attempts", 1)
    other.expect("the modem could not connect", 60)
    assert other.wait(30) == 1 and "event=connected" not in home.daemon.text()
    right = home.start_process("signet-device", "--server", uri, "--modem", board.port, "--name", SERVER_NAME)
    right.expect("Registered at", 60)
