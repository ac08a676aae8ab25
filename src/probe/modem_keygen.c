/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made in the modem at a free tag: each reply is verified, no two keys are alike, all are deleted. */
#include "probe/modem_internal.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 32 };

struct making {
    struct sg_probe_desk *d;
    struct sg_keygen k;
    uint8_t point[2][SG_POINT]; /* who may have signed all replies until now */
    size_t points;
    struct sg_fingerprint key[KEYS];
    unsigned made;
    bool pinned; /* the signer is the one that the inventory knows */
    char wrong[300];
};

/* The reply is over this request, tag and device. */
static bool check_reply(struct making *w)
{
    const struct sg_modem_info *info = w->d->p->info;
    uint8_t digest[32];
    const char *what;
    sg_sha256(w->k.body, digest);
    if (sg_keygen_check(&w->k, w->d->tag, info->uuid[0] != '\0' ? info->uuid_bytes : NULL, digest, &what) < 0)
        (void)snprintf(w->wrong, sizeof w->wrong, "its reply names another %s", what);
    else if (w->k.key_id != SG_KEY_ID_IDENTITY)
        (void)snprintf(w->wrong, sizeof w->wrong, "its reply is not signed by the identity key");
    return w->wrong[0] == '\0';
}

static bool is_by(const uint8_t point[SG_POINT], const struct sg_keygen *k)
{
    EVP_PKEY *key = sg_key_from_point(point, NULL);
    bool is = key != NULL && sg_attest_verify(key, k->protected_header, k->body, k->payload, k->signature) == 0;
    EVP_PKEY_free(key);
    return is;
}

/* ECDSA tells two keys that may have signed the first reply; those that signed the others too remain. */
static bool check_signer(struct making *w)
{
    if (w->points == 0 &&
        sg_attest_recover(w->k.protected_header, w->k.body, w->k.payload, w->k.signature, w->point) == 0)
        w->points = 2;
    size_t kept = 0;
    for (size_t i = 0; i < w->points; i++)
        if (is_by(w->point[i], &w->k))
            memmove(w->point[kept++], w->point[i], SG_POINT);
    w->points = kept;
    if (kept == 0)
        (void)snprintf(w->wrong, sizeof w->wrong, "the replies are not signed by one key");
    return kept > 0;
}

/* The request's own signature, and that its key is a new one. */
static bool check_request(struct making *w)
{
    struct sg_error err = {0};
    struct sg_cert_row *row = calloc(1, sizeof *row);
    struct sg_request *request = sg_request_parse(w->k.body, &err);
    EVP_PKEY *key = request != NULL ? sg_request_key(request) : NULL;
    struct sg_fingerprint *f = &w->key[w->made];
    if (request == NULL)
        (void)snprintf(w->wrong, sizeof w->wrong, "its request is refused: %.250s", err.text);
    else if (key == NULL || row == NULL || sg_key_fingerprint(key, f) < 0)
        (void)snprintf(w->wrong, sizeof w->wrong, "its public key cannot be read");
    else if (w->d->p->store != NULL && sg_store_find_cert_by_key(w->d->p->store, f, row, &err) == 0)
        (void)snprintf(w->wrong, sizeof w->wrong, "a certificate in the inventory has the same key");
    for (unsigned i = 0; i < w->made && w->wrong[0] == '\0'; i++)
        if (memcmp(&w->key[i], f, sizeof *f) == 0)
            (void)snprintf(w->wrong, sizeof w->wrong, "it is the same as key %u", i + 1);
    EVP_PKEY_free(key);
    sg_request_free(request);
    free(row);
    return w->wrong[0] == '\0';
}

/* Of the inventory, which saw the modem before. */
static bool check_pinned(struct making *w)
{
    struct sg_device device;
    if (w->d->p->store == NULL ||
        sg_store_find_modem(w->d->p->store, w->d->p->info->uuid, w->d->p->info->imei, &device, NULL) < 0 ||
        device.identity[0] == 0)
        return true;
    for (size_t i = 0; i < w->points; i++)
        w->pinned = w->pinned || memcmp(w->point[i], device.identity, SG_POINT) == 0;
    if (!w->pinned)
        (void)snprintf(w->wrong, sizeof w->wrong,
                       "the replies are signed by another identity key than the inventory has");
    return w->pinned;
}

/* 0, SG_EMISMATCH with w->wrong, or why the modem made none. */
static int make_one(struct making *w)
{
    int e = sg_modem_keygen(w->d->m, w->d->tag, NULL, NULL, &w->k);
    if (e < 0)
        return e;
    if (!check_reply(w) || !check_signer(w) || !check_request(w))
        return SG_EMISMATCH;
    w->made++;
    return sg_modem_delete(w->d->m, w->d->tag, SG_CRED_KEY);
}

static void put_facts(const struct making *w, struct sg_probe_result *r)
{
    json_t *keys = json_array();
    char text[SG_FINGERPRINT_TEXT];
    for (unsigned i = 0; i < w->made; i++)
        (void)json_array_append_new(keys, json_string(sg_fingerprint_text(&w->key[i], text)));
    r->facts = json_pack("{s:o,s:b}", "keys", keys, "identity_key_known", w->pinned);
}

static void conclude(struct making *w, struct sg_probe_result *r, int e)
{
    char observed[500], text[SG_PROBE_CAME];
    bool all = e == 0, same = all && check_pinned(w);
    (void)snprintf(observed, sizeof observed, "%u keys made%s%s", w->made,
                   w->wrong[0] == '\0' ? ""
                   : all               ? "; "
                                       : "; the next: ",
                   w->wrong);
    put_facts(w, r);
    if (e == SG_EMISMATCH)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "What the modem says of its keys cannot be relied on.");
    else if (e < 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, sg_probe_desk_came(w->d, e, text), "The modem made no key.");
    else if (!same)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It is another modem that says the same UUID.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          w->pinned
                              ? "All differ, and each is vouched for by the identity key that the inventory knows."
                              : "All differ, and each is vouched for by one and the same identity key.");
}

void sg_probe_modem_keygen(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    struct making *w = calloc(1, sizeof *w);
    if (w == NULL || !sg_probe_desk_prepare(d, r) ||
        !sg_probe_desk_control(d, r, "writing a PSK identity to the free tag", sg_probe_desk_put)) {
        sg_probe_desk_skip(r);
        free(w);
        return;
    }
    int e = 0;
    w->d = d;
    while (e == 0 && w->made < d->p->keys && w->made < KEYS)
        e = make_one(w);
    conclude(w, r, e);
    free(w);
}
