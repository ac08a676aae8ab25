/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates. */
#include "store_internal.h"
#include <string.h>

static const char *const kinds[] = {"device-root", "issuing-ca", "server-root", "server", "device"};
static const char *const states[] = {"issued", "active", "revoked", "retired"};
#define COUNT(list) (sizeof(list) / sizeof *(list))

const char *sg_cert_kind_name(enum sg_cert_kind k)
{
    return (unsigned)k < COUNT(kinds) ? kinds[k] : "unknown";
}

const char *sg_cert_state_name(enum sg_cert_state s)
{
    return (unsigned)s < COUNT(states) ? states[s] : "unknown";
}

#define SELECT                                                                                                         \
    "SELECT number, kind, state, coalesce(device, 0), tag, fingerprint, key, issuer, cn, issuer_cn, serial, names,"    \
    " valid_from, valid_until, der, added, coalesce(revoked_at, 0), coalesce(reason, 'unspecified'),"                  \
    " key_digest FROM certificate LEFT JOIN revocation ON revocation.certificate = number "

/* False where the row is damaged; the query then ends with that. */
static bool take(struct sg_store_query *q, struct sg_cert_row *row)
{
    char reason[32];
    struct sg_fingerprint actual;
    struct sg_cert_facts *f = &row->facts;
    *row = (struct sg_cert_row){.number = sg_store_get_int(q)};
    row->kind = (enum sg_cert_kind)sg_store_get_name(q, kinds, COUNT(kinds));
    row->state = (enum sg_cert_state)sg_store_get_name(q, states, COUNT(states));
    row->device = sg_store_get_int(q);
    row->tag = (uint32_t)sg_store_get_int(q);
    (void)sg_store_get_blob(q, f->fingerprint.sha256, sizeof f->fingerprint.sha256);
    (void)sg_store_get_blob(q, f->key.sha256, sizeof f->key.sha256);
    (void)sg_store_get_blob(q, row->issuer.sha256, sizeof row->issuer.sha256);
    sg_store_get_text(q, f->cn, sizeof f->cn);
    sg_store_get_text(q, f->issuer_cn, sizeof f->issuer_cn);
    sg_store_get_text(q, f->serial, sizeof f->serial);
    sg_store_get_text(q, f->names, sizeof f->names);
    f->from = sg_store_get_int(q);
    f->until = sg_store_get_int(q);
    f->der_len = row->der_len = sg_store_get_blob(q, row->der, sizeof row->der);
    f->ca = row->kind != SG_CERT_SERVER && row->kind != SG_CERT_DEVICE;
    row->added = sg_store_get_int(q);
    row->revoked_at = sg_store_get_int(q);
    sg_store_get_text(q, reason, sizeof reason);
    (void)sg_store_get_blob(q, row->key_digest, sizeof row->key_digest);
    sg_sha256(sg_bytes(row->der, row->der_len), actual.sha256);
    if (sg_reason_parse(reason, &row->reason) < 0 || memcmp(&actual, &f->fingerprint, sizeof actual) != 0)
        q->rc = SQLITE_CORRUPT;
    return q->rc == SQLITE_ROW;
}

/* Takes the one row of a query that is bound. 1 where there is one. */
static int take_one(struct sg_store_query *q, struct sg_cert_row *row, struct sg_error *err)
{
    bool found = sg_store_row(q) && take(q, row);
    int r = sg_store_end(q, err, "cannot read the certificate");
    return r < 0 ? r : found;
}

static int find_by(struct sg_store *s, const char *sql, const struct sg_fingerprint *f, struct sg_cert_row *row,
                   struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, sql);
    sg_store_bind_blob(&q, sg_bytes(f->sha256, sizeof f->sha256));
    return take_one(&q, row, err);
}

static const char by_fingerprint[] = SELECT "WHERE fingerprint = ?";
static const char by_key[] = SELECT "WHERE key = ?";

int sg_store_find_cert(struct sg_store *s, const struct sg_fingerprint *f, struct sg_cert_row *row,
                       struct sg_error *err)
{
    char text[SG_FINGERPRINT_TEXT];
    int r = find_by(s, by_fingerprint, f, row, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "the certificate %s is not in the inventory", sg_fingerprint_text(f, text));
    return r < 0 ? r : 0;
}

int sg_store_find_cert_by_key(struct sg_store *s, const struct sg_fingerprint *key, struct sg_cert_row *row,
                              struct sg_error *err)
{
    char text[SG_FINGERPRINT_TEXT];
    int r = find_by(s, by_key, key, row, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "no certificate in the inventory is for the public key %s",
                       sg_fingerprint_text(key, text));
    return r < 0 ? r : 0;
}

int sg_store_get_cert(struct sg_store *s, int64_t number, struct sg_cert_row *row, struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(s, SELECT "WHERE number = ?");
    sg_store_bind_int(&q, number);
    int r = take_one(&q, row, err);
    if (r == 0)
        return sg_fail(err, SG_ENOTFOUND, "there is no certificate %lld in the inventory", (long long)number);
    return r < 0 ? r : 0;
}

/* ------------------------------------------------------------------------------------------------------ add */

/* What of it is in the inventory already: after the database refused it. */
static int explain_clash(struct sg_store *s, const struct sg_cert_facts *f, struct sg_error *err)
{
    struct sg_cert_row other;
    char text[SG_FINGERPRINT_TEXT];
    int r = find_by(s, by_fingerprint, &f->fingerprint, &other, err);
    if (r < 0)
        return r;
    if (r > 0)
        return sg_fail(err, SG_EEXISTS, "the certificate %s of \"%s\" is in the inventory already",
                       sg_fingerprint_text(&f->fingerprint, text), f->cn);
    r = find_by(s, by_key, &f->key, &other, err);
    if (r > 0)
        return sg_fail(err, SG_EEXISTS,
                       "the public key of \"%s\" is already that of \"%s\" (certificate %s): a key belongs to one "
                       "certificate; make a new one",
                       f->cn, other.facts.cn, sg_fingerprint_text(&other.facts.fingerprint, text));
    return r < 0 ? r : SG_EEXISTS;
}

static int insert(struct sg_store *s, struct sg_cert_row *row, struct sg_error *err)
{
    const struct sg_cert_facts *f = &row->facts;
    struct sg_store_query q = sg_store_query(
        s, "INSERT INTO certificate (kind, state, device, tag, fingerprint, key, issuer, cn, issuer_cn, serial, names,"
           " valid_from, valid_until, der, added, key_digest)"
           " VALUES (?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, zeroblob(32)))");
    sg_store_bind_text(&q, sg_cert_kind_name(row->kind));
    sg_store_bind_text(&q, sg_cert_state_name(row->state));
    sg_store_bind_int(&q, row->device);
    sg_store_bind_int(&q, row->tag);
    sg_store_bind_blob(&q, sg_bytes(f->fingerprint.sha256, sizeof f->fingerprint.sha256));
    sg_store_bind_blob(&q, sg_bytes(f->key.sha256, sizeof f->key.sha256));
    sg_store_bind_blob(&q, sg_bytes(row->issuer.sha256, sizeof row->issuer.sha256));
    sg_store_bind_text(&q, f->cn);
    sg_store_bind_text(&q, f->issuer_cn);
    sg_store_bind_text(&q, f->serial);
    sg_store_bind_text(&q, f->names);
    sg_store_bind_int(&q, f->from);
    sg_store_bind_int(&q, f->until);
    sg_store_bind_blob(&q, sg_bytes(row->der, row->der_len));
    sg_store_bind_int(&q, row->added);
    sg_store_bind_blob(&q, sg_bytes(row->key_digest, sizeof row->key_digest));
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot record the certificate");
    if (r == 0)
        row->number = sqlite3_last_insert_rowid(s->db);
    return r;
}

int sg_store_add_cert(struct sg_store *s, const X509 *cert, struct sg_cert_row *row, struct sg_error *err)
{
    struct sg_buf der = sg_buf(row->der, sizeof row->der);
    if (row->state == SG_CERT_REVOKED)
        return sg_fail(err, SG_EINVAL, "a certificate is recorded first and revoked then");
    if (sg_cert_facts(cert, &row->facts) < 0)
        return sg_fail(err, SG_EFORMAT, "cannot record the certificate: a part of it cannot be read");
    if (sg_cert_put_der(&der, cert) < 0)
        return sg_fail(err, SG_ENOSPC, "cannot record the certificate of \"%s\": it has %zu bytes, at most %zu fit",
                       row->facts.cn, row->facts.der_len, sizeof row->der);
    row->der_len = der.len;
    row->revoked_at = 0;
    row->reason = SG_UNSPECIFIED;
    int r = insert(s, row, err);
    return r == SG_EEXISTS ? explain_clash(s, &row->facts, err) : r;
}

int sg_store_count_issued(struct sg_store *s, const struct sg_fingerprint *issuer, int64_t except, int64_t *n,
                          struct sg_error *err)
{
    struct sg_store_query q = sg_store_query(
        s, "SELECT count(DISTINCT device) FROM certificate WHERE kind = 'device' AND issuer = ? AND device <> ?");
    sg_store_bind_blob(&q, sg_bytes(issuer->sha256, sizeof issuer->sha256));
    sg_store_bind_int(&q, except);
    *n = sg_store_row(&q) ? sg_store_get_int(&q) : 0;
    return sg_store_end(&q, err, "cannot count the certificates");
}

/* -------------------------------------------------------------------------------------------- state and list */

int sg_store_set_cert_state(struct sg_store *s, int64_t number, enum sg_cert_state state, struct sg_error *err)
{
    if (state == SG_CERT_REVOKED)
        return sg_fail(err, SG_EINVAL, "a certificate is revoked with a reason, not by setting its state");
    struct sg_store_query q =
        sg_store_query(s, "UPDATE certificate SET state = ? WHERE number = ? AND state <> 'revoked'");
    sg_store_bind_text(&q, sg_cert_state_name(state));
    sg_store_bind_int(&q, number);
    (void)sg_store_row(&q);
    int r = sg_store_end(&q, err, "cannot change the certificate");
    if (r < 0 || sqlite3_changes(s->db) > 0)
        return r;
    struct sg_cert_row row;
    r = sg_store_get_cert(s, number, &row, err);
    return r < 0 ? r : sg_fail(err, SG_ESTATE, "the certificate of \"%s\" is revoked, and stays so", row.facts.cn);
}

int sg_store_each_cert(struct sg_store *s, int kind, int64_t device,
                       int (*fn)(void *user, const struct sg_cert_row *row), void *user, struct sg_error *err)
{
    struct sg_store_query q = device == 0
                                  ? sg_store_query(s, SELECT "WHERE ?1 IN ('', kind) ORDER BY number")
                                  : sg_store_query(s, SELECT "WHERE ?1 IN ('', kind) AND device = ?2 ORDER BY number");
    sg_store_bind_text(&q, kind < 0 ? "" : sg_cert_kind_name((enum sg_cert_kind)kind));
    if (device != 0)
        sg_store_bind_int(&q, device);
    int stop = 0;
    while (stop == 0 && sg_store_row(&q)) {
        struct sg_cert_row row;
        if (take(&q, &row))
            stop = fn(user, &row);
    }
    int r = sg_store_end(&q, err, "cannot list the certificates");
    return r < 0 ? r : stop;
}
