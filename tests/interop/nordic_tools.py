# SPDX-License-Identifier: Apache-2.0
"""Nordic's host tools as published, on a simulated modem.

They take only ports that pyserial lists, and a pseudo-terminal is none of them: a sitecustomize module in the tools'
Python path adds the one that is meant. Nothing of the tools themselves is changed."""

import os
import subprocess
import sys


class Tools:
    def __init__(self, folder, port):
        self.folder, self.port = folder, os.path.realpath(port)
        (folder / "sitecustomize.py").write_text(
            "import serial.tools.list_ports as lp\n"
            "from serial.tools.list_ports_linux import SysFS\n"
            "lp.comports = lambda include_links=False: [SysFS(%r)]\n" % self.port)

    def run(self, tool, *args, check=0):
        """Runs one of them in the folder; what it printed."""
        path = os.path.join(os.path.dirname(sys.executable), tool)
        done = subprocess.run([path, *map(str, args)], capture_output=True, text=True, timeout=100, cwd=self.folder,
                              env={**os.environ, "PYTHONPATH": str(self.folder)})
        assert done.returncode == check, done.stdout + done.stderr
        return done.stdout + done.stderr


def modem_for(start, folder, *arguments):
    """A simulated modem and the tools on it."""
    modem = start("nrf91sim", "--imei", "352656100367872", *arguments)
    return Tools(folder, modem.expect(r"^(/dev/\S+)$").group(1))
