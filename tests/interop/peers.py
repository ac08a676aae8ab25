# SPDX-License-Identifier: Apache-2.0
"""Peers that others wrote: how each is started, and what it can do."""

import subprocess

from harness import ROOT, SERVER_NAME

JAVA = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
        f"{ROOT}/build/peers/peers.jar:{ROOT}/build/peers/lib/*"]


def java(start, name, *args):
    hosts = ROOT / "build/peers/hosts"  # names for Java's resolver, so that certificates can be checked on loopback
    hosts.write_text(f"127.0.0.1 localhost {SERVER_NAME}\n")
    return start(*JAVA, f"-Djdk.net.hosts.file={hosts}", f"peers.{name}", *args, stdin=subprocess.PIPE)


class Identities:
    """A small PKI made with openssl alone: two roots, a server's and a device's certificate."""

    def __init__(self, folder, endpoint="urn:imei:356938035643809", server_name="localhost"):
        self.folder, self.endpoint = folder, endpoint
        self.root("device-root")
        self.root("server-root")
        self.leaf("device", endpoint, "device-root", "extendedKeyUsage=clientAuth")
        self.leaf("server", server_name, "server-root",
                  f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:{server_name},IP:127.0.0.1")

    def __getitem__(self, name):
        return self.folder / name

    def openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=self.folder)

    def key(self, name):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        self[f"{name}.key"].chmod(0o600)

    def root(self, name):
        self.key(name)
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", 30,
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", f"{name}.pem")

    def leaf(self, name, cn, ca, extensions):
        self.key(name)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={cn}", "-out", f"{name}.csr")
        self[f"{name}.ext"].write_text(f"keyUsage=critical,digitalSignature\n{extensions}\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-days", 20,
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem")
