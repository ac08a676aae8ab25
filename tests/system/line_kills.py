# SPDX-License-Identifier: Apache-2.0
"""Boards enrolled several at a time and killed at random points: `kill -9` of signet, power cuts of the modems. After
every kill, and at the end, the inventory is held against what the modems really hold."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from harness import BIN, luhn
from modem_port import at

TAG = 35724861
PROCESSES, EACH = 3, 6  # simulators, and boards in each: a power cut takes all of one simulator
KILLS = 3               # at most, for each batch of boards


def fast_folder():
    """A kill loses nothing that was written, on a disk or not; in RAM it is only quicker."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Simulator:
    """Some boards in one process, with a store that outlives it."""

    def __init__(self, folder, number, first):
        self.imei = luhn(f"35151617{first:06}")  # by chance, two of thousands would have the same
        self.stores = folder / f"sim{number}"
        self.link = folder / f"b{number}"
        self.ports = [Path(f"{self.link}-{i:02}") for i in range(1, EACH + 1)]
        self.files = [self.stores / f"modem-{i:02}.store" for i in range(1, EACH + 1)]
        self.stores.mkdir()
        self.start()

    def start(self):
        self.process = subprocess.Popen([BIN / "nrf91sim", "--count", str(EACH), "--imei", self.imei, "--store", self.stores,
                                         "--link", self.link], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not all(p.exists() for p in self.ports):
            assert time.monotonic() < end and self.process.poll() is None, "nrf91sim did not start"
            time.sleep(0.005)

    def cut(self):
        """A power cut: at once, in the middle of whatever it does. The ports are gone with it."""
        self.process.kill()
        self.process.wait()
        for port in self.ports:
            port.unlink(missing_ok=True)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Line:
    def __init__(self, folder, boards, seed):
        self.folder, self.random = folder, random.Random(seed)
        self.home = folder / "home"
        self.boards, self.kills, self.cuts, self.runs = boards, 0, 0, 0
        self.keys, self.devices = set(), 0
        self.took = 1.0  # seconds of an undisturbed run
        subprocess.run([BIN / "signet", "init", "--home", self.home, "--server", "a.example", "--plain-keys"],
                       check=True, stdout=subprocess.DEVNULL)
        self.root = (self.home / "ca/server-root.pem").read_bytes()

    def enroll(self, sims):
        self.runs += 1
        command = [BIN / "signet", "enroll", "--home", self.home]
        for sim in sims:
            for port in sim.ports:
                command += ["--port", port]
        self.log = open(self.folder / "log", "w+")
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def said(self):
        self.log.seek(0)
        text = self.log.read()
        assert "Sanitizer" not in text and "runtime error" not in text, text
        return text

    def disturb(self, process, sims):
        """One kill at a random moment of the run. True: signet was it."""
        time.sleep(self.random.uniform(0, 1.1 * self.took))
        if self.random.random() < 0.6:
            self.kills += 1
            process.send_signal(signal.SIGKILL)
            process.wait()
            return
        self.cuts += 1
        sim = self.random.choice(sims)
        sim.cut()
        assert process.wait(60) in (0, 1), self.said()
        sim.start()

    def rows(self):
        """The certificates of devices, and in which state the device of each is."""
        with sqlite3.connect(f"file:{self.home}/inventory.db?mode=ro", uri=True) as db:
            return db.execute("SELECT d.imei, d.state, c.state, c.der FROM device d LEFT JOIN certificate c"
                              " ON c.device = d.number").fetchall()

    def check(self, sims, finished):
        """What the modems hold against what the inventory says of them."""
        rows = self.rows()
        recorded = {der for _, _, _, der in rows if der}
        active = {}
        for imei, device, state, der in rows:
            if device == "enrolled" and state == "active":
                assert imei not in active, f"{imei} has two active certificates"
                active[imei] = der
            if device == "enrolled":
                assert state != "issued", f"{imei} is enrolled with a certificate still open"
        seen = set()
        for file in (f for sim in sims for f in sim.files):
            if not file.exists() or file.stat().st_size == 0:
                continue
            imei, kept = read_modem(file)
            if 1 in kept:
                der = x509.load_pem_x509_certificate(kept[1]).public_bytes(Encoding.DER)
                assert der in recorded, f"{imei} holds a certificate that the inventory does not know"
            if finished:
                assert imei in active, f"{imei} is not enrolled: {self.said()}"
            if imei not in active:
                continue
            assert sorted(kept) == [0, 1, 2], f"{imei} is called done, and holds {sorted(kept)}"
            assert kept[0] == self.root and kept[1] == pem(active[imei]), f"{imei} holds another certificate"
            key = spki(load_der_private_key(kept[2], None).public_key())
            assert key == spki(x509.load_der_x509_certificate(active[imei]).public_key()), f"{imei} holds another key"
            assert key not in seen and (not finished or key not in self.keys), f"{imei} shares its key"
            seen.add(key)
        if finished:
            self.keys |= seen
            self.devices += len(seen)

    def check_listed(self, sim):
        """The same once through the modem's own list."""
        digests = {line.split(",")[1]: line.split('"')[1] for line in at(str(sim.ports[0]), f"AT%CMNG=1,{TAG}")}
        imei, kept = read_modem(sim.files[0])
        assert digests["0"].lower() == hashlib.sha256(kept[0]).hexdigest()
        assert digests["1"].lower() == hashlib.sha256(kept[1]).hexdigest()

    def batch(self, number):
        folder = self.folder / f"batch{number}"
        folder.mkdir()
        sims = [Simulator(folder, i, (number * PROCESSES + i) * EACH) for i in range(PROCESSES)]
        try:
            for _ in range(self.random.randint(1, KILLS)):
                process = self.enroll(sims)
                self.disturb(process, sims)
                self.said()
                self.check(sims, finished=False)
            began = time.monotonic()
            process = self.enroll(sims)
            assert process.wait(120) == 0, self.said()
            self.took = 0.5 * self.took + 0.5 * (time.monotonic() - began)
            self.check(sims, finished=True)
            self.check_listed(sims[0])
        finally:
            for sim in sims:
                sim.stop()

    def run(self):
        for number in range(-(-self.boards // (PROCESSES * EACH))):
            self.batch(number)
        with sqlite3.connect(self.home / "inventory.db") as db:
            keys = [k for (k,) in db.execute("SELECT key FROM certificate")]
            left = db.execute("SELECT count(*) FROM device WHERE state <> 'enrolled'").fetchone()[0]
        assert len(keys) == len(set(keys)) and left == 0
        assert subprocess.run([BIN / "signet", "audit", "verify", "--home", self.home],
                              stdout=subprocess.DEVNULL).returncode == 0


def read_modem(file):
    import cbor2
    fields = cbor2.loads(file.read_bytes())
    return fields[1], {kind: bytes(content) for tag, kind, made, content in fields[4] if tag == TAG}


def run_line(boards, seed):
    """Returns the line after its last board, with its numbers."""
    with tempfile.TemporaryDirectory(prefix="sg-line-", dir=fast_folder()) as name:
        line = Line(Path(name), boards, seed)
        line.run()
        return line
