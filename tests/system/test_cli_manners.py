# SPDX-License-Identifier: Apache-2.0
"""What holds for every command of signet: help, wrong words, exit codes, JSON, colour, bad homes; and those that need
neither a modem nor a server: audit, ca, doctor, revoke."""

import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from harness import BIN, ROOT, run
from test_cli_init import on_terminal

COMMANDS = re.findall(r"^  (\w+) ", run("signet", "help").stdout, re.M) if (BIN / "signet").exists() else []


def test_alone_it_says_what_to_do_next(folder, home):
    done = run("signet", "--home", folder / "none", check=0)
    assert "Make one with `signet init`" in done.stdout
    done = run("signet", "--home", home.path, check=0)
    assert "Next: connect a board and run `signet enroll`" in done.stdout
    done = run("signet", env={"SIGNET_HOME": str(home.path)}, check=0)
    assert str(home.path) in done.stdout


def test_version_is_that_of_the_build():
    version = re.search(r"project\(signet VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert run("signet", "--version", check=0).stdout == f"signet {version}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_refuses_what_it_does_not_know(command, folder):
    page = run("signet", "help", command, check=0).stdout
    assert page.startswith(f"signet {command}")
    assert run("signet", command, "--help", check=0).stdout == page
    done = run("signet", command, "--nonsense", check=2)
    assert "there is no option --nonsense" in done.stderr and done.stdout == ""
    assert all(len(line) <= 120 for line in page.splitlines())


def test_the_manual_names_every_command_and_option():
    manual = (ROOT / "docs/man/signet.1").read_text()
    for command in COMMANDS:
        assert re.search(rf"^\.It Cm {command}\b", manual, re.M), command
        for option in re.findall(r"^  (--[a-z-]+)", run("signet", "help", command).stdout, re.M):
            assert f"Fl Fl {option[2:]}" in manual, (command, option)


def test_a_wrong_command_suggests_the_right_one():
    done = run("signet", "enrol", check=2)
    assert "Did you mean `signet enroll`?" in done.stderr
    done = run("signet", "frobnicate", check=2)
    assert "See `signet help`" in done.stderr and "Did you mean" not in done.stderr


@pytest.mark.parametrize("command", [["devices"], ["show", "x"], ["audit"], ["ca", "show"], ["ca", "crl"], ["doctor"],
                                     ["enroll"], ["revoke", "x", "--reason", "superseded", "--yes"]])
def test_no_home_is_told_with_the_cure(folder, command):
    done = run("signet", *command, "--home", folder / "none", check=4)
    assert "there is no home folder at" in done.stderr and "signet init" in done.stderr


def test_a_home_that_others_may_enter_is_refused(home):
    home.path.chmod(0o755)
    done = home.signet("audit", check=1)
    assert "chmod 700" in done.stderr


def test_a_damaged_inventory_is_told(home):
    db = home.path / "inventory.db"
    db.write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    for command in (["audit"], ["devices"], ["ca", "show"]):
        done = home.signet(*command, check=1)
        assert "inventory.db" in done.stderr and done.stdout == "", command


def test_json_is_json_and_colour_is_for_terminals(home):
    for command in (["devices"], ["audit"], ["audit", "verify"], ["ca", "show"], ["doctor"]):
        json.loads(home.signet(*command, "--json", check=0).stdout)
        assert "\x1b" not in run("signet", *command, "--home", home.path, env={"NO_COLOR": ""}).stdout
    argv = [str(BIN / "signet"), "ca", "show", "--home", str(home.path)]
    before = os.environ.pop("NO_COLOR")
    os.environ["TERM"] = "xterm"
    try:
        assert "\x1b[1m" in on_terminal(argv, [])[0]
        os.environ["NO_COLOR"] = "1"
        assert "\x1b" not in on_terminal(argv, [])[0]
    finally:
        os.environ["NO_COLOR"] = before


def test_a_negative_number_is_a_value(home):
    done = home.signet("write", "x", "/3303/0/5700", "-5")
    assert "signetd does not run" in done.stderr and "option" not in done.stderr


def test_a_full_disk_is_not_success(home):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BIN / "signet", "audit", "--home", home.path], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "standard output" in done.stderr


# ------------------------------------------------------------------------------------------------- audit, ca, revoke

def test_audit_shows_a_changed_entry(home):
    entries = json.loads(home.signet("audit", "--json", check=0).stdout)["entries"]
    assert [e["what"] for e in entries] == ["ca-created"] * 3 + ["server-issued"]
    assert [e["number"] for e in entries] == [1, 2, 3, 4]
    assert "is whole: each of its 4 entries" in home.signet("audit", "verify", check=0).stdout
    with sqlite3.connect(home.path / "inventory.db") as db:
        db.execute("DROP TRIGGER audit_update")
        db.execute("UPDATE audit SET who = 'nobody' WHERE number = 3")
    done = home.signet("audit", "--verify", check=1)
    assert "3" in done.stderr


def test_audit_cannot_drive_the_terminal(home):
    with sqlite3.connect(home.path / "inventory.db") as db:
        db.execute("INSERT INTO audit VALUES (5, 1, 'x', 'y', 'refused', ?, ?, zeroblob(32))",
                   ("evil\x1b[2Jname", "a\x07b\xc2\x9b"))
    out = home.signet("audit", check=0).stdout
    assert "evil?[2Jname" in out and "\x1b" not in out and "\x07" not in out and "\x9b" not in out
    json.loads(home.signet("audit", "--json", check=0).stdout)


def test_ca_show_and_crl(home, folder):
    shown = json.loads(home.signet("ca", "show", "--json", check=0).stdout)["certificates"]
    assert [c["kind"] for c in shown] == ["device-root", "issuing-ca", "server-root", "server"]
    home.signet("ca", "crl", "--out", folder / "crl.pem", check=0)
    text = run("openssl", "crl", "-in", folder / "crl.pem", "-noout", "-text", check=0).stdout
    assert "No Revoked Certificates" in text
    assert "Did you mean `signet ca show`?" in home.signet("ca", "shwo", check=2).stderr
    assert "say what" in home.signet("ca", check=2).stderr


def test_revoked_devices_are_on_the_list(home, folder):
    m = home.modem()
    home.signet("enroll", "--port", m.port, check=0)
    before = json.loads(home.signet("show", m.endpoint, "--json", check=0).stdout)
    done = home.signet("revoke", m.endpoint, "--reason", "key-compromise", check=3)
    assert "This shuts" in done.stderr and "--yes" in done.stderr
    done = home.signet("revoke", m.endpoint, "--reason", "key-compromise", "--yes", check=0)
    assert f"Revoked {m.endpoint}" in done.stdout and "signetd does not run" in done.stdout
    assert json.loads(home.signet("show", m.endpoint, "--json", check=0).stdout)["state"] == "revoked"
    home.signet("ca", "crl", "--out", folder / "crl.pem", check=0)
    text = run("openssl", "crl", "-in", folder / "crl.pem", "-noout", "-text", "-CAfile",
               home.path / "ca/issuing.pem", check=0).stdout
    assert "Key Compromise" in text and before["identity"]["serial"].upper() in text
    assert home.signet("revoke", m.endpoint, "--reason", "superseded", "--yes").returncode == 4


def test_revoke_asks_on_a_terminal(home):
    m = home.modem()
    home.signet("enroll", "--port", m.port, check=0)
    argv = [str(BIN / "signet"), "revoke", "--home", str(home.path), m.endpoint, "--reason", "superseded"]
    text, code = on_terminal(argv, [("Type yes to go on", "y\r")])
    assert code == 3 and "nothing was changed" in text
    text, code = on_terminal(argv, [("Type yes to go on", "yes\r")])
    assert code == 0, text


@pytest.mark.parametrize("args, code, says", [
    (["nobody", "--reason", "superseded", "--yes"], 4, 'there is no device "nobody"'),
    (["x"], 2, "the reason is missing"),
    (["--reason", "superseded"], 2, "the endpoint name is missing"),
    (["x", "--reason", "bored"], 2, "bored is no reason"),
    (["x", "y", "--reason", "superseded"], 2, "one word too many: y"),
])
def test_revoke_says_what_is_wrong(home, args, code, says):
    assert says in home.signet("revoke", *args, check=code).stderr


# ------------------------------------------------------------------------------------------------------- doctor

def checks(home, code):
    answer = json.loads(home.signet("doctor", "--json", check=code).stdout)
    return {(c["subject"], c["level"]): c["sentence"] for c in answer["checks"]}


def test_doctor_finds_nothing_wrong_with_a_new_home(home):
    found = checks(home, 0)
    assert ("home", "well") in found and ("audit log", "well") in found and ("clock", "well") in found
    assert ("signetd", "warning") in found and not [k for k in found if k[1] == "problem"]


def test_doctor_sees_wide_rights_and_foreign_keys(home):
    (home.path / "token").chmod(0o644)
    (home.path / "server/server.key").chmod(0o640)
    shutil.copy(home.path / "ca/device-root.key", home.path / "ca/issuing.key")
    found = checks(home, 1)
    assert "chmod 600" in found["token", "problem"]
    assert "server.key" in found["server", "problem"]
    assert "is not the key of" in found["issuing CA", "problem"]


def test_doctor_reads_the_configuration(home):
    config = home.path / "signet.yaml"
    config.write_text(config.read_text().replace("name: ", "nmae: "))
    assert "signet.yaml" in checks(home, 1)["config", "problem"]


def test_doctor_compares_the_server_name(home):
    config = home.path / "signet.yaml"
    config.write_text(re.sub(r"(?m)^(\s*)name: .*$", r"\1name: localhost", config.read_text(), count=1))
    found = checks(home, 1)
    assert "the server's certificate is for dns:lwm2m.example.com" in " ".join(
        sentence for key, sentence in found.items() if key[1] == "problem")


def test_doctor_sees_a_clock_that_is_behind(home):
    with sqlite3.connect(home.path / "inventory.db") as db:
        db.execute("UPDATE certificate SET valid_from = valid_from + 86400 * 30 WHERE kind = 'server'")
    assert "Set the clock" in checks(home, 1)["clock", "problem"]


def test_doctor_sees_what_expires(home):
    with sqlite3.connect(home.path / "inventory.db") as db:
        db.execute("UPDATE certificate SET valid_until = unixepoch() + 86400 * 5 WHERE kind = 'server'")
        db.execute("UPDATE certificate SET valid_until = unixepoch() - 86400 WHERE kind = 'issuing-ca'")
    found = checks(home, 1)
    assert "expires on" in found["server", "warning"] and "has expired" in found["issuing-ca", "problem"]


def test_doctor_looks_at_ports(home, folder):
    m = home.modem()
    out = home.signet("doctor", "--port", m.port, check=0).stdout
    assert "nRF9151" in out and m.imei in out and "ready to be enrolled" in out
    (folder / "file").write_text("")
    assert "is not a serial port" in home.signet("doctor", "--port", folder / "file", check=1).stdout
