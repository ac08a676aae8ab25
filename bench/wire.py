#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wire.py: what goes over the wire, datagram by datagram, counted between the real programs on loopback.

    build/venv/bin/python bench/wire.py

A device with an identity in files connects, registers, updates, moves to another port and comes back after a restart of
its own. A relay in between counts UDP payload bytes; IP and UDP headers add 28 bytes to each (IPv4)."""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
os.environ.setdefault("SIGNET_BUILD", "build/release/bin")

import harness  # noqa: E402
from harness import Home, Process, Relay, run  # noqa: E402

HANDSHAKE = {0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 3: "HelloVerifyRequest", 4: "NewSessionTicket",
             11: "Certificate", 12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone",
             15: "CertificateVerify", 16: "ClientKeyExchange"}


def records(datagram):
    """The names of the records in a datagram, as far as they can be read from outside. A record with a connection id has
    it before its length: its length in this datagram is what is left (such records come last)."""
    names, at = [], 0
    while at + 13 <= len(datagram):
        kind, epoch = datagram[at], int.from_bytes(datagram[at + 3:at + 5], "big")
        if kind == 25:
            names.append("protected, with CID")
            break
        length = int.from_bytes(datagram[at + 11:at + 13], "big")
        if epoch == 0 and kind == 22:
            names.append(HANDSHAKE.get(datagram[at + 13], "handshake"))
        else:
            names.append({20: "ChangeCipherSpec", 21: "alert", 22: "Finished", 23: "protected"}.get(kind, str(kind)))
        at += 13 + length
    return " + ".join(names)


def table(title, seen):
    print(f"\n{title}\n")
    print("| from | bytes | what |\n| --- | ---: | --- |")
    total = {"up": 0, "down": 0}
    for direction, datagram in seen:
        total[direction] += len(datagram)
        print(f"| {'device' if direction == 'up' else 'server'} | {len(datagram)} | {records(datagram)} |")
    print(f"\n{len(seen)} datagrams, {total['up']} bytes from the device, {total['down']} from the server, "
          f"{sum(total.values())} in all")


def main():
    started = []

    def start(*command, **options):
        started.append(Process(*command, **options))
        return started[-1]

    with tempfile.TemporaryDirectory(prefix="sg-") as temporary:
        folder = Path(temporary)
        home = Home(folder / "home", start)
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            folder / "d.key", "-out", folder / "d.csr", "-subj", "/CN=urn:imei:351516170000012", check=0)
        (folder / "d.key").chmod(0o600)
        home.signet("issue", folder / "d.csr", "--out", folder / "d.pem", check=0)
        home.start()
        relay = Relay(home.lwm2m_port)
        device = start("signet-device", "--server", f"coaps://{harness.SERVER_NAME}:{relay.port}", "--address", "127.0.0.1",
                       "--cert", folder / "d.pem", "--key", folder / "d.key", "--ca", home.path / "ca/server-root.pem",
                       "--endpoint", "urn:imei:351516170000012", "--lifetime", 40)
        try:
            device.expect(r"[Rr]egistered at")
            time.sleep(0.3)
            first_data = next(i for i, (_, d) in enumerate(relay.seen) if d[0] == 25 and int.from_bytes(d[3:5], "big") == 1
                              and i and relay.seen[i - 1][0] == "down" and "ChangeCipherSpec" in records(relay.seen[i - 1][1]))
            table("Full handshake", relay.seen[:first_data])
            table("Registration", relay.seen[first_data:])
            mark = len(relay.seen)
            relay.rebind()
            device.expect("[Uu]pdated", 60)
            time.sleep(0.3)
            table("Registration update, from another port", relay.seen[mark:])
        finally:
            for p in reversed(started):
                p.stop()
            relay.close()


if __name__ == "__main__":
    main()
