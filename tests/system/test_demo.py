# SPDX-License-Identifier: Apache-2.0
"""The demo, whole, as `make demo` runs it after the build."""

import os
import re
import subprocess

from harness import BIN, ROOT


def test_demo(folder):
    done = subprocess.run([ROOT / "tools/demo"], capture_output=True, text=True, timeout=110,
                          env={**os.environ, "SIGNET_BUILD": os.path.relpath(BIN, ROOT), "SIGNET_DEMO": str(folder / "demo")})
    assert done.returncode == 0, done.stdout + done.stderr
    out = done.stdout
    assert [int(n) for n in re.findall(r"^(\d+)\. ", out, re.M)] == list(range(1, 11))
    assert len(re.findall(r"^   .*Enrolled +urn:imei:", out, re.M)) == 3
    assert len(re.findall(r"^   Revoked urn:imei:", out, re.M)) == 1
    for alert in ("unknown_ca", "certificate_expired", "certificate_unknown", "certificate_revoked", "handshake_failure"):
        assert f"refused {alert}: " in out
    assert re.search(r"^   9 runs: 9 nothing against", out, re.M) and re.search(r"^   8 runs: 3 not applicable, 5 nothing against", out, re.M)
    assert 'registers as' in out and "No device had to do a new handshake." in out
    logs = "\n".join(p.read_text() for p in (folder / "demo").glob("*.log"))
    assert "Sanitizer" not in logs and "runtime error" not in logs
    assert "PRIVATE KEY" not in out + logs
