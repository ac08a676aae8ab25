#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""probe_image.py [FILE…]: how long `signet probe image` takes for 1 MiB, the whole command with its signed record.

Of four images: zeros (the one pass alone), code (a real program), random bytes, and random bytes with 64 public keys in
them, which is the most work that an image can make. The least and the median of five.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIGNET = Path(os.environ.get("SIGNET_BUILD", "build/release/bin")).resolve() / "signet"
SIZE = 1 << 20


def public_keys(n):
    made = subprocess.run(f"for i in $(seq {n}); do openssl ecparam -name prime256v1 -genkey -noout | "
                          "openssl ec -pubout -outform DER 2>/dev/null; done", shell=True, capture_output=True, check=True).stdout
    size = len(made) // n
    return [made[i * size:(i + 1) * size] for i in range(n)]


def with_keys():
    image = bytearray(os.urandom(SIZE))
    for i, key in enumerate(public_keys(64)):
        image[i * SIZE // 64 + 8000:i * SIZE // 64 + 8000 + len(key)] = key
    return bytes(image)


def measure(name, content, folder):
    image = folder / "image"
    image.write_bytes(content)
    took = []
    for _ in range(5):
        begin = time.monotonic()
        subprocess.run([SIGNET, "probe", "image", image, "--only", "image.secrets", "--evidence", folder / "evidence"],
                       stdout=subprocess.DEVNULL, env={**os.environ, "SIGNET_HOME": str(folder / "none")})
        took.append(1000 * (time.monotonic() - begin))
    print(f"{name:<28} {len(content) / SIZE:5.1f} MiB   least {min(took):6.0f} ms   median {statistics.median(took):6.0f} ms")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure("zeros", bytes(SIZE), folder)
        measure("code", Path("/usr/bin/python3").resolve().read_bytes()[SIZE:2 * SIZE], folder)
        measure("random", os.urandom(SIZE), folder)
        measure("random, 64 public keys", with_keys(), folder)
        for path in sys.argv[1:]:
            measure(Path(path).name, Path(path).read_bytes(), folder)


main()
