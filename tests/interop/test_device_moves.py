# SPDX-License-Identifier: Apache-2.0
"""signet-device behind a NAT that forgets, at Leshan's server: it goes on by its connection id."""

import signal

from harness import free_port
from peers import Identities, java


def test_another_port_costs_no_handshake(start, folder):
    ids = Identities(folder)
    port = free_port()
    server = java(start, "LeshanServerPeer", port, ids["server.pem"], ids["server.key"], ids["device-root.pem"],
                  ids.endpoint, 6)
    server.expect("^ready$", 30)
    device = start("signet-device", "--server", f"coaps://localhost:{port}", "--cert", ids["device.pem"], "--key",
                   ids["device.key"], "--ca", ids["server-root.pem"], "--lifetime", 6, "--interval", 0)
    device.expect("Connected to .*connection ids in both directions, full handshake")
    server.expect(f"^registered {ids.endpoint}$", 30)
    device.send_signal(signal.SIGUSR1)
    device.expect("Moved to another port")
    moved = len(device.lines)
    server.expect(f"^updated {ids.endpoint}$", 15, len(server.lines))
    seen = len(server.lines)
    server.send("read /3/0/0")
    server.expect("^205 Signet$", 15, seen)
    assert device.seen("Connected", moved) is None
    assert len([line for line in device.lines if "Connected" in line]) == 1
