/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %KEYINJECT and %CLAIMTOKEN, as far as they are known (modem notes 3.5): what a key is injected as, and what a claim
 * token says, is in no manual that was read. So the first is not in this build, and without it there is no ownership
 * key (type 9) that the second could use.
 */
#include "sim_internal.h"

enum { CHALLENGE = 16, MESSAGE_MAX = 4096 };

static size_t find_dot(struct sg_bytes text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != '.')
        n++;
    return n;
}

/* "<b64url(COSE_Encrypt)>.<b64url(COSE_Sign1)>" */
int sg_sim_keyinject(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint8_t space[MESSAGE_MAX];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_bytes text;

    if (c->form != SG_SIM_SET || !s->firmware_has.keygen)
        return SG_SIM_ERROR;
    if (c->count != 1 || !sg_sim_string(c, 0, &text))
        return SG_CME_BAD_PARAMETER;
    size_t dot = find_dot(text);
    if (dot == 0 || dot + 1 >= text.n || sg_parse_base64url(sg_bytes(text.p, dot), &b) < 0 ||
        sg_parse_base64url(sg_bytes(text.p + dot + 1, text.n - dot - 1), &b) < 0)
        return SG_CME_BAD_PARAMETER;
    return SG_CME_DISABLED;
}

/* <tag>[,"<challenge, 32 hexadecimal digits>"] */
int sg_sim_claimtoken(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint8_t space[CHALLENGE];
    struct sg_buf challenge = sg_buf(space, sizeof space);
    struct sg_bytes digits;
    uint64_t tag;

    if (c->form != SG_SIM_SET || !s->firmware_has.claimtoken)
        return SG_SIM_ERROR;
    if (c->count > 2 || !sg_sim_number(c, 0, UINT32_MAX, &tag))
        return SG_CME_BAD_PARAMETER;
    if (sg_sim_given(c, 1) &&
        (!sg_sim_string(c, 1, &digits) || sg_parse_hex(digits, &challenge) < 0 || challenge.len != CHALLENGE))
        return SG_CME_BAD_PARAMETER;
    return SG_CME_CLAIM;
}
