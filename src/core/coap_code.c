/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP codes as people write them: "GET", "2.05 Content". */
#include "core/core.h"

static const struct {
    uint8_t code;
    const char *text;
} codes[] = {
    {SG_COAP_EMPTY, "Empty"},
    {SG_COAP_GET, "GET"},
    {SG_COAP_POST, "POST"},
    {SG_COAP_PUT, "PUT"},
    {SG_COAP_DELETE, "DELETE"},
    {SG_COAP_FETCH, "FETCH"},
    {SG_COAP_PATCH, "PATCH"},
    {SG_COAP_IPATCH, "iPATCH"},
    {SG_COAP_CREATED, "2.01 Created"},
    {SG_COAP_DELETED, "2.02 Deleted"},
    {SG_COAP_VALID, "2.03 Valid"},
    {SG_COAP_CHANGED, "2.04 Changed"},
    {SG_COAP_CONTENT, "2.05 Content"},
    {SG_COAP_CONTINUE, "2.31 Continue"},
    {SG_COAP_BAD_REQUEST, "4.00 Bad Request"},
    {SG_COAP_UNAUTHORIZED, "4.01 Unauthorized"},
    {SG_COAP_BAD_OPTION, "4.02 Bad Option"},
    {SG_COAP_FORBIDDEN, "4.03 Forbidden"},
    {SG_COAP_NOT_FOUND, "4.04 Not Found"},
    {SG_COAP_METHOD_NOT_ALLOWED, "4.05 Method Not Allowed"},
    {SG_COAP_NOT_ACCEPTABLE, "4.06 Not Acceptable"},
    {SG_COAP_INCOMPLETE, "4.08 Request Entity Incomplete"},
    {SG_COAP_CONFLICT, "4.09 Conflict"},
    {SG_COAP_PRECONDITION_FAILED, "4.12 Precondition Failed"},
    {SG_COAP_TOO_LARGE, "4.13 Request Entity Too Large"},
    {SG_COAP_UNSUPPORTED_FORMAT, "4.15 Unsupported Content-Format"},
    {SG_COAP_UNPROCESSABLE, "4.22 Unprocessable Entity"},
    {SG_COAP_INTERNAL, "5.00 Internal Server Error"},
    {SG_COAP_NOT_IMPLEMENTED, "5.01 Not Implemented"},
    {SG_COAP_BAD_GATEWAY, "5.02 Bad Gateway"},
    {SG_COAP_UNAVAILABLE, "5.03 Service Unavailable"},
    {SG_COAP_GATEWAY_TIMEOUT, "5.04 Gateway Timeout"},
    {SG_COAP_PROXYING, "5.05 Proxying Not Supported"},
};

const char *sg_coap_code_text(uint8_t code)
{
    static const char *const of_class[] = {
        "unknown method",       "code of a reserved class", "2.xx unknown success",     "code of a reserved class",
        "4.xx unknown refusal", "5.xx unknown failure",     "code of a reserved class", "code of a reserved class",
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].code == code)
            return codes[i].text;
    }
    return of_class[code >> 5];
}
