# SPDX-License-Identifier: Apache-2.0
"""What the tests of `signet probe server` share: a small PKI, the server with one fault, and what the probe found."""

import json
import subprocess

from harness import run

ENDPOINT = "urn:dev:genuine"
OTHER = "urn:dev:other"


class Pki:
    """Two roots; a device's identity, a revoked one, a server's, and servers' that are wrong, by openssl alone."""

    def __init__(self, folder):
        self.folder = folder
        self.root("device-root")
        self.root("server-root")
        self.leaf("device", ENDPOINT, "device-root", "extendedKeyUsage=clientAuth")
        self.leaf("revoked", "urn:dev:revoked", "device-root", "extendedKeyUsage=clientAuth")
        self.leaf("server", "localhost", "server-root", "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost")
        self["known"].write_text(self.serial("device") + self.serial("revoked"))
        self["revoked"].write_text(self.serial("revoked"))

    def __getitem__(self, name):
        return self.folder / name

    def openssl(self, *args):
        return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, text=True,
                              cwd=self.folder).stdout

    def serial(self, name):
        return self.openssl("x509", "-noout", "-serial", "-in", f"{name}.pem").split("=")[1]

    def key(self, name, kind=("EC", "ec_paramgen_curve:P-256")):
        self.openssl("genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", f"{name}.key")
        self[f"{name}.key"].chmod(0o600)

    def root(self, name):
        self.key(name)
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", 3000,
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", f"{name}.pem")

    def leaf(self, name, cn, ca, extensions, *more, usage="digitalSignature", kind=("EC", "ec_paramgen_curve:P-256")):
        self.key(name, kind)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={cn}", "-out", f"{name}.csr")
        self[f"{name}.ext"].write_text(f"keyUsage=critical,{usage}\n{extensions}\n")
        more = more or ("-days", 1000)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem", *more)


class BadServer:
    def __init__(self, start, pki, *options, cert="server"):
        self.pki = pki
        self.process = start("bad_server", pki[f"{cert}.pem"], pki[f"{cert}.key"], pki["device-root.pem"], pki["known"],
                             pki["revoked"], *options)
        ready = self.process.expect(r"^ready (\d+) (\d+)$")
        self.port, self.plain_port = int(ready.group(1)), int(ready.group(2))

    def probe(self, *options):
        return probe_all(self.pki, self.port, self.plain_port, *options)


def probe_all(pki, port, plain_port, *options):
    """All runs with all identities: {run: result}, and the exit code."""
    done = run("signet", "probe", "server", f"coaps://127.0.0.1:{port}", "--name", "localhost",
               "--cert", pki["device.pem"], "--key", pki["device.key"], "--ca", pki["server-root.pem"],
               "--issuer-cert", pki["device-root.pem"], "--issuer-key", pki["device-root.key"],
               "--revoked-cert", pki["revoked.pem"], "--revoked-key", pki["revoked.key"],
               "--other-endpoint", OTHER, "--plain-port", plain_port, "--rate", 1000, "--evidence",
               pki["evidence"], "--json", *options, timeout=300)
    assert done.stdout, done.stderr
    return {r["run"]: r for r in json.loads(done.stdout)["results"]}, done.returncode


def found(results):
    """What a person must look at: failures and remarks."""
    return {name: r["verdict"] for name, r in results.items() if r["verdict"] in ("fail", "remark")}
