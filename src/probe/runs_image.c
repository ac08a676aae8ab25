/* SPDX-License-Identifier: Apache-2.0 */
/* The runs against a firmware image. */
#include "probe/probe_internal.h"

static const struct sg_probe_run runs[] = {
    {"image.secrets", "the image is searched for keys, passwords and other credentials",
     "no credential is in it; what a device must keep secret is made or written device by device", "CCK-3 SSM-3",
     "Take each credential out of the build and withdraw it; let each device make its own key (`signet enroll`).",
     SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"image.signature", "MCUboot's digest, signature, version and security counter are checked",
     "each image is signed by the maker's key, unchanged, and has a security counter", "SUM-2",
     "Sign it with your own key: imgtool sign --key … --version … --security-counter auto.", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_HIGH},
    {"image.shared", "credentials of several images are compared", "no credential is in two of them", "CCK-3",
     "Make each credential anew for each product and device, and withdraw the shared one.", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_HIGH},
    {"image.config", "the build's configuration is held against a list",
     "nothing that a delivered device must not have", "CRY-1 GEC-2 GEC-5",
     "Change the options named, build again, and probe the new image.", SG_WEIGHT_SUPPORTING, SG_SEVERITY_MEDIUM},
    {"image.sbom", "the bill of materials is read", "it names each component with its version", "GEC-1",
     "Let the build write it (`west spdx`), and add the versions that are missing.", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_MEDIUM},
};

const struct sg_probe_runs sg_probe_runs_image = {runs, sizeof runs / sizeof runs[0]};
