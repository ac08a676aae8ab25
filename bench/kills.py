#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boards enrolled on a line that is killed at random points, until all are done: no certificate unrecorded, no shared
key, no board wrongly called done.

    build/venv/bin/python bench/kills.py [BOARDS] [SEED]      10000 and 1 by default; SIGNET_BUILD as for the tests
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system")]
os.environ.setdefault("SIGNET_BUILD", "build/release/bin")

from line_kills import run_line  # noqa: E402

boards = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
began = time.monotonic()
line = run_line(boards, seed)
print(f"seed {seed}: {line.devices} boards in {time.monotonic() - began:.0f} s, {line.runs} runs of signet, {line.kills} "
      f"killed, {line.cuts} power cuts: every board whole, every certificate recorded, every key its own")
