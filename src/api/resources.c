/* SPDX-License-Identifier: Apache-2.0 */
/* Read, write, execute, discover: calls that a device answers. */
#include "api/api_internal.h"

#include <stdio.h>
#include <string.h>

/* HTTP's word for a device's error. The device's 4.01 becomes 403: 401 is about this API's token. */
static unsigned http_status(uint8_t code)
{
    switch (code) {
    case SG_COAP_BAD_REQUEST:
        return 400;
    case SG_COAP_UNAUTHORIZED:
    case SG_COAP_FORBIDDEN:
        return 403;
    case SG_COAP_NOT_FOUND:
        return 404;
    case SG_COAP_METHOD_NOT_ALLOWED:
        return 405;
    case SG_COAP_NOT_ACCEPTABLE:
        return 406;
    case SG_COAP_TOO_LARGE:
        return 413;
    case SG_COAP_UNSUPPORTED_FORMAT:
        return 415;
    default:
        return 502;
    }
}

static const char *verb(enum sg_api_call call)
{
    switch (call) {
    case SG_API_WRITE:
        return "written";
    case SG_API_EXECUTE:
        return "executed";
    case SG_API_DISCOVER:
        return "discovered";
    case SG_API_OBSERVE:
        return "observed";
    case SG_API_READ:
    case SG_API_STATUS:
    case SG_API_DEVICES:
    case SG_API_DEVICE:
    case SG_API_REVOKE:
        break;
    }
    return "read";
}

/* What a code means for this path, after "the device says 4.04 Not Found: ". */
static void explain(const struct sg_api_request *r, uint8_t code, char *out, size_t cap)
{
    char path[SG_PATH_TEXT];
    const char *done = verb(r->route.call);

    sg_path_text(&r->route.path, path);
    switch (code) {
    case SG_COAP_BAD_REQUEST:
        (void)snprintf(out, cap, "it could make nothing of the request; perhaps the value does not suit %s", path);
        break;
    case SG_COAP_UNAUTHORIZED:
    case SG_COAP_FORBIDDEN:
        (void)snprintf(out, cap, "it does not let this server have %s %s", path, done);
        break;
    case SG_COAP_NOT_FOUND:
        (void)snprintf(out, cap, "it has no %s", path);
        break;
    case SG_COAP_METHOD_NOT_ALLOWED:
        (void)snprintf(out, cap, "%s cannot be %s", path, done);
        break;
    case SG_COAP_NOT_ACCEPTABLE:
    case SG_COAP_UNSUPPORTED_FORMAT:
        (void)snprintf(out, cap, "it does not speak the content format used for %s", path);
        break;
    case SG_COAP_TOO_LARGE:
        (void)snprintf(out, cap, "what was sent for %s is too long for it", path);
        break;
    default:
        (void)snprintf(out, cap, "%s was not %s", path, done);
    }
}

int sg_api_refuse_code(const struct sg_api_request *r, uint8_t code, struct sg_api_answer *answer)
{
    char number[8], text[160];

    (void)snprintf(number, sizeof number, "%u.%02u", code >> 5, code & 31u);
    explain(r, code, text, sizeof text);
    return sg_api_refuse(answer, http_status(code), number, "the device says %s: %s", sg_coap_code_text(code), text);
}

int sg_api_refuse_unknown(const char *endpoint, struct sg_api_answer *answer)
{
    return sg_api_refuse(answer, 404, "no-such-device",
                         "the inventory has no device \"%s\". `signet devices` lists those that there are", endpoint);
}

/* The server has no registration of it: is there such a device at all? */
static int refuse_absent(struct sg_api *a, const struct sg_api_request *r, const struct sg_error *why,
                         struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    struct sg_device d;
    struct sg_store *store = sg_store_open(a->inventory, &err);
    int found = store != NULL ? sg_store_find_device(store, r->route.endpoint, &d, &err) : err.code;

    if (store != NULL)
        sg_store_close(store);
    if (found == SG_ENOTFOUND)
        return sg_api_refuse_unknown(r->route.endpoint, answer);
    return sg_api_refuse(answer, 409, "not-registered", "%s", why->text);
}

int sg_api_refuse_failure(struct sg_api *a, const struct sg_api_request *r, int failure, const struct sg_error *why,
                          struct sg_api_answer *answer)
{
    if (atomic_load(&a->stopping))
        return sg_api_refuse(answer, 503, "stopped", "signetd stops, and waits for no device any more");
    switch (failure) {
    case SG_ENOTFOUND:
        return refuse_absent(a, r, why, answer);
    case SG_ETIMEOUT:
        return sg_api_refuse(answer, 504, "timeout", "%s", why->text);
    case SG_ECLOSED:
        return sg_api_refuse(answer, 409, "went-away", "%s", why->text);
    case SG_ENOSPC:
        return sg_api_refuse(answer, 502, "too-large", "%s", why->text);
    case SG_EBUSY:
        return sg_api_refuse(answer, 503, "busy", "%s", why->text);
    default:
        return sg_api_refuse(answer, 500, "failed", "%s", why->text);
    }
}

/* One exchange with the device; 0 for a success code. */
static int ask(struct sg_api *a, const struct sg_api_request *r, const struct sg_server_request *request,
               struct sg_server_reply *reply, struct sg_api_answer *answer)
{
    struct sg_error err = {0};
    int e = sg_server_request(a->server, r->route.endpoint, request, reply, r->timeout_ms, &err);

    return e < 0 ? sg_api_refuse_failure(a, r, e, &err, answer) : 0;
}

static bool is_success(uint8_t code)
{
    return code >> 5 == 2;
}

static void answer_done(struct sg_api_answer *answer, const struct sg_api_request *r, uint8_t code)
{
    char path[SG_PATH_TEXT];

    answer->status = 200;
    answer->body =
        json_pack("{s:s,s:s}", "path", sg_path_text(&r->route.path, path), "device", sg_coap_code_text(code));
}

void sg_api_call_read(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_server_request request = {.op = SG_READ, .path = r->route.path, .format = -1};
    struct sg_server_reply reply = {0};
    struct sg_error err = {0};

    if (ask(a, r, &request, &reply, answer) < 0)
        return;
    /* A device's own choice may be one of the JSON formats: then it is asked for one that this server reads. */
    if (is_success(reply.code) && reply.format >= 0 && !sg_format_known((uint32_t)reply.format)) {
        request.format = request.path.depth >= 3 ? SG_TEXT : SG_TLV;
        if (ask(a, r, &request, &reply, answer) < 0)
            return;
    }
    if (!is_success(reply.code)) {
        sg_api_refuse_code(r, reply.code, answer);
        return;
    }
    answer->body = sg_api_json_content(reply.format, &r->route.path, sg_bytes(reply.payload, reply.n), &err);
    answer->status = 200;
    if (answer->body == NULL)
        sg_api_refuse(answer, 502, "unreadable", "%s", err.text);
}

static int write_as(struct sg_api *a, const struct sg_api_request *r, enum sg_format format, const struct sg_value *v,
                    struct sg_server_reply *reply, struct sg_api_answer *answer)
{
    uint8_t payload[SG_API_MAX_PAYLOAD];
    struct sg_buf b = sg_buf(payload, sizeof payload);
    struct sg_record record = {.path = r->route.path, .value = *v};
    int e = sg_content_write(format, &r->route.path, &record, 1, &b);

    if (e < 0 || b.full)
        return sg_api_refuse(answer, e == SG_ENOSPC || b.full ? 413 : 500, "too-large",
                             "the value cannot be sent: %s; a write carries at most %d bytes",
                             sg_strerror(e < 0 ? e : SG_ENOSPC), SG_API_MAX_PAYLOAD);
    struct sg_server_request request = {
        .op = SG_WRITE, .path = r->route.path, .format = (int)format, .payload = sg_buf_bytes(&b)};
    return ask(a, r, &request, reply, answer);
}

void sg_api_call_write(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    uint8_t space[2 * SG_API_MAX_PAYLOAD];
    struct sg_buf scratch = sg_buf(space, sizeof space);
    struct sg_server_reply reply = {0};
    struct sg_value v;

    if (sg_api_body_value(r->body, &r->route.path, &scratch, &v, answer) < 0)
        return;
    if (write_as(a, r, v.type == SG_OPAQUE ? SG_OCTETS : SG_TEXT, &v, &reply, answer) < 0)
        return;
    /* A client of LwM2M 1.0 may know TLV alone. */
    if (reply.code == SG_COAP_UNSUPPORTED_FORMAT && write_as(a, r, SG_TLV, &v, &reply, answer) < 0)
        return;
    if (is_success(reply.code))
        answer_done(answer, r, reply.code);
    else
        sg_api_refuse_code(r, reply.code, answer);
}

void sg_api_call_execute(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    uint8_t space[SG_API_MAX_PAYLOAD];
    struct sg_buf arguments = sg_buf(space, sizeof space);
    struct sg_server_reply reply = {0};

    if (sg_api_body_arguments(r->body, &arguments, answer) < 0)
        return;
    struct sg_server_request request = {
        .op = SG_EXECUTE, .path = r->route.path, .format = SG_TEXT, .payload = sg_buf_bytes(&arguments)};
    if (ask(a, r, &request, &reply, answer) < 0)
        return;
    if (is_success(reply.code))
        answer_done(answer, r, reply.code);
    else
        sg_api_refuse_code(r, reply.code, answer);
}

void sg_api_call_discover(struct sg_api *a, const struct sg_api_request *r, struct sg_api_answer *answer)
{
    struct sg_server_request request = {.op = SG_DISCOVER, .path = r->route.path, .format = SG_LINK};
    struct sg_server_reply reply = {0};
    struct sg_error err = {0};
    char path[SG_PATH_TEXT];

    if (ask(a, r, &request, &reply, answer) < 0)
        return;
    if (!is_success(reply.code)) {
        sg_api_refuse_code(r, reply.code, answer);
        return;
    }
    json_t *links = sg_api_json_links(sg_bytes(reply.payload, reply.n), &err);
    if (links == NULL) {
        sg_api_refuse(answer, 502, "unreadable", "%s", err.text);
        return;
    }
    answer->status = 200;
    answer->body = json_pack("{s:s,s:o}", "path", sg_path_text(&r->route.path, path), "links", links);
}
