/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a batch: certificates, requests and public keys in PEM; reports of lots; what modems list. */
#include "probe/batch_internal.h"

#include <stdio.h>
#include <string.h>

enum { UNIT = 320 };

/* ---------------------------------------------------------------------------------------------------------- PEM */

struct pem {
    struct sg_probe_batch *b;
    const char *name;
    size_t blocks; /* in the file */
    struct sg_error *err;
};

/* The next block, "-----BEGIN X-----" to the end of its "-----END X-----"; false where there is none. */
static bool next_block(struct sg_bytes *rest, struct sg_bytes *block)
{
    const uint8_t *begin = memmem(rest->p, rest->n, "-----BEGIN ", 11);
    const uint8_t *limit = rest->p + rest->n;
    const uint8_t *end = begin != NULL ? memmem(begin, (size_t)(limit - begin), "-----END ", 9) : NULL;
    const uint8_t *line = end != NULL ? memmem(end + 9, (size_t)(limit - end - 9), "-----", 5) : NULL;
    if (line == NULL)
        return false;
    *block = sg_bytes(begin, (size_t)(line + 5 - begin));
    *rest = sg_bytes(line + 5, (size_t)(limit - line - 5));
    return true;
}

static bool is_labelled(struct sg_bytes block, const char *label)
{
    size_t n = strlen(label);
    return block.n > n && memcmp(block.p, label, n) == 0;
}

static int put_key(struct pem *f, const char *unit, EVP_PKEY *key)
{
    int e = key != NULL ? sg_probe_batch_put_key(f->b, unit, key, f->err) : SG_EFORMAT;
    EVP_PKEY_free(key);
    return e;
}

static int put_request(struct pem *f, const char *unit, struct sg_bytes block)
{
    struct sg_request *request = sg_request_parse(block, f->err);
    int e = request != NULL ? put_key(f, unit, sg_request_key(request)) : SG_EFORMAT;
    sg_request_free(request);
    return e;
}

static int put_cert(struct pem *f, const char *unit, struct sg_bytes block)
{
    X509 *cert = sg_cert_parse(block, f->err);
    int e = cert != NULL ? sg_probe_batch_put_cert(f->b, unit, cert, f->err) : SG_EFORMAT;
    X509_free(cert);
    return e;
}

/* Other blocks (parameters, private keys) say nothing here, and private keys are not looked at. */
static int put_block(struct pem *f, struct sg_bytes block, size_t number)
{
    char unit[UNIT];
    (void)snprintf(unit, sizeof unit, f->blocks > 1 ? "%s#%zu" : "%s", f->name, number);
    if (is_labelled(block, "-----BEGIN CERTIFICATE-----"))
        return put_cert(f, unit, block);
    if (is_labelled(block, "-----BEGIN CERTIFICATE REQUEST-----") ||
        is_labelled(block, "-----BEGIN NEW CERTIFICATE REQUEST-----"))
        return put_request(f, unit, block);
    if (is_labelled(block, "-----BEGIN PUBLIC KEY-----"))
        return put_key(f, unit, sg_key_parse_public(block, f->err));
    return 0;
}

static int put_pem(struct sg_probe_batch *b, const char *name, struct sg_bytes content, struct sg_error *err)
{
    struct pem f = {b, name, 0, err};
    struct sg_bytes rest = content, block;
    while (next_block(&rest, &block))
        f.blocks++;
    rest = content;
    int e = f.blocks > 0 ? 0 : sg_fail(err, SG_EFORMAT, "neither PEM nor JSON that is known here");
    for (size_t i = 1; e == 0 && next_block(&rest, &block); i++)
        e = put_block(&f, block, i);
    return e;
}

/* --------------------------------------------------------------------------------------------------------- JSON */

static const char *text(const json_t *o, const char *member)
{
    const char *s = json_string_value(json_object_get(o, member));
    return s != NULL ? s : "";
}

/* SHA-256 in digits of either case. */
static int put_sha(struct sg_probe_batch *b, enum sg_batch_value what, const char *unit, const char *digits)
{
    uint8_t digest[32];
    struct sg_buf out = sg_buf(digest, sizeof digest);
    if (digits[0] == '\0')
        return 0;
    return sg_parse_hex(sg_str(digits), &out) == 0 && out.len == sizeof digest
               ? sg_probe_batch_put_digest(b, what, unit, digest)
               : SG_EFORMAT;
}

static int put_board(struct sg_probe_batch *b, const json_t *board)
{
    const json_t *cert = json_object_get(board, "certificate"), *modem = json_object_get(board, "modem");
    const char *unit = text(board, "endpoint");
    char serial[256] = "";
    if (unit[0] == '\0') /* it has no identity */
        return 0;
    if (text(cert, "serial")[0] != '\0')
        (void)snprintf(serial, sizeof serial, "%s of %s", text(cert, "serial"), text(cert, "issuer"));
    int e = put_sha(b, SG_BATCH_CERTIFICATE, unit, text(cert, "fingerprint"));
    if (e == 0)
        e = sg_probe_batch_put(b, SG_BATCH_SERIAL, unit, serial);
    if (e == 0)
        e = sg_probe_batch_put(b, SG_BATCH_IMEI, unit, text(modem, "imei"));
    return e == 0 ? sg_probe_batch_put(b, SG_BATCH_UUID, unit, text(modem, "uuid")) : e;
}

/* What a modem lists: roots are the same in all of them, certificates, private and pre-shared keys must not be. */
static int put_credential(struct sg_probe_batch *b, const char *unit, const json_t *c)
{
    const json_t *number = json_object_get(c, "type");
    json_int_t type = json_is_integer(number) ? json_integer_value(number) : -1;
    bool own = type == SG_CRED_KEY || type == SG_CRED_PSK || type == SG_CRED_CERT;
    return own ? put_sha(b, SG_BATCH_DIGEST, unit, text(c, "sha256")) : 0;
}

static int put_each(struct sg_probe_batch *b, const char *name, const json_t *root, struct sg_error *err)
{
    const json_t *boards = json_object_get(root, "boards"), *creds = json_object_get(root, "credentials");
    bool lot = strcmp(text(root, "format"), "signet-lot") == 0 && json_is_array(boards);
    int e = 0;
    if (!lot && !json_is_array(creds))
        return sg_fail(err, SG_EFORMAT, "no report of a lot, and no list of a modem's store");
    size_t i;
    json_t *one;
    json_array_foreach(lot ? boards : creds, i, one) if (e == 0) e =
        lot ? put_board(b, one) : put_credential(b, name, one);
    if (e == SG_EFORMAT)
        (void)sg_fail(err, e, "a digest in it has not 64 digits");
    if (e == 0 && !lot)
        e = sg_probe_batch_put(b, SG_BATCH_IMEI, name, text(root, "imei"));
    return e == 0 && !lot ? sg_probe_batch_put(b, SG_BATCH_UUID, name, text(root, "uuid")) : e;
}

static int put_json(struct sg_probe_batch *b, const char *name, struct sg_bytes content, struct sg_error *err)
{
    json_error_t why;
    json_t *root = json_loadb((const char *)content.p, content.n, JSON_REJECT_DUPLICATES, &why);
    int e = root != NULL ? put_each(b, name, root, err) : sg_fail(err, SG_EFORMAT, "line %d: %s", why.line, why.text);
    json_decref(root);
    return e;
}

int sg_probe_batch_add_file(struct sg_probe_batch *b, const char *name, struct sg_bytes content, struct sg_error *err)
{
    size_t blank = 0;
    while (blank < content.n && strchr(" \t\r\n", content.p[blank]) != NULL && content.p[blank] != 0)
        blank++;
    bool json = blank < content.n && content.p[blank] == '{';
    int e = json ? put_json(b, name, content, err) : put_pem(b, name, content, err);
    return e == 0 ? 0 : sg_fail_in(err, "reading %.200s", name);
}
