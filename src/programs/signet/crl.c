/* SPDX-License-Identifier: Apache-2.0 */
/* The revocation list of an issuing CA, out of the inventory. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

struct revocations {
    struct sg_fingerprint issuer;
    struct sg_revoked *list;
    size_t n, cap;
};

static int take_revoked(void *user, const struct sg_cert_row *row)
{
    struct revocations *all = user;
    if (row->state != SG_CERT_REVOKED || memcmp(&row->issuer, &all->issuer, sizeof row->issuer) != 0)
        return 0;
    if (all->n == all->cap) {
        size_t cap = 2 * all->cap + 64;
        struct sg_revoked *more = reallocarray(all->list, cap, sizeof *more);
        if (more == NULL)
            return SG_ENOMEM;
        all->list = more;
        all->cap = cap;
    }
    struct sg_revoked *one = &all->list[all->n++];
    *one = (struct sg_revoked){.when = row->revoked_at, .reason = row->reason};
    memcpy(one->serial, row->facts.serial, sizeof one->serial);
    return 0;
}

/* The number must only ever grow (RFC 5280 section 5.2.3): the time does. */
X509_CRL *sg_cli_new_crl(struct sg_store *store, struct sg_issuer issuer, int64_t now, size_t *n, struct sg_error *err)
{
    struct revocations all = {.n = 0};
    int r = sg_cert_fingerprint(issuer.cert, &all.issuer);
    if (r < 0)
        (void)sg_fail(err, r, "the issuing CA's certificate cannot be read");
    else
        r = sg_store_each_cert(store, SG_CERT_DEVICE, 0, take_revoked, &all, err);
    if (r == SG_ENOMEM)
        (void)sg_fail(err, r, "out of memory");
    struct sg_validity v = {now, now + SG_CLI_CRL_DAYS * 86400LL};
    X509_CRL *crl = r == 0 ? sg_crl_new(issuer, all.list, all.n, (uint64_t)now, v, err) : NULL;
    *n = all.n;
    free(all.list);
    return crl;
}
