/* SPDX-License-Identifier: Apache-2.0 */
/* A LwM2M server towards one device: takes its registration and answers as a good server does; asks it things. */
#include "probe/device_internal.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN = 4 };

void sg_probe_lwm2m_init(struct sg_probe_lwm2m *l, uint16_t mid, void *user,
                         void (*send)(void *user, struct sg_bytes datagram))
{
    *l = (struct sg_probe_lwm2m){.user = user, .send = send, .mid = mid};
}

void sg_probe_dev_text(struct sg_bytes from, char *to, size_t cap)
{
    size_t n = 0;
    for (; n < from.n && n < cap - 1; n++) {
        to[n] = '?';
        if (from.p[n] >= ' ' && from.p[n] < 0x7f)
            memcpy(to + n, from.p + n, 1);
    }
    to[n] = '\0';
}

void sg_probe_dev_describe(const struct sg_coap *m, char *text, size_t cap)
{
    struct sg_buf b = sg_buf(text, cap - 1);
    struct sg_coap_option o = {0};
    char query = '?';
    sg_put_str(&b, sg_coap_code_text(m->code));
    sg_put_u8(&b, ' ');
    while (sg_coap_next(m, &o) && b.len < cap / 2) {
        char part[60];
        sg_probe_dev_text(o.value, part, sizeof part);
        if (o.number == SG_COAP_OPT_URI_PATH)
            sg_put_u8(&b, '/');
        else if (o.number == SG_COAP_OPT_URI_QUERY)
            sg_put_u8(&b, (uint8_t)query);
        else
            continue;
        query = o.number == SG_COAP_OPT_URI_QUERY ? '&' : '?';
        sg_put_str(&b, part);
    }
    text[b.len] = '\0';
}

static void answer(struct sg_probe_lwm2m *l, const struct sg_coap *m, uint8_t code)
{
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    const enum sg_coap_type type = m->type == SG_COAP_CON ? SG_COAP_ACK : SG_COAP_NON;
    struct sg_coap_writer w = sg_coap_begin(&b, type, code, m->mid, sg_bytes(m->token, m->token_len));
    if (code == SG_COAP_CREATED) {
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "rd");
        sg_coap_put_str(&w, SG_COAP_OPT_LOCATION_PATH, "1");
    }
    if (!l->mute)
        l->send(l->user, sg_buf_bytes(&b));
}

static void take_registration(struct sg_probe_lwm2m *l, const struct sg_coap *m)
{
    struct sg_bytes name = {0};
    (void)sg_coap_query(m, "ep", &name);
    sg_probe_dev_text(name, l->endpoint, sizeof l->endpoint);
    l->registrations++;
    l->registered = true;
    answer(l, m, SG_COAP_CREATED);
}

/* The interfaces of LwM2M 1.1 core section 6.2 (registration) and 6.1 (bootstrap). */
static void take_request(struct sg_probe_lwm2m *l, const struct sg_coap *m)
{
    struct sg_bytes part = {0}, query;
    (void)sg_coap_find(m, SG_COAP_OPT_URI_PATH, &part);
    if (l->first[0] == '\0')
        sg_probe_dev_describe(m, l->first, sizeof l->first);
    if (m->code == SG_COAP_POST && sg_bytes_eq_str(part, "bs")) {
        l->bootstrap = true;
        answer(l, m, SG_COAP_CHANGED);
    } else if (!sg_bytes_eq_str(part, "rd")) {
        answer(l, m, SG_COAP_NOT_FOUND);
    } else if (m->code == SG_COAP_POST && sg_coap_query(m, "ep", &query)) {
        take_registration(l, m);
    } else if (m->code == SG_COAP_POST) {
        l->updates++;
        l->updated = true;
        answer(l, m, SG_COAP_CHANGED);
    } else {
        answer(l, m, m->code == SG_COAP_DELETE ? SG_COAP_DELETED : SG_COAP_METHOD_NOT_ALLOWED);
    }
}

static void take_answer(struct sg_probe_lwm2m *l, const struct sg_coap *m)
{
    const uint8_t own[TOKEN] = {'p', 'r', (uint8_t)(l->mid >> 8), (uint8_t)l->mid};
    const bool mine = m->token_len == TOKEN && memcmp(m->token, own, TOKEN) == 0;

    if (m->type == SG_COAP_CON) { /* RFC 7252 section 5.2.2: an answer of its own is confirmed */
        const struct sg_coap ack = {.type = SG_COAP_CON, .mid = m->mid};
        answer(l, &ack, SG_COAP_EMPTY);
    }
    if (!mine || m->code == SG_COAP_EMPTY || l->answered)
        return;
    l->answered = true;
    l->answer.code = m->code;
    l->answer.format = sg_coap_find_uint(m, SG_COAP_OPT_CONTENT_FORMAT, UINT32_MAX);
    l->answer.n = m->payload.n < sizeof l->answer.payload ? m->payload.n : sizeof l->answer.payload;
    if (l->answer.n > 0)
        memcpy(l->answer.payload, m->payload.p, l->answer.n);
}

static void note(struct sg_probe_lwm2m *l, const struct sg_coap *m)
{
    const size_t i = l->seen_count++ % SG_PLAYED_SEEN;
    l->seen[i].token_len = m->token_len;
    memcpy(l->seen[i].token, m->token, sizeof m->token);
}

void sg_probe_lwm2m_input(struct sg_probe_lwm2m *l, struct sg_bytes datagram)
{
    struct sg_coap m;
    if (sg_coap_parse(datagram, &m, NULL) < 0)
        return;
    if (m.code >= SG_COAP_GET && m.code <= SG_COAP_IPATCH) {
        take_request(l, &m);
        return;
    }
    note(l, &m);
    take_answer(l, &m);
}

void sg_probe_lwm2m_write(struct sg_probe_lwm2m *l, const struct sg_probe_dev_request *r, struct sg_buf *out)
{
    const uint16_t mid = ++l->mid;
    const uint8_t token[TOKEN] = {'p', 'r', (uint8_t)(mid >> 8), (uint8_t)mid};
    struct sg_coap_writer w = sg_coap_begin(out, SG_COAP_CON, r->method, mid, sg_bytes(token, sizeof token));

    sg_coap_put_path(&w, &r->path);
    if (r->format != UINT32_MAX && r->payload.n > 0)
        sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, r->format);
    else if (r->format != UINT32_MAX)
        sg_coap_put_uint(&w, SG_COAP_OPT_ACCEPT, r->format);
    sg_coap_put_payload(&w, r->payload);
    l->answered = false;
}

unsigned sg_probe_lwm2m_answers(const struct sg_probe_lwm2m *l, uint16_t mid)
{
    const size_t n = l->seen_count < SG_PLAYED_SEEN ? l->seen_count : SG_PLAYED_SEEN;
    const uint8_t token[TOKEN] = {'p', 'r', (uint8_t)(mid >> 8), (uint8_t)mid};
    unsigned found = 0;
    for (size_t i = 0; i < n; i++)
        found += l->seen[i].token_len == TOKEN && memcmp(l->seen[i].token, token, TOKEN) == 0 ? 1 : 0;
    return found;
}
