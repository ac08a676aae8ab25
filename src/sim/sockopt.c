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
    HANDSHAKE_TIMEOUT = 18
};
enum { VERIFY_REQUIRED = 2 };

static void put(struct sg_buf *b, uint64_t v)
{
    sg_put_str(b, ",");
    sg_put_udec(b, v);
}

static int get_option(struct sg_sim *s, struct sg_sim_socket *k, uint64_t name)
{
    struct sg_dtls_info info = {0};
    bool up = k->dtls && k->id && sg_dtls_info(k->dtls, k->id, &info);
    uint8_t id[2] = {(uint8_t)(info.suite >> 8), (uint8_t)info.suite};
    struct sg_buf *b = sg_sim_socket_say(s, "#XSSOCKETOPT: ", k);

    switch (name) {
    case HOSTNAME:
        sg_put_str(b, ",");
        sg_put_str(b, k->host);
        break;
    case SUITE_USED:
        if (!up)
            return SG_SIM_ERROR;
        sg_put_str(b, ",0x");
        sg_put_hex(b, sg_bytes(id, sizeof id));
        break;
    case PEER_VERIFY:
        put(b, k->peer_verify);
        break;
    case SESSION_CACHE:
        put(b, k->session_cache);
        break;
    case CID_STATUS:
        put(b, (info.cid_in_len > 0 ? 1U : 0U) + (info.cid_out_len > 0 ? 2U : 0U));
        break;
    case HANDSHAKE_TIMEOUT:
        put(b, k->handshake_s);
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

static bool set_option(struct sg_sim_socket *k, uint64_t name, const struct sg_sim_command *c)
{
    unsigned ignored;

    if (name == SESSION_CACHE_PURGE)
        return set_number(c, UINT32_MAX, &ignored);
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
        return set_number(c, 2, &k->cid);
    case HANDSHAKE_TIMEOUT:
        return set_handshake(k, c);
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
        return set_option(k, name, c) ? SG_SIM_OK : SG_SIM_ERROR;
    int r = get_option(s, k, name);
    if (r != SG_SIM_OK)
        s->reply.len = 0;
    return r;
}
