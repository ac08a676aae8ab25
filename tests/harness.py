# SPDX-License-Identifier: Apache-2.0
"""What the system and interop tests share: the real programs, started and ended by their own process ids.

SIGNET_BUILD names the folder of the programs under test (default: build/sanitize/bin).
"""

import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from signal import SIGTERM

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = (ROOT / os.environ.get("SIGNET_BUILD", "build/sanitize/bin")).resolve()
SERVER_NAME = "lwm2m.example.com"
PASSPHRASE = "a passphrase of the tests"

os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
os.environ["NO_COLOR"] = "1"


def wait_until(condition, seconds=10.0, what="the condition"):
    """Polls until `condition()` is true and returns its value; fails with `what` after the time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def run(*command, input=None, timeout=60, env=None, check=None):
    """Runs one of our programs (or any other command) to its end. `check`: the exit code that is meant."""
    argv = [str(c) for c in command]
    if (BIN / argv[0]).exists():
        argv[0] = str(BIN / argv[0])
    done = subprocess.run(argv, input=input, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    if check is not None:
        assert done.returncode == check, f"{argv} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Process:
    """A program that runs beside the test; its output is gathered line by line."""

    def __init__(self, *command, env=None, stdin=subprocess.DEVNULL):
        argv = [str(c) for c in command]
        if (BIN / argv[0]).exists():
            argv[0] = str(BIN / argv[0])
        self.argv = argv
        self.lines = []   # standard output and standard error, in the order of arrival
        self.popen = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin, text=True,
                                      bufsize=1, env={**os.environ, **(env or {})})
        self.threads = [threading.Thread(target=self._gather, args=(s,), daemon=True)
                        for s in (self.popen.stdout, self.popen.stderr)]
        for t in self.threads:
            t.start()

    def _gather(self, stream):
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self.popen.pid

    def text(self):
        return "\n".join(self.lines)

    def seen(self, pattern, start=0):
        """The first line from `start` on that the pattern is found in, as a match object."""
        for line in self.lines[start:]:
            m = re.search(pattern, line)
            if m:
                return m
        return None

    def expect(self, pattern, seconds=15.0, start=0):
        end = time.monotonic() + seconds
        while True:
            m = self.seen(pattern, start)
            if m:
                return m
            if time.monotonic() > end or self.popen.poll() is not None:
                for t in self.threads:
                    t.join(0.5)
                m = self.seen(pattern, start)
                if m:
                    return m
                pytest.fail(f"{self.argv[0]} (exit code {self.popen.poll()}) did not print /{pattern}/:\n{self.text()}")
            time.sleep(0.02)

    def send(self, line):
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def send_signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=10):
        code = self.popen.wait(seconds)
        for t in self.threads:
            t.join(1)
        return code

    def stop(self, number=SIGTERM, seconds=10):
        """Ends it; returns its exit code. A sanitizer's report fails the test."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait(5)
                pytest.fail(f"{self.argv[0]} did not end by itself:\n{self.text()}")
        for t in self.threads:
            t.join(1)
        assert "Sanitizer" not in self.text() and "runtime error" not in self.text(), self.text()
        return self.popen.returncode


@pytest.fixture
def start():
    """start(program, args…) -> Process; all are ended after the test, last started first."""
    running = []

    def begin(*command, **options):
        p = Process(*command, **options)
        running.append(p)
        return p

    yield begin
    failures = []
    for p in reversed(running):
        try:
            p.stop()
        except BaseException as e:  # noqa: BLE001 - all must be ended before the first failure is told
            failures.append(e)
    if failures:
        raise failures[0]


@pytest.fixture
def folder():
    """A folder with a short path, away after the test."""
    path = Path(tempfile.mkdtemp(prefix="sg-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Home:
    """A home folder made by `signet init`, and the programs that work on it."""

    def __init__(self, path, start, workers=1):
        self.path, self.start_process = path, start
        self.run_dir = path.parent / "run"
        run("signet", "init", "--home", path, "--server", SERVER_NAME, "--plain-keys", check=0)
        config = path / "signet.yaml"
        text = config.read_text()
        text = re.sub(r"(?m)^(\s*)listen: .*5684.*$", r'\1listen: "127.0.0.1:0"', text)
        text = re.sub(r"(?m)^(\s*)listen: .*8443.*$", r'\1listen: "127.0.0.1:0"', text)
        text = re.sub(r"(?m)^(\s*)workers: .*$", rf"\g<1>workers: {workers}", text)
        text = re.sub(r"(?m)^#?\s*run_dir: .*$", f'run_dir: "{self.run_dir}"', text)
        config.write_text(text)
        self.daemon = None

    def signet(self, *args, check=None, **options):
        return run("signet", args[0], "--home", self.path, *args[1:], check=check, **options)

    def start(self, port=None):
        """Starts signetd and waits until it is ready. The port of an earlier start is kept."""
        if self.daemon is not None and port is None:
            port = self.lwm2m_port
        if port is not None:
            config = self.path / "signet.yaml"
            config.write_text(re.sub(r'listen: "127.0.0.1:\d+"', f'listen: "127.0.0.1:{port}"', config.read_text(), count=1))
        self.daemon = self.start_process("signetd", "--home", self.path)
        self.daemon.expect(r"event=ready")
        ports = dict(line.split("=") for line in (self.run_dir / "ports").read_text().split())
        self.lwm2m_port, self.api_port = int(ports["lwm2m"]), int(ports["api"])
        return self.daemon

    def uri(self):
        return f"coaps://{SERVER_NAME}:{self.lwm2m_port}"

    def modem(self, *args, imei=None):
        return Modem(self, imei, *args)

    def device(self, modem, *args):
        """A signet-device that goes through a modem."""
        return self.start_process("signet-device", "--server", self.uri(), "--modem", modem.port, *args)

    def audit(self):
        return self.signet("audit", check=0).stdout

    def live(self, endpoint):
        import json
        for d in json.loads(self.signet("devices", "--json", check=0).stdout)["devices"]:
            if d["endpoint"] == endpoint:
                return d
        return None


class Modem:
    """A simulated modem on a pseudo-terminal."""

    count = 0

    def __init__(self, home, imei, *args):
        Modem.count += 1
        self.imei = imei or luhn(f"35151617{Modem.count:06d}")
        self.endpoint = f"urn:imei:{self.imei}"
        self.process = home.start_process("nrf91sim", "--imei", self.imei, "--resolve", f"{SERVER_NAME}=127.0.0.1", *args)
        self.port = self.process.expect(r"^(/dev/\S+)$").group(1)


def luhn(fourteen):
    """The fourteen digits of an IMEI with their check digit."""
    total = 0
    for i, c in enumerate(fourteen):
        d = int(c) * (2 if i % 2 else 1)
        total += d // 10 + d % 10
    return fourteen + str(-total % 10)


@pytest.fixture
def home(folder, start):
    return Home(folder / "home", start)


class Relay:
    """A UDP relay on loopback, as a NAT or a bad line would be: rebind() goes on from a new port, drop(datagram) decides
    what is lost ("up" or "down", bytes)."""

    def __init__(self, target):
        self.target = ("127.0.0.1", target)
        self.inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inner.bind(("127.0.0.1", 0))
        self.port = self.inner.getsockname()[1]
        self.outer = None
        self.client = None
        self.drop = lambda direction, datagram: False
        self.seen = []  # (direction, datagram)
        self.rebind()
        self.ending = False
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def rebind(self):
        fresh = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        fresh.bind(("127.0.0.1", 0))
        old, self.outer = self.outer, fresh
        if old:
            old.close()
        return fresh.getsockname()[1]

    def _work(self):
        while not self.ending:
            outer = self.outer
            try:
                ready, _, _ = select.select([self.inner, outer], [], [], 0.05)
                for s in ready:
                    datagram, address = s.recvfrom(65535)
                    direction = "up" if s is self.inner else "down"
                    self.seen.append((direction, datagram))
                    if direction == "up":
                        self.client = address
                    if self.drop(direction, datagram):
                        continue
                    if direction == "up":
                        self.outer.sendto(datagram, self.target)
                    elif self.client:
                        self.inner.sendto(datagram, self.client)
            except (OSError, ValueError):
                continue  # the socket was replaced meanwhile

    def close(self):
        self.ending = True
        self.thread.join(1)
        self.inner.close()
        self.outer.close()


@pytest.fixture
def relay():
    made = []

    def make(target):
        made.append(Relay(target))
        return made[-1]

    yield make
    for r in made:
        r.close()
