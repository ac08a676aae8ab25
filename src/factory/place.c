/* SPDX-License-Identifier: Apache-2.0 */
/* Writes server root and certificate, and compares what the modem lists with exactly the bytes that were meant. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

static const char *const what_is[] = {[SG_CRED_CA] = "server root", [SG_CRED_CERT] = "certificate"};

/* PEM with LF and one newline at the end: a modem hashes the bytes as they are (modem notes 9.3), and a shell makes CR
 * LF of each. */
int sg_factory_prepare(struct sg_factory_run *run)
{
    X509 *cert = sg_cert_parse(sg_bytes(run->cert.der, run->cert.der_len), run->err);
    if (cert == NULL)
        return run->err->code;
    const X509 *certs[] = {[SG_CRED_CA] = run->e->server_root, [SG_CRED_CERT] = cert};
    int r = 0;
    for (size_t i = 0; i < 2 && r == 0; i++) {
        struct sg_buf pem = sg_buf(run->pem[i], sizeof run->pem[i]);
        r = sg_cert_put_pem(&pem, certs[i]);
        run->pem_len[i] = pem.len;
        if (r < 0)
            (void)sg_fail(run->err, r, "the %s has more than %zu bytes: too large for a modem", what_is[i],
                          sizeof run->pem[i]);
    }
    X509_free(cert);
    return r;
}

/* The text that is written, with the line ends that this host or another one writes (modem notes 4.2). */
static struct sg_bytes form(const struct sg_factory_run *run, unsigned type, bool crlf, uint8_t space[SG_FACTORY_CRLF])
{
    struct sg_bytes pem = sg_bytes(run->pem[type], run->pem_len[type]);
    struct sg_buf b = sg_buf(space, SG_FACTORY_CRLF);
    if (!crlf)
        return pem;
    sg_modem_put_crlf(&b, pem);
    return sg_buf_bytes(&b);
}

/* A board may have been enrolled through one host and be looked at through another: both forms are the same text. */
static bool is_meant(const struct sg_factory_run *run, unsigned type, const uint8_t listed[32])
{
    uint8_t space[SG_FACTORY_CRLF], digest[2][32];
    for (size_t i = 0; i < 2; i++)
        sg_sha256(form(run, type, i == 1, space), digest[i]);
    return memcmp(listed, digest[0], 32) == 0 || memcmp(listed, digest[1], 32) == 0;
}

static int place_one(struct sg_factory_run *run, unsigned type)
{
    struct sg_modem *m = run->e->modem;
    uint8_t space[SG_FACTORY_CRLF];
    struct sg_bytes meant = form(run, type, m->shell, space);
    struct sg_cred there;
    char doing[80];
    int r = sg_modem_find(m, run->r->tag, type, &there);
    if (r == 1 && is_meant(run, type, there.sha256))
        return 0;
    int may = sg_modem_may_write(m, run->r->tag, type, meant);
    if (r >= 0 && may < 0)
        r = may;
    if (r == 1) { /* whether a modem overwrites is not certain: modem notes 1.9 */
        r = sg_modem_delete(m, run->r->tag, type);
        if (r == SG_ENOTFOUND)
            r = 0;
    }
    if (r == 0)
        r = sg_modem_write(m, run->r->tag, type, meant);
    if (r == 0)
        return 0;
    (void)snprintf(doing, sizeof doing, "writing the %s to tag %u", what_is[type], run->r->tag);
    return sg_factory_modem_fail(run, r, doing);
}

int sg_factory_place(struct sg_factory_run *run)
{
    int r = place_one(run, SG_CRED_CA);
    return r < 0 ? r : place_one(run, SG_CRED_CERT);
}

static int differs(struct sg_factory_run *run, const char *what, const char *how)
{
    return sg_fail(
        run->err, SG_EMISMATCH, "tag %u of the modem on %s: the %s %s. %s", run->r->tag, run->e->port, what, how,
        run->plan == SG_FACTORY_VERIFY ? "Somebody changed it after it was enrolled; `signet enroll --renew` "
                                         "gives the board a new identity."
                                       : "The same command tries it again.");
}

static int compare_one(struct sg_factory_run *run, unsigned type)
{
    uint8_t meant[32], space[SG_FACTORY_CRLF];
    char how[120], hex[2][17];
    const struct sg_cred *c = sg_factory_cred(run, type);
    if (c == NULL)
        return differs(run, what_is[type], "is missing");
    if (is_meant(run, type, c->sha256))
        return 0;
    sg_sha256(form(run, type, run->e->modem->shell, space), meant);
    const uint8_t *digests[] = {c->sha256, meant};
    for (size_t i = 0; i < 2; i++) {
        struct sg_buf b = sg_buf(hex[i], sizeof hex[i]);
        sg_put_hex(&b, sg_bytes(digests[i], 8));
        (void)sg_buf_cstr(&b);
    }
    (void)snprintf(how, sizeof how, "has the digest %s…, but %s… was meant", hex[0], hex[1]);
    return differs(run, what_is[type], how);
}

int sg_factory_compare(struct sg_factory_run *run)
{
    static const uint8_t unknown[32];
    int r = sg_factory_list(run);
    if (r == 0)
        r = compare_one(run, SG_CRED_CA);
    if (r == 0)
        r = compare_one(run, SG_CRED_CERT);
    if (r < 0)
        return r;
    if (sg_factory_cred(run, SG_CRED_KEY) == NULL)
        return differs(run, "private key", "is missing");
    bool known = memcmp(run->cert.key_digest, unknown, sizeof unknown) != 0;
    if (known && !sg_factory_has_key(run))
        return differs(run, "private key", "is not the one that the certificate was issued for");
    if (!run->proven) {
        r = sg_factory_prove_cert(run);
        run->proven = r == 1;
        if (r == SG_EMISMATCH)
            return differs(run, "private key", "does not sign for the certificate (AT%JWT): it is another one");
        if (r < 0)
            return r;
    }
    /* A PSK beside a certificate may be what the modem uses instead (modem notes 9.15). */
    if (sg_factory_cred(run, SG_CRED_PSK) != NULL || sg_factory_cred(run, SG_CRED_PSK_ID) != NULL)
        return differs(run, "certificate", "shares the tag with a PSK");
    return 0;
}

int sg_factory_clear(struct sg_factory_run *run)
{
    for (size_t i = 0; i < run->n_creds; i++) {
        char doing[96];
        const struct sg_cred *c = &run->creds[i];
        int r = sg_modem_delete(run->e->modem, c->tag, c->type);
        if (r == 0 || r == SG_ENOTFOUND)
            continue;
        (void)snprintf(doing, sizeof doing, "deleting the %s at tag %u", sg_cred_type_name(c->type), c->tag);
        return sg_factory_modem_fail(run, r, doing);
    }
    run->n_creds = 0;
    return 0;
}

int sg_factory_vacate(struct sg_factory_run *run)
{
    if (run->vacate < 0)
        return 0;
    int r = sg_factory_list_at(run, (uint32_t)run->vacate);
    return r < 0 ? r : sg_factory_clear(run);
}
