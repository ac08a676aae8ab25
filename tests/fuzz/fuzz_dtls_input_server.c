/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server endpoint with two associations, one with a connection id and one without, that were left by an earlier
 * process. Datagrams come from their addresses and from others; some are sealed with the right keys, as from a peer
 * that is authentic and hostile. Nothing unsealed is taken for data, and no cookie's answer is longer than its
 * question.
 */
#include "dtls/dtls_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SLOTS = 4, WITH_CID = 0, WITHOUT = 1, HELLO_VERIFY_REQUEST = 3 };
enum op { FROM_PEER, FROM_STRANGER, SEALED_WITH_CID, SEALED_FROM_ELSEWHERE, SEALED_WITHOUT, LATER, ANSWER, OPS };

static const struct sg_addr peer = {{[10] = 0xff, 0xff, 192, 0, 2, 2}, 40000};
static const struct sg_addr stranger = {{[10] = 0xff, 0xff, 192, 0, 2, 3}, 40001};
static EVP_PKEY *key;
static X509 *cert;
static void *table;
static size_t input_size;
static int records_sealed, data_seen;

static void on_send(void *user, const struct sg_addr *to, struct sg_bytes g)
{
    (void)user, (void)to;
    if (!g.n || g.n > 1152 || (g.p[0] == SG_DTLS_HANDSHAKE && g.p[13] == HELLO_VERIFY_REQUEST && g.n > input_size))
        abort();
}

static void on_event(void *user, const struct sg_dtls_event *e)
{
    (void)user;
    data_seen += e->what == SG_DTLS_DATA;
    if ((e->what == SG_DTLS_CLOSED || e->what == SG_DTLS_REFUSED) && !e->reason)
        abort();
}

static void on_verify(void *user, const struct sg_addr *from, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    (void)user, (void)from, (void)leaf, (void)sent;
    verdict->alert = SG_ALERT_UNKNOWN_CA;
}

static void leave_association(struct sg_dtls_table *t, uint32_t slot)
{
    struct sg_dtls_assoc *a = &t->assoc[slot];
    *a = (struct sg_dtls_assoc){.suite = SG_SUITE_ECDHE_ECDSA_AES128_CCM8,
                                .generation = 1,
                                .state = SG_DTLS_LIVE,
                                .fragment = SG_DTLS_PLAIN_MAX,
                                .addr = peer,
                                .read = {{(uint8_t)(slot + 1)}, {1}},
                                .write = {{(uint8_t)(slot + 9)}, {2}}};
    if (slot == WITH_CID) {
        a->cid_in_len = SG_DTLS_CID_LEN;
        a->cid_out_len = 2;
    }
}

static struct sg_dtls *open_endpoint(void)
{
    struct sg_dtls_config config = {
        .server = true, .cert = cert, .key = key, .cid = SG_CID_ON, .send = on_send, .event = on_event};
    config.verify = on_verify;
    memset(table, 0, sg_dtls_table_size(SLOTS));
    struct sg_dtls *d = sg_dtls_new(&config, table, SLOTS, NULL);
    if (!d)
        abort();
    sg_dtls_free(d);
    struct sg_dtls_table *t = table;
    leave_association(t, WITH_CID);
    leave_association(t, WITHOUT);
    t->cookie_ready = t->ticket_ready = 1; /* known secrets, so that the corpus can hold a good cookie */
    d = sg_dtls_new(&config, table, SLOTS, NULL);
    if (!d)
        abort();
    return d;
}

static void sealed(struct sg_dtls *d, uint32_t slot, const struct sg_addr *from, struct sg_bytes rest, uint64_t now)
{
    static uint8_t space[4096];
    static const uint8_t zeros[SG_DTLS_CID_LEN];
    struct sg_buf out = sg_buf(space, sizeof space);
    const struct sg_dtls_half half = {{(uint8_t)(slot + 1)}, {1}};
    if (rest.n < 4 || rest.n > 1500)
        return;
    uint64_t seq = (uint64_t)(rest.p[0] << 8 | rest.p[1]);
    uint8_t type = rest.p[2];
    if (sg_dtls_seal(&d->aead, SG_SUITE_ECDHE_ECDSA_AES128_CCM8, &half, seq,
                     sg_bytes(zeros, slot == WITH_CID ? SG_DTLS_CID_LEN : 0), type, sg_bytes(rest.p + 3, rest.n - 3),
                     &out) < 0)
        abort();
    records_sealed++; /* of any type: zeros are padding, so that the content can end with another */
    sg_dtls_input(d, from, space, out.len, now);
}

static void raw(struct sg_dtls *d, const struct sg_addr *from, struct sg_bytes rest, uint64_t now)
{
    static uint8_t space[4096];
    size_t n = rest.n < sizeof space ? rest.n : sizeof space;
    if (n)
        memcpy(space, rest.p, n);
    input_size = n;
    sg_dtls_input(d, from, space, n, now);
}

static void step(struct sg_dtls *d, enum op op, struct sg_bytes rest, uint64_t *now)
{
    switch (op) {
    case FROM_PEER:
        raw(d, &peer, rest, *now);
        break;
    case FROM_STRANGER:
        raw(d, &stranger, rest, *now);
        break;
    case SEALED_WITH_CID:
        sealed(d, WITH_CID, &peer, rest, *now);
        break;
    case SEALED_FROM_ELSEWHERE:
        sealed(d, WITH_CID, &stranger, rest, *now);
        break;
    case SEALED_WITHOUT:
        sealed(d, WITHOUT, &peer, rest, *now);
        break;
    case LATER:
        *now += 1 + rest.n * 100;
        sg_dtls_tick(d, *now);
        if (sg_dtls_deadline(d) <= *now)
            abort();
        break;
    case ANSWER:
    case OPS:
        for (sg_dtls_id id = 0; (id = sg_dtls_next(d, id));)
            (void)sg_dtls_send(d, id, rest, *now);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint64_t now = 1;
    if (!key) {
        key = EVP_EC_gen("P-256");
        cert = X509_new();
        table = calloc(1, sg_dtls_table_size(SLOTS));
        if (!key || !cert || !table || X509_set_pubkey(cert, key) != 1 || X509_sign(cert, key, EVP_sha256()) <= 0)
            abort();
    }
    records_sealed = data_seen = 0;
    struct sg_dtls *d = open_endpoint();
    struct sg_cursor c = sg_cursor(sg_bytes(data, n));
    while (sg_left(&c)) {
        enum op op = (enum op)(sg_get_u8(&c) % OPS);
        size_t len = sg_get_u16(&c);
        struct sg_bytes rest = sg_get(&c, len < sg_left(&c) ? len : sg_left(&c));
        step(d, op, rest, &now);
    }
    if (data_seen > records_sealed)
        abort();
    sg_dtls_free(d);
    return 0;
}
