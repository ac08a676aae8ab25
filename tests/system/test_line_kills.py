# SPDX-License-Identifier: Apache-2.0
"""300 boards on a line that is killed at random points; bench/kills.py does the same with any number and seed."""

import pytest
from line_kills import run_line


@pytest.mark.timeout(300)
def test_no_kill_leaves_a_board_wrongly_done():
    line = run_line(300, seed=1)
    assert line.devices >= 300 and line.kills >= 5 and line.cuts >= 5, (line.devices, line.kills, line.cuts)
