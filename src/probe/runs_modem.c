/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against an nRF91 modem at its AT port. */
#include "probe/probe_internal.h"

static const struct sg_probe_run runs[] = {
    {"modem.tags", "the credential store is listed, and each tag compared with those that belong there",
     "no tag of the range whose traffic Nordic's tools can decrypt, and none that nobody knows", "SCM-3 SSM-1",
     "delete what is at the tags named (`signet modem delete --tag N`), and find out which step of production wrote it",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
    {"modem.digests", "the digest of each credential is compared with what the inventory meant to be there",
     "each is the one that was written at production", "SSM-2",
     "enrol the board anew (`signet enroll --renew`), and find out who changed its store", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_HIGH},
    {"modem.read-key", "every private key and pre-shared key in the store is read with AT%CMNG=2",
     "each reading is refused; a credential that is not secret can be read", "SSM-3",
     "do not ship this modem firmware: ask its maker; keys that were in such a modem count as known", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"modem.write.online", "a credential is written, and one deleted, while the modem is on the network (AT+CFUN=1)",
     "both are refused with error 518, and possible offline", "SSM-2 ACM-1",
     "do not ship this modem firmware: ask its maker; lock the store (`signet modem lock`) until then",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"modem.write.unsigned", "on a locked modem a credential is written, deleted, and a key made, without a signature",
     "all are refused, and possible with a signature", "SSM-2 ACM-1 AUM-1-3",
     "the lock (%XPMNG) does not hold with this modem firmware: ask its maker which commands it restricts",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"modem.write.wrong-signer",
     "on a locked modem a credential is written with another key's signature, with one over another command, and with "
     "a made-up one",
     "all are refused with error 520, and possible with the right signature", "SSM-2 ACM-1 AUM-1-3",
     "do not rely on the lock (%XPMNG) of this modem firmware: ask its maker", SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"modem.replay-at", "a signed command that was carried out is sent again after its effect was undone",
     "it is refused the second time", "SCM-4 AUM-1-3",
     "whoever has seen a signed command can repeat it: keep such commands secret, and sign none that must not happen "
     "twice",
     SG_WEIGHT_EXTRA, SG_SEVERITY_MEDIUM},
    {"modem.keygen", "keys are made in the modem at a free tag, their replies verified and compared, and deleted",
     "each reply is signed by the modem's identity key, and no two keys are alike", "CCK-2",
     "keys of this modem are not to be trusted: take it out of the line, and ask its maker", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_CRITICAL},
};
const struct sg_probe_runs sg_probe_runs_modem = {runs, sizeof runs / sizeof runs[0]};
