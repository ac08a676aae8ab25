# SPDX-License-Identifier: Apache-2.0
"""A modem's port as a test sees it: AT commands by hand, and a relay that stops the traffic where it wants to."""

import os
import re
import select
import threading
import time
import tty

import cbor2


def at(port, command, seconds=5.0, shell=False):
    """Sends one AT command; returns its information lines. An ERROR is an AssertionError with the line."""
    typed = f"at '{command}'" if shell else command
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(fd)
        os.write(fd, typed.encode() + b"\r")
        text, end = b"", time.monotonic() + seconds
        while True:
            lines = [x.strip() for x in (shown(text, typed) if shell else text.decode()).splitlines() if x.strip()]
            if lines and lines[-1] == "OK":
                return lines[:-1]
            assert not (lines and (lines[-1] == "ERROR" or lines[-1].startswith("+CME ERROR"))), lines[-1]
            assert time.monotonic() < end, f"no answer to {command}: {text!r}"
            if select.select([fd], [], [], 0.1)[0]:
                text += os.read(fd, 4096)
    finally:
        os.close(fd)


def shown(text, typed):
    """What a shell printed after the echo of what was typed, without colours and prompts."""
    plain = re.sub(r"\x1b\[[0-9;]*m|\w+:~\$ ", "", text.decode())
    return plain.partition(typed)[2]


def read_store(path):
    """What a simulated modem keeps: {(tag, type): content}, private keys too."""
    fields = cbor2.loads(path.read_bytes())
    return {(tag, kind): content for tag, kind, made, content in fields[4]}


class AtRelay:
    """A pseudo-terminal in front of a modem's. Calls `on_command(number, moment)` with moment "before", "half" or
    "after" for each AT command that passes (1, 2, …); once it returns True, nothing passes any more."""

    def __init__(self, target, on_command):
        self.on_command = on_command
        self.commands = []
        self.ours, slave = os.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self.slave = slave  # held open: the relay must not see a hang-up between two runs
        self.modem = os.open(target, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.modem)
        self.line, self.quoted, self.cut = b"", False, False
        self.ending = False
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        while not self.ending:
            for fd in select.select([self.ours, self.modem], [], [], 0.05)[0]:
                data = os.read(fd, 4096)
                if self.cut:
                    continue
                if fd == self.modem:
                    os.write(self.ours, data)
                else:
                    for byte in data:
                        self._take(bytes([byte]))

    def _take(self, byte):
        if self.cut:
            return
        self.line += byte
        self.quoted ^= byte == b'"'
        if self.quoted or byte != b"\r":
            return
        line, self.line = self.line, b""
        self.commands.append(line.strip().decode(errors="replace"))
        number = len(self.commands)
        if self._stop(number, "before"):
            return
        half = len(line) // 2
        os.write(self.modem, line[:half])
        if self._stop(number, "half"):
            return
        os.write(self.modem, line[half:])
        self._stop(number, "after")

    def _stop(self, number, moment):
        self.cut = bool(self.on_command(number, moment))
        return self.cut

    def close(self):
        self.ending = True
        self.thread.join(2)
        for fd in (self.ours, self.slave, self.modem):
            os.close(fd)
