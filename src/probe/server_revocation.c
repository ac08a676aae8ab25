/* SPDX-License-Identifier: Apache-2.0 */
/* The run that measures a revocation: how long a device that is in, stays in, and how long it can come back. */
#include "probe/server_internal.h"

#include <stdio.h>

enum { LIMIT_MS = 30000, STEP_MS = 200 };

struct measured {
    bool ended, refused, resumed;
    uint64_t ended_ms, refused_ms;
};

/* Whether the session is at its end: by an alert, or since requests in it are answered no more, or with 4.xx. */
static bool session_ended(struct sg_probe_client *c)
{
    uint8_t space[4096];
    struct sg_buf in = sg_buf(space, sizeof space);
    struct sg_probe_reply reply;
    if (sg_probe_client_receive(c, &in, sg_probe_steady() + STEP_MS) == SG_ECLOSED)
        return true;
    const struct sg_probe_request q = {.code = SG_COAP_POST, .path = {c->location[0], c->location[1]}};
    int code = sg_probe_client_request(c, &q, &reply);
    return code != SG_COAP_CHANGED;
}

static void measure(struct sg_probe_session *s, struct sg_probe_client *c, const struct sg_probe_identity *identity,
                    const char *name, struct measured *m)
{
    struct sg_probe_attempt a;
    struct sg_probe_client again;
    uint64_t began = sg_probe_steady();
    SSL_SESSION *session = SSL_get1_session(c->ssl);
    while (!m->ended && sg_probe_steady() < began + LIMIT_MS && !sg_probe_stopped(s)) {
        m->ended = session_ended(c);
        m->ended_ms = sg_probe_steady() - began;
    }
    do {
        sg_probe_attempt(s, identity, name, &a);
        m->refused = a.stage != SG_CLIENT_CONNECTED || a.code == SG_ECLOSED;
        m->refused_ms = sg_probe_steady() - began;
    } while (!m->refused && sg_probe_steady() < began + LIMIT_MS && !sg_probe_stopped(s));
    /* A session of before, once more. */
    m->resumed = sg_probe_client_open(&again, s, identity, session, 0) == SG_CLIENT_CONNECTED &&
                 sg_probe_client_register(&again, name) != SG_ECLOSED;
    sg_probe_client_close(&again);
    SSL_SESSION_free(session);
}

static void conclude(struct sg_probe_result *r, const struct measured *m)
{
    char observed[300], ended[64] = "stayed in for 30 s", refused[64] = "could come back for 30 s";
    sg_probe_fact(r, "ended_ms", m->ended ? json_integer((json_int_t)m->ended_ms) : json_null());
    sg_probe_fact(r, "refused_ms", m->refused ? json_integer((json_int_t)m->refused_ms) : json_null());
    sg_probe_fact(r, "resumed", json_boolean(m->resumed));
    if (m->ended)
        (void)snprintf(ended, sizeof ended, "was out after %llu ms", (unsigned long long)m->ended_ms);
    if (m->refused)
        (void)snprintf(refused, sizeof refused, "was refused anew after %llu ms", (unsigned long long)m->refused_ms);
    (void)snprintf(observed, sizeof observed, "a device in session %s, and %s%s", ended, refused,
                   m->resumed ? "; its old session could be resumed" : "");
    if (m->ended && m->refused && !m->resumed)
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "A revocation acts on who is in, and at once.");
    else
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed,
                          m->resumed    ? "Who was revoked comes back by an old session."
                          : !m->refused ? "Who was revoked can shake hands again."
                                        : "Who was revoked stays in as long as the session lasts.");
}

void sg_srv_revocation_speed(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_identity identity = {.cert = NULL};
    struct sg_probe_client c;
    struct sg_error err = {0};
    struct measured m = {.ended = false};
    char name[SG_PROBE_NAME];
    if (s->server->enrol == NULL) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "",
                          "It needs an identity to revoke: work on a test home with --throw-away.");
        return;
    }
    sg_probe_new_name(name);
    if (s->server->enrol(s->server->user, name, &identity, &err) < 0) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "", err.text);
        return;
    }
    bool in = sg_probe_client_open(&c, s, &identity, NULL, 0) == SG_CLIENT_CONNECTED &&
              sg_probe_client_register(&c, name) == SG_COAP_CREATED;
    sg_probe_add_control(r, in, "before it is revoked, it registers", in ? "registered" : "not registered");
    int revoked = s->server->revoke(s->server->user, name, &err);
    if (revoked < 0 || !in) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "",
                          revoked < 0 ? err.text : "The identity made for it did not register.");
    } else {
        measure(s, &c, &identity, name, &m);
        (void)sg_probe_control_client(s, r, "after", false);
        conclude(r, &m);
    }
    sg_probe_client_close(&c);
    sg_probe_identity_free(&identity);
}
