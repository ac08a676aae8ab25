/* SPDX-License-Identifier: Apache-2.0 */
/* One hello and what the server says to it, in clear. No secret is made: these handshakes never end. */
#include "probe/server_internal.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { DATAGRAM = 16 * 1024, HANDSHAKE_FAILURE = 40 };

void sg_probe_offer_all(const struct sg_probe_session *s, struct sg_probe_offer *o)
{
    const char *name = s->server->name;
    memset(o, 0, sizeof *o);
    o->hello = (struct sg_probe_hello){.version = SG_DTLS_1_2,
                                       .suites = o->suites,
                                       .groups = o->groups,
                                       .signatures = o->signatures,
                                       .name = sg_probe_is_name(name) ? name : NULL,
                                       .extended_master_secret = true,
                                       .renegotiation = true};
    o->hello.suite_count = sg_probe_suites(SG_SUITE_ANY, o->suites, SG_PROBE_SUITES);
    o->hello.group_count = sg_probe_groups(o->groups, SG_PROBE_NAMED);
    o->hello.signature_count = sg_probe_signatures(o->signatures, SG_PROBE_NAMED);
}

void sg_probe_offer_suites(struct sg_probe_offer *o, unsigned classes)
{
    o->hello.suite_count = sg_probe_suites(classes, o->suites, SG_PROBE_SUITES);
}

static int send_hello(struct sg_probe_session *s, struct sg_probe_wire *w, const struct sg_probe_hello *h)
{
    uint8_t space[2048];
    struct sg_buf out = sg_buf(space, sizeof space);
    sg_probe_put_hello(&out, h);
    return out.full ? SG_ENOSPC : sg_probe_session_send(s, w, sg_buf_bytes(&out));
}

static void send_alert(struct sg_probe_session *s, struct sg_probe_wire *w, uint16_t record)
{
    uint8_t space[16];
    struct sg_buf out = sg_buf(space, sizeof space);
    sg_put(&out, "\x15\xfe\xfd\0\0\0\0\0\0", 9);
    sg_put_u16(&out, record);
    sg_put_u16(&out, 2);
    sg_put_u8(&out, 2); /* fatal */
    sg_put_u8(&out, HANDSHAKE_FAILURE);
    (void)sg_probe_session_send(s, w, sg_buf_bytes(&out));
}

/* Takes datagrams until the flight has an end, or the time has. False where nobody listens. */
static bool gather(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_probe_flight *f, uint64_t deadline)
{
    uint8_t datagram[DATAGRAM];
    while (!f->done && !f->alerted && !f->verify_request && !f->retry) {
        struct sg_addr from;
        int n = sg_probe_wire_receive(w, &from, datagram, sizeof datagram, deadline);
        if (n <= 0)
            return n != SG_ECLOSED;
        if (sg_addr_eq(&from, &s->server->addr))
            sg_probe_flight_take(f, sg_bytes(datagram, (size_t)n));
    }
    return true;
}

/* One hello, and again after half of the time. */
static bool exchange(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_probe_hello *h,
                     struct sg_probe_flight *f)
{
    unsigned wait = sg_probe_wait(s);
    sg_probe_flight_init(f);
    for (unsigned i = 0; i < 2 && f->datagrams == 0; i++)
        if (send_hello(s, w, h) < 0 || !gather(s, w, f, sg_probe_steady() + wait / 2))
            return false;
    if (!f->done && !f->alerted && !f->verify_request && !f->retry) /* it has begun: the rest may take its time */
        return gather(s, w, f, sg_probe_steady() + wait);
    return true;
}

enum sg_probe_answer sg_probe_ask(struct sg_probe_session *s, struct sg_probe_hello *h, struct sg_probe_flight *f)
{
    struct sg_probe_wire w;
    uint8_t cookie[255];
    sg_probe_flight_init(f);
    h->message = 0;
    h->cookie = sg_bytes(NULL, 0);
    if (sg_probe_session_open(s, &w, NULL) < 0 || RAND_bytes(h->random, sizeof h->random) != 1)
        return SG_ANSWER_NONE;
    bool there = exchange(s, &w, h, f);
    bool verified = f->verify_request;
    if (there && verified) {
        memcpy(cookie, f->cookie.p, f->cookie.n);
        h->cookie = sg_bytes(cookie, f->cookie.n);
        h->message = 1;
        there = exchange(s, &w, h, f);
        h->cookie = sg_bytes(NULL, 0);
    }
    if (f->hello)
        send_alert(s, &w, (uint16_t)(h->message + 1));
    sg_probe_session_close(s, &w);
    f->verified = verified;
    return f->hello ? SG_ANSWER_HELLO : f->alerted ? SG_ANSWER_ALERT : there ? SG_ANSWER_NONE : SG_ANSWER_CLOSED;
}

size_t sg_probe_ask_unverified(struct sg_probe_session *s, struct sg_probe_hello *h, struct sg_probe_flight *f)
{
    struct sg_probe_wire w;
    uint8_t space[2048], datagram[DATAGRAM];
    struct sg_buf out = sg_buf(space, sizeof space);
    struct sg_addr from;
    sg_probe_flight_init(f);
    h->message = 0;
    h->cookie = sg_bytes(NULL, 0);
    if (RAND_bytes(h->random, sizeof h->random) == 1)
        sg_probe_put_hello(&out, h);
    if (out.len == 0 || out.full || sg_probe_session_open(s, &w, NULL) < 0)
        return 0;
    uint64_t deadline = sg_probe_steady() + 3 * (uint64_t)sg_probe_wait(s); /* what is sent again counts as well */
    if (sg_probe_session_send(s, &w, sg_buf_bytes(&out)) == 0)
        for (int n; (n = sg_probe_wire_receive(&w, &from, datagram, sizeof datagram, deadline)) > 0;)
            sg_probe_flight_take(f, sg_bytes(datagram, (size_t)n));
    if (f->hello)
        send_alert(s, &w, 1);
    sg_probe_session_close(s, &w);
    return out.len;
}

char *sg_probe_alert_text(int alert, char text[SG_ANSWER_TEXT])
{
    (void)snprintf(text, SG_ANSWER_TEXT, "%s (%d)", SSL_alert_desc_string_long(alert), alert);
    return text;
}

char *sg_probe_answer_text(enum sg_probe_answer a, const struct sg_probe_flight *f, char text[SG_ANSWER_TEXT])
{
    char alert[SG_ANSWER_TEXT];
    switch (a) {
    case SG_ANSWER_HELLO:
        (void)snprintf(text, SG_ANSWER_TEXT, "%s, %s", sg_probe_version_name(f->version),
                       f->retry ? "asks for a key share" : sg_probe_suite_name(f->suite));
        break;
    case SG_ANSWER_ALERT:
        (void)snprintf(text, SG_ANSWER_TEXT, "refused with %.100s", sg_probe_alert_text(f->alert, alert));
        break;
    case SG_ANSWER_NONE:
        (void)snprintf(text, SG_ANSWER_TEXT, "no answer%s", f->verified ? " after the cookie" : "");
        break;
    case SG_ANSWER_CLOSED:
        (void)snprintf(text, SG_ANSWER_TEXT, "nothing listens there any more");
        break;
    }
    return text;
}

bool sg_probe_control_hello(struct sg_probe_session *s, struct sg_probe_result *r, const char *when)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    char what[96], text[SG_ANSWER_TEXT];
    sg_probe_offer_all(s, &o);
    enum sg_probe_answer a = sg_probe_ask(s, &o.hello, &f);
    (void)snprintf(what, sizeof what, "%s, a hello that offers everything", when);
    sg_probe_add_control(r, a == SG_ANSWER_HELLO, what, sg_probe_answer_text(a, &f, text));
    return a == SG_ANSWER_HELLO;
}

/* What the first sound answer tells: the certificates, and whose they are. */
void sg_probe_session_learn(struct sg_probe_session *s, struct sg_probe_target *target)
{
    static const struct sg_probe_run nothing = {.name = "greeting"};
    struct sg_probe_result r;
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    sg_probe_result_init(&r, &nothing);
    s->result = &r;
    sg_probe_offer_all(s, &o);
    sg_probe_offer_suites(&o, SG_SUITE_SOUND);
    if (sg_probe_ask(s, &o.hello, &f) != SG_ANSWER_HELLO) {
        sg_probe_offer_all(s, &o);
        (void)sg_probe_ask(s, &o.hello, &f);
    }
    sg_probe_result_free(&r);
    s->learned = f.hello && f.done;
    for (size_t i = 0; i < f.certs; i++) {
        const uint8_t *p = f.cert[i].p;
        X509 *cert = d2i_X509(NULL, &p, (long)f.cert[i].n);
        if (cert != NULL)
            s->cert[s->certs++] = cert;
        else
            s->bad_certs++;
    }
    struct sg_fingerprint print;
    char text[SG_FINGERPRINT_TEXT];
    if (s->certs > 0 && sg_cert_fingerprint(s->cert[0], &print) == 0)
        (void)snprintf(target->identity, sizeof target->identity, "%s", sg_fingerprint_text(&print, text));
}
