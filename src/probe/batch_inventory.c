/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of an inventory, or of one of its lots, as a batch. */
#include "probe/batch_internal.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    struct sg_probe_batch *b;
    struct sg_store *store;
    const struct sg_psk_vault *vault;
    const char *endpoint;
    struct sg_error *err;
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct gathering *g = user;
    X509 *cert = sg_cert_parse(sg_bytes(row->der, row->der_len), g->err);
    int e = cert != NULL ? sg_probe_batch_put_cert(g->b, g->endpoint, cert, g->err) : SG_EFORMAT;
    X509_free(cert);
    return e == 0 ? sg_probe_batch_put_digest(g->b, SG_BATCH_DIGEST, g->endpoint, row->key_digest) : e;
}

/* One that is retired or revoked was erased. */
static int take_psk(void *user, const struct sg_psk_row *row)
{
    struct gathering *g = user;
    struct sg_psk_secret secret;
    uint8_t digest[32];
    if (row->state != SG_CERT_ACTIVE && row->state != SG_CERT_ISSUED)
        return 0;
    if (g->vault == NULL) {
        sg_probe_batch_note(g->b,
                            "Pre-shared keys were not compared: there is no psk.key in the home that opens them.");
        return 0;
    }
    int e = sg_psk_unseal(g->vault, row->identity, row->sealed, &secret, g->err);
    if (e < 0)
        return e;
    sg_sha256(sg_bytes(secret.key, sizeof secret.key), digest);
    sg_wipe(&secret, sizeof secret);
    return sg_probe_batch_put_digest(g->b, SG_BATCH_PSK, g->endpoint, digest);
}

static int take_device(void *user, const struct sg_device *d)
{
    struct gathering *g = user;
    g->endpoint = d->endpoint;
    int e = sg_probe_batch_put(g->b, SG_BATCH_IMEI, d->endpoint, d->imei);
    if (e == 0)
        e = sg_probe_batch_put(g->b, SG_BATCH_UUID, d->endpoint, d->uuid);
    if (e == 0)
        e = sg_store_each_cert(g->store, SG_CERT_DEVICE, d->number, take_cert, g, g->err);
    return e == 0 ? sg_store_each_psk(g->store, d->number, take_psk, g, g->err) : e;
}

/* A board that was tried several times is found several times; it is one unit all the same. */
static int take_board(void *user, const struct sg_lot_board *board)
{
    struct gathering *g = user;
    struct sg_device d;
    if (board->endpoint[0] == '\0')
        return 0;
    int e = sg_store_find_device(g->store, board->endpoint, &d, g->err);
    return e == SG_ENOTFOUND ? 0 : e < 0 ? e : take_device(g, &d);
}

int sg_probe_batch_add_inventory(struct sg_probe_batch *b, struct sg_store *store, const char *lot,
                                 const struct sg_psk_vault *vault, struct sg_error *err)
{
    struct gathering g = {.b = b, .store = store, .vault = vault, .err = err};
    struct sg_lot found;
    if (lot == NULL)
        return sg_store_each_device(store, take_device, &g, err);
    int e = sg_store_find_lot(store, lot, &found, err);
    return e == 0 ? sg_store_each_lot_board(store, found.number, take_board, &g, err) : e;
}
