/* SPDX-License-Identifier: Apache-2.0 */
/* Odd CoAP messages and odd LwM2M payloads in the session, made from a seed, so that they can be made again. What could
 * reboot the device, reset it or take its account away is left out. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 20, MESSAGE = 400, HEX = 2 * MESSAGE + 2, PAUSE_MS = 200 };

struct fuzz {
    uint64_t state; /* splitmix64 */
    uint8_t message[BATCH][MESSAGE];
    size_t n[BATCH];
};

static uint64_t draw(struct fuzz *f, uint64_t below)
{
    uint64_t z = f->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % below;
}

static void put_random(struct fuzz *f, struct sg_buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sg_put_u8(b, (uint8_t)draw(f, 256));
}

/* ------------------------------------------------------------------------------------------------------ messages */

static void mutate(struct fuzz *f, struct sg_buf *b)
{
    static const uint8_t odd[] = {0x00, 0xff, 0x7f, 0x80, 0x0f, 0xf0, 0xd0, 0xe0, 0xdd, 0xee, 0x4f, 0x49};
    for (uint64_t times = 1 + draw(f, 4); times > 0 && b->len > 0; times--) {
        const size_t at = draw(f, b->len);
        switch (draw(f, 5)) {
        case 0:
            b->p[at] ^= (uint8_t)(1U << draw(f, 8));
            break;
        case 1:
            b->p[at] = odd[draw(f, sizeof odd)];
            break;
        case 2:
            b->len = at;
            break;
        case 3:
            put_random(f, b, draw(f, 24));
            break;
        default:
            b->p[at] = (uint8_t)draw(f, 256);
            break;
        }
    }
}

static void odd_coap(struct fuzz *f, struct sg_buf *b)
{
    const uint8_t token[8] = {'f', 'u', 'z', 'z', (uint8_t)draw(f, 256)};
    if (draw(f, 6) == 0) {
        put_random(f, b, draw(f, 64));
        return;
    }
    struct sg_coap_writer w = sg_coap_begin(b, draw(f, 4) == 0 ? SG_COAP_NON : SG_COAP_CON,
                                            draw(f, 3) == 0 ? (uint8_t)draw(f, 256) : SG_COAP_GET,
                                            (uint16_t)draw(f, 65536), sg_bytes(token, draw(f, 9)));
    const struct sg_path path = sg_path(3, 3, 0, (uint16_t)draw(f, 24), 0);
    sg_coap_put_path(&w, &path);
    if (draw(f, 2) == 0)
        sg_coap_put_uint(&w, SG_COAP_OPT_ACCEPT, (uint32_t)draw(f, 65536));
    if (draw(f, 2) == 0) { /* options of any number and length */
        uint8_t value[32];
        struct sg_buf v = sg_buf(value, sizeof value);
        put_random(f, &v, draw(f, sizeof value));
        sg_coap_put(&w, (uint16_t)(SG_COAP_OPT_ACCEPT + 1 + draw(f, 3000)), sg_buf_bytes(&v));
    }
    mutate(f, b);
}

static void odd_payload(struct fuzz *f, struct sg_buf *b)
{
    static const uint8_t tlv[] = {0xc8, 0x0e, 0x02, '+', '0', 0xe4, 0x00, 0x0f, 0x83, 0x00, 0x01, 0x41};
    static const uint8_t senml[] = {0x82, 0xa3, 0x21, 0x65, '/',  '3', '/', '0',  '/',  0x00, 0x62, '1',  '4', 0x03,
                                    0x61, '+',  0xa2, 0x00, 0x62, '1', '5', 0x03, 0x7b, 0xff, 0xff, 0xff, 0xff};
    switch (draw(f, 4)) {
    case 0:
        sg_put(b, tlv, sizeof tlv);
        break;
    case 1:
        sg_put(b, senml, sizeof senml);
        break;
    case 2:
        for (uint64_t depth = draw(f, 60); depth > 0; depth--)
            sg_put_u8(b, draw(f, 2) == 0 ? 0x9f : 0x81); /* CBOR arrays in arrays */
        break;
    default:
        put_random(f, b, draw(f, 200));
        break;
    }
    mutate(f, b);
}

static void odd_lwm2m(struct fuzz *f, struct sg_buf *b)
{
    static const uint16_t formats[] = {SG_TEXT, SG_OCTETS, SG_CBOR, SG_SENML_JSON, SG_SENML_CBOR,
                                       SG_TLV,  SG_JSON,   1,       65535};
    static const uint8_t methods[] = {SG_COAP_GET, SG_COAP_PUT, SG_COAP_PUT, SG_COAP_FETCH, SG_COAP_IPATCH};
    static const char *const parts[] = {"3",           "0",  "14", "15", "4", "65535", "65536",
                                        "99999999999", "-1", "",   "03", "a", "3303"};
    uint8_t space[300];
    struct sg_buf payload = sg_buf(space, sizeof space);
    const uint8_t token[4] = {'f', 'u', 'z', 'z'};
    struct sg_coap_writer w = sg_coap_begin(b, SG_COAP_CON, methods[draw(f, sizeof methods)], (uint16_t)draw(f, 65536),
                                            sg_bytes(token, sizeof token));
    if (draw(f, 2) == 0) {
        const struct sg_path path = sg_path((uint8_t)(2 + draw(f, 2)), 3, 0, (uint16_t)(14 + draw(f, 2)), 0);
        sg_coap_put_path(&w, &path);
    } else {
        for (uint64_t i = draw(f, 7); i > 0; i--)
            sg_coap_put_str(&w, SG_COAP_OPT_URI_PATH, parts[draw(f, sizeof parts / sizeof parts[0])]);
    }
    sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, formats[draw(f, sizeof formats / sizeof formats[0])]);
    odd_payload(f, &payload);
    sg_coap_put_payload(&w, sg_buf_bytes(&payload));
}

/* Not a request that a sound device would have to obey to its harm. */
static bool is_harmless(struct sg_bytes message)
{
    struct sg_coap m;
    struct sg_path path;
    if (sg_coap_parse(message, &m, NULL) < 0)
        return true;
    if (m.code == SG_COAP_POST || m.code == SG_COAP_DELETE)
        return false;
    if (m.code == SG_COAP_GET || m.code == SG_COAP_EMPTY || m.code > SG_COAP_IPATCH || sg_path_from_coap(&m, &path) < 0)
        return true;
    return path.depth > 0 && path.id[0] > 1;
}

/* --------------------------------------------------------------------------------------------------------- assets */

enum { ASSETS = 5, ASSET = 64 };
static const struct sg_path assets[ASSETS] = {
    {3, {1, 0, 0}}, {3, {1, 0, 1}}, {3, {3, 0, 0}}, {3, {3, 0, 2}}, {3, {3, 0, 3}}};

/* The answers to reads of what must not change, one after the other. How many were read. */
static unsigned look(struct sg_probe_good *g, uint8_t seen[ASSETS][ASSET])
{
    unsigned n = 0;
    for (size_t i = 0; i < ASSETS; i++) {
        const struct sg_probe_dev_request r = {SG_COAP_GET, assets[i], UINT32_MAX, {0}};
        memset(seen[i], 0, ASSET);
        if (sg_probe_good_ask(g, &r)) {
            seen[i][0] = g->lwm2m.answer.code;
            n += seen[i][0] == SG_COAP_CONTENT;
            memcpy(seen[i] + 1, g->lwm2m.answer.payload, g->lwm2m.answer.n < ASSET - 1 ? g->lwm2m.answer.n : ASSET - 1);
        }
    }
    return n;
}

/* ------------------------------------------------------------------------------------------------------- the runs */

/* One batch; whether the device lives after it as before. */
static bool throw_batch(struct sg_probe_good *g, struct fuzz *f, void (*make)(struct fuzz *f, struct sg_buf *b))
{
    const unsigned registrations = g->lwm2m.registrations;
    for (size_t i = 0; i < BATCH; i++) {
        struct sg_buf b = sg_buf(f->message[i], MESSAGE);
        make(f, &b);
        f->n[i] = b.full || b.len == 0 || !is_harmless(sg_bytes(b.p, b.len)) ? 0 : b.len;
        if (f->n[i] > 0)
            g->lwm2m.send(g->lwm2m.user, sg_bytes(f->message[i], f->n[i]));
    }
    (void)sg_probe_good_run(g, NULL, sg_probe_steady() + PAUSE_MS);
    return sg_probe_good_lives(g) && !g->closed && g->lwm2m.registrations == registrations;
}

/* The batch after which it went wrong, in hexadecimal: with the seed, what a developer needs. */
static char *tell(const struct fuzz *f, uint64_t seed, unsigned sent)
{
    enum { ROOM = BATCH * HEX + 200 };
    char *text = malloc(ROOM);
    if (text == NULL)
        return NULL;
    const int n = snprintf(text, ROOM, "Seed %llu, after %u messages. The last ones, in hexadecimal:\n",
                           (unsigned long long)seed, sent);
    struct sg_buf b = sg_buf(text + n, (size_t)(ROOM - n));
    for (size_t i = 0; i < BATCH; i++) {
        if (f->n[i] == 0)
            continue;
        sg_put_hex(&b, sg_bytes(f->message[i], f->n[i]));
        sg_put_str(&b, "\n");
    }
    (void)sg_buf_cstr(&b);
    return text;
}

static void conclude(struct sg_probe_device *p, struct sg_probe_result *r, unsigned sent, bool lives, bool same)
{
    char observed[240];
    r->facts = json_pack("{s:I, s:i, s:b, s:b}", "seed", (json_int_t)p->o->seed, "messages", (int)sent, "lives",
                         lives ? 1 : 0, "unchanged", same ? 1 : 0);
    p->last_fresh = false;
    if (!lives) {
        (void)snprintf(observed, sizeof observed,
                       "It did not answer any more, or began anew, after %u odd messages (seed %llu).", sent,
                       (unsigned long long)p->o->seed);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "It crashed, hung, or gave up its session. transcript.txt has the last messages.");
    } else if (!same) {
        r->severity = SG_SEVERITY_CRITICAL;
        (void)snprintf(observed, sizeof observed, "After %u odd messages it answers reads otherwise than before.",
                       sent);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "An asset changed that no message had the right to change.");
    } else {
        (void)snprintf(observed, sizeof observed, "It lives after %u odd messages (seed %llu), and is unchanged.", sent,
                       (unsigned long long)p->o->seed);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "No crash, no hang, no change of what was read before: with these messages.");
    }
}

static void fuzz(struct sg_probe_device *p, struct sg_probe_result *r, void (*make)(struct fuzz *f, struct sg_buf *b))
{
    uint8_t before[ASSETS][ASSET], after[ASSETS][ASSET];
    struct fuzz *f = calloc(1, sizeof *f);
    unsigned sent = 0;
    bool lives = true;

    if (f == NULL || !sg_probe_dev_session(p, r)) {
        free(f);
        return;
    }
    f->state = p->o->seed;
    const unsigned read = look(p->good, before);
    while (sent < p->o->messages && lives && !sg_probe_device_stopped(p)) {
        lives = throw_batch(p->good, f, make);
        sent += BATCH;
    }
    if (lives)
        (void)look(p->good, after);
    else
        r->transcript = tell(f, p->o->seed, sent);
    conclude(p, r, sent, lives, lives && memcmp(before, after, sizeof before) == 0);
    if (read == 0 && r->verdict == SG_VERDICT_NOTHING_AGAINST)
        sg_probe_conclude(r, SG_VERDICT_REMARK, "It lives, but lets the server read none of what must not change.",
                          "No crash and no hang; whether something was changed was not seen.");
    free(f);
}

void sg_probe_dev_fuzz_coap(struct sg_probe_device *p, struct sg_probe_result *r)
{
    fuzz(p, r, odd_coap);
}

void sg_probe_dev_fuzz_lwm2m(struct sg_probe_device *p, struct sg_probe_result *r)
{
    fuzz(p, r, odd_lwm2m);
}
