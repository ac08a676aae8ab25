# SPDX-License-Identifier: Apache-2.0
"""The guide's commands do what the guide says: its `sh` blocks run as they stand, one after the other."""

import re
import subprocess

from harness import BIN, ROOT, SERVER_NAME, free_port

GUIDE = ROOT / "docs/guide/01-x509-on-an-nrf91.md"


def test_by_hand(start, folder):
    modem = start("nrf91sim", "--imei", "351516170000012", "--resolve", f"{SERVER_NAME}=127.0.0.1")
    port = modem.expect(r"^(/dev/\S+)$").group(1)
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)
    assert len(blocks) == 5
    script = f"set -eu\nMODEM={port}\nPORT={free_port()}\n" + "\n".join(blocks)
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={"PATH": f"{BIN}:/usr/bin:/bin"})
    out = done.stdout
    assert done.returncode == 0, out + done.stderr
    assert "CN = urn:imei:351516170000012" in out
    assert "ERROR" not in out
    listed = dict(re.findall(r'%CMNG: 35724861,([01]),"([0-9A-F]{64})"', out))
    files = re.findall(r"^([0-9A-F]{64})  ", out, re.M)
    assert [listed["0"], listed["1"]] == files
    assert out.rstrip().endswith("hello")
