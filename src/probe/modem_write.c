/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a modem's store where that must not be possible: on the network, unsigned, wrongly signed, signed before. */
#include "probe/modem_internal.h"

#include <string.h>

/* What was tried, and what came back. */
struct tries {
    size_t accepted, odd, failed; /* odd: refused, for another reason than meant */
    char observed[600];
};

static void note(struct sg_probe_desk *d, struct tries *t, const char *what, int e, int meant)
{
    char text[SG_PROBE_CAME];
    size_t n = strlen(t->observed);
    (void)snprintf(t->observed + n, sizeof t->observed - n, "%s%s: %s", n > 0 ? "; " : "", what,
                   e == 0 ? "accepted" : sg_probe_desk_came(d, e, text));
    t->accepted += e == 0;
    t->failed += e != 0 && !sg_probe_desk_refused(e);
    t->odd += sg_probe_desk_refused(e) && meant >= 0 && (e != SG_EDENIED || d->m->cme != meant);
}

static void conclude(struct sg_probe_result *r, const struct tries *t, const char *bad, const char *odd,
                     const char *good)
{
    r->facts = json_pack("{s:I}", "accepted", (json_int_t)t->accepted);
    if (t->accepted > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, t->observed, bad);
    else if (t->failed > 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, t->observed, "The port failed before all was tried.");
    else
        sg_probe_conclude(r, t->odd > 0 ? SG_VERDICT_REMARK : SG_VERDICT_NOTHING_AGAINST, t->observed,
                          t->odd > 0 ? odd : good);
}

/* ---------------------------------------------------------------------------------------------------- online */

void sg_probe_modem_write_online(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct tries t = {.accepted = 0};
    char text[SG_PROBE_CAME];
    if (!sg_probe_desk_prepare(d, r) ||
        !sg_probe_desk_control(d, r, "writing a PSK identity to a free tag, offline", sg_probe_desk_put)) {
        sg_probe_desk_skip(r);
        return;
    }
    int e = sg_probe_desk_function(d, 1);
    int is = e == 0 ? sg_modem_get_function(d->m) : e;
    if (is < 0 || !sg_modem_function_is_active(is)) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, sg_probe_desk_came(d, is, text),
                          "The modem does not go active (AT+CFUN=1).");
        return;
    }
    note(d, &t, "writing", sg_modem_write(d->m, d->tag, SG_CRED_PSK_ID, sg_str("signet-probe-online")), SG_CME_ACTIVE);
    note(d, &t, "deleting", sg_probe_desk_take(d), SG_CME_ACTIVE);
    if (sg_probe_desk_prepare(d, r) && t.accepted == 0)
        (void)sg_probe_desk_control(d, r, "deleting it, offline", sg_probe_desk_take);
    conclude(r, &t, "Whoever runs code beside the modem of a device in the field can change its credentials.",
             "Nothing was changed, but not with error 518 (not allowed in active state), as meant.",
             "The store changes offline only.");
}

/* ------------------------------------------------------------------------------------------------- the lock */

/* False after a verdict, where there is no lock. */
static bool is_locked(const struct sg_probe_desk *d, struct sg_probe_result *r)
{
    if (d->locked == SG_EUNSUPPORTED)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "no lock", "The modem's firmware has no AT%XPMNG.");
    else if (d->locked != 1)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "not locked",
                          "Whoever is at its port can change its store while it is offline; `signet modem lock` locks "
                          "it.");
    return d->locked == 1;
}

/* The control before each of them: the same with a right signature. The free tag is empty before and after. */
static bool signed_works(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    if (sg_probe_desk_prepare(d, r) &&
        sg_probe_desk_control(d, r, "writing with a right signature", sg_probe_desk_put) &&
        sg_probe_desk_control(d, r, "deleting with a right signature", sg_probe_desk_take))
        return true;
    sg_probe_desk_skip(r);
    return false;
}

void sg_probe_modem_write_unsigned(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct tries t = {.accepted = 0};
    struct sg_keygen k;
    if (!is_locked(d, r) || !signed_works(d, r))
        return;
    if (!sg_probe_desk_control(d, r, "writing again with one", sg_probe_desk_put)) {
        sg_probe_desk_skip(r);
        return;
    }
    int (*sign)(void *, const struct sg_bytes[3], struct sg_buf *) = d->m->sign;
    d->m->sign = NULL;
    note(d, &t, "deleting", sg_probe_desk_take(d), -1);
    note(d, &t, "writing", sg_modem_write(d->m, d->tag, SG_CRED_PSK, sg_str("000102030405060708090a0b0c0d0e0f")), -1);
    note(d, &t, "making a key", sg_modem_keygen(d->m, d->tag, NULL, NULL, &k), -1);
    d->m->sign = sign;
    conclude(r, &t, "The lock does not hold: whoever is at the port can change the store.", "",
             "Without a signature nothing changed.");
}

/* One write whose signature is not right; what it left is deleted with a right one. */
static void try_signature(struct sg_probe_desk *d, struct tries *t, const char *what, EVP_PKEY *signer, bool other_text)
{
    d->signer = signer;
    d->other_text = other_text;
    int e = sg_probe_desk_put(d);
    d->signer = d->p->lock_key;
    d->other_text = false;
    note(d, t, what, e, SG_CME_AUTHENTICATION);
    if (e == 0)
        (void)sg_probe_desk_take(d);
}

/* r = s = 1: of the right form, and by nobody. */
static int make_up(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    static const uint8_t ones[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    (void)user;
    (void)text;
    sg_put(signature, ones, sizeof ones);
    return 0;
}

void sg_probe_modem_wrong_signer(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct tries t = {.accepted = 0};
    struct sg_error err = {0};
    if (!is_locked(d, r) || !signed_works(d, r))
        return;
    EVP_PKEY *stranger = sg_key_new(SG_P256, &err);
    if (stranger == NULL) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "not run", err.text);
        return;
    }
    try_signature(d, &t, "by another key", stranger, false);
    try_signature(d, &t, "over another command", d->p->lock_key, true);
    EVP_PKEY_free(stranger);
    int (*sign)(void *, const struct sg_bytes[3], struct sg_buf *) = d->m->sign;
    d->m->sign = make_up;
    int e = sg_probe_desk_put(d);
    d->m->sign = sign;
    note(d, &t, "made up", e, SG_CME_AUTHENTICATION);
    if (e == 0)
        (void)sg_probe_desk_take(d);
    (void)sg_probe_desk_control(d, r, "writing with a right signature, after", sg_probe_desk_put);
    conclude(r, &t, "The modem does not look at who signed what: the lock does not hold.",
             "Nothing was changed, but not with error 520 (authentication failed), as meant.",
             "Only the right signature over the command itself is taken.");
}

/* -------------------------------------------------------------------------------------------------- replayed */

/* The signed command that writes to the free tag (modem notes 3.4), as it will be sent twice. */
static int put_command(const struct sg_probe_desk *d, struct sg_buf *command)
{
    uint8_t text_space[96], signature_space[80];
    struct sg_buf text = sg_buf(text_space, sizeof text_space);
    struct sg_buf signature = sg_buf(signature_space, sizeof signature_space);
    sg_put_str(&text, "%CMNG=0,");
    sg_put_udec(&text, d->tag);
    sg_put_str(&text, ",");
    sg_put_udec(&text, SG_CRED_PSK_ID);
    sg_put_str(&text, ",\"signet-probe\"");
    const struct sg_bytes all = sg_buf_bytes(&text);
    int e = sg_key_sign(d->p->lock_key, &all, 1, &signature, NULL);
    sg_put_str(command, "AT%XSUDO=");
    sg_put_udec(command, text.len);
    sg_put_str(command, ",\"");
    sg_put_base64(command, sg_buf_bytes(&signature));
    sg_put_str(command, "\"");
    if (d->m->lock_tag > 0) {
        sg_put_str(command, ",");
        sg_put_udec(command, d->m->lock_tag);
    }
    sg_put_str(command, ";");
    sg_put_bytes(command, all);
    return e;
}

void sg_probe_modem_replay(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    enum { PATIENCE_MS = 15000 };
    uint8_t space[300];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct tries t = {.accepted = 0};
    char text[SG_PROBE_CAME];
    if (!is_locked(d, r) || !signed_works(d, r))
        return;
    int e = put_command(d, &command);
    if (e == 0)
        e = sg_modem_command(d->m, sg_buf_bytes(&command), NULL, PATIENCE_MS);
    sg_probe_add_control(r, e == 0, "the signed command, sent once", sg_probe_desk_came(d, e, text));
    if (e < 0 || !sg_probe_desk_control(d, r, "undoing it with another signed command", sg_probe_desk_take)) {
        sg_probe_desk_skip(r);
        return;
    }
    note(d, &t, "sent again", sg_modem_command(d->m, sg_buf_bytes(&command), NULL, PATIENCE_MS), -1);
    conclude(r, &t,
             "A recorded command works again: whoever has one can bring back what was deleted or replaced since.", "",
             "It works once.");
}
