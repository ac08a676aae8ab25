/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change the store, signed where the modem asks for it (modem notes 3.4):
 *
 *     AT%XSUDO=<length>,"<base64 signature>"[,<tag>];%CMNG=0,1,0,"…"
 *
 * The signed text is what follows the semicolon, the command without its AT.
 */
#include "modem/modem_internal.h"

enum { SIGNATURE_MAX = 72 /* DER of two numbers below the order of P-256 */, HEAD_MAX = 512 };

_Static_assert(sizeof "AT%XSUDO=4095,\"\",9;" - sizeof "AT" + (SIGNATURE_MAX + 2) / 3 * 4 <= SG_MODEM_SIGNED_MORE,
               "what a signature adds");

int sg_modem_not_found(const struct sg_modem *m, int e)
{
    return e == SG_EDENIED && m->cme == SG_CME_NOT_FOUND ? SG_ENOTFOUND : e;
}

int sg_modem_unsupported(const struct sg_modem *m, int e)
{
    return e == SG_EDENIED && (m->cme == SG_CME_PLAIN || m->cme == SG_CME_FAILURE || m->cme == SG_CME_DISABLED)
               ? SG_EUNSUPPORTED
               : e;
}

int sg_modem_change(struct sg_modem *m, const struct sg_modem_text *text, sg_modem_line_fn *fn, void *user,
                    uint32_t timeout_ms)
{
    uint8_t space[HEAD_MAX], signature_space[SIGNATURE_MAX];
    struct sg_buf head = sg_buf(space, sizeof space), signature = sg_buf(signature_space, sizeof signature_space);

    if (!m->locked || m->sign == NULL)
        return sg_modem_run(m, text, fn, user, timeout_ms);
    if (text->head.n < 2)
        return SG_EINVAL;
    const struct sg_bytes pieces[3] = {sg_bytes(text->head.p + 2, text->head.n - 2), text->body, text->tail};
    int e = m->sign(m->user, pieces, &signature);
    if (e < 0)
        return e;
    sg_put_str(&head, "AT%XSUDO=");
    sg_put_udec(&head, pieces[0].n + pieces[1].n + pieces[2].n);
    sg_put_str(&head, ",\"");
    sg_put_base64(&head, sg_buf_bytes(&signature));
    sg_put_str(&head, "\"");
    if (m->lock_tag > 0) {
        sg_put_str(&head, ",");
        sg_put_udec(&head, m->lock_tag);
    }
    sg_put_str(&head, ";");
    sg_put_bytes(&head, pieces[0]);
    struct sg_modem_text whole = {.head = sg_buf_bytes(&head), .body = text->body, .tail = text->tail};
    return head.full || signature.full ? SG_EINVAL : sg_modem_run(m, &whole, fn, user, timeout_ms);
}
