/* SPDX-License-Identifier: Apache-2.0 */
/* A request of the server: what its options demand, who carries it out, and its answer. */
#include "device/device_internal.h"

enum { NO_BLOCK = 0 };

/* ------------------------------------------------------------------------------------------------------- options */

/* RFC 7252 sections 5.10.8.1 and 5.10.8.2: the target exists, and has no entity tag that could match. */
static bool precondition_fails(const struct sg_coap *m)
{
    struct sg_bytes tag;

    if (sg_coap_find(m, SG_COAP_OPT_IF_MATCH, &tag))
        return tag.n > 0;
    return sg_coap_find(m, SG_COAP_OPT_IF_NONE_MATCH, &tag);
}

/* RFC 7959: a request's content comes in one block, and a block size is one of the seven. */
static uint8_t check_blocks(const struct sg_coap *m)
{
    struct sg_coap_block block;
    struct sg_bytes value;

    if (sg_coap_find(m, SG_COAP_OPT_BLOCK2, &value) && !sg_coap_find_block(m, SG_COAP_OPT_BLOCK2, &block))
        return SG_COAP_BAD_REQUEST;
    if (!sg_coap_find(m, SG_COAP_OPT_BLOCK1, &value))
        return 0;
    if (!sg_coap_find_block(m, SG_COAP_OPT_BLOCK1, &block))
        return SG_COAP_BAD_REQUEST;
    return block.num > 0 || block.more ? SG_COAP_TOO_LARGE : 0;
}

/* The code of a refusal, or 0 where the request may be carried out. */
static uint8_t check(const struct sg_lwm2m *c, const struct sg_coap *m, struct sg_path *path)
{
    struct sg_lwm2m_target target;
    struct sg_bytes value;

    if (sg_coap_unknown_critical(m) != 0)
        return SG_COAP_BAD_OPTION;
    if (sg_coap_find(m, SG_COAP_OPT_PROXY_URI, &value) || sg_coap_find(m, SG_COAP_OPT_PROXY_SCHEME, &value))
        return SG_COAP_PROXYING;
    if (sg_path_from_coap(m, path) < 0)
        return SG_COAP_NOT_FOUND;
    if (path->depth == 0) /* composite operations alone have the root for their path */
        return SG_COAP_METHOD_NOT_ALLOWED;
    if (path->id[0] == 0) /* OMA LwM2M 1.1 core, appendix E.1: no server may touch the Security object */
        return SG_COAP_UNAUTHORIZED;
    if (!sg_lwm2m_find(c, path, &target))
        return SG_COAP_NOT_FOUND;
    if (precondition_fails(m))
        return SG_COAP_PRECONDITION_FAILED;
    return check_blocks(m);
}

/* ------------------------------------------------------------------------------------------------------- methods */

static void get(struct sg_lwm2m *c, const struct sg_coap *m, const struct sg_path *path, uint64_t now,
                struct sg_lwm2m_answer *answer)
{
    const uint32_t accept = sg_coap_find_uint(m, SG_COAP_OPT_ACCEPT, SG_LWM2M_ANY_FORMAT);
    const uint32_t observe = sg_coap_find_uint(m, SG_COAP_OPT_OBSERVE, UINT32_MAX);

    if (accept == SG_LINK) {
        sg_lwm2m_discover(c, path, now, answer);
        return;
    }
    sg_lwm2m_read(c, path, accept, now, answer);
    if (observe == 0 && answer->code == SG_COAP_CONTENT)
        sg_lwm2m_observe(c, m, path, now, answer);
    else if (observe == 1)
        sg_lwm2m_unobserve(c, m);
}

static void carry_out(struct sg_lwm2m *c, const struct sg_coap *m, const struct sg_path *path, uint64_t now,
                      struct sg_lwm2m_answer *answer)
{
    answer->code = SG_COAP_METHOD_NOT_ALLOWED; /* create and delete: the instances are what they are */
    if (m->code == SG_COAP_GET)
        get(c, m, path, now, answer);
    else if ((m->code == SG_COAP_PUT && path->depth >= 2) || (m->code == SG_COAP_POST && path->depth == 2))
        answer->code = sg_lwm2m_write(c, path, m, now);
    else if (m->code == SG_COAP_POST && path->depth == 3)
        answer->code = sg_lwm2m_execute(c, path, m, now);
}

/* -------------------------------------------------------------------------------------------------------- answer */

/* RFC 7959 section 2.2: the part of the content that was asked for. False: there is no such part. */
static bool cut_block(const struct sg_lwm2m *c, const struct sg_coap *m, const struct sg_lwm2m_answer *answer,
                      struct sg_coap_block *block, struct sg_bytes *part)
{
    *part = sg_bytes(c->content, answer->n);
    block->size = NO_BLOCK;
    if (!answer->has_content || !sg_coap_find_block(m, SG_COAP_OPT_BLOCK2, block))
        return true;
    const size_t at = (size_t)block->num * block->size;
    if (at >= answer->n && block->num > 0)
        return false;
    const size_t left = answer->n - at;
    block->more = left > block->size;
    *part = sg_bytes(c->content + at, block->more ? block->size : left);
    return true;
}

static void put_answer(struct sg_lwm2m *c, const struct sg_coap *m, struct sg_lwm2m_answer *answer, struct sg_buf *b)
{
    struct sg_coap_block block, block1;
    struct sg_bytes part;
    const bool confirmable = m->type == SG_COAP_CON;

    if (!cut_block(c, m, answer, &block, &part))
        *answer = (struct sg_lwm2m_answer){.code = SG_COAP_BAD_REQUEST};
    struct sg_coap_writer w = sg_coap_begin(b, confirmable ? SG_COAP_ACK : SG_COAP_NON, answer->code,
                                            confirmable ? m->mid : sg_lwm2m_mid(c), sg_bytes(m->token, m->token_len));
    if (answer->has_content && block.size != NO_BLOCK) { /* so that parts of two contents are not joined */
        const uint32_t tag = sg_lwm2m_digest(sg_bytes(c->content, answer->n));
        sg_coap_put(&w, SG_COAP_OPT_ETAG, sg_bytes(&tag, sizeof tag));
    }
    if (answer->observed)
        sg_coap_put_uint(&w, SG_COAP_OPT_OBSERVE, answer->sequence);
    if (answer->has_content)
        sg_coap_put_uint(&w, SG_COAP_OPT_CONTENT_FORMAT, answer->format);
    if (answer->has_content && block.size != NO_BLOCK)
        sg_coap_put_block(&w, SG_COAP_OPT_BLOCK2, block);
    if (answer->code != SG_COAP_TOO_LARGE && sg_coap_find_block(m, SG_COAP_OPT_BLOCK1, &block1))
        sg_coap_put_block(&w, SG_COAP_OPT_BLOCK1, block1);
    if (answer->has_content)
        sg_coap_put_payload(&w, part);
}

void sg_lwm2m_request(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now)
{
    struct sg_path path = {0};
    struct sg_lwm2m_answer answer = {0};

    answer.code = check(c, m, &path);
    if (answer.code == SG_COAP_BAD_OPTION && m->type == SG_COAP_NON) /* RFC 7252 section 5.4.1: rejected, in silence */
        return;
    if (answer.code == 0)
        carry_out(c, m, &path, now, &answer);

    struct sg_buf b = sg_buf(c->out, sizeof c->out);
    put_answer(c, m, &answer, &b);
    const struct sg_bytes datagram = sg_buf_bytes(&b);
    if (m->code != SG_COAP_GET)
        sg_lwm2m_remember(c, m->mid, datagram, now);
    c->config.send(c->config.user, datagram);

    const struct sg_lwm2m_event event = {
        .what = SG_LWM2M_ANSWERED, .code = answer.code, .method = m->code, .path = path, .text = ""};
    c->config.event(c->config.user, &event);
}
