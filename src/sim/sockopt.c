/* SPDX-License-Identifier: Apache-2.0 */
/* #XSSOCKETOPT: Serial Modem's numbers for the TLS options of a socket (modem notes 11.3). */
#include "sim_internal.h"

#include <string.h>
#include <strings.h>

enum {
    HOSTNAME = 2,
    SUITE_USED = 4,
    PEER_VERIFY = 5,
    SESSION_CACHE = 12,
    SESSION_CACHE_PURGE = 13,
    CID = 14,
    CID_STATUS = 15,
    HANDSHAKE_TIMEOUT = 18,
    CONN_SAVE = 19,
    CONN_LOAD = 20,
    FRAGMENTS = 22
};
enum { RECEIVE_TIMEOUT = 20, SEND_TIMEOUT = 21, KEEP_OPEN = 34, RAI = 61, SAVED_MAX = 4 };
enum { VERIFY_REQUIRED = 2 };

static int get_option(struct sg_sim *s, struct sg_sim_socket *k, uint64_t name)
{
    struct sg_dtls_info info = {0};
    bool up = k->dtls && k->id && sg_dtls_info(k->dtls, k->id, &info);
    uint8_t id[2] = {(uint8_t)(info.suite >> 8), (uint8_t)info.suite};
    struct sg_buf *b = sg_sim_socket_say(s, "#XSSOCKETOPT: ", k);

    switch (name) {
    case HOSTNAME:
        sg_sim_put_comma(b);
        sg_put_str(b, k->host);
        break;
    case SUITE_USED:
        if (!up || !s->firmware_has.suite_used)
            return SG_SIM_ERROR;
        sg_sim_put_comma(b);
        sg_put_str(b, "0x");
        sg_put_hex(b, sg_bytes(id, sizeof id));
        break;
    case PEER_VERIFY:
        sg_sim_put_value(b, k->peer_verify);
        break;
    case SESSION_CACHE:
        sg_sim_put_value(b, k->session_cache);
        break;
    case CID_STATUS:
        if (!s->firmware_has.cid)
            return SG_SIM_ERROR;
        sg_sim_put_value(b, (info.cid_in_len > 0 ? 1U : 0U) + (info.cid_out_len > 0 ? 2U : 0U));
        break;
    case HANDSHAKE_TIMEOUT:
        sg_sim_put_value(b, k->handshake_s);
        break;
    case FRAGMENTS:
        if (!s->firmware_has.fragments)
            return SG_SIM_ERROR;
        sg_sim_put_value(b, k->fragments);
        break;
    default:
        return SG_SIM_ERROR;
    }
    sg_sim_said(s);
    return SG_SIM_OK;
}

static bool set_host(struct sg_sim_socket *k, const struct sg_sim_command *c)
{
    struct sg_bytes name;

    if (!sg_sim_string(c, 3, &name) || name.n >= sizeof k->host)
        return false;
    memcpy(k->host, name.p, name.n);
    k->host[name.n] = 0;
    if (strcasecmp(k->host, "NULL") == 0)
        k->host[0] = 0;
    return true;
}

static bool set_number(const struct sg_sim_command *c, uint64_t max, unsigned *out)
{
    uint64_t v;

    if (!sg_sim_number(c, 3, max, &v))
        return false;
    *out = (unsigned)v;
    return true;
}

static bool set_handshake(struct sg_sim_socket *k, const struct sg_sim_command *c)
{
    static const uint8_t allowed[] = {1, 3, 7, 15, 31, 63, 123};
    unsigned v;

    if (!set_number(c, 123, &v))
        return false;
    for (size_t i = 0; i < sizeof allowed; i++)
        if (allowed[i] == v) {
            k->handshake_s = v;
            return true;
        }
    return false;
}

static size_t saved_count(const struct sg_sim *s)
{
    size_t n = 0;
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        n += s->sockets[i].used && s->sockets[i].saved;
    return n;
}

/* Needs a finished handshake with an AEAD suite, which all here are; at most four (5.4). */
static bool set_saved(struct sg_sim *s, struct sg_sim_socket *k, bool save)
{
    int error = !k->id ? SG_SIM_EAGAIN : k->saved == save ? SG_SIM_EINVAL : 0;

    if (error == 0 && save && saved_count(s) == SAVED_MAX)
        error = SG_SIM_ENOMEM;
    if (error == 0)
        k->saved = save;
    else
        sg_sim_errno(s, "setsockopt", error);
    return error == 0;
}

/* What can be set while connected; false where `name` is none of it. */
static bool set_anytime(struct sg_sim *s, struct sg_sim_socket *k, uint64_t name, const struct sg_sim_command *c,
                        bool *ok)
{
    unsigned ignored;

    switch (name) {
    case SESSION_CACHE_PURGE:
        *ok = set_number(c, UINT32_MAX, &ignored);
        if (*ok)
            sg_sim_sessions_purge(s);
        return true;
    case CONN_SAVE:
    case CONN_LOAD:
        *ok = s->firmware_has.cid && set_number(c, UINT32_MAX, &ignored) && set_saved(s, k, name == CONN_SAVE);
        return true;
    default:
        return false;
    }
}

static bool set_option(struct sg_sim *s, struct sg_sim_socket *k, uint64_t name, const struct sg_sim_command *c)
{
    bool ok;

    if (set_anytime(s, k, name, c, &ok))
        return ok;
    if (k->dtls) /* the others count before the handshake only (11.3) */
        return false;
    switch (name) {
    case HOSTNAME:
        return set_host(k, c);
    case PEER_VERIFY:
        return set_number(c, VERIFY_REQUIRED, &k->peer_verify);
    case SESSION_CACHE:
        return set_number(c, 1, &k->session_cache);
    case CID:
        return s->firmware_has.cid && set_number(c, 2, &k->cid);
    case HANDSHAKE_TIMEOUT:
        return set_handshake(k, c);
    case FRAGMENTS:
        return s->firmware_has.fragments && set_number(c, 2, &k->fragments);
    default:
        return false;
    }
}

int sg_sim_xssocketopt(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_socket *k = c->form == SG_SIM_SET ? sg_sim_socket_find(s, c, 0) : NULL;
    uint64_t set, name;

    if (k == NULL || !sg_sim_number(c, 1, 1, &set) || !sg_sim_number(c, 2, 255, &name) || c->count > 3 + set)
        return SG_SIM_ERROR;
    if (set)
        return set_option(s, k, name, c) ? SG_SIM_OK : SG_SIM_ERROR;
    int r = get_option(s, k, name);
    if (r != SG_SIM_OK)
        s->reply.len = 0;
    return r;
}

/* #XSOCKETOPT: of the options of every socket, those that mean something to a DTLS client (11.3). */
static bool set_plain(const struct sg_sim *s, struct sg_sim_socket *k, uint64_t name, const struct sg_sim_command *c)
{
    unsigned v = 0;

    switch (name) {
    case RECEIVE_TIMEOUT:
        return set_number(c, UINT32_MAX / 1000, &k->receive_s);
    case SEND_TIMEOUT:
        if (!set_number(c, 600, &v) || v == 0)
            return false;
        k->send_s = v;
        return true;
    case KEEP_OPEN:
        return s->firmware_has.keep_open && set_number(c, 1, &k->keep_open);
    case RAI:
        return set_number(c, 5, &v) && v > 0;
    default:
        return false;
    }
}

int sg_sim_xsocketopt(struct sg_sim *s, const struct sg_sim_command *c)
{
    struct sg_sim_socket *k = c->form == SG_SIM_SET ? sg_sim_socket_find(s, c, 0) : NULL;
    uint64_t set, name;

    if (k == NULL || !sg_sim_number(c, 1, 1, &set) || !sg_sim_number(c, 2, 255, &name) || c->count > 3 + set)
        return SG_SIM_ERROR;
    if (set)
        return set_plain(s, k, name, c) ? SG_SIM_OK : SG_SIM_ERROR;
    if (name != RECEIVE_TIMEOUT && name != SEND_TIMEOUT && name != KEEP_OPEN)
        return SG_SIM_ERROR;
    sg_sim_put_value(sg_sim_socket_say(s, "#XSOCKETOPT: ", k), name == RECEIVE_TIMEOUT ? k->receive_s
                                                               : name == SEND_TIMEOUT  ? k->send_s
                                                                                       : k->keep_open);
    sg_sim_said(s);
    return SG_SIM_OK;
}
