/* SPDX-License-Identifier: Apache-2.0 */
/* The modem's cache of DTLS sessions, for sockets that ask for it (SESSION_CACHE; modem notes 5.4). It is in RAM. */
#include "sim_internal.h"

#include <string.h>

static struct sg_sim_session *find(struct sg_sim *s, const struct sg_sim_socket *k)
{
    for (size_t i = 0; i < SG_SIM_SESSIONS; i++) {
        struct sg_sim_session *e = &s->sessions[i];
        if (e->n > 0 && e->tag == k->tag && sg_addr_eq(&e->server, &k->server) && strcmp(e->host, k->host) == 0)
            return e;
    }
    return NULL;
}

void sg_sim_session_keep(struct sg_sim *s, const struct sg_sim_socket *k)
{
    struct sg_sim_session *e = find(s, k);

    if (!k->session_cache)
        return;
    if (e == NULL) /* the oldest makes room */
        e = &s->sessions[s->sessions_made++ % SG_SIM_SESSIONS];
    sg_wipe(e, sizeof *e);
    struct sg_buf b = sg_buf(e->der, sizeof e->der);
    if (sg_dtls_session_save(k->dtls, &b) < 0)
        return;
    e->n = b.len;
    e->tag = k->tag;
    e->server = k->server;
    memcpy(e->host, k->host, sizeof e->host);
}

void sg_sim_session_offer(struct sg_sim *s, const struct sg_sim_socket *k)
{
    const struct sg_sim_session *e = find(s, k);

    if (k->session_cache && e)
        (void)sg_dtls_session_load(k->dtls, &k->server, sg_bytes(e->der, e->n));
}

void sg_sim_session_forget(struct sg_sim *s, const struct sg_sim_socket *k)
{
    struct sg_sim_session *e = find(s, k);

    if (e)
        sg_wipe(e, sizeof *e);
}

void sg_sim_sessions_purge(struct sg_sim *s)
{
    sg_wipe(s->sessions, sizeof s->sessions);
}
