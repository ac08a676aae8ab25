/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a session that stands: altered, repeated, cut. Each must be dropped without a word, and the session must
 * live on (RFC 6347 sections 4.1.2.6 and 4.1.2.7). */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 2000, HEADER = 13 /* of a record without connection id */, LENGTH_AT = 11 };

static const struct sg_probe_dev_request harmless = {SG_COAP_GET, {3, {3, 0, 0}}, UINT32_MAX, {0}};

/* A sealed request of its own number; the datagram is in g->held. */
static struct sg_bytes fresh(struct sg_probe_good *g, const struct sg_probe_dev_request *request, uint16_t *mid)
{
    uint8_t space[128];
    struct sg_buf b = sg_buf(space, sizeof space);
    sg_probe_lwm2m_write(&g->lwm2m, request, &b);
    *mid = g->lwm2m.mid;
    return sg_probe_good_hold(g, sg_buf_bytes(&b));
}

/* How long the header of such a record is: a connection id stands before the length (RFC 9146 section 4). */
static size_t header(const struct sg_probe_good *g, struct sg_bytes record)
{
    struct sg_dtls_info info;
    const bool cid = record.n > 0 && record.p[0] == SG_DTLS_CID_RECORD;
    return HEADER + (cid && sg_dtls_info(g->dtls, g->id, &info) ? info.cid_out_len : 0U);
}

/* The verdict on records that must have been dropped. `taken` names the first that was not. */
static void conclude(struct sg_probe_device *p, struct sg_probe_result *r, unsigned sent, const char *taken,
                     const char *kind)
{
    char observed[240], reason[200];
    const bool lives = !p->good->closed && sg_probe_good_lives(p->good);
    r->facts = json_pack("{s:i, s:b}", "records", (int)sent, "session_lives", lives ? 1 : 0);
    p->last_fresh = lives;
    if (taken[0] != '\0') {
        (void)snprintf(observed, sizeof observed, "It answered a request in a record %s.", taken);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "The request was not authentic.");
    } else if (!lives) {
        r->severity = SG_SEVERITY_MEDIUM;
        (void)snprintf(observed, sizeof observed, "It answered none of %u %s records, and nothing after them.", sent,
                       kind);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "The session did not live on: whoever can send a datagram to the device can end it.");
    } else {
        (void)snprintf(observed, sizeof observed,
                       "It answered none of %u %s records, and the genuine request after them.", sent, kind);
        (void)snprintf(reason, sizeof reason, "Records that were %s are dropped, and the session lives on.", kind);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, reason);
    }
}

void sg_probe_dev_tamper(struct sg_probe_device *p, struct sg_probe_result *r)
{
    enum { PLACES = 9 };
    static const char *const names[PLACES] = {"type",           "version",    "epoch",      "number", "length",
                                              "explicit nonce", "ciphertext", "ciphertext", "tag"};
    uint16_t mid[PLACES];
    unsigned sent = 0;
    char taken[80] = "";

    if (!sg_probe_dev_session(p, r))
        return;
    for (size_t i = 0; i < PLACES; i++) {
        uint8_t copy[sizeof p->good->held];
        const struct sg_bytes whole = fresh(p->good, &harmless, &mid[i]);
        const size_t h = header(p->good, whole);
        const size_t at[PLACES] = {0, 2, 4, 10, h - 1, h, h + 8, (h + whole.n) / 2, whole.n - 1};
        if (whole.n == 0)
            break;
        memcpy(copy, whole.p, whole.n);
        copy[at[i]] ^= 0x01;
        sg_probe_good_throw(p->good, sg_bytes(copy, whole.n));
        sent++;
    }
    (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
    for (size_t i = 0; i < sent; i++)
        if (sg_probe_lwm2m_answers(&p->good->lwm2m, mid[i]) > 0)
            (void)snprintf(taken, sizeof taken, "with one bit of its %s altered", names[i]);
    conclude(p, r, sent, taken, "altered");
}

void sg_probe_dev_truncate(struct sg_probe_device *p, struct sg_probe_result *r)
{
    enum { CUTS = 7 };
    uint16_t mid[2 * CUTS];
    unsigned sent = 0;
    char taken[80] = "";

    if (!sg_probe_dev_session(p, r))
        return;
    for (size_t i = 0; i < 2 * CUTS; i++) { /* the second half says the length that is left */
        uint8_t copy[sizeof p->good->held];
        const struct sg_bytes whole = fresh(p->good, &harmless, &mid[i]);
        const size_t h = header(p->good, whole);
        const size_t left[CUTS] = {whole.n - 1, whole.n - 8, (h + whole.n) / 2, h + 1, h, h - 1, 1};
        const size_t n = left[i % CUTS];
        if (whole.n == 0)
            break;
        memcpy(copy, whole.p, whole.n);
        if (i >= CUTS && n >= h) {
            copy[h - 2] = (uint8_t)((n - h) >> 8);
            copy[h - 1] = (uint8_t)(n - h);
        }
        sg_probe_good_throw(p->good, sg_bytes(copy, n));
        sent++;
    }
    sg_probe_good_throw(p->good, sg_bytes("", 0));
    (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
    for (size_t i = 0; i < sent; i++)
        if (sg_probe_lwm2m_answers(&p->good->lwm2m, mid[i]) > 0)
            (void)snprintf(taken, sizeof taken, "of which a part was missing");
    conclude(p, r, sent + 1, taken, "cut");
}

/* The same record again, at once and in the next session. */
void sg_probe_dev_replay(struct sg_probe_device *p, struct sg_probe_result *r)
{
    enum { TIMES = 3 };
    const struct sg_probe_dev_request trigger = {SG_COAP_POST, sg_path(3, 1, 0, 8, 0), UINT32_MAX, {0}};
    uint8_t record[sizeof p->good->held];
    uint16_t mid;
    char taken[80] = "";

    if (!sg_probe_dev_session(p, r))
        return;
    const struct sg_bytes whole = fresh(p->good, &trigger, &mid);
    if (whole.n > 0)
        memcpy(record, whole.p, whole.n);
    sg_probe_good_throw(p->good, whole);
    if (!sg_probe_good_run(p->good, &p->good->lwm2m.answered, sg_probe_steady() + 2 * LOOK_MS)) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "It did not answer the request the first time.",
                          "What was not taken once cannot be seen to be taken twice.");
        return;
    }
    (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
    const unsigned updates = p->good->lwm2m.updates;
    for (int i = 0; i < TIMES; i++)
        sg_probe_good_throw(p->good, sg_bytes(record, whole.n));
    (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
    const bool again = p->good->lwm2m.updates > updates;
    if (sg_probe_lwm2m_answers(&p->good->lwm2m, mid) > 1 || again)
        (void)snprintf(taken, sizeof taken, "that came before%s", again ? ", and did it again" : "");
    r->severity = again ? SG_SEVERITY_HIGH : r->severity;
    const bool lives = sg_probe_good_lives(p->good);
    p->last_fresh = false;
    if (lives && sg_probe_dev_control(p, SG_FLAW_NONE)) { /* a session of its own, with other keys */
        sg_probe_good_throw(p->good, sg_bytes(record, whole.n));
        (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
        if (sg_probe_lwm2m_answers(&p->good->lwm2m, mid) > 0)
            (void)snprintf(taken, sizeof taken, "of the session before");
    }
    sg_probe_dev_note_control(p, r);
    conclude(p, r, TIMES + 1, taken, "repeated");
}
