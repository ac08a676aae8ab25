/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem's store holds: its tags, its digests, and that secrets cannot be read from it. */
#include "probe/modem_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Tags whose TLS traffic Nordic's tools can decrypt, from modem firmware 2.0.0 on (modem notes 1.2). */
static const uint32_t DECRYPTED_FIRST = 2147483648, DECRYPTED_LAST = 2147483667;

enum { OBSERVED = 600, PEM = 4096 };

static void add(char observed[OBSERVED], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(char observed[OBSERVED], const char *fmt, ...)
{
    size_t n = strlen(observed);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(observed + n, OBSERVED - n, fmt, args);
    va_end(args);
}

static json_t *list_json(const struct sg_probe_desk *d)
{
    json_t *all = json_array();
    for (size_t i = 0; i < d->creds; i++) {
        char sha[SG_PROBE_SHA];
        struct sg_buf b = sg_buf(sha, sizeof sha);
        sg_put_hex(&b, sg_bytes(d->cred[i].sha256, sizeof d->cred[i].sha256));
        (void)json_array_append_new(all, json_pack("{s:I,s:i,s:s}", "tag", (json_int_t)d->cred[i].tag, "type",
                                                   (int)d->cred[i].type, "sha256", sg_buf_cstr(&b)));
    }
    return all;
}

/* ----------------------------------------------------------------------------------------- the inventory's part */

/* What the inventory says of this modem: where its credentials are, and what they must be. */
struct known {
    bool device; /* it knows it */
    struct sg_device d;
    uint32_t tag[16];
    size_t tags;
    struct sg_cert_row cert; /* the newest at the device's tag; der_len 0: none */
    struct sg_psk_row psk;   /* the same; number 0: none */
};

static void add_tag(struct known *k, uint32_t tag)
{
    if (tag != 0 && k->tags < sizeof k->tag / sizeof k->tag[0])
        k->tag[k->tags++] = tag;
}

/* A revoked identity lies where it was put until the board gets another. */
static bool lies_there(enum sg_cert_state s)
{
    return s != SG_CERT_RETIRED;
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct known *k = user;
    if (lies_there(row->state)) {
        add_tag(k, row->tag);
        if (row->tag == k->d.tag)
            k->cert = *row;
    }
    return 0;
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct known *k = user;
    if (lies_there(row->state)) {
        add_tag(k, row->tag);
        if (row->tag == k->d.tag)
            k->psk = *row;
    }
    return 0;
}

/* 0, also where it is not known; or an error of the store. */
static int ask_inventory(const struct sg_probe_desk *d, struct known *k, struct sg_error *err)
{
    struct sg_store *s = d->p->store;
    memset(k, 0, sizeof *k);
    int e = sg_store_find_modem(s, d->p->info->uuid, d->p->info->imei, &k->d, err);
    if (e == SG_ENOTFOUND)
        return 0;
    k->device = e == 0;
    add_tag(k, k->d.tag);
    if (e == 0)
        e = sg_store_each_cert(s, SG_CERT_DEVICE, k->d.number, take_cert, k, err);
    if (e == 0)
        e = sg_store_each_psk(s, k->d.number, take_psk, k, err);
    return e;
}

/* False after a verdict, where the inventory cannot tell anything. */
static bool get_known(struct sg_probe_desk *d, struct sg_probe_result *r, struct known *k)
{
    struct sg_error err = {0};
    if (d->p->store == NULL)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "not compared",
                          "There is no home whose inventory could say what belongs there.");
    else if (ask_inventory(d, k, &err) < 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "not compared", err.text);
    else if (!k->device)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "not compared",
                          "The home's inventory does not know this modem.");
    else
        return true;
    return false;
}

/* ------------------------------------------------------------------------------------------------------ tags */

static bool is_modems_own(const struct sg_cred *c)
{
    return c->tag > SG_TAG_MAX || (c->type == SG_CRED_AT_KEY && c->tag <= SG_LOCK_TAG_MAX);
}

static bool is_known_tag(const struct known *k, uint32_t tag)
{
    for (size_t i = 0; i < k->tags; i++)
        if (k->tag[i] == tag)
            return true;
    return false;
}

/* How many entries are at tags that the inventory does not have; they are named in `observed`. */
static size_t count_unknown(const struct sg_probe_desk *d, const struct known *k, char observed[OBSERVED])
{
    size_t n = 0;
    for (size_t i = 0; i < d->creds; i++) {
        const struct sg_cred *c = &d->cred[i];
        if (is_modems_own(c) || is_known_tag(k, c->tag))
            continue;
        add(observed, "%s%s at tag %u", n++ == 0 ? "; not in the inventory: " : ", ", sg_cred_type_name(c->type),
            c->tag);
    }
    return n;
}

static size_t count_decrypted(const struct sg_probe_desk *d, char observed[OBSERVED])
{
    size_t n = 0;
    for (size_t i = 0; i < d->creds; i++)
        if (d->cred[i].tag >= DECRYPTED_FIRST && d->cred[i].tag <= DECRYPTED_LAST)
            add(observed, "%s%s at tag %u", n++ == 0 ? "; in the range of test tags: " : ", ",
                sg_cred_type_name(d->cred[i].type), d->cred[i].tag);
    return n;
}

void sg_probe_modem_tags(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    char observed[OBSERVED] = "";
    struct known *k = calloc(1, sizeof *k);
    struct sg_error err = {0};
    add(observed, "%zu credentials", d->creds);
    size_t decrypted = count_decrypted(d, observed);
    int e = k == NULL ? SG_ENOMEM : d->p->store != NULL ? ask_inventory(d, k, &err) : 0;
    size_t unknown = e == 0 && k->device ? count_unknown(d, k, observed) : 0;
    r->facts = json_pack("{s:o,s:I,s:b,s:I}", "credentials", list_json(d), "test_tags", (json_int_t)decrypted,
                         "compared_with_inventory", e == 0 && k->device, "unknown", (json_int_t)unknown);
    if (decrypted > 0) {
        r->severity = SG_SEVERITY_HIGH;
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "Nordic's tools can decrypt the traffic of what is at tags 2147483648 to 2147483667.");
    } else if (unknown > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Nobody knows what these are for, nor who holds their keys.");
    else if (e < 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, err.text);
    else if (!k->device)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "None is in the range of test tags; whether each belongs there is not known: no home's "
                          "inventory knows this modem.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "None is in the range of test tags, and the inventory knows each.");
    free(k);
}

/* --------------------------------------------------------------------------------------------------- digests */

static const struct sg_cred *find(const struct sg_probe_desk *d, uint32_t tag, unsigned type)
{
    for (size_t i = 0; i < d->creds; i++)
        if (d->cred[i].tag == tag && d->cred[i].type == type)
            return &d->cred[i];
    return NULL;
}

static bool has_digest(const struct sg_cred *c, struct sg_bytes text)
{
    uint8_t digest[32];
    sg_sha256(text, digest);
    return memcmp(digest, c->sha256, sizeof digest) == 0;
}

/* With the line ends of whichever host it was written through. */
static bool is_cert(const struct sg_cred *c, const X509 *cert)
{
    uint8_t space[PEM], crlf_space[PEM];
    struct sg_buf pem = sg_buf(space, sizeof space), crlf = sg_buf(crlf_space, sizeof crlf_space);
    if (cert == NULL || sg_cert_put_pem(&pem, cert) < 0)
        return false;
    sg_modem_put_crlf(&crlf, sg_buf_bytes(&pem));
    return has_digest(c, sg_buf_bytes(&pem)) || has_digest(c, sg_buf_bytes(&crlf));
}

static bool is_row(const struct sg_cred *c, const struct sg_cert_row *row)
{
    X509 *cert = sg_cert_parse(sg_bytes(row->der, row->der_len), NULL);
    bool is = is_cert(c, cert);
    X509_free(cert);
    return is;
}

struct root {
    const struct sg_cred *c;
    bool found;
};

static int compare_root(void *user, const struct sg_cert_row *row)
{
    struct root *root = user;
    root->found = root->found || is_row(root->c, row);
    return 0;
}

static bool is_psk(const struct sg_probe_desk *d, const struct sg_cred *c, const struct sg_psk_row *row)
{
    struct sg_psk_secret secret;
    uint8_t space[2 * SG_PSK_KEY];
    struct sg_buf hex = sg_buf(space, sizeof space);
    if (sg_psk_unseal(d->p->vault, row->identity, row->sealed, &secret, NULL) < 0)
        return false;
    sg_put_hex(&hex, sg_bytes(secret.key, sizeof secret.key));
    bool is = has_digest(c, sg_buf_bytes(&hex));
    sg_wipe(&secret, sizeof secret);
    sg_wipe(space, sizeof space);
    return is;
}

enum compared { SAME, OTHER, NOT_COMPARED };

static enum compared compare(const struct sg_probe_desk *d, const struct known *k, const struct sg_cred *c)
{
    static const uint8_t none[32];
    struct root root = {.c = c};
    if (memcmp(c->sha256, none, sizeof none) == 0)
        return NOT_COMPARED; /* old firmware lists zeros (modem notes 1.4) */
    switch (c->type) {
    case SG_CRED_CA:
        (void)sg_store_each_cert(d->p->store, SG_CERT_SERVER_ROOT, 0, compare_root, &root, NULL);
        return root.found ? SAME : OTHER;
    case SG_CRED_CERT:
        return k->cert.der_len > 0 && is_row(c, &k->cert) ? SAME : OTHER;
    case SG_CRED_KEY:
        if (k->cert.der_len > 0 && memcmp(k->cert.key_digest, none, sizeof none) == 0)
            return NOT_COMPARED;
        return k->cert.der_len > 0 && memcmp(k->cert.key_digest, c->sha256, sizeof none) == 0 ? SAME : OTHER;
    case SG_CRED_PSK_ID:
        return k->psk.number != 0 && has_digest(c, sg_str(k->psk.identity)) ? SAME : OTHER;
    case SG_CRED_PSK:
        if (k->psk.number != 0 && (d->p->vault == NULL || k->psk.state == SG_CERT_REVOKED))
            return NOT_COMPARED; /* a revoked key is erased from the inventory */
        return k->psk.number != 0 && is_psk(d, c, &k->psk) ? SAME : OTHER;
    default:
        return NOT_COMPARED;
    }
}

/* What must be there and is not. */
static size_t count_missing(const struct sg_probe_desk *d, const struct known *k, char observed[OBSERVED])
{
    const struct {
        unsigned type;
        bool meant;
    } all[] = {{SG_CRED_CA, k->cert.der_len > 0},
               {SG_CRED_CERT, k->cert.der_len > 0},
               {SG_CRED_KEY, k->cert.der_len > 0},
               {SG_CRED_PSK, k->psk.number != 0},
               {SG_CRED_PSK_ID, k->psk.number != 0}};
    size_t missing = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].meant && find(d, k->d.tag, all[i].type) == NULL) {
            add(observed, "the %s is missing at tag %u; ", sg_cred_type_name(all[i].type), k->d.tag);
            missing++;
        }
    return missing;
}

static void compare_all(struct sg_probe_desk *d, struct sg_probe_result *r, const struct known *k)
{
    char observed[OBSERVED] = "";
    size_t n[NOT_COMPARED + 1] = {0}, missing = count_missing(d, k, observed);
    for (size_t i = 0; i < d->creds; i++) {
        const struct sg_cred *c = &d->cred[i];
        if (c->tag != k->d.tag)
            continue;
        enum compared is = compare(d, k, c);
        n[is]++;
        if (is == OTHER)
            add(observed, "the %s at tag %u is another one; ", sg_cred_type_name(c->type), c->tag);
    }
    add(observed, "%zu as meant, %zu not compared", n[SAME], n[NOT_COMPARED]);
    r->facts =
        json_pack("{s:s,s:I,s:I,s:I,s:I}", "endpoint", k->d.endpoint, "same", (json_int_t)n[SAME], "other",
                  (json_int_t)n[OTHER], "missing", (json_int_t)missing, "not_compared", (json_int_t)n[NOT_COMPARED]);
    if (n[OTHER] + missing > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "The store is not as it was left at production: somebody changed it.");
    else if (n[NOT_COMPARED] > 0)
        sg_probe_conclude(
            r, SG_VERDICT_REMARK, observed,
            "What could be compared is as meant; the modem lists no digest for the rest, or the inventory "
            "has none.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "Each digest is that of what was written at production.");
}

void sg_probe_modem_digests(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct known *k = calloc(1, sizeof *k);
    if (k == NULL)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "not compared", "Out of memory.");
    else if (get_known(d, r, k))
        compare_all(d, r, k);
    free(k);
}

/* -------------------------------------------------------------------------------------------------- read-key */

/* Beside what is there: a key and a pre-shared key of our own; and what can be read, for the control: true where that
 * was written. */
static bool put_own(struct sg_probe_desk *d, struct sg_cred own[2])
{
    static const char psk[] = "000102030405060708090a0b0c0d0e0f"; /* no secret */
    struct sg_keygen *k = calloc(1, sizeof *k);
    bool put = k != NULL && d->may_change && sg_probe_desk_prepare(d, NULL) && sg_probe_desk_put(d) == 0;
    if (put && sg_modem_keygen(d->m, d->tag, NULL, NULL, k) == 0)
        own[0] = (struct sg_cred){.tag = d->tag, .type = SG_CRED_KEY};
    if (put && sg_modem_write(d->m, d->tag, SG_CRED_PSK, sg_str(psk)) == 0)
        own[1] = (struct sg_cred){.tag = d->tag, .type = SG_CRED_PSK};
    free(k);
    return put;
}

/* What is no secret can be read: our own, or the first root or PSK identity that was found. */
static void control_reading(struct sg_probe_desk *d, struct sg_probe_result *r, bool own)
{
    uint8_t space[SG_AT_REPLY_MAX];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_cred c = {.tag = d->tag, .type = SG_CRED_PSK_ID};
    char what[96], text[SG_PROBE_CAME];
    for (size_t i = 0; i < d->creds && !own; i++)
        if (d->cred[i].type == SG_CRED_CA || d->cred[i].type == SG_CRED_PSK_ID) {
            c = d->cred[i];
            own = true;
        }
    if (!own) {
        sg_probe_add_control(r, false, "reading what is no secret", "there is no such thing in the store");
        return;
    }
    (void)snprintf(what, sizeof what, "reading the %s at tag %u", sg_cred_type_name(c.type), c.tag);
    int e = sg_modem_read(d->m, c.tag, c.type, &b);
    sg_probe_add_control(r, e == 0 && b.len > 0, what,
                         e == 0 && b.len == 0 ? "only a digest" : sg_probe_desk_came(d, e, text));
}

static bool is_secret(unsigned type)
{
    return type == SG_CRED_KEY || type == SG_CRED_PSK || type == SG_CRED_ENDORSEMENT;
}

struct reading {
    size_t tried, read, odd, failed; /* odd: refused, but not as what may not be read */
    char observed[OBSERVED];
    json_t *each;
};

static void try_reading(struct sg_probe_desk *d, const struct sg_cred *c, struct reading *all)
{
    uint8_t space[SG_AT_REPLY_MAX];
    struct sg_buf b = sg_buf(space, sizeof space);
    char text[SG_PROBE_CAME];
    int e = sg_modem_read(d->m, c->tag, c->type, &b);
    bool gave = (e == 0 && b.len > 0) || e == SG_ENOSPC;
    const char *came = gave ? "given out" : e == 0 ? "a digest only" : sg_probe_desk_came(d, e, text);
    sg_wipe(space, sizeof space);
    add(all->observed, "%s%s at tag %u: %s", all->tried++ == 0 ? "" : "; ", sg_cred_type_name(c->type), c->tag, came);
    (void)json_array_append_new(
        all->each, json_pack("{s:I,s:i,s:s}", "tag", (json_int_t)c->tag, "type", (int)c->type, "came_back", came));
    all->read += gave;
    all->odd += e != 0 && !(e == SG_EDENIED && d->m->cme == SG_CME_NO_ACCESS);
    all->failed += e != 0 && !gave && !sg_probe_desk_refused(e);
}

void sg_probe_modem_read_key(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct sg_cred own[2] = {{.tag = 0}};
    struct reading all = {.each = json_array()};
    control_reading(d, r, put_own(d, own));
    for (size_t i = 0; i < d->creds; i++)
        if (is_secret(d->cred[i].type))
            try_reading(d, &d->cred[i], &all);
    for (size_t i = 0; i < 2; i++)
        if (own[i].tag != 0)
            try_reading(d, &own[i], &all);
    r->facts = json_pack("{s:o}", "readings", all.each);
    if (all.read > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, all.observed, "What must never leave the modem can be read at its port.");
    else if (all.tried == 0)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "no private key and no pre-shared key in the store",
                          "There is nothing that must not be read.");
    else if (all.failed > 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, all.observed, "The port failed before all was tried.");
    else if (all.odd > 0)
        sg_probe_conclude(r, SG_VERDICT_REMARK, all.observed,
                          "Nothing was given out, but not with error 514 (not allowed), as meant.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, all.observed,
                          "Each reading was refused; what is no secret can be read.");
}
