#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a line costs: boards a minute, and the host's CPU time for each, at 1 to 64 simulated boards.

    bench/enroll.py [--bin build/release/bin] [--counts 1,8,32,64] [--bauds 0,115200]

The boards are one nrf91sim; `signet enroll` works on all of them at once, with a fresh inventory for each row. Baud 0 is
a line without a limit. CPU is the signet process alone, user and system, its start included; the simulator's own stands beside it,
since it is one thread: where that many milliseconds for each board are the whole time, it is what limits them. The part that is the line's
own is what the bytes of one enrolment take at 115200 baud, ten bits each, one after the other; they are counted by a
relay in front of one board.
"""

import argparse
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
import tty
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--bin", default="build/release/bin", type=Path)
parser.add_argument("--counts", default="1,8,32,64")
parser.add_argument("--bauds", default="0,115200")
args = parser.parse_args()
BIN = args.bin.resolve()


def start_boards(count, baud):
    command = [BIN / "nrf91sim", "--count", str(count)]  # without --store: its fsyncs are not the line's
    if baud:
        command += ["--baud", str(baud)]
    sim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ports = []
    while len(ports) < count:
        m = re.match(r"(/dev/\S+)", sim.stdout.readline())
        if m:
            ports.append(m.group(1))
    return sim, ports


def new_home(folder):
    subprocess.run([BIN / "signet", "init", "--home", folder / "home", "--server", "a.example", "--plain-keys"],
                   check=True, stdout=subprocess.DEVNULL)


def enroll(folder, ports):
    """The final object, wall seconds, CPU seconds."""
    command = [BIN / "signet", "enroll", "--home", folder / "home", "--json"]
    for port in ports:
        command += ["--port", port]
    out = open(folder / "out", "w+")
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    out.seek(0)
    last = json.loads(out.read().splitlines()[-1])
    assert process.returncode == 0 and len(last["enrolled"]) == len(ports), last["failed"]
    return last, wall, usage.ru_utime + usage.ru_stime


def measure(count, baud):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new_home(folder)
        sim, ports = start_boards(count, baud)
        try:
            last, wall, cpu = enroll(folder, ports)
        finally:
            sim.terminate()
            _, _, usage = os.wait4(sim.pid, 0)
            sim.returncode = 0
    simulated = usage.ru_utime + usage.ru_stime
    waited = sum(b["modem_seconds"] for b in last["enrolled"]) / count
    took = sum(b["seconds"] for b in last["enrolled"]) / count
    print(f"{count:6} {baud or '-':>8} {wall:8.2f} {60 * count / wall:14.0f} {took:10.2f} {waited:10.2f} "
          f"{1000 * cpu / count:14.2f} {1000 * simulated / count:13.2f}", flush=True)
    return took


def count_bytes():
    """How many bytes pass to and from one board while it is enrolled."""
    passed = [0, 0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new_home(folder)
        sim, ports = start_boards(1, 0)
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        modem = os.open(ports[0], os.O_RDWR | os.O_NOCTTY)
        tty.setraw(modem)
        ending = threading.Event()

        def relay():
            while not ending.is_set():
                for fd in select.select([ours, modem], [], [], 0.05)[0]:
                    data = os.read(fd, 4096)
                    passed[fd == modem] += len(data)
                    os.write(ours if fd == modem else modem, data)

        thread = threading.Thread(target=relay)
        thread.start()
        try:
            enroll(folder, [os.ttyname(theirs)])
        finally:
            ending.set()
            thread.join()
            sim.terminate()
            sim.wait()
    return passed


print(" ".join(["#", *sys.argv]))
sent, received = count_bytes()
own = (sent + received) * 10 / 115200
print(f"# one enrolment: {sent} bytes to the modem, {received} from it; {own:.3f} s of line at 115200 baud\n")
print("boards     baud   wall s  boards/minute  s/board   of it modem   CPU ms/board  simulator's")
for baud in map(int, args.bauds.split(",")):
    for count in map(int, args.counts.split(",")):
        took = measure(count, baud)
        if baud:
            print(f"       the line's own transfer time is {100 * own * 115200 / baud / took:.0f} % of a board's time")
