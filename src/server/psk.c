/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect by a pre-shared key. What is decided here, the peer is not told: see the dtls room. */
#include "server/server_internal.h"

#include <stdio.h>
#include <string.h>

/* What a stranger calls himself, for a sentence. */
static void clean(struct sg_bytes from, char *to, size_t cap)
{
    size_t n = from.n < cap ? from.n : cap - 1;

    for (size_t i = 0; i < n; i++) {
        to[i] = '?';
        if (from.p[i] >= ' ' && from.p[i] <= '~' && from.p[i] != '"')
            to[i] = (char)from.p[i];
    }
    to[n] = '\0';
}

/* As with certificates: nobody is refused by a reading that is older than his enrolment. */
static bool recognise(struct worker *w, const char *identity, struct known_cert *c, struct sg_dtls_verdict *v)
{
    struct sg_fingerprint f;

    sg_server_psk_fingerprint(identity, &f);
    const bool known = sg_server_known_find(w->server->known, &f, c);
    if (known && sg_server_judge(c, sg_server_wall(), v))
        return true;
    if (!sg_server_known_lookup_psk(w->server->known, w->store, identity, 0, c))
        return known;
    (void)sg_server_judge(c, sg_server_wall(), v);
    return true;
}

void sg_server_psk(void *user, const struct sg_addr *peer, struct sg_bytes identity, struct sg_buf *key,
                   struct sg_dtls_verdict *verdict)
{
    struct worker *w = user;
    struct known_cert c;
    struct sg_psk_secret secret;
    struct sg_error err = {0};
    char name[SG_PSK_IDENTITY];
    (void)peer;

    clean(identity, name, sizeof name);
    if (!sg_bytes_eq_str(identity, name) || !recognise(w, name, &c, verdict)) {
        (void)snprintf(verdict->reason, sizeof verdict->reason,
                       "calls itself \"%s\", a name that no pre-shared key of the inventory has. Enrol the device: "
                       "signet enroll --psk",
                       name);
        return;
    }
    verdict->identity = c.cert; /* also of one that is refused */
    if (!verdict->accept || key == NULL)
        return;
    if (sg_server_known_key(w->server->known, name, &c, &secret, &err)) {
        sg_put(key, secret.key, sizeof secret.key);
        sg_wipe(&secret, sizeof secret);
        return;
    }
    verdict->accept = false;
    (void)snprintf(verdict->reason, sizeof verdict->reason, "%.390s", err.text);
}
