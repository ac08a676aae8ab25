/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the SG_E… numbers. */
#include "core/core.h"

const char *sg_strerror(int error)
{
    static const char *const names[] = {
        [0] = "no error",
        [-SG_EINVAL] = "invalid argument",
        [-SG_ENOSPC] = "no space left",
        [-SG_EFORMAT] = "malformed",
        [-SG_ETRUNCATED] = "cut short",
        [-SG_ENOTFOUND] = "not found",
        [-SG_EEXISTS] = "exists already",
        [-SG_EDENIED] = "not allowed",
        [-SG_ETIMEOUT] = "no answer in time",
        [-SG_EIO] = "input or output failed",
        [-SG_ESTATE] = "not possible now",
        [-SG_EBUSY] = "busy",
        [-SG_EUNSUPPORTED] = "not supported",
        [-SG_ECRYPTO] = "cryptographic operation failed",
        [-SG_ENOMEM] = "out of memory",
        [-SG_EMISMATCH] = "does not agree",
        [-SG_ECLOSED] = "closed",
    };
    const int count = (int)(sizeof names / sizeof names[0]);

    if (error > 0)
        return names[0];
    if (error <= -count)
        return "unknown error";
    return names[-error];
}
