/* SPDX-License-Identifier: Apache-2.0 */
/* %XPMNG: the public key whose owner alone may change the store from then on (modem notes 3.4). */
#include "modem/modem_internal.h"

enum { COMMAND_MAX = 32 };

struct reading {
    struct sg_buf *pem;
    bool found;
};

static int take_key(void *user, struct sg_bytes line)
{
    struct reading *r = user;
    struct sg_bytes rest, key;

    if (!sg_modem_after(line, "%XPMNG:", &rest))
        return 0;
    if (r->found || !sg_modem_field(&rest, &key) || key.n == 0)
        return SG_EFORMAT;
    r->found = true;
    if (r->pem == NULL)
        return 0;
    sg_put_bytes(r->pem, key);
    return r->pem->full ? SG_ENOSPC : 0;
}

/* ",3": which key is meant; nothing for the usual one. */
static void put_tag(struct sg_buf *b, const struct sg_modem *m)
{
    if (m->lock_tag > 0) {
        sg_put_str(b, ",");
        sg_put_udec(b, m->lock_tag);
    }
}

int sg_modem_lock_state(struct sg_modem *m, struct sg_buf *pem)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf command = sg_buf(space, sizeof space);
    struct reading r = {.pem = pem};

    sg_put_str(&command, "AT%XPMNG=2");
    put_tag(&command, m);
    int e = sg_modem_not_found(m, sg_modem_ask(m, &command, take_key, &r, SG_MODEM_STORE));
    if (e == 0 || e == SG_ENOTFOUND) {
        m->locked = r.found;
        return r.found ? 1 : 0;
    }
    return sg_modem_unsupported(m, e);
}

int sg_modem_lock(struct sg_modem *m, struct sg_bytes pem)
{
    uint8_t space[COMMAND_MAX];
    struct sg_buf tail = sg_buf(space, sizeof space);

    if (m->lock_tag > SG_LOCK_TAG_MAX || !sg_modem_quotable(pem, SG_AT_COMMAND_MAX))
        return SG_EINVAL;
    sg_put_str(&tail, "\"");
    put_tag(&tail, m);
    struct sg_modem_text text = {.head = sg_str("AT%XPMNG=0,\""), .body = pem, .tail = sg_buf_bytes(&tail)};
    int e = sg_modem_run(m, &text, NULL, NULL, SG_MODEM_STORE);
    /* The manual has both numbers for a key that is there already. */
    if (e == SG_EDENIED && (m->cme == SG_CME_EXISTS || m->cme == SG_CME_AUTHENTICATION))
        return SG_EEXISTS;
    if (e == 0)
        m->locked = true;
    return sg_modem_unsupported(m, e);
}

int sg_modem_unlock(struct sg_modem *m)
{
    int e = m->lock_tag > SG_LOCK_TAG_MAX ? SG_EINVAL : sg_modem_delete(m, m->lock_tag, SG_CRED_AT_KEY);

    if (e == 0)
        m->locked = false;
    return e;
}
