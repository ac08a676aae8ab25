/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device keeps when it is off, in one file (mode 0600; the private keys are in it):
 *
 *     ["nrf91sim 1", imei, device UUID, identity key, [[tag, type, made, content], …]]     in CBOR
 */
#include "sim_internal.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "nrf91sim 1";
enum { STORE_FIELDS = 5, ENTRY_FIELDS = 4, FILE_MAX = 1 << 20, TYPE_MAX = 65535 };

/* ------------------------------------------------------------------------------------------------- entries */

static int order(uint32_t tag_a, unsigned type_a, uint32_t tag_b, unsigned type_b)
{
    if (tag_a != tag_b)
        return tag_a < tag_b ? -1 : 1;
    return type_a < type_b ? -1 : type_a > type_b;
}

/* The place of (tag, type), or where it would be. */
static size_t place(const struct sg_sim_store *st, uint32_t tag, unsigned type, bool *there)
{
    size_t i = 0;
    int o = 1;

    while (i < st->count && (o = order(st->entries[i].tag, st->entries[i].type, tag, type)) < 0)
        i++;
    *there = i < st->count && o == 0;
    return i;
}

struct sg_sim_entry *sg_sim_store_find(const struct sg_sim_store *st, uint32_t tag, unsigned type)
{
    bool there;
    size_t i = place(st, tag, type, &there);
    return there ? &st->entries[i] : NULL;
}

size_t sg_sim_store_used(const struct sg_sim_store *st)
{
    size_t used = 0;
    for (const struct sg_sim_entry *e = st->entries; e != NULL && e < st->entries + st->count; e++)
        used += e->len;
    return used;
}

static void entry_wipe(struct sg_sim_entry *e)
{
    if (e->content)
        sg_wipe(e->content, e->len);
    free(e->content);
}

/*
 * What the modem lists as the digest: of the bytes as written (modem notes 1.4). What it covers for a key made inside
 * is not known; here it is the public key, so that nothing is told of the private one.
 */
static int digest(struct sg_sim_entry *e)
{
    if (!e->made) {
        sg_sha256(sg_bytes(e->content, e->len), e->sha256);
        return 0;
    }
    uint8_t space[256];
    struct sg_buf spki = sg_buf(space, sizeof space);
    EVP_PKEY *key = sg_sim_key_parse(e);
    int r = key ? sg_sim_key_put_spki(key, &spki) : SG_ECRYPTO;
    if (r == 0)
        sg_sha256(sg_buf_bytes(&spki), e->sha256);
    EVP_PKEY_free(key);
    return r;
}

int sg_sim_store_put(struct sg_sim_store *st, uint32_t tag, unsigned type, bool made, struct sg_bytes content)
{
    struct sg_sim_entry e = {
        .tag = tag, .type = (uint16_t)type, .made = made, .content = malloc(content.n + 1), .len = content.n};
    bool there;
    size_t i = place(st, tag, type, &there);
    struct sg_sim_entry *more = realloc(st->entries, (st->count + 1) * sizeof *more);

    if (more)
        st->entries = more;
    if (more == NULL || e.content == NULL) {
        free(e.content);
        return SG_ENOMEM;
    }
    if (content.n > 0)
        memcpy(e.content, content.p, content.n);
    e.content[content.n] = 0;
    int r = digest(&e);
    if (r < 0) {
        entry_wipe(&e);
        return r;
    }
    if (there) {
        entry_wipe(&st->entries[i]);
    } else {
        memmove(st->entries + i + 1, st->entries + i, (st->count - i) * sizeof *st->entries);
        st->count++;
    }
    st->entries[i] = e;
    return 0;
}

void sg_sim_store_drop(struct sg_sim_store *st, uint32_t tag, unsigned type)
{
    bool there;
    size_t i = place(st, tag, type, &there);

    if (!there)
        return;
    entry_wipe(&st->entries[i]);
    memmove(st->entries + i, st->entries + i + 1, (st->count - i - 1) * sizeof *st->entries);
    st->count--;
}

void sg_sim_store_wipe(struct sg_sim_store *st)
{
    for (size_t i = 0; i < st->count; i++)
        entry_wipe(&st->entries[i]);
    free(st->entries);
    EVP_PKEY_free(st->identity);
    *st = (struct sg_sim_store){0};
}

/* --------------------------------------------------------------------------------------------------- device */

/* A type allocation code of Nordic's boards, six random digits, the check digit. */
static int new_imei(char imei[16])
{
    uint32_t random;

    if (RAND_bytes((uint8_t *)&random, sizeof random) != 1)
        return SG_ECRYPTO;
    memcpy(imei, "35265610", 8);
    for (size_t i = 13; i >= 8; i--, random /= 10)
        imei[i] = (char)('0' + random % 10);
    imei[14] = sg_sim_imei_check_digit(imei);
    imei[15] = 0;
    return 0;
}

int sg_sim_store_new(struct sg_sim_store *st, const char *imei, struct sg_error *err)
{
    *st = (struct sg_sim_store){.identity = sg_key_new(SG_P256, err)};
    if (st->identity == NULL)
        return SG_ECRYPTO;
    if (imei)
        memcpy(st->imei, imei, sizeof st->imei);
    if ((imei == NULL && new_imei(st->imei) < 0) || RAND_bytes(st->uuid, sizeof st->uuid) != 1) {
        sg_sim_store_wipe(st);
        return sg_fail(err, SG_ECRYPTO, "no random numbers for a new device");
    }
    sg_sim_uuid_mark(st->uuid);
    return 0;
}

/* ----------------------------------------------------------------------------------------------------- file */

static int put_store(const struct sg_sim_store *st, struct sg_buf *b)
{
    uint8_t space[512];
    struct sg_buf key = sg_buf(space, sizeof space);
    int r = sg_sim_key_put_pkcs8(st->identity, &key);

    sg_cbor_put_array(b, STORE_FIELDS);
    sg_cbor_put_text(b, sg_str(magic));
    sg_cbor_put_text(b, sg_str(st->imei));
    sg_cbor_put_bytes(b, sg_bytes(st->uuid, sizeof st->uuid));
    sg_cbor_put_bytes(b, sg_buf_bytes(&key));
    sg_cbor_put_array(b, st->count);
    for (size_t i = 0; i < st->count; i++) {
        const struct sg_sim_entry *e = &st->entries[i];
        sg_cbor_put_array(b, ENTRY_FIELDS);
        sg_cbor_put_uint(b, e->tag);
        sg_cbor_put_uint(b, e->type);
        sg_cbor_put_bool(b, e->made);
        sg_cbor_put_bytes(b, sg_bytes(e->content, e->len));
    }
    sg_wipe(space, sizeof space);
    return r < 0 ? r : b->full ? SG_ENOSPC : 0;
}

int sg_sim_store_save(const struct sg_sim_store *st, const char *path, struct sg_error *err)
{
    uint8_t *space = malloc(FILE_MAX);
    struct sg_buf b = sg_buf(space, FILE_MAX);

    if (space == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    int r = put_store(st, &b);
    if (r < 0)
        sg_fail(err, r, "cannot write %s: %s", path, sg_strerror(r));
    else
        r = sg_file_write(path, 0600, false, sg_buf_bytes(&b), err);
    sg_wipe(space, b.len);
    free(space);
    return r;
}

static EVP_PKEY *parse_identity(struct sg_bytes der)
{
    struct sg_sim_entry e = {.made = true, .len = der.n};
    if (der.n == 0)
        return NULL;
    e.content = malloc(der.n + 1);
    if (e.content == NULL)
        return NULL;
    memcpy(e.content, der.p, der.n);
    EVP_PKEY *key = sg_sim_key_parse(&e);
    entry_wipe(&e);
    return key;
}

static bool get_imei(struct sg_cursor *c, char imei[16])
{
    struct sg_bytes text = sg_cbor_get_text(c);

    if (text.n != 15)
        return false;
    for (size_t i = 0; i < 15; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    memcpy(imei, text.p, 15);
    imei[15] = 0;
    return true;
}

static int get_entry(struct sg_cursor *c, struct sg_sim_store *st)
{
    if (sg_cbor_get_array(c) != ENTRY_FIELDS)
        return SG_EFORMAT;
    uint64_t tag = sg_cbor_get_uint(c), type = sg_cbor_get_uint(c);
    bool made = sg_cbor_get_bool(c);
    struct sg_bytes content = sg_cbor_get_bytes(c);
    if (c->bad || tag > UINT32_MAX || type > TYPE_MAX || sg_sim_store_find(st, (uint32_t)tag, (unsigned)type))
        return SG_EFORMAT;
    return sg_sim_store_put(st, (uint32_t)tag, (unsigned)type, made, content);
}

static int parse(struct sg_sim_store *st, struct sg_cursor *c)
{
    if (sg_cbor_get_array(c) != STORE_FIELDS || !sg_bytes_eq_str(sg_cbor_get_text(c), magic) || !get_imei(c, st->imei))
        return SG_EFORMAT;
    struct sg_bytes uuid = sg_cbor_get_bytes(c), key = sg_cbor_get_bytes(c);
    size_t count = sg_cbor_get_array(c);
    if (c->bad || uuid.n != sizeof st->uuid || (st->identity = parse_identity(key)) == NULL)
        return SG_EFORMAT;
    memcpy(st->uuid, uuid.p, sizeof st->uuid);
    for (size_t i = 0; i < count; i++) {
        int r = get_entry(c, st);
        if (r < 0)
            return r == SG_ENOMEM ? r : SG_EFORMAT;
    }
    return sg_left(c) == 0 ? 0 : SG_EFORMAT;
}

int sg_sim_store_parse(struct sg_sim_store *st, struct sg_bytes content)
{
    struct sg_cursor c = sg_cursor(content);

    *st = (struct sg_sim_store){0};
    int r = parse(st, &c);
    if (r < 0)
        sg_sim_store_wipe(st);
    return r;
}

int sg_sim_store_load(struct sg_sim_store *st, const char *path, struct sg_error *err)
{
    size_t n;
    uint8_t *content = sg_file_read(path, FILE_MAX, &n, err);

    if (content == NULL)
        return err->code;
    int r = sg_sim_store_parse(st, sg_bytes(content, n));
    sg_wipe(content, n);
    free(content);
    if (r < 0)
        return sg_fail(err, r, "%s is no store of nrf91sim, or damaged: name another file, or remove this one", path);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- commits */

/* NVM is written when the command is executed (modem notes 1.7): what the file did not take did not happen. */
static int save(struct sg_sim *s)
{
    struct sg_error err = {0};

    if (s->config.store == NULL || sg_sim_store_save(&s->store, s->config.store, &err) == 0)
        return 0;
    sg_sim_log(s, "! %s", err.text);
    return err.code;
}

/* %XPOFWARN's warning is active: the NVM is not written. Older firmware does not know of it (modem notes 1.7). */
static bool low_voltage(const struct sg_sim *s)
{
    return s->firmware_has.power_warning && sg_sim_fault_is(s, SG_SIM_LOW_VOLTAGE);
}

bool sg_sim_store_is_closed(const struct sg_sim *s)
{
    return sg_modem_function_is_active((int)s->cfun) && !sg_sim_fault_is(s, SG_SIM_WRITES_ONLINE);
}

int sg_sim_commit_put(struct sg_sim *s, uint32_t tag, unsigned type, bool made, struct sg_bytes content)
{
    struct sg_sim_entry *e = sg_sim_store_find(&s->store, tag, type), old = {0};
    size_t before = e ? e->len : 0;

    if (low_voltage(s))
        return SG_CME_POWER_WARNING;
    size_t capacity =
        sg_sim_fault_is(s, SG_SIM_FULL_STORE) ? sg_sim_fault_number(s, SG_SIM_FULL_STORE) : s->config.capacity;
    if (sg_sim_store_used(&s->store) - before + content.n > capacity)
        return SG_CME_FULL;
    if (e) { /* kept aside until the file is written */
        old = *e;
        e->content = NULL;
        e->len = 0;
    }
    int r = sg_sim_store_put(&s->store, tag, type, made, content);
    if (r == 0 && save(s) == 0) {
        entry_wipe(&old);
        return SG_SIM_OK;
    }
    e = sg_sim_store_find(&s->store, tag, type);
    if (old.content) {
        entry_wipe(e);
        *e = old;
    } else {
        sg_sim_store_drop(&s->store, tag, type);
    }
    return SG_CME_MEMORY_FAILURE;
}

int sg_sim_commit_drop(struct sg_sim *s, uint32_t tag, unsigned type)
{
    struct sg_sim_entry *e = sg_sim_store_find(&s->store, tag, type), old = *e;

    if (low_voltage(s))
        return SG_CME_POWER_WARNING;
    e->content = NULL;
    e->len = 0;
    sg_sim_store_drop(&s->store, tag, type);
    if (save(s) == 0) {
        entry_wipe(&old);
        return SG_SIM_OK;
    }
    (void)sg_sim_store_put(&s->store, old.tag, old.type, old.made, sg_bytes(old.content, old.len));
    entry_wipe(&old);
    return SG_CME_MEMORY_FAILURE;
}
