/* SPDX-License-Identifier: Apache-2.0 */
/* The probe of a server: its runs, in the catalogue's order, and what they have in common. */
#include "probe/server_internal.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <string.h>

enum { WAIT_MS = 1000, CAPTURE_MAX = 1 << 20 };

static const struct {
    const char *name;
    sg_probe_server_run *run;
} runs[] = {
    {"srv.version", sg_srv_version},
    {"srv.suites", sg_srv_suites},
    {"srv.weak", sg_srv_weak},
    {"srv.static", sg_srv_static},
    {"srv.cbc-sha1", sg_srv_cbc_sha1},
    {"srv.curves", sg_srv_curves},
    {"srv.signatures", sg_srv_signatures},
    {"srv.cert.time", sg_srv_cert_time},
    {"srv.cert.name", sg_srv_cert_name},
    {"srv.cert.chain", sg_srv_cert_chain},
    {"srv.cert.strength", sg_srv_cert_strength},
    {"srv.cert.usage", sg_srv_cert_usage},
    {"srv.cookie", sg_srv_cookie},
    {"srv.extended-secret", sg_srv_extended_secret},
    {"srv.renegotiation", sg_srv_renegotiation},
    {"srv.compression", sg_srv_compression},
    {"srv.cid", sg_srv_cid},
    {"srv.resumption", sg_srv_resumption},
    {"srv.fragment", sg_srv_fragment},
    {"srv.garbage", sg_srv_garbage},
    {"srv.plain", sg_srv_plain},
    {"srv.no-cert", sg_srv_no_cert},
    {"srv.wrong-ca", sg_srv_wrong_ca},
    {"srv.self-signed", sg_srv_self_signed},
    {"srv.expired", sg_srv_expired},
    {"srv.future", sg_srv_future},
    {"srv.usage", sg_srv_usage},
    {"srv.unknown", sg_srv_unknown},
    {"srv.revoked", sg_srv_revoked},
    {"srv.name", sg_srv_name},
    {"srv.replay", sg_srv_replay},
    {"srv.tamper", sg_srv_tamper},
    {"srv.nonce", sg_srv_nonce},
    {"srv.revocation-speed", sg_srv_revocation_speed},
    {"srv.flood", sg_srv_flood},
};

static sg_probe_server_run *find(const char *name)
{
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        if (strcmp(runs[i].name, name) == 0)
            return runs[i].run;
    return NULL;
}

bool sg_probe_stopped(const struct sg_probe_session *s)
{
    return s->stop != NULL && *s->stop != 0;
}

void sg_probe_fact(struct sg_probe_result *r, const char *name, json_t *value)
{
    if (r->facts == NULL)
        r->facts = json_object();
    (void)json_object_set_new(r->facts, name, value);
}

/* -------------------------------------------------------------------------------------------------- the sockets */

int sg_probe_session_open(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_error *err)
{
    const struct sg_addr any = {.port = 0};
    int r = sg_probe_wire_open(w, &any, s->server->rate != 0 ? s->server->rate : SG_PROBE_RATE, err);
    w->next_send_us = s->next_send_us;
    w->capture = s->result->capture;
    return r;
}

int sg_probe_session_send(struct sg_probe_session *s, struct sg_probe_wire *w, struct sg_bytes datagram)
{
    s->datagrams++;
    return sg_probe_wire_send(w, &s->server->addr, datagram);
}

void sg_probe_session_close(struct sg_probe_session *s, struct sg_probe_wire *w)
{
    s->next_send_us = w->next_send_us;
    sg_probe_wire_close(w);
}

bool sg_probe_is_name(const char *host)
{
    uint8_t ip[16];
    return inet_pton(AF_INET, host, ip) != 1 && inet_pton(AF_INET6, host, ip) != 1;
}

unsigned sg_probe_wait(const struct sg_probe_session *s)
{
    return s->server->wait_ms != 0 ? s->server->wait_ms : WAIT_MS;
}

/* ----------------------------------------------------------------------------------------------------- the runs */

/* Nobody there: the runs would all be skipped, after much waiting. */
static int greet(struct sg_probe_session *s, struct sg_error *err)
{
    static const struct sg_probe_run nothing = {.name = "greeting"};
    struct sg_probe_result r;
    struct sg_probe_flight f;
    struct sg_probe_offer o;
    char address[SG_ADDR_TEXT];
    sg_probe_result_init(&r, &nothing);
    s->result = &r;
    sg_probe_offer_all(s, &o);
    enum sg_probe_answer a = sg_probe_ask(s, &o.hello, &f);
    sg_probe_result_free(&r);
    (void)sg_addr_text(&s->server->addr, address);
    if (a == SG_ANSWER_CLOSED)
        return sg_fail(err, SG_ECLOSED, "%s: its host says that nothing listens at that UDP port", address);
    if (a == SG_ANSWER_NONE && f.datagrams == 0)
        return sg_fail(err, SG_ETIMEOUT,
                       "%s: no answer to a DTLS ClientHello. Is it the right address and port, and does UDP get there?",
                       address);
    return 0;
}

static int run_all(struct sg_probe_session *s, struct sg_probe_target *target, const struct sg_probe_watch *watch)
{
    size_t n;
    int code = 0;
    const struct sg_probe_run *list = sg_probe_runs(SG_PROBE_SERVER, &n);
    for (size_t i = 0; i < n && code == 0 && !sg_probe_stopped(s); i++) {
        struct sg_probe_result r;
        sg_probe_server_run *run = find(list[i].name);
        if (run == NULL || (watch->wanted != NULL && !watch->wanted(watch->user, &list[i])))
            continue;
        if (watch->begin != NULL)
            watch->begin(watch->user, &list[i]);
        sg_probe_result_init(&r, &list[i]);
        r.capture = sg_capture_new(CAPTURE_MAX);
        r.capture_secret = !s->server->throw_away;
        s->result = &r;
        run(s, &r);
        ERR_clear_error();
        if (sg_probe_stopped(s) && r.verdict != SG_VERDICT_FAIL) /* half of it says nothing */
            sg_probe_conclude(&r, SG_VERDICT_SKIPPED, NULL, "It was ended by the operator.");
        code = watch->done(watch->user, target, &r);
        sg_probe_result_free(&r);
    }
    return code;
}

int sg_probe_server(const struct sg_probe_server *server, struct sg_probe_target *target,
                    const struct sg_probe_watch *watch, struct sg_probe_cost *cost, struct sg_error *err)
{
    uint64_t began = sg_probe_steady();
    struct sg_probe_session s = {.server = server, .stop = watch->stop};
    s.ctx = sg_probe_client_context(err);
    s.bio = sg_probe_client_bio();
    int r = s.ctx != NULL && s.bio != NULL ? greet(&s, err) : SG_ECRYPTO;
    if (r == 0)
        sg_probe_session_learn(&s, target);
    if (r == 0)
        r = run_all(&s, target, watch);
    *cost = (struct sg_probe_cost){.datagrams = s.datagrams, .ms = sg_probe_steady() - began};
    for (size_t i = 0; i < s.certs; i++)
        X509_free(s.cert[i]);
    SSL_CTX_free(s.ctx);
    BIO_meth_free(s.bio);
    return r;
}
