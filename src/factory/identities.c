/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maker's list of modems' identity keys, imported whole or not at all. Two forms, one entry each:
 *
 *     CSV (RFC 4180)   UUID,KEY: the key in hexadecimal (a point of 65 bytes, or a SubjectPublicKeyInfo) or as quoted
 * PEM PEM              blocks of "PUBLIC KEY", each after a line that has the UUID in it
 */
#include "factory/factory.h"

#include <ctype.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

enum { UUID_TEXT = 36, FIELD_MAX = 1024 };

struct list {
    struct sg_bytes text;
    size_t at;
    unsigned line; /* of the entry, from 1 */
    struct sg_error *err;
};

static int wrong(const struct list *l, const char *what)
{
    return sg_fail(l->err, SG_EFORMAT, "line %u: %s", l->line, what);
}

/* 8-4-4-4-12 digits, as %DEVICEUUID says it, in either case; lower case comes out. */
static bool take_uuid(struct sg_bytes text, char uuid[40])
{
    if (text.n != UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text.p[i] != '-' : !isxdigit(text.p[i]))
            return false;
        uuid[i] = (char)tolower(text.p[i]);
    }
    uuid[UUID_TEXT] = '\0';
    return true;
}

/* ------------------------------------------------------------------------------------------------------- keys */

static int no_passphrase(char *buf, int size, int writing, void *user)
{
    (void)buf, (void)size, (void)writing, (void)user;
    return -1;
}

static bool point_of(EVP_PKEY *key, uint8_t point[SG_POINT])
{
    bool ok = key != NULL && sg_key_point(key, point) == 0;
    EVP_PKEY_free(key);
    return ok;
}

static bool take_pem(struct sg_bytes text, uint8_t point[SG_POINT])
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return point_of(key, point);
}

static bool take_hex(struct sg_bytes text, uint8_t point[SG_POINT])
{
    uint8_t space[256];
    struct sg_buf b = sg_buf(space, sizeof space);
    if (sg_parse_hex(text, &b) < 0)
        return false;
    const uint8_t *p = space;
    if (b.len == SG_POINT)
        return point_of(sg_key_from_point(space, NULL), point);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)b.len);
    return point_of(key, point) && p == space + b.len;
}

static bool take_key(struct sg_bytes text, uint8_t point[SG_POINT])
{
    return text.n > 0 && (text.p[0] == '-' ? take_pem(text, point) : take_hex(text, point));
}

/* -------------------------------------------------------------------------------------------------------- CSV */

static int peek(const struct list *l)
{
    return l->at < l->text.n ? l->text.p[l->at] : -1;
}

static struct sg_bytes get_line(struct list *l)
{
    size_t begin = l->at;
    while (l->at < l->text.n && l->text.p[l->at] != '\n')
        l->at++;
    struct sg_bytes line = sg_bytes(l->text.p + begin, l->at - begin);
    l->at += l->at < l->text.n;
    return line;
}

static bool is_heading(struct sg_bytes text)
{
    return text.n > 4 && strncasecmp((const char *)text.p, "uuid", 4) == 0 && text.p[4] == ',';
}

/* One field into `out`; quotes around it may hold line ends, and quotes where they are doubled. */
static int get_field(struct list *l, struct sg_buf *out)
{
    bool quoted = peek(l) == '"';
    l->at += quoted;
    for (int c; (c = peek(l)) >= 0; l->at++) {
        if (quoted && c == '"') {
            l->at++;
            if (peek(l) != '"')
                return out->full ? wrong(l, "the field is too long") : 0;
        } else if (!quoted && (c == ',' || c == '\n' || c == '\r')) {
            break;
        }
        sg_put_u8(out, (uint8_t)c);
    }
    if (quoted)
        return wrong(l, "a quote is not closed");
    return out->full ? wrong(l, "the field is too long") : 0;
}

static void end_line(struct list *l)
{
    while (peek(l) == '\r' || peek(l) == '\n')
        l->at++;
}

/* Which line `at` is in, from 1. */
static unsigned line_at(const struct list *l)
{
    unsigned line = 1;
    for (size_t i = 0; i < l->at; i++)
        line += l->text.p[i] == '\n';
    return line;
}

/* 1 and an entry, 0 at the end, or an error. */
static int next_csv(struct list *l, struct sg_identity *id)
{
    uint8_t uuid_space[64], key_space[FIELD_MAX];
    struct sg_buf uuid = sg_buf(uuid_space, sizeof uuid_space), key = sg_buf(key_space, sizeof key_space);
    if (l->at == 0 && is_heading(l->text))
        (void)get_line(l);
    end_line(l);
    if (peek(l) < 0)
        return 0;
    l->line = line_at(l);
    int r = get_field(l, &uuid);
    if (r == 0 && peek(l) != ',')
        r = wrong(l, "UUID,KEY is expected, and there is no comma");
    if (r < 0)
        return r;
    l->at++;
    r = get_field(l, &key);
    if (r == 0 && peek(l) == ',')
        r = wrong(l, "UUID,KEY is expected, and there is a third field");
    if (r < 0)
        return r;
    if (!take_uuid(sg_buf_bytes(&uuid), id->uuid))
        return wrong(l, "the first field is no device UUID (as 50363154-3931-44f0-8022-121b6401627d)");
    if (!take_key(sg_buf_bytes(&key), id->point))
        return wrong(l, "the second field is no public key of P-256, in hexadecimal or as quoted PEM");
    return 1;
}

/* -------------------------------------------------------------------------------------------------------- PEM */

static bool begins(struct sg_bytes line, const char *with)
{
    size_t n = strlen(with);
    return line.n >= n && memcmp(line.p, with, n) == 0;
}

static void find_uuid(struct sg_bytes line, char uuid[40])
{
    for (size_t i = 0; i + UUID_TEXT <= line.n; i++)
        if (take_uuid(sg_bytes(line.p + i, UUID_TEXT), uuid))
            return;
}

static int next_pem(struct list *l, struct sg_identity *id)
{
    id->uuid[0] = '\0';
    while (peek(l) >= 0) {
        size_t begin = l->at;
        l->line = line_at(l);
        struct sg_bytes line = get_line(l);
        if (!begins(line, "-----BEGIN")) {
            find_uuid(line, id->uuid);
            continue;
        }
        while (peek(l) >= 0 && !begins(get_line(l), "-----END"))
            ;
        if (id->uuid[0] == '\0')
            return wrong(l, "no line with a device UUID stands before this key");
        if (l->at - begin > FIELD_MAX || !take_pem(sg_bytes(l->text.p + begin, l->at - begin), id->point))
            return wrong(l, "this is no public key of P-256");
        return 1;
    }
    return id->uuid[0] == '\0' ? 0 : wrong(l, "a device UUID without a key after it");
}

/* ------------------------------------------------------------------------------------------------------ import */

static int next(struct list *l, struct sg_identity *id)
{
    static const char mark[] = "\n-----BEGIN";
    bool pem = begins(l->text, mark + 1) || memmem(l->text.p, l->text.n, mark, sizeof mark - 1) != NULL;
    return pem ? next_pem(l, id) : next_csv(l, id);
}

static int add_all(const struct sg_identities *i, struct list *l, struct sg_identities_done *done)
{
    struct sg_identity id = {.added = i->now};
    int r;
    while ((r = next(l, &id)) == 1) {
        int added = sg_store_add_identity(i->store, &id, l->err);
        if (added < 0) {
            char sentence[sizeof l->err->text];
            (void)snprintf(sentence, sizeof sentence, "%s", l->err->text);
            return sg_fail(l->err, added, "line %u: %s", l->line, sentence);
        }
        done->known += added == SG_IDENTITY_KNOWN;
        done->added += added == SG_IDENTITY_NEW;
    }
    if (r == 0 && done->known + done->added == 0)
        return sg_fail(l->err, SG_EFORMAT, "there is no entry in it (CSV of UUID,KEY; or PEM, a UUID before each key)");
    return r;
}

static int audit(const struct sg_identities *i, const struct sg_identities_done *done, struct sg_error *err)
{
    struct sg_audit_entry e = {.when = i->now, .from = "local", .what = "identities-imported"};
    (void)snprintf(e.who, sizeof e.who, "%s", i->who);
    (void)snprintf(e.subject, sizeof e.subject, "%s", i->name);
    (void)snprintf(e.detail, sizeof e.detail, "the maker's list: %zu identity keys of modems are new, %zu were known",
                   done->added, done->known);
    return sg_store_audit(i->store, &e, err);
}

int sg_identities_import(const struct sg_identities *i, struct sg_identities_done *done, struct sg_error *err)
{
    struct sg_error unread;
    struct list l = {.text = i->text, .err = err != NULL ? err : &unread};
    *done = (struct sg_identities_done){0, 0};
    int r = sg_store_begin(i->store, l.err);
    if (r < 0)
        return r;
    r = add_all(i, &l, done);
    if (r == 0 && done->added > 0)
        r = audit(i, done, l.err);
    if (r == 0)
        return sg_store_commit(i->store, l.err);
    sg_store_rollback(i->store);
    return r;
}
