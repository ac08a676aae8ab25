/* SPDX-License-Identifier: Apache-2.0 */
/* A flood within bounds, a server that is silent, and peers that speak plain CoAP. */
#include "probe/device_internal.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------------------- the flood */

enum { FLOOD = 300, KINDS = 4, JUNK = 64 };

/* None of them is authentic: noise; a fatal alert in clear; a sealed record with a number to come; a server's hello. */
static struct sg_bytes junk(size_t i, uint8_t space[JUNK])
{
    static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    static const uint8_t sealed[] = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 40};
    static const uint8_t hello[] = {22, 0xfe, 0xfd, 0,  0, 0, 0, 0, 0, 0, 7, 0, 40,
                                    2,  0,    0,    28, 0, 0, 0, 0, 0, 0, 0, 28};
    (void)RAND_bytes(space, JUNK);
    switch (i % KINDS) {
    case 0:
        return sg_bytes(space, JUNK);
    case 1:
        memcpy(space, alert, sizeof alert);
        return sg_bytes(space, sizeof alert);
    case 2:
        memcpy(space, sealed, sizeof sealed);
        return sg_bytes(space, sizeof sealed + 40);
    default:
        memcpy(space, hello, sizeof hello);
        return sg_bytes(space, sizeof hello + 28);
    }
}

void sg_probe_dev_flood(struct sg_probe_device *p, struct sg_probe_result *r)
{
    uint8_t space[JUNK];
    char observed[240];

    if (!sg_probe_dev_session(p, r))
        return;
    const uint64_t began = sg_probe_steady();
    int sent = 0;
    for (; sent < FLOOD && !p->good->closed && !sg_probe_device_stopped(p); sent++) {
        sg_probe_good_throw(p->good, junk((size_t)sent, space));
        if (sent % 10 == 0)
            (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + 1);
    }
    const uint64_t took = sg_probe_steady() - began, asked = sg_probe_steady();
    const bool lives = !p->good->closed && sg_probe_good_lives(p->good);
    const uint64_t answered = sg_probe_steady() - asked;
    const unsigned rate = (unsigned)((uint64_t)sent * 1000 / (took > 0 ? took : 1));
    r->facts = json_pack("{s:i, s:i, s:b, s:i}", "datagrams", sent, "per_second", (int)rate, "session_lives",
                         lives ? 1 : 0, "answer_ms", (int)answered);
    p->last_fresh = lives;
    (void)snprintf(observed, sizeof observed, "After %d datagrams that were not authentic (%u a second) it %s.", sent,
                   rate, lives ? "answers in its session" : "does not answer in its session any more");
    if (lives)
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "Noise, alerts in clear, forged records and hellos did not end the session.");
    else
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "Whoever can send a datagram to the device can end its session.");
}

/* ----------------------------------------------------------------------------------------------------- silence */

enum { ATTEMPTS = 64, STORM_MS = 2000 };

struct attempts {
    uint8_t random[ATTEMPTS][32];
    uint64_t at[ATTEMPTS]; /* of its first datagram */
    size_t n;
    unsigned datagrams;
};

static void note_attempt(struct attempts *a, struct sg_bytes datagram, uint64_t now)
{
    struct sg_probe_client_hello h;
    a->datagrams++;
    if (sg_probe_client_hello_parse(datagram, &h) < 0 || a->n == ATTEMPTS)
        return;
    for (size_t i = 0; i < a->n; i++)
        if (memcmp(a->random[i], h.random, sizeof h.random) == 0)
            return;
    memcpy(a->random[a->n], h.random, sizeof h.random);
    a->at[a->n++] = now;
}

/* The longest pause between the beginnings of attempts `from` to `to`. */
static uint64_t longest(const struct attempts *a, size_t from, size_t to)
{
    uint64_t most = 0;
    for (size_t i = from + 1; i <= to && i < a->n; i++)
        most = a->at[i] - a->at[i - 1] > most ? a->at[i] - a->at[i - 1] : most;
    return most;
}

static void judge_silence(const struct sg_probe_device *p, const struct attempts *a, bool back,
                          struct sg_probe_result *r)
{
    char observed[300];
    const size_t half = a->n / 2;
    const uint64_t early = longest(a, 0, half), late = longest(a, half, a->n);
    json_t *pauses = json_array();
    for (size_t i = 1; i < a->n; i++)
        (void)json_array_append_new(pauses, json_integer((json_int_t)(a->at[i] - a->at[i - 1])));
    r->facts = json_pack("{s:i, s:i, s:i, s:o}", "seconds", (int)p->o->silence, "datagrams", (int)a->datagrams,
                         "attempts", (int)a->n, "pauses_ms", pauses);
    (void)snprintf(observed, sizeof observed,
                   "In %u s of silence: %zu attempts, %u datagrams; pauses of %.1f s at first, and of %.1f s later.",
                   p->o->silence, a->n, a->datagrams, (double)early / 1000, (double)late / 1000);
    if (a->n > 4 && (a->at[a->n - 1] - a->at[0]) / (a->n - 1) < STORM_MS)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "It connects again and again without a pause to speak of: many devices that do so keep a "
                          "server that comes back from coming back, and empty their batteries.");
    else if (!back)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It did not come back when the server was there again.");
    else if (a->n < 4)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "It does not storm. How its pauses grow shows only in a longer silence (--silence).");
    else if (late <= early)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, "It does not storm; its pauses were not seen to grow.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Its pauses grow, and it came back.");
}

void sg_probe_dev_silence(struct sg_probe_device *p, struct sg_probe_result *r)
{
    enum { LOOK_MS = 500 };
    uint8_t datagram[SG_PLAYED_RECEIVED];
    struct attempts a = {.n = 0};
    struct sg_addr from;

    if (!sg_probe_dev_session(p, r))
        return;
    sg_probe_good_end(p);
    p->last_fresh = false;
    const uint64_t end = sg_probe_steady() + (uint64_t)p->o->silence * 1000;
    while (sg_probe_steady() < end && !sg_probe_device_stopped(p)) {
        const int n = sg_probe_wire_receive(&p->wire, &from, datagram, sizeof datagram, sg_probe_steady() + LOOK_MS);
        if (n > 0)
            note_attempt(&a, sg_bytes(datagram, (size_t)n), sg_probe_steady());
    }
    const bool back = sg_probe_dev_control(p, SG_FLAW_NONE);
    sg_probe_dev_note_control(p, r);
    judge_silence(p, &a, back, r);
}

/* --------------------------------------------------------------------------------------------------- plain CoAP */

static bool is_plain_coap(struct sg_bytes datagram, struct sg_coap *m)
{
    return datagram.n > 0 && datagram.p[0] >> 6 == 1 && sg_coap_parse(datagram, m, NULL) == 0;
}

static void count_plain(void *user, bool from_device, struct sg_bytes datagram)
{
    unsigned *n = user;
    struct sg_coap m;
    *n += from_device && is_plain_coap(datagram, &m) ? 1 : 0;
}

/* A request in clear, beside the session. */
static unsigned ask_plainly(struct sg_probe_device *p)
{
    enum { TIMES = 3, LOOK_MS = 1000 };
    const struct sg_probe_dev_request read = {SG_COAP_GET, sg_path(3, 3, 0, 0, 0), UINT32_MAX, {0}};
    uint8_t space[64];
    unsigned answers = 0;

    p->spy = count_plain;
    p->spy_user = &answers;
    for (int i = 0; i < TIMES; i++) {
        struct sg_buf b = sg_buf(space, sizeof space);
        sg_probe_lwm2m_write(&p->good->lwm2m, &read, &b);
        sg_probe_good_throw(p->good, sg_buf_bytes(&b));
        (void)sg_probe_good_run(p->good, NULL, sg_probe_steady() + LOOK_MS);
    }
    p->spy = NULL;
    return answers;
}

/* Its attempt at a handshake is answered by plain CoAP: a Reset, and a 4.01 of the kind that a server without DTLS
 * might send. What it says in clear then is written to `said`. */
static bool answer_plainly(struct sg_probe_device *p, char *said, size_t cap)
{
    static const uint8_t reset[] = {0x70, 0, 0, 1}, unauthorized[] = {0x60, 0x81, 0, 1};
    enum { LOOK_MS = 500, WATCH_MS = 15000 };
    uint8_t datagram[SG_PLAYED_RECEIVED];
    struct sg_probe_dev_attempt t = {.alert = -1};
    struct sg_addr from;

    sg_probe_good_end(p);
    if (sg_probe_await_hello(p, &t, datagram, sizeof datagram) == 0)
        return false;
    (void)sg_probe_wire_send(&p->wire, &t.from, sg_bytes(reset, sizeof reset));
    (void)sg_probe_wire_send(&p->wire, &t.from, sg_bytes(unauthorized, sizeof unauthorized));
    const uint64_t end = sg_probe_steady() + WATCH_MS;
    while (said[0] == '\0' && sg_probe_steady() < end && !sg_probe_device_stopped(p)) {
        const int n = sg_probe_wire_receive(&p->wire, &from, datagram, sizeof datagram, sg_probe_steady() + LOOK_MS);
        struct sg_coap m;
        if (n > 0 && is_plain_coap(sg_bytes(datagram, (size_t)n), &m))
            sg_probe_dev_describe(&m, said, cap);
    }
    return true;
}

void sg_probe_dev_plain(struct sg_probe_device *p, struct sg_probe_result *r)
{
    char said[120] = "", observed[240];

    if (!sg_probe_dev_session(p, r))
        return;
    const unsigned answers = ask_plainly(p);
    p->last_fresh = false;
    const bool came = answer_plainly(p, said, sizeof said);
    (void)sg_probe_dev_control(p, SG_FLAW_NONE);
    sg_probe_dev_note_control(p, r);
    r->facts = json_pack("{s:i, s:s}", "answers", (int)answers, "said", said);
    if (answers > 0) {
        (void)snprintf(observed, sizeof observed, "It answered %u of 3 requests in plain CoAP.", answers);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Anybody who reaches it can ask.");
    } else if (said[0] != '\0') {
        (void)snprintf(observed, sizeof observed, "Answered by plain CoAP, it went on in plain CoAP: %s.", said);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Whoever stands between can have it speak in clear.");
    } else if (!came) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "It did not come.", "Only its silence to plain requests was seen.");
    } else {
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST,
                          "It answered no request in plain CoAP, and sent none when its handshake was answered so.",
                          "Nothing was sent in clear, and nothing that came in clear was accepted.");
    }
}
