/* SPDX-License-Identifier: Apache-2.0 */
/* The modem's error numbers (modem notes 1.8), in words. */
#include "modem/modem.h"

struct meaning {
    int cme;
    const char *name, *cure;
};

static const struct meaning meanings[] = {
    {SG_CME_PLAIN, "ERROR without a number", ""},
    {SG_CME_FAILURE, "phone failure",
     "The modem did not take the command: its firmware may be too old for it, or a parameter is out of range."},
    {SG_CME_MEMORY_FAILURE, "memory failure", "Make the content smaller, or restart the modem with AT+CFUN=0."},
    {SG_CME_BAD_PARAMETER, "incorrect parameters", "Check the security tag, the type and the content."},
    {SG_CME_DISABLED, "command disabled in this firmware", "Use a firmware that has the command."},
    {SG_CME_SYSTEM, "system error", "Restart the modem and try again."},
    {SG_CME_NOT_FOUND, "not found", "List what the modem holds: nothing is stored under this tag and type."},
    {SG_CME_NO_ACCESS, "not allowed",
     "Private keys and the modem's own entries cannot be read or removed. If nothing can be written at all, the modem "
     "may ask for signed commands (a type 5 key is present)."},
    {SG_CME_FULL, "credential store full", "Delete credentials that are no longer used, then run this again."},
    {SG_CME_ACTIVE, "not allowed while the modem is active",
     "Take the modem off the network with AT+CFUN=4, then run this again."},
    {SG_CME_EXISTS, "already exists",
     "Something is stored under this tag and type. Delete it first, or use another tag; a deleted key is gone for "
     "good."},
    {SG_CME_AUTHENTICATION, "authentication failed", "The command must be signed with the key that the modem holds."},
    {SG_CME_KEYGEN, "key generation failed", "Restart the modem and try again."},
    {SG_CME_JWT, "token not made", ""},
    {SG_CME_BAD_CONTENT, "invalid content",
     "The modem cannot parse the certificate: it must be PEM with real line ends, and not too large."},
    {SG_CME_POWER_WARNING, "power-off warning active",
     "The supply voltage is too low for the modem to write: check the supply, then run this again."},
    {SG_CME_CLAIM, "claim token not made", ""},
};

static const struct meaning *find(int cme)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].cme == cme)
            return &meanings[i];
    return NULL;
}

const char *sg_cme_name(int cme)
{
    const struct meaning *m = find(cme);
    return m ? m->name : "an error that the manuals do not name";
}

const char *sg_cme_cure(int cme)
{
    const struct meaning *m = find(cme);
    return m ? m->cure : "";
}
