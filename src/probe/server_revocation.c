/* SPDX-License-Identifier: Apache-2.0 */
/* The run that measures a revocation: how long a device that is in, stays in, and how long it can come back. */
#include "probe/server_internal.h"

#include <stdio.h>

enum { LIMIT_MS = 30000, STEP_MS = 200, TRIES = 3 };

enum said { YES, NO, NOTHING };

/* Whether the session still holds: the server says no with an alert, or answers requests in it with 4.xx. */
static enum said still_in(struct sg_probe_client *c)
{
    uint8_t space[4096];
    struct sg_buf in = sg_buf(space, sizeof space);
    struct sg_probe_reply reply;
    if (sg_probe_client_receive(c, &in, sg_probe_steady() + STEP_MS) == SG_ECLOSED)
        return NO;
    const struct sg_probe_request q = {.code = SG_COAP_POST, .path = {c->location[0], c->location[1]}};
    int code = sg_probe_client_request(c, &q, &reply);
    return code == 0 ? NOTHING : code == SG_COAP_CHANGED ? YES : NO;
}

/* Whether who was revoked can come back. A session without an answer to its registration is one: it got in. */
static enum said comes_back(struct sg_probe_session *s, const struct sg_probe_identity *identity, const char *name)
{
    struct sg_probe_attempt a;
    sg_probe_attempt(s, identity, name, &a);
    if (a.stage == SG_CLIENT_CONNECTED)
        return a.code == SG_ECLOSED ? NO : YES;
    return a.stage == SG_CLIENT_REFUSED ? NO : NOTHING;
}

/* Silence is asked again, beyond the limit as well. */
static bool go_on(const struct sg_probe_session *s, uint64_t began, unsigned silent)
{
    return silent < TRIES && (silent > 0 || sg_probe_steady() < began + LIMIT_MS) && !sg_probe_stopped(s);
}

static void measure(struct sg_probe_session *s, struct sg_probe_client *c, const struct sg_probe_identity *identity,
                    const char *name, struct sg_probe_revoked *m)
{
    struct sg_probe_client again;
    uint64_t began = sg_probe_steady();
    unsigned silent = 0;
    SSL_SESSION *session = SSL_get1_session(c->ssl);
    while (!m->ended && go_on(s, began, silent)) {
        enum said in = still_in(c);
        silent = in == NOTHING ? silent + 1 : 0;
        m->ended = in == NO;
        m->ended_ms = sg_probe_steady() - began;
    }
    m->mute = silent == TRIES;
    silent = 0;
    do {
        enum said back = comes_back(s, identity, name);
        silent = back == NOTHING ? silent + 1 : 0;
        m->refused = back == NO;
        m->refused_ms = sg_probe_steady() - began;
    } while (!m->refused && go_on(s, began, silent));
    m->deaf = silent == TRIES;
    /* A session of before, once more. */
    m->resumed = sg_probe_client_open(&again, s, identity, session, 0) == SG_CLIENT_CONNECTED &&
                 sg_probe_client_register(&again, name) != SG_ECLOSED;
    sg_probe_client_close(&again);
    SSL_SESSION_free(session);
}

void sg_probe_revoked_conclude(struct sg_probe_result *r, const struct sg_probe_revoked *m)
{
    char observed[300], ended[80] = "stayed in for 30 s", refused[80] = "could come back for 30 s";
    sg_probe_fact(r, "ended_ms", m->ended ? json_integer((json_int_t)m->ended_ms) : json_null());
    sg_probe_fact(r, "refused_ms", m->refused ? json_integer((json_int_t)m->refused_ms) : json_null());
    sg_probe_fact(r, "resumed", json_boolean(m->resumed));
    sg_probe_fact(r, "silent", json_boolean(m->mute || m->deaf));
    if (m->ended)
        (void)snprintf(ended, sizeof ended, "was out after %llu ms", (unsigned long long)m->ended_ms);
    else if (m->mute)
        (void)snprintf(ended, sizeof ended, "got no answer to %d requests, nor an alert", TRIES);
    if (m->refused)
        (void)snprintf(refused, sizeof refused, "was refused anew after %llu ms", (unsigned long long)m->refused_ms);
    else if (m->deaf)
        (void)snprintf(refused, sizeof refused, "got no answer to %d new handshakes, nor an alert", TRIES);
    (void)snprintf(observed, sizeof observed, "a device in session %s, and %s%s", ended, refused,
                   m->resumed ? "; its old session could be resumed" : "");
    if (m->resumed)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Who was revoked comes back by an old session.");
    else if (!m->refused && !m->deaf)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Who was revoked can shake hands again.");
    else if (!m->ended && !m->mute)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "Who was revoked stays in as long as the session lasts.");
    else if (m->mute || m->deaf)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "The server was silent to who was revoked: not served, but not refused either.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "A revocation acts on who is in, and at once.");
}

void sg_srv_revocation_speed(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct sg_probe_identity identity = {.cert = NULL};
    struct sg_probe_client c;
    struct sg_error err = {0};
    struct sg_probe_revoked m = {.ended = false};
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
        sg_probe_revoked_conclude(r, &m);
    }
    sg_probe_client_close(&c);
    sg_probe_identity_free(&identity);
}
