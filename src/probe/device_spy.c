/* SPDX-License-Identifier: Apache-2.0 */
/* What the device's datagrams show to whoever sees them: known values in clear, and nonces used twice. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------- known values in clear */

enum { VALUES = 24, VALUE_MIN = 4 /* shorter ones turn up by chance */ };
enum { HANDSHAKE = 22 };

struct search {
    struct {
        char text[160];
        bool in_handshake, elsewhere;
    } value[VALUES];
    size_t n;
    unsigned datagrams;
};

static void search_for(struct search *s, const char *text)
{
    if (s->n < VALUES && strlen(text) >= VALUE_MIN)
        (void)snprintf(s->value[s->n++].text, sizeof s->value[0].text, "%s", text);
}

static void search(void *user, bool from_device, struct sg_bytes datagram)
{
    struct search *s = user;
    (void)from_device;
    s->datagrams++;
    for (size_t i = 0; i < s->n; i++) {
        if (memmem(datagram.p, datagram.n, s->value[i].text, strlen(s->value[i].text)) == NULL)
            continue;
        if (datagram.p[0] == HANDSHAKE)
            s->value[i].in_handshake = true;
        else
            s->value[i].elsewhere = true;
    }
}

/* Reads of what most devices have, so that their answers are seen too. */
static void live(struct sg_probe_good *g)
{
    static const struct sg_probe_dev_request reads[] = {
        {SG_COAP_GET, {2, {3, 0}}, UINT32_MAX, {0}},
        {SG_COAP_GET, {2, {1, 0}}, UINT32_MAX, {0}},
        {SG_COAP_GET, {2, {4, 0}}, UINT32_MAX, {0}},
        {SG_COAP_GET, {1, {3303}}, UINT32_MAX, {0}},
    };
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
        (void)sg_probe_good_ask(g, &reads[i]);
}

static void say_found(const struct search *s, bool elsewhere, char *text, size_t cap)
{
    struct sg_buf b = sg_buf(text, cap - 1);
    for (size_t i = 0; i < s->n && b.len + 80 < cap; i++) {
        if (elsewhere ? !s->value[i].elsewhere : !s->value[i].in_handshake)
            continue;
        sg_put_str(&b, b.len > 0 ? ", \"" : "\"");
        sg_put(&b, s->value[i].text, strnlen(s->value[i].text, 60));
        sg_put_str(&b, "\"");
    }
    text[b.len] = '\0';
}

static void conclude(struct sg_probe_result *r, const struct search *s)
{
    char clear[300], shaken[300], observed[560];
    say_found(s, true, clear, sizeof clear);
    say_found(s, false, shaken, sizeof shaken);
    r->facts = json_pack("{s:i, s:i, s:s, s:s}", "datagrams", (int)s->datagrams, "values", (int)s->n, "in_clear", clear,
                         "in_handshake", shaken);
    if (clear[0] != '\0') {
        (void)snprintf(observed, sizeof observed, "In clear, outside of the handshake: %s.", clear);
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Whoever sees the datagrams reads these.");
    } else if (shaken[0] != '\0') {
        (void)snprintf(observed, sizeof observed, "In clear in the handshake alone: %s.", shaken);
        sg_probe_conclude(
            r, SG_VERDICT_REMARK, observed,
            "DTLS 1.2 sends certificates and the server's name in clear (RFC 5246 section 7.4.2, RFC 6066 "
            "section 3). Connection ids and resumption make full handshakes rare; a name that says "
            "nothing tells nothing.");
    } else {
        (void)snprintf(observed, sizeof observed, "None of %zu known values is in %u datagrams.", s->n, s->datagrams);
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed,
                          "From the handshake to the end of the session, nothing that is known stood in clear.");
    }
}

/* A whole life of the device: handshake, registration, reads, an update, the end. */
void sg_probe_dev_clear(struct sg_probe_device *p, struct sg_probe_result *r)
{
    struct search s = {.n = 0};
    char endpoint[sizeof p->good->lwm2m.endpoint] = "";

    if (p->good != NULL)
        memcpy(endpoint, p->good->lwm2m.endpoint, sizeof endpoint);
    search_for(&s, endpoint);
    search_for(&s, p->target->serial);
    search_for(&s, "</1/0>"); /* of every registration */
    for (size_t i = 0; i < p->o->known_count; i++)
        search_for(&s, p->o->known[i]);
    p->spy = search;
    p->spy_user = &s;
    p->last_fresh = false;
    const bool came = sg_probe_dev_session(p, r);
    if (came) {
        live(p->good);
        sg_probe_good_end(p);
    }
    p->spy = NULL;
    if (came)
        conclude(r, &s);
}

/* -------------------------------------------------------------------------------------------------------- nonces */

enum { RECORDS = 128, PLAIN_HEADER = 13, EPOCH_AT = 3, NUMBERS = 8, APPLICATION = 23, ASKED = 24 };

struct nonces {
    size_t cid; /* the length of the connection id that the device puts on its records */
    struct {
        uint8_t number[NUMBERS], explicit_nonce[NUMBERS], digest[32];
    } record[RECORDS];
    size_t n;
    unsigned numbers_again, nonces_again;
};

/* A record that is the same to the last byte was sent, or delivered, twice: that uses no nonce twice. */
static void note_record(void *user, bool from_device, struct sg_bytes d)
{
    struct nonces *s = user;
    const size_t header = d.n > 0 && d.p[0] == SG_DTLS_CID_RECORD ? PLAIN_HEADER + s->cid : PLAIN_HEADER;
    if (!from_device || d.n < header + NUMBERS || s->n == RECORDS ||
        (d.p[0] != APPLICATION && d.p[0] != SG_DTLS_CID_RECORD))
        return;
    memcpy(s->record[s->n].number, d.p + EPOCH_AT, NUMBERS);
    memcpy(s->record[s->n].explicit_nonce, d.p + header, NUMBERS);
    sg_sha256(d, s->record[s->n].digest);
    for (size_t i = 0; i < s->n; i++) {
        if (memcmp(s->record[i].digest, s->record[s->n].digest, sizeof s->record[i].digest) == 0)
            continue;
        s->numbers_again += memcmp(s->record[i].number, s->record[s->n].number, NUMBERS) == 0 ? 1 : 0;
        s->nonces_again += memcmp(s->record[i].explicit_nonce, s->record[s->n].explicit_nonce, NUMBERS) == 0 ? 1 : 0;
    }
    s->n++;
}

void sg_probe_dev_nonces(struct sg_probe_device *p, struct sg_probe_result *r)
{
    struct nonces s = {.n = 0};
    struct sg_dtls_info info;
    char observed[200];

    if (!sg_probe_dev_session(p, r))
        return;
    if (sg_dtls_info(p->good->dtls, p->good->id, &info))
        s.cid = info.cid_in_len;
    p->spy = note_record;
    p->spy_user = &s;
    for (int i = 0; i < ASKED; i++)
        (void)sg_probe_good_lives(p->good);
    p->spy = NULL;
    r->facts = json_pack("{s:i, s:i, s:i}", "records", (int)s.n, "numbers_again", (int)s.numbers_again, "nonces_again",
                         (int)s.nonces_again);
    (void)snprintf(observed, sizeof observed, "%zu records: %u with a number, %u with a nonce that was used before.",
                   s.n, s.numbers_again, s.nonces_again);
    if (s.numbers_again + s.nonces_again > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          "With the same key and nonce, GCM and CCM give away their content, and let others forge.");
    else if (s.n < ASKED / 2)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, "Too few records came to say anything.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Each record had a number and a nonce of its own.");
}
