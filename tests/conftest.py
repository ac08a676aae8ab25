# SPDX-License-Identifier: Apache-2.0
from harness import folder, home, relay, start  # noqa: F401 - the fixtures of all tests
