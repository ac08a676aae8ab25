# SPDX-License-Identifier: Apache-2.0
"""signet enroll as a line: several ports at once, boards as they are plugged in, the policy, Ctrl-C, the display."""

import json
import os
import pty
import re
import select
import signal
import time

import pytest
from harness import Home, Modem, run, wait_until
from modem_port import AtRelay, at, read_store

TAG = 35724861


def last(text):
    return json.loads(text.splitlines()[-1])


def devices(home):
    return {d["endpoint"]: d["state"] for d in json.loads(home.signet("devices", "--json", check=0).stdout)["devices"]}


def ports_of(modems):
    return [x for m in modems for x in ("--port", m.port)]


@pytest.fixture
def sockets(folder):
    """A folder in which boards appear, and a policy that names it."""
    class Sockets:
        path = folder / "ports"
        policy = folder / "line.yaml"

        def write(self, more=""):
            self.policy.write_text(f'ports: ["{self.path}/b*"]\n{more}')
            return self.policy

        def plug(self, modem, name):
            link = self.path / name
            os.symlink(modem.port, link)
            return link

    s = Sockets()
    s.path.mkdir()
    s.write()
    return s


def watch(home, start, sockets, *args):
    return start("signet", "enroll", "--home", home.path, "--watch", "--policy", sockets.policy, *args)


# ------------------------------------------------------------------------------------------------------ at once

def test_boards_are_worked_on_at_the_same_time(home):
    modems = [home.modem() for _ in range(6)]
    done = home.signet("enroll", *ports_of(modems), check=0)
    steps = [(line.split()[0], line.split()[1]) for line in done.stdout.splitlines() if line.startswith("/")]
    for m in modems:
        mine = [step for port, step in steps if port == m.port]
        assert mine == ["modem", "store", "key", "request", "certificate", "written", "Enrolled"]
    switches = sum(a[0] != b[0] for a, b in zip(steps, steps[1:]))
    assert switches > 6, "one board after the other"
    assert re.search(r"^6 enrolled, 0 verified, 0 failed in ", done.stdout.splitlines()[-1])
    assert set(devices(home)) == {m.endpoint for m in modems}
    audit = json.loads(home.signet("audit", "--json", check=0).stdout)["entries"]
    assert sum(e["what"] == "enrolled" for e in audit) == 6
    assert home.signet("audit", "verify").returncode == 0


def test_the_events_of_each_board_are_told_as_json(home):
    modems = [home.modem() for _ in range(2)]
    done = home.signet("enroll", *ports_of(modems), "--json", check=0)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    for m in modems:
        mine = [e.get("step", e["event"]) for e in events if e.get("port") == m.port]
        assert mine == ["begin", "modem", "store", "key", "request", "certificate", "written", "enrolled"]
    assert events[-1]["event"] == "end" and len(events[-1]["enrolled"]) == 2 and events[-1]["failed"] == []
    assert events[-1]["enrolled"][0]["identity_kind"] == "certificate"


def test_a_bad_board_does_not_hold_up_the_others(home, folder):
    good, online = home.modem(), home.modem()
    at(online.port, "AT+CFUN=1")
    done = home.signet("enroll", "--port", folder / "none", *ports_of([good, online]))
    assert done.returncode == 1  # the first that is not done decides
    assert "there is no port" in done.stderr and "AT+CFUN=1, error 518" in done.stderr
    assert "1 enrolled, 0 verified, 2 failed" in done.stdout
    assert devices(home) == {good.endpoint: "enrolled"}
    done = home.signet("enroll", *ports_of([good, online]))
    assert done.returncode == 3 and "1 verified, 1 failed" in done.stdout


def test_nothing_is_asked_on_a_line(home):
    modems = [home.modem() for _ in range(2)]
    home.signet("enroll", *ports_of(modems), check=0)
    done = home.signet("enroll", *ports_of(modems), "--renew", check=3)
    assert "not allowed to destroy" in done.stderr
    home.signet("enroll", *ports_of(modems), "--renew", "--yes", check=0)


def test_so_many_at_one_time_as_told(home):
    modems = [home.modem() for _ in range(3)]
    done = home.signet("enroll", *ports_of(modems), "--parallel", "1", "--json", check=0)
    at_work = most = 0
    for event in (json.loads(line)["event"] for line in done.stdout.splitlines()):
        at_work += {"begin": 1, "enrolled": -1}.get(event, 0)
        most = max(most, at_work)
    assert most == 1


# -------------------------------------------------------------------------------------------------------- watch

def test_boards_are_enrolled_as_they_are_plugged_in(home, start, sockets):
    there, later = home.modem(), home.modem()
    first = sockets.plug(there, "b1")
    line = watch(home, start, sockets)
    line.expect(rf"b1 .*Enrolled +{there.endpoint}")
    sockets.plug(later, "b2")
    line.expect(rf"b2 .*Enrolled +{later.endpoint}")
    first.unlink()
    n = len(line.lines)
    sockets.plug(there, "b1")  # the same board again: it is looked at, and no more
    line.expect(rf"b1 .*Verified +{there.endpoint}", start=n)
    line.send_signal(signal.SIGINT)
    assert line.wait() == 0
    assert re.search(r"2 enrolled, 1 verified, 0 failed", line.text())


def test_a_watch_ends_when_its_boards_are_done(home, start, sockets):
    modems = [home.modem() for _ in range(3)]
    for i, m in enumerate(modems):
        sockets.plug(m, f"b{i}")
    sockets.write("boards: 3\n")
    done = home.signet("enroll", "--watch", "--policy", sockets.policy, check=0, timeout=30)
    assert "3 enrolled" in done.stdout and len(devices(home)) == 3


def test_a_port_without_a_modem_is_no_failure_of_a_watch(home, start, sockets):
    master, slave = os.openpty()
    os.symlink(os.ttyname(slave), sockets.path / "b1")
    (sockets.path / "x2").write_text("no name of the policy's")
    line = watch(home, start, sockets)
    line.expect(r"b1 .*no modem", seconds=30)
    line.send_signal(signal.SIGINT)
    assert line.wait() == 0
    assert "0 failed" in line.text() and "x2" not in line.text()
    os.close(master), os.close(slave)


def test_a_cable_pulled_and_plugged_in_again(home, start, sockets, folder):
    m = Modem(home, None, "--store", str(folder / "modem"))
    relay = AtRelay(m.port, lambda number, moment: relay.commands[-1].startswith("AT%KEYGEN") and moment == "after")
    link = sockets.path / "b1"
    os.symlink(relay.port, link)
    line = watch(home, start, sockets)
    wait_until(lambda: relay.cut, what="the key generation")
    relay.close()  # the port hangs up: the reply is lost
    line.expect(r"Failed")
    link.unlink()
    assert devices(home) == {m.endpoint: "enrolling"}
    sockets.plug(m, "b1")
    line.expect(rf"Enrolled +{m.endpoint}")
    line.send_signal(signal.SIGINT)
    assert line.wait() == 0  # the board is done, by the second attempt
    audit = json.loads(home.signet("audit", "--json", check=0).stdout)["entries"]
    assert [e["what"] for e in audit if e["subject"] == m.endpoint] == ["key-discarded", "issued", "enrolled"]


def test_a_folder_that_is_not_there(home, folder):
    (folder / "line.yaml").write_text(f'ports: ["{folder}/none/b*"]\n')
    done = home.signet("enroll", "--watch", "--policy", folder / "line.yaml", check=1)
    assert f"watching the folder {folder}/none" in done.stderr


def test_what_is_only_looked_at_stays_as_it_is(home, sockets):
    """CMEE, of boards that were found and not begun with; and after `signet doctor`."""
    modems = [home.modem("--host", host) for host in ("at_host", "serial-modem", "shell")]
    for i, m in enumerate(modems):
        sockets.plug(m, f"b{i}")
    done = home.signet("enroll", "--policy", sockets.policy, "--lot", "no/lot", check=2)
    assert done.stdout.count("Found nRF9151-LACA at") == 3
    home.signet("doctor", "--port", modems[0].port)
    for m, shell in zip(modems, (False, False, True)):
        assert at(m.port, "AT+CMEE?", shell=shell) == ["+CMEE: 0"]


def test_a_watch_belongs_to_a_lot(home, sockets):
    m = home.modem()
    sockets.plug(m, "b1")
    done = home.signet("enroll", "--watch", "--policy", sockets.policy, "--boards", "1", "--lot", "lot-7", check=0)
    assert "lot-7.html" in done.stdout
    report = json.loads((home.path / "lots/lot-7.json").read_text())
    assert m.imei in json.dumps(report)


# ------------------------------------------------------------------------------------------------------- Ctrl-C

def stop_at_key(home, start, signals):
    """A line of two boards, one of which waits for its key when the signals come."""
    quick, slow = home.modem(), home.modem()
    held = []

    def on_command(number, moment):
        if relay.commands[-1].startswith("AT%KEYGEN") and moment == "before" and not held:
            held.append(number)
            wait_until(lambda: line.seen(rf"{quick.port} .*Enrolled"), what="the other board")
            for _ in range(signals):
                line.send_signal(signal.SIGINT)
                time.sleep(0.3)
        return False

    relay = AtRelay(slow.port, on_command)
    line = start("signet", "enroll", "--home", home.path, "--port", relay.port, "--port", quick.port)
    code = line.wait(30)
    relay.close()
    return code, line, quick, slow


def test_ctrl_c_finishes_the_steps_under_way(home, start):
    code, line, quick, slow = stop_at_key(home, start, 1)
    assert code == 1
    assert "Stopped" in line.text() and "interrupted: 1 boards were done, 1 were not" in line.text()
    assert devices(home) == {quick.endpoint: "enrolled", slow.endpoint: "enrolling"}
    done = home.signet("enroll", *ports_of([quick, slow]), check=0)
    assert "1 enrolled, 1 verified, 0 failed" in done.stdout


def test_a_second_ctrl_c_ends_at_once(home, start):
    code, line, quick, slow = stop_at_key(home, start, 2)
    assert code == -signal.SIGINT
    done = home.signet("enroll", *ports_of([quick, slow]), check=0)
    assert "1 enrolled, 1 verified, 0 failed" in done.stdout


# ------------------------------------------------------------------------------------------------------- policy

def policy(folder, text):
    (folder / "p.yaml").write_text(text)
    return folder / "p.yaml"


def test_the_template_is_a_policy_that_changes_nothing(home, folder):
    text = run("signet", "enroll", "--policy-template", check=0).stdout
    assert "occupied: refuse" in text and 'ports: ["/dev/ttyACM*", "/dev/ttyUSB*"]' in text
    m = home.modem()
    home.signet("enroll", "--port", m.port, "--policy", policy(folder, text), check=0)
    assert devices(home) == {m.endpoint: "enrolled"}


def test_what_a_policy_says_is_done_unless_the_command_line_says_otherwise(home, folder):
    m = home.modem()
    uuid = re.search(r'[0-9a-f-]{36}', "".join(at(m.port, "AT%DEVICEUUID"))).group(0)
    p = policy(folder, 'tag: 77\nname: "urn:uuid:{uuid}"\nyears: 3\nkey_usage: "101010000"\nmodem_after: online\n')
    home.signet("enroll", "--port", m.port, "--policy", p, "--years", "5", check=0)
    d = json.loads(home.signet("show", f"urn:uuid:{uuid}", "--json", check=0).stdout)
    assert d["identity"]["tag"] == 77
    years = int(d["identity"]["valid_until"][:4]) - int(d["identity"]["valid_from"][:4])
    assert years in (4, 5)
    assert at(m.port, "AT+CFUN?") == ["+CFUN: 1"]


def test_errors_of_a_policy_name_the_line_the_key_and_what_is_allowed(home, folder):
    p = policy(folder, "tag: 7\noccupied: overwrite\n")
    done = home.signet("enroll", "--port", "/dev/null", "--policy", p, check=2)
    assert f'{p} line 2: occupied is "overwrite"; allowed: refuse, renew or replace' in done.stderr
    p = policy(folder, "tag: 7\n\ncolour: red\n")
    done = home.signet("enroll", "--port", "/dev/null", "--policy", p, check=2)
    assert 'line 3: there is no field "colour"; allowed: ports,' in done.stderr


def test_a_second_identity_for_the_bootstrap_server(home, folder):
    m = Modem(home, None, "--store", str(folder / "modem"))
    p = policy(folder, "bootstrap_tag: 35724862\nlot: A-1\n")
    done = home.signet("enroll", "--port", m.port, "--policy", p, "--json", check=0)
    board = last(done.stdout)["enrolled"][0]
    assert board["tag"] == TAG and board["bootstrap"]["tag"] == TAG + 1
    assert sorted(read_store(folder / "modem")) == [(t, k) for t in (TAG, TAG + 1) for k in (0, 1, 2)]
    shown = json.loads(home.signet("show", m.endpoint, "--json", check=0).stdout)
    assert shown["identity"]["fingerprint"] == board["fingerprint"] != board["bootstrap"]["fingerprint"]
    assert {c["tag"]: c["state"] for c in shown["certificates"]} == {TAG: "active", TAG + 1: "active"}
    report = json.loads((home.path / "lots/A-1.json").read_text())["boards"][0]
    assert report["bootstrap"]["tag"] == TAG + 1
    assert report["bootstrap"]["certificate"]["fingerprint"] == board["bootstrap"]["fingerprint"].replace(":", "")
    assert f',{TAG + 1},{report["bootstrap"]["certificate"]["fingerprint"]}' in (home.path / "lots/A-1.csv").read_text()
    assert home.signet("lot", "verify", "A-1", check=0)
    done = home.signet("enroll", "--port", m.port, check=0)
    assert "Verified" in done.stdout and re.search(r"(?m)^  bootstrap +35724862 ", done.stdout)
    home.signet("revoke", m.endpoint, "--reason", "superseded", "--yes", check=0)
    shown = json.loads(home.signet("show", m.endpoint, "--json", check=0).stdout)
    assert {c["tag"]: c["state"] for c in shown["certificates"]} == {TAG: "revoked", TAG + 1: "revoked"}


def test_an_issuing_ca_by_its_name(home, folder):
    old, m = home.modem(), home.modem()
    home.signet("ca", "request", "--plain-keys", "--name", "second lot", "--out", folder / "r.pem", check=0)
    home.signet("ca", "sign", folder / "r.pem", "--out", folder / "c.pem", check=0)
    home.signet("ca", "import", folder / "c.pem", check=0)
    for modem, name in ((old, "first lot"), (m, "second lot")):
        home.signet("enroll", "--port", modem.port, "--policy", policy(folder, f"issuing_ca: {name}\n"), check=0)
        shown = json.loads(home.signet("show", modem.endpoint, "--json", check=0).stdout)
        assert shown["identity"]["issuer"] == name
    done = home.signet("enroll", "--port", m.port, "--policy", policy(folder, "issuing_ca: third lot\n"), check=1)
    assert 'no issuing CA called "third lot"' in done.stderr


def test_the_port_is_locked_afterwards(home, folder):
    m, other = home.modem(), home.modem()
    key = home.path / "modem-lock.key"
    p = policy(folder, f"lock_port: {key}\n")
    assert "cannot read" in home.signet("enroll", "--port", m.port, "--policy", p, check=1).stderr
    home.signet("modem", "lock", "--port", other.port, "--yes", check=0)  # makes the key
    done = home.signet("enroll", "--port", m.port, "--policy", p, check=0)
    assert re.search(r"(?m)^  locked +with the key ", done.stdout)
    info = json.loads(home.signet("modem", "info", "--port", m.port, "--json", check=0).stdout)
    assert info["lock"] == "locked"
    assert "Verified" in home.signet("enroll", "--port", m.port, "--policy", p, check=0).stdout
    home.signet("enroll", "--port", m.port, "--policy", p, "--renew", "--yes", check=0)
    home.signet("enroll", "--port", other.port, "--policy", p, check=0)  # locked before it was enrolled
    assert set(devices(home).values()) == {"enrolled"}
    assert home.audit().count("port-locked") == 1


def occupy(modem, kind, content):
    at(modem.port, "AT+CFUN=4")
    at(modem.port, f'AT%CMNG=0,{TAG},{kind},"{content}"')


@pytest.fixture
def occupied(home, folder):
    m = Modem(home, None, "--store", str(folder / "modem"))
    m.store = folder / "modem"
    occupy(m, 4, "somebody")
    return m


def test_an_occupied_tag_is_refused_without_a_policy(home, occupied, folder):
    done = home.signet("enroll", "--port", occupied.port, "--policy", policy(folder, "years: 1\n"), check=3)
    assert "used already" in done.stderr and devices(home) == {}


def test_an_occupied_tag_is_replaced(home, occupied, folder):
    home.signet("enroll", "--port", occupied.port, "--policy", policy(folder, "occupied: replace\n"), check=0)
    assert sorted(read_store(occupied.store)) == [(TAG, 0), (TAG, 1), (TAG, 2)]


def test_an_occupied_tag_is_left_for_a_second_one(home, occupied, folder):
    p = policy(folder, "occupied: renew\nsecond_tag: 99\n")
    home.signet("enroll", "--port", occupied.port, "--policy", p, check=0)
    assert sorted(read_store(occupied.store)) == [(99, 0), (99, 1), (99, 2)]
    done = home.signet("enroll", "--port", occupied.port, "--policy", p, check=0)
    assert "Verified" in done.stdout


def test_what_is_in_the_way_stays_until_the_second_tag_is_in_place(home, occupied, folder):
    """A kill anywhere leaves the old credentials or the new identity, and the next run does the rest."""
    p = policy(folder, "occupied: renew\nsecond_tag: 99\n")

    def on_command(number, moment):
        if relay.commands[-1].startswith(f"AT%CMNG=3,{TAG}") and moment == "before":
            stopped.append(sorted(read_store(occupied.store)))
            return True
        return False

    stopped = []
    relay = AtRelay(occupied.port, on_command)
    home.signet("enroll", "--port", relay.port, "--policy", p, check=1)
    relay.close()
    assert stopped == [[(99, 0), (99, 1), (99, 2), (TAG, 4)]]
    assert devices(home) == {occupied.endpoint: "enrolling"}
    home.signet("enroll", "--port", occupied.port, "--policy", p, check=0)
    assert sorted(read_store(occupied.store)) == [(99, 0), (99, 1), (99, 2)]


def test_a_left_over_psk_is_removed_where_the_policy_says_so(home, occupied, folder):
    home.signet("enroll", "--port", occupied.port, "--policy", policy(folder, "remove_psk: true\n"), check=0)
    assert sorted(read_store(occupied.store)) == [(TAG, 0), (TAG, 1), (TAG, 2)]


def test_more_than_a_psk_is_not_removed_with_it(home, occupied, folder):
    occupy(occupied, 0, (home.path / "ca/server-root.pem").read_text())
    done = home.signet("enroll", "--port", occupied.port, "--policy", policy(folder, "remove_psk: true\n"), check=3)
    assert "used already" in done.stderr


@pytest.mark.parametrize("after, meant", [("as_found", 1), ("online", 1), ("offline", 4)])
def test_a_modem_is_left_as_the_policy_says(home, folder, after, meant):
    m = home.modem()
    at(m.port, "AT+CFUN=1")
    p = policy(folder, f"take_offline: true\nmodem_after: {after}\n")
    home.signet("enroll", "--port", m.port, "--policy", p, check=0)
    assert at(m.port, "AT+CFUN?") == [f"+CFUN: {meant}"]


# ------------------------------------------------------------------------------------------------------ display

def test_a_terminal_shows_a_line_a_board_and_the_totals(home):
    modems = [home.modem() for _ in range(3)]
    pid, fd = pty.fork()
    if pid == 0:
        from harness import BIN
        os.environ["NO_COLOR"] = "1"
        os.execv(BIN / "signet", ["signet", "enroll", "--home", str(home.path), *ports_of(modems)])
    text = b""
    while select.select([fd], [], [], 20)[0]:
        try:
            text += os.read(fd, 4096)
        except OSError:
            break
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(fd)
    text = text.decode()
    assert re.search(r"\d of 3 done, 0 failed, \d at work", text)
    assert "\033[J" in text and "\033[32m" not in text  # drawn in place, and without colour
    stands = re.sub(r"(?s)[^\n]*\n\r?\033\[\d+A\033\[J", "", text)
    for m in modems:
        assert re.search(rf"{m.port} +Enrolled +{m.endpoint}", stands)
    assert "3 enrolled, 0 verified, 0 failed" in stands
