/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against what a person does at a bench, guided and recorded. What is said and asked: guide_scripts.c. */
#include "probe/probe_internal.h"

#define LOADER                                                                                                         \
    "the boot loader must verify the signature before each start: see its configuration (MCUboot: a key, and "
#define OLD "an older image may have known holes: switch the downgrade check on, and count the security counter up"

static const struct sg_probe_run runs[] = {
    {"fw.unsigned", "an image without a signature is offered through the real update path",
     "refused, the old version runs", "SUM-2", LOADER "no validation switched off)", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"fw.sig-altered", "an image whose signature was altered is offered through the real update path",
     "refused, the old version runs", "SUM-2", LOADER "no validation switched off)", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"fw.image-altered",
     "an image that was altered under its genuine signature is offered through the real update path",
     "refused, the old version runs", "SUM-2", LOADER "no validation switched off)", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"fw.other-signer", "an image that another key signed is offered through the real update path",
     "refused, the old version runs", "SUM-2", LOADER "not the example's key, which everybody has)", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
    {"fw.truncated", "the first half of a genuine image is offered through the real update path",
     "refused, the old version runs", "SUM-2 RLM-1", LOADER "the whole image under the signature)",
     SG_WEIGHT_SUPPORTING, SG_SEVERITY_HIGH},
    {"fw.newer", "a genuine newer image is offered, and nobody touches the device",
     "installed, its version is read back", "SUM-1 SUM-3",
     "no update, no cure for holes found later: find out where the update stopped", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_HIGH},
    {"fw.older", "a genuine older image is offered through the real update path", "refused, the newer version runs", "",
     OLD, SG_WEIGHT_EXTRA, SG_SEVERITY_MEDIUM},
    {"fw.counter", "a genuine image with a lower security counter is offered", "refused, the present version runs", "",
     OLD, SG_WEIGHT_EXTRA, SG_SEVERITY_MEDIUM},
    {"fw.source", "the image is offered by a server whose certificate the device must not trust", "nothing is fetched",
     "AUM-3 SCM-2", "the download must verify the server as the management connection does (host name included)",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"fw.power-cut", "the power is cut at random moments of an update", "it boots the old or the new version", "RLM-1",
     "a swap must be resumable: see the boot loader's swap mode and its scratch or status area", SG_WEIGHT_EXTRA,
     SG_SEVERITY_HIGH},
    {"port.debug", "a debugger is attached to a production unit", "refused: no access port opens, nothing is read",
     "SSM-1 SSM-2 GEC-5", "lock the access ports in production (APPROTECT, ERASEPROTECT), and read that back",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"dev.reset", "the factory reset is done, and what is left is read",
     "credentials, settings and log are gone; the server refuses the old identity", "DLM-1",
     "the reset must delete what the user or the service put in, keys included, and the server must revoke the "
     "identity",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_HIGH},
    {"dev.log", "each event of the list is brought about, the power is cut, the log is filled beyond its size",
     "the records are there, in order, with a time; the newest are kept", "LGM-1 LGM-2 LGM-3 LGM-4",
     "compare the list of events with what the firmware records, and where it keeps it", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_MEDIUM},
    {"port.network", "the open ports of a device in its factory state are scanned over its network",
     "those that the user documentation lists, no others", "GEC-2 GEC-4",
     "close what setting up and basic operation do not need, or document it", SG_WEIGHT_PRIMARY, SG_SEVERITY_MEDIUM},
};
const struct sg_probe_runs sg_probe_runs_guided = {runs, sizeof runs / sizeof runs[0]};
