/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a device that connects to servers which the probe plays. */
#include "probe/probe_internal.h"

#define REFUSES "ends the handshake, and sends nothing"

static const struct sg_probe_run runs[] = {
    {"dev.server.wrong-ca", "It is led to a server whose certificate is of another CA", REFUSES, "AUM-3 SCM-2",
     "Give the device the server root as its only trusted CA, and have verification of the peer required, not "
     "optional.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"dev.server.same-name", "It is led to a server with all the right names and other keys", REFUSES, "AUM-3 SCM-2",
     "Trust a CA by its key, never by its name: have the library verify the signature up to the root that was stored.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"dev.server.wrong-key", "It is led to a server with the right certificate and not its key", REFUSES, "AUM-3",
     "Use a library that checks the signature over the key exchange; it must not be possible to switch this off.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"dev.server.expired", "It is led to a server whose certificate has expired",
     REFUSES " (or has no clock, and says so)", "AUM-3",
     "Have the validity checked against a time from the network. Where there is no clock, write that limit down, use "
     "short-lived server certificates, and change the server root in time.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
    {"dev.server.future", "It is led to a server whose certificate is not valid yet",
     REFUSES " (or has no clock, and says so)", "AUM-3",
     "Have the validity checked against a time from the network, or write the limit down.", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_LOW},
    {"dev.server.wrong-name", "It is led to a server of the right CA with another name", REFUSES, "AUM-3",
     "Set the host name that the certificate must have; an address in the server's URI must not switch that off.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"dev.server.other-server", "It is led to another genuine server of the same CA", REFUSES, "AUM-3",
     "Set the whole host name that the certificate must have, and compare all of it.", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_HIGH},
    {"dev.server.usage", "It is led to a server whose certificate is for clients only", REFUSES, "AUM-3 CRY-1",
     "Have the extended key usage checked: a device's own certificate must not make it a server.", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_HIGH},
    {"dev.server.ca-leaf", "It is led to a server that shows a CA's certificate as its own", REFUSES, "AUM-3 CRY-1",
     "Have the key usage checked.", SG_WEIGHT_PRIMARY, SG_SEVERITY_LOW},
    {"dev.server.sha1", "It is led to a server whose certificate is signed with SHA-1", REFUSES, "AUM-3 CRY-1",
     "Leave SHA-1 out of the signatures that are taken.", SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
    {"dev.server.broken-chain", "It is led to a server whose chain lacks the issuing CA", REFUSES, "AUM-3 CRY-1",
     "Have the chain verified up to the stored root.", SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"dev.mitm", "A relay stands between, and ends the session with a CA of its own", REFUSES, "SCM-2",
     "Give the device the server root as its only trusted CA, and have verification of the peer required, not "
     "optional.",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"dev.server.not-a-ca", "It is led to a server whose certificate another server issued", REFUSES, "AUM-3 CRY-1",
     "Have the basic constraints checked: no server's certificate may issue others.", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"dev.server.small-curve", "It is led to a server whose issuing CA has a key of 192 bits (elliptic curve)", REFUSES,
     "AUM-3 CRY-1", "Take curves of 256 bits or more only.", SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
    {"dev.server.small-rsa", "It is led to a server whose issuing CA has an RSA key of 1024 bits", REFUSES,
     "AUM-3 CRY-1", "Take RSA keys of 2048 bits or more only, or none at all.", SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
};

const struct sg_probe_runs sg_probe_runs_device = {runs, sizeof runs / sizeof runs[0]};
