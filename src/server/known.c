/* SPDX-License-Identifier: Apache-2.0 */
/* Who the inventory knows: identities of devices by fingerprint and by number, and the CAs that are trusted. */
#include "server/server_internal.h"

#include <stdlib.h>
#include <string.h>

/* One reading of the inventory. */
struct book {
    struct known_cert *certs;
    uint32_t n, cap;
    struct row_index by_fingerprint, by_number;
    struct sg_trust *trust;
};

struct known {
    pthread_rwlock_t lock;
    const struct sg_psk_vault *vault;
    struct book book;
};

static uint32_t fingerprint_hash(const struct sg_fingerprint *f)
{
    uint32_t h;
    memcpy(&h, f->sha256, sizeof h);
    return h;
}

static void free_book(struct book *b)
{
    free(b->certs);
    sg_server_index_free(&b->by_fingerprint);
    sg_server_index_free(&b->by_number);
    sg_trust_free(b->trust);
}

static void index_cert(struct book *b, uint32_t i)
{
    sg_server_index_add(&b->by_fingerprint, fingerprint_hash(&b->certs[i].fingerprint), i);
    sg_server_index_add(&b->by_number, sg_server_hash_u64(b->certs[i].cert), i);
}

/* Room for twice as many. */
static bool grow(struct book *b)
{
    uint32_t cap = b->cap == 0 ? 256 : b->cap * 2;
    struct known_cert *certs = realloc(b->certs, cap * sizeof *certs);

    if (certs == NULL)
        return false;
    b->certs = certs;
    struct row_index by_fingerprint = {0}, by_number = {0};
    if (!sg_server_index_init(&by_fingerprint, cap) || !sg_server_index_init(&by_number, cap)) {
        sg_server_index_free(&by_fingerprint);
        sg_server_index_free(&by_number);
        return false;
    }
    sg_server_index_free(&b->by_fingerprint);
    sg_server_index_free(&b->by_number);
    b->by_fingerprint = by_fingerprint;
    b->by_number = by_number;
    b->cap = cap;
    for (uint32_t i = 0; i < b->n; i++)
        index_cert(b, i);
    return true;
}

static bool add(struct book *b, const struct known_cert *c)
{
    if (b->n == b->cap && !grow(b))
        return false;
    b->certs[b->n] = *c;
    index_cert(b, b->n++);
    return true;
}

/* A name may have had several pre-shared keys: the one in use counts, else the newest. */
static bool is_better(const struct known_cert *c, const struct known_cert *than)
{
    bool in_use = c->state == SG_CERT_ACTIVE || c->state == SG_CERT_ISSUED;
    bool other = than->state == SG_CERT_ACTIVE || than->state == SG_CERT_ISSUED;

    return in_use != other ? in_use : c->cert > than->cert;
}

static struct known_cert *find(const struct book *b, const struct sg_fingerprint *f)
{
    const struct row_index *x = &b->by_fingerprint;
    struct known_cert *found = NULL;

    if (b->n == 0)
        return NULL;
    for (uint32_t i = sg_server_index_first(x, fingerprint_hash(f)); i != UINT32_MAX; i = sg_server_index_after(x, i)) {
        if (memcmp(&b->certs[i].fingerprint, f, sizeof *f) == 0 && (found == NULL || is_better(&b->certs[i], found)))
            found = &b->certs[i];
    }
    return found;
}

static struct known_cert *get(const struct book *b, uint64_t cert)
{
    const struct row_index *x = &b->by_number;

    if (b->n == 0)
        return NULL;
    for (uint32_t i = sg_server_index_first(x, sg_server_hash_u64(cert)); i != UINT32_MAX;
         i = sg_server_index_after(x, i)) {
        if (b->certs[i].cert == cert)
            return &b->certs[i];
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------------- reading */

enum { MAX_CAS = 1024 };

struct reading {
    struct book book;
    bool psk_off;
    struct sg_store *store;
    struct sg_error *err;
    struct ca {
        struct sg_fingerprint fingerprint, issuer;
        bool revoked;
    } cas[MAX_CAS];
    size_t ca_count;
    struct sg_device *devices; /* sorted by number */
    size_t device_count, device_cap;
};

static int take_device(void *user, const struct sg_device *d)
{
    struct reading *g = user;

    if (g->device_count == g->device_cap) {
        size_t cap = g->device_cap == 0 ? 256 : g->device_cap * 2;
        struct sg_device *devices = realloc(g->devices, cap * sizeof *devices);
        if (devices == NULL)
            return sg_fail(g->err, SG_ENOMEM, "reading the inventory: out of memory");
        g->devices = devices;
        g->device_cap = cap;
    }
    g->devices[g->device_count++] = *d;
    return 0;
}

static int compare_devices(const void *a, const void *b)
{
    int64_t x = ((const struct sg_device *)a)->number, y = ((const struct sg_device *)b)->number;
    return x < y ? -1 : x > y;
}

static const struct sg_device *device_of(const struct reading *g, int64_t number)
{
    const struct sg_device key = {.number = number};

    if (g->device_count == 0)
        return NULL;
    return bsearch(&key, g->devices, g->device_count, sizeof key, compare_devices);
}

static int take_ca(struct reading *g, const struct sg_cert_row *row)
{
    if (g->ca_count == MAX_CAS)
        return sg_fail(g->err, SG_ENOSPC, "the inventory has more than %d CAs for devices", MAX_CAS);
    g->cas[g->ca_count++] = (struct ca){row->facts.fingerprint, row->issuer, row->state == SG_CERT_REVOKED};
    if (row->state == SG_CERT_REVOKED)
        return 0;
    X509 *ca = sg_cert_parse(sg_bytes(row->der, row->der_len), g->err);
    if (ca == NULL)
        return SG_EFORMAT;
    int rc = sg_trust_add(g->book.trust, ca, g->err);
    X509_free(ca);
    return rc;
}

/* Whether a CA above it is revoked; a chain is root, issuing CA, device. */
static bool ca_revoked(const struct reading *g, const struct sg_fingerprint *issuer)
{
    for (int depth = 0; depth < 4; depth++) {
        const struct ca *ca = NULL;
        for (size_t i = 0; i < g->ca_count; i++) {
            if (memcmp(&g->cas[i].fingerprint, issuer, sizeof *issuer) == 0)
                ca = &g->cas[i];
        }
        if (ca == NULL || ca->revoked)
            return ca != NULL;
        issuer = &ca->issuer;
    }
    return false;
}

static void fill(struct known_cert *c, const struct sg_cert_row *row, const struct sg_device *d)
{
    *c = (struct known_cert){.fingerprint = row->facts.fingerprint,
                             .cert = (uint64_t)row->number,
                             .device = row->device,
                             .from = row->facts.from,
                             .until = row->facts.until,
                             .state = row->state,
                             .device_state = d->state};
    memcpy(c->endpoint, d->endpoint, sizeof c->endpoint);
}

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct reading *g = user;
    const struct sg_device *d = device_of(g, row->device);
    struct known_cert c;

    if (d == NULL)
        return 0; /* its device came after the devices were read: a later reading has both */
    fill(&c, row, d);
    c.ca_revoked = ca_revoked(g, &row->issuer);
    return add(&g->book, &c) ? 0 : sg_fail(g->err, SG_ENOMEM, "reading the inventory: out of memory");
}

static void fill_psk(struct known_cert *c, const struct sg_psk_row *row, const struct sg_device *d, bool off)
{
    *c = (struct known_cert){.cert = (uint64_t)row->number | PSK_NUMBER,
                             .device = row->device,
                             .until = INT64_MAX,
                             .state = row->state,
                             .device_state = d->state,
                             .psk_off = off};
    sg_server_psk_fingerprint(row->identity, &c->fingerprint);
    memcpy(c->sealed, row->sealed, sizeof c->sealed);
    memcpy(c->endpoint, d->endpoint, sizeof c->endpoint);
}

static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct reading *g = user;
    const struct sg_device *d = device_of(g, row->device);
    struct known_cert c;

    if (d == NULL)
        return 0;
    fill_psk(&c, row, d, g->psk_off);
    return add(&g->book, &c) ? 0 : sg_fail(g->err, SG_ENOMEM, "reading the inventory: out of memory");
}

static int take_ca_row(void *user, const struct sg_cert_row *row)
{
    return take_ca(user, row);
}

static int read_all(struct reading *g)
{
    int rc = 0;

    g->book.trust = sg_trust_new(g->err);
    if (g->book.trust == NULL)
        return SG_ENOMEM;
    rc = sg_store_each_cert(g->store, SG_CERT_DEVICE_ROOT, 0, take_ca_row, g, g->err);
    if (rc == 0 && g->ca_count == 0)
        rc = sg_fail(g->err, SG_ENOTFOUND,
                     "the inventory has no device root, so nobody could connect: run `signet init` for a new home");
    if (rc == 0)
        rc = sg_store_each_cert(g->store, SG_CERT_ISSUING_CA, 0, take_ca_row, g, g->err);
    if (rc == 0)
        rc = sg_store_each_device(g->store, take_device, g, g->err);
    if (rc == 0 && g->device_count > 1)
        qsort(g->devices, g->device_count, sizeof *g->devices, compare_devices);
    if (rc == 0)
        rc = sg_store_each_cert(g->store, SG_CERT_DEVICE, 0, take_cert, g, g->err);
    if (rc == 0)
        rc = sg_store_each_psk(g->store, 0, take_psk, g, g->err);
    return rc;
}

int sg_server_known_load(struct known *k, struct sg_store *store, struct sg_error *err)
{
    struct reading *g = calloc(1, sizeof *g);

    if (g == NULL)
        return sg_fail(err, SG_ENOMEM, "reading the inventory: out of memory");
    g->store = store;
    g->err = err;
    g->psk_off = k->vault == NULL;
    int rc = read_all(g);
    if (rc == 0) {
        pthread_rwlock_wrlock(&k->lock);
        struct book old = k->book;
        k->book = g->book;
        g->book = old;
        pthread_rwlock_unlock(&k->lock);
    }
    free_book(&g->book);
    free(g->devices);
    free(g);
    return rc;
}

/* ------------------------------------------------------------------------------------------------------ asking */

struct known *sg_server_known_new(const struct sg_psk_vault *vault)
{
    struct known *k = calloc(1, sizeof *k);
    pthread_rwlockattr_t attr;

    if (k == NULL)
        return NULL;
    /* A revocation must not wait while handshakes of strangers, one after the other, read. */
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&k->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    k->vault = vault;
    return k;
}

void sg_server_known_free(struct known *k)
{
    if (k == NULL)
        return;
    free_book(&k->book);
    pthread_rwlock_destroy(&k->lock);
    free(k);
}

static bool copy_out(const struct known_cert *found, struct known_cert *out)
{
    if (found != NULL)
        *out = *found;
    return found != NULL;
}

bool sg_server_known_find(struct known *k, const struct sg_fingerprint *f, struct known_cert *out)
{
    pthread_rwlock_rdlock(&k->lock);
    bool found = copy_out(find(&k->book, f), out);
    pthread_rwlock_unlock(&k->lock);
    return found;
}

bool sg_server_known_get(struct known *k, uint64_t cert, struct known_cert *out)
{
    pthread_rwlock_rdlock(&k->lock);
    bool found = copy_out(get(&k->book, cert), out);
    pthread_rwlock_unlock(&k->lock);
    return found;
}

void sg_server_known_put(struct known *k, const struct known_cert *c)
{
    pthread_rwlock_wrlock(&k->lock);
    struct known_cert *present = get(&k->book, c->cert);
    const bool ca_revoked = present != NULL && present->ca_revoked;
    if (present != NULL && present->state != SG_CERT_REVOKED) /* that is for ever: what comes now was read before */
        *present = *c;
    if (present != NULL)
        present->ca_revoked |= ca_revoked; /* that too */
    else
        (void)add(&k->book, c); /* without memory for it, it is looked up again */
    pthread_rwlock_unlock(&k->lock);
}

enum sg_trust_result sg_server_known_verify(struct known *k, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
                                            struct sg_error *err)
{
    pthread_rwlock_rdlock(&k->lock);
    enum sg_trust_result result = sg_trust_verify(k->book.trust, leaf, sent, SG_FOR_CLIENT, NULL, now, err);
    pthread_rwlock_unlock(&k->lock);
    return result;
}

/* As ca_revoked, from the inventory. False where it could not be read: then nobody is let in by it. */
static bool look_up_cas(struct sg_store *store, struct sg_fingerprint issuer, bool *revoked)
{
    struct sg_cert_row ca;

    *revoked = false;
    for (int depth = 0; depth < 4 && !*revoked; depth++) {
        int rc = sg_store_find_cert(store, &issuer, &ca, NULL);
        if (rc < 0)
            return rc == SG_ENOTFOUND; /* above the root there is nothing */
        *revoked = ca.state == SG_CERT_REVOKED;
        issuer = ca.issuer;
    }
    return true;
}

bool sg_server_known_lookup(struct known *k, struct sg_store *store, const struct sg_fingerprint *f,
                            struct known_cert *out)
{
    struct sg_cert_row row;
    struct sg_device device;
    bool revoked;

    if (sg_store_find_cert(store, f, &row, NULL) < 0 || row.kind != SG_CERT_DEVICE ||
        sg_store_get_device(store, row.device, &device, NULL) < 0 || !look_up_cas(store, row.issuer, &revoked))
        return false;
    fill(out, &row, &device);
    out->ca_revoked = revoked;
    sg_server_known_put(k, out);
    return true;
}

/* --------------------------------------------------------------------------------------------- pre-shared keys */

void sg_server_psk_fingerprint(const char *identity, struct sg_fingerprint *f)
{
    char space[SG_PSK_IDENTITY + 32];
    struct sg_buf b = sg_buf(space, sizeof space);

    sg_put_str(&b, "pre-shared key of "); /* so that it is no certificate's */
    sg_put_str(&b, identity);
    sg_sha256(sg_buf_bytes(&b), f->sha256);
}

bool sg_server_known_lookup_psk(struct known *k, struct sg_store *store, const char *identity, uint64_t number,
                                struct known_cert *out)
{
    struct sg_psk_row row;
    struct sg_device device;
    int rc = identity != NULL ? sg_store_find_psk(store, identity, &row, NULL)
                              : sg_store_get_psk(store, (int64_t)(number & ~PSK_NUMBER), &row, NULL);

    if (rc < 0 || sg_store_get_device(store, row.device, &device, NULL) < 0)
        return false;
    fill_psk(out, &row, &device, k->vault == NULL);
    sg_server_known_put(k, out);
    return true;
}

bool sg_server_known_key(struct known *k, const char *identity, const struct known_cert *c, struct sg_psk_secret *key,
                         struct sg_error *err)
{
    if (k->vault == NULL)
        return sg_fail(err, SG_ESTATE, "pre-shared keys are switched off") == 0;
    return sg_psk_unseal(k->vault, identity, c->sealed, key, err) == 0;
}
