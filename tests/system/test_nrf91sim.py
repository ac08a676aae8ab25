# SPDX-License-Identifier: Apache-2.0
"""nrf91sim as a person runs it: its options, its port, its link, its signals."""

import os
import re
import select
import signal
import stat
import time
import tty
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import ROOT, luhn, run, wait_until
from modem_port import at


def port_of(modem):
    return modem.expect(r"^(/dev/pts/\d+)$").group(1)


def read_some(fd, seconds=0.3):
    os.set_blocking(fd, False)
    text, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            text += os.read(fd, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    return text


def test_the_path_comes_first_and_the_modem_answers(start):
    modem = start("nrf91sim", "--imei", "352656100367872", "--model", "nRF9160")
    port = port_of(modem)
    assert modem.lines[0] == port
    assert at(port, "AT+CGSN") == ["352656100367872"]
    assert at(port, "AT+CGMM") == ["nRF9160-SICA"]
    assert at(port, "AT+CFUN?") == ["+CFUN: 0"]  # a second host, after the first has closed the port
    assert modem.stop() == 0


def test_the_link_replaces_a_stale_one_and_goes_at_the_end(start, folder):
    link = folder / "modem"
    link.symlink_to("/dev/pts/nowhere")
    modem = start("nrf91sim", "--link", link)
    port = port_of(modem)
    assert os.readlink(link) == port
    assert at(link, "AT+CGMM") == ["nRF9151-LACA"]
    assert modem.stop(signal.SIGINT) == 0
    assert not os.path.lexists(link)


def test_the_link_of_a_later_run_stays(start, folder):
    link = folder / "modem"
    first = start("nrf91sim", "--link", link)
    port_of(first)
    second = port_of(start("nrf91sim", "--link", link))
    assert os.readlink(link) == second
    first.stop()
    assert os.readlink(link) == second


def test_a_file_in_the_place_of_the_link_is_left_alone(folder):
    (folder / "modem").write_text("mine")
    done = run("nrf91sim", "--link", folder / "modem", check=1)
    assert "no symbolic link" in done.stderr
    assert (folder / "modem").read_text() == "mine"


def test_the_store_outlives_the_process(start, folder):
    store = folder / "modem.store"
    modem = start("nrf91sim", "--store", store)
    port = port_of(modem)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    at(port, "AT%KEYGEN=1,2,0")
    identity, key = at(port, "AT%DEVICEUUID"), at(port, "AT%CMNG=1,1")
    os.kill(modem.pid, signal.SIGKILL)
    modem.wait()
    port = port_of(start("nrf91sim", "--store", store))
    assert (at(port, "AT%DEVICEUUID"), at(port, "AT%CMNG=1,1")) == (identity, key)


def test_a_small_store_is_full_soon(start):
    port = port_of(start("nrf91sim", "--capacity", "10", "--host", "at_host"))
    at(port, "AT+CMEE=1")
    at(port, 'AT%CMNG=0,1,4,"1234567890"')
    with pytest.raises(AssertionError, match="CME ERROR: 515"):
        at(port, 'AT%CMNG=0,2,4,"1"')


def test_a_reset_is_told_on_the_port(start):
    modem = start("nrf91sim", "--host", "at_host")
    port = port_of(modem)
    at(port, "AT+CFUN=1")
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    modem.send_signal(signal.SIGUSR2)
    modem.expect("reset")
    assert read_some(fd).endswith(b"The AT host sample started\r\nReady\r\n")
    os.close(fd)
    assert at(port, "AT+CFUN?") == ["+CFUN: 0"]


def test_the_nat_forgets(start):
    modem = start("nrf91sim")
    port_of(modem)
    modem.send_signal(signal.SIGUSR1)
    modem.expect("0 sockets on another port")
    assert modem.stop() == 0


def test_a_host_that_reads_nothing_blocks_nothing(start):
    modem = start("nrf91sim")
    port = port_of(modem)
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    os.set_blocking(fd, False)
    for _ in range(100):  # some 30 kB of replies, where the port keeps 4
        try:
            os.write(fd, b"AT%CMNG=1\r")
        except BlockingIOError:
            time.sleep(0.01)
    modem.send_signal(signal.SIGUSR1)
    modem.expect("another port")
    assert read_some(fd).count(b"%CMNG: 4294967294,6") > 50
    os.write(fd, b"AT\r")
    assert read_some(fd) == b"\r\nOK\r\n"
    os.close(fd)


def test_secrets_are_not_logged(start):
    modem = start("nrf91sim", "--verbose")
    port = port_of(modem)
    at(port, 'AT%CMNG=0,1,3,"5ec2e75ec2e7"')
    modem.expect(r"> AT%CMNG=0,1,3,<12 bytes>")
    modem.stop()
    assert "5ec2e7" not in modem.text()


@pytest.mark.parametrize("arguments, code, words", [
    (["--nonsense"], 2, "no option --nonsense"),
    (["--imei"], 2, "--imei needs a value"),
    (["--imei", "123"], 2, "no IMEI"),
    (["--model", "nRF52"], 2, "nRF9151"),
    (["--profile", "nrf52"], 2, "no profile"),
    (["--set", "read-cert"], 2, "read-cert is no or yes"),
    (["--fault", "explode"], 2, "no fault"),
    (["--control", "/nonexistent/pipe"], 1, "/nonexistent/pipe"),
    (["--count", "0"], 2, "a number from 1 to 999"),
    (["--baud", "fast"], 2, "a number from 1 to"),
    (["--count", "3", "--imei", "999999999999999"], 2, "no IMEI that has"),
    (["--host", "slm"], 2, "serial-modem, at_host, shell, slm-2.9 and slm-3.1"),
    (["--capacity", "many"], 2, "a number from 1 to"),
    (["--resolve", "name"], 2, "NAME=ADDRESS"),
    (["stray"], 2, "one word too many"),
    (["--store", "/nonexistent/store"], 1, "/nonexistent"),
    (["--link", "/nonexistent/link"], 1, "/nonexistent/link"),
])
def test_what_is_wrong_is_said(arguments, code, words):
    done = run("nrf91sim", *arguments, check=code)
    assert words in done.stderr
    assert done.stdout == ""


def test_a_store_that_is_none(folder):
    (folder / "store").write_text("a shopping list")
    done = run("nrf91sim", "--store", folder / "store", check=1)
    assert "no store of nrf91sim" in done.stderr
    assert (folder / "store").read_text() == "a shopping list"


def test_help_names_every_option():
    text = run("nrf91sim", "--help", check=0).stdout
    for option in ("fault", "control", "count", "baud", "store", "imei", "model", "firmware", "profile", "set", "settings", "host", "echo", "capacity", "link", "resolve", "verbose"):
        assert f"--{option}" in text
    assert run("nrf91sim", "--version", check=0).stdout.startswith("nrf91sim ")


def test_every_setting_is_on_the_list_to_settle():
    """What nrf91sim cannot know is what is to be asked of hardware: both lists have the same switches."""
    text = run("nrf91sim", "--settings", check=0).stdout
    names = re.findall(r"^  (\S+) +\S+\|", text, re.M)
    listed = (ROOT / "docs/reference/hardware-to-settle.md").read_text()
    assert len(names) > 10
    assert sorted(set(re.findall(r"`([a-z-]+)=[a-z0-9.]+`", listed))) == sorted(names)


def ports_of(modem, count):
    """The first lines of its output."""
    wait_until(lambda: len([x for x in modem.lines if x.startswith("/dev/pts/")]) == count, what="the ports")
    return [x for x in modem.lines if x.startswith("/dev/pts/")]


def test_many_modems_in_one_process(start, folder):
    arguments = ("--count", "64", "--store", folder / "line", "--link", folder / "board", "--imei", "351516170000004")
    modem = start("nrf91sim", *arguments)
    ports = ports_of(modem, 64)
    assert len(set(ports)) == 64
    assert os.readlink(folder / "board-01") == ports[0] and os.readlink(folder / "board-64") == ports[63]
    with ThreadPoolExecutor(16) as pool:
        imeis = [x[0] for x in pool.map(lambda p: at(p, "AT+CGSN"), ports)]
        uuids = [x[0] for x in pool.map(lambda p: at(p, "AT%DEVICEUUID"), ports)]
        keys = [x[0] for x in pool.map(lambda p: at(p, "AT%KEYGEN=1,2,0"), ports)]
    assert imeis == [luhn(f"{35151617000000 + i:014d}") for i in range(64)]
    assert len(set(uuids)) == 64 and len(set(keys)) == 64
    assert modem.stop() == 0
    assert not list(folder.glob("board-*"))
    stores = sorted((folder / "line").glob("*.store"))
    assert [s.name for s in stores] == [f"modem-{i:02d}.store" for i in range(1, 65)]
    assert stat.S_IMODE((folder / "line").stat().st_mode) == 0o700
    again = start("nrf91sim", *arguments)
    assert at(ports_of(again, 64)[40], "AT%DEVICEUUID") == [uuids[40]]


def test_a_line_of_a_certain_speed(start):
    """115200 baud is 11520 bytes a second, to the modem and back."""
    port = port_of(start("nrf91sim", "--baud", "115200", "--host", "at_host"))
    text = "x" * 2000
    began = time.monotonic()
    at(port, f'AT%CMNG=0,1,4,"{text}"')
    up = time.monotonic() - began
    began = time.monotonic()
    at(port, "AT%CMNG=2,1,4")
    down = time.monotonic() - began
    assert 2000 / 11520 <= up < 2, up  # at 9600 baud it would be 2.1
    assert 2000 / 11520 <= down < 2, down


def test_sixty_four_lines_share_nothing(start):
    """The line's speed is each board's own: all of them together take as long as one."""
    ports = ports_of(start("nrf91sim", "--count", "64", "--baud", "115200", "--host", "at_host"), 64)
    fds = [os.open(p, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) for p in ports]
    for fd in fds:
        tty.setraw(fd)
    began = time.monotonic()
    for fd in fds:
        os.write(fd, b'AT%CMNG=0,1,4,"' + b"x" * 3000 + b'"\r')
    text = {fd: b"" for fd in fds}
    while not all(t.endswith(b"OK\r\n") for t in text.values()):
        assert time.monotonic() - began < 10
        for fd in select.select(fds, [], [], 0.1)[0]:
            text[fd] += os.read(fd, 4096)
    took = time.monotonic() - began
    for fd in fds:
        os.close(fd)
    assert 3000 / 11520 <= took < 8, took  # one after the other it would be 17 s


def test_a_store_belongs_to_one_simulator(start, folder):
    store = folder / "modem.store"
    first = start("nrf91sim", "--store", store)
    port_of(first)
    done = run("nrf91sim", "--store", store, check=1)
    assert "another simulator" in done.stderr and str(store) in done.stderr
    os.kill(first.pid, signal.SIGKILL)  # the lock ends with the process
    first.wait()
    port_of(start("nrf91sim", "--store", store))


def test_faults_are_ordered_while_it_runs(start, folder):
    modem = start("nrf91sim", "--count", "2", "--control", folder / "control", "--host", "at_host", "--fault",
                  "error=514@+CGMM")
    ports = ports_of(modem, 2)
    for port in ports:
        with pytest.raises(AssertionError, match="ERROR"):
            at(port, "AT+CGMM")
        at(port, "AT+CMEE=1")
    with open(folder / "control", "w") as control:
        control.write("2 error=523@%KEYGEN\nexplode\n9 wedge\n")
    modem.expect("fault ordered: error=523@%KEYGEN")
    modem.expect('no fault "explode"')
    modem.expect("no modem 9")
    assert at(ports[0], "AT%KEYGEN=1,2,0")
    with pytest.raises(AssertionError, match="523"):
        at(ports[1], "AT%KEYGEN=1,2,0")
    assert modem.stop() == 0
    assert not (folder / "control").exists()


def test_a_lost_reply_is_silence(start):
    port = port_of(start("nrf91sim", "--host", "at_host", "--fault", "lost-reply@%KEYGEN"))
    with pytest.raises(AssertionError, match="no answer"):
        at(port, "AT%KEYGEN=1,2,0", seconds=1)
    assert at(port, "AT%CMNG=1,1,2")
