/* SPDX-License-Identifier: Apache-2.0 */
/* A request of the API: the first line is method and URL path, the rest the body; and what a device sent, as JSON. */
#include "api/api_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void parse_body(const struct sg_api_route *route, struct sg_bytes body, struct sg_api_answer *answer)
{
    uint8_t space[SG_API_MAX_PAYLOAD];
    struct sg_buf scratch = sg_buf(space, sizeof space);
    struct sg_error err = {0};
    struct sg_value v;
    enum sg_reason reason;

    if (route->call == SG_API_WRITE && sg_api_body_value(body, &route->path, &scratch, &v, answer) == 0) {
        struct sg_record record = {.path = route->path, .value = v};
        json_decref(sg_api_json_record(&record));
    } else if (route->call == SG_API_EXECUTE) {
        (void)sg_api_body_arguments(body, &scratch, answer);
    } else if (route->call == SG_API_REVOKE) {
        (void)sg_api_body_reason(body, &reason, answer);
    } else if (route->call == SG_API_DISCOVER) { /* the body stands for what the device says */
        json_decref(sg_api_json_links(body, &err));
    } else if (route->call == SG_API_READ && body.n > 0) {
        static const int formats[] = {-1, SG_TEXT, SG_OCTETS, SG_CBOR, SG_SENML_CBOR, SG_TLV, SG_JSON};
        int format = formats[body.p[0] % (sizeof formats / sizeof formats[0])];
        json_decref(sg_api_json_content(format, &route->path, sg_bytes(body.p + 1, body.n - 1), &err));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE"};
    const uint8_t *end = memchr(data, '\n', n);
    struct sg_api_answer answer = {0};
    struct sg_api_route route;

    if (end == NULL || end == data)
        return 0;
    struct sg_bytes url = sg_bytes(data + 1, (size_t)(end - data) - 1);
    struct sg_bytes body = sg_bytes(end + 1, n - url.n - 2);
    if (sg_api_route(methods[data[0] % 4], url, &route, &answer) == 0)
        parse_body(&route, body, &answer);
    if ((answer.status == 0) != (answer.body == NULL)) /* a refusal always is JSON */
        abort();
    json_decref(answer.body);
    return 0;
}
