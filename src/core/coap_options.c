/* SPDX-License-Identifier: Apache-2.0 */
/* What the standards say about each CoAP option: its length, and whether it may be repeated. */
#include "core/core.h"

struct rule {
    uint16_t number, min, max;
    bool repeatable;
};

/* RFC 7252 section 5.10, RFC 7641 section 2, RFC 7959 sections 2.1 and 4, RFC 9175 sections 2.2.1 and 3.2.1. */
static const struct rule rules[] = {
    {SG_COAP_OPT_IF_MATCH, 0, 8, true},
    {SG_COAP_OPT_URI_HOST, 1, 255, false},
    {SG_COAP_OPT_ETAG, 1, 8, true},
    {SG_COAP_OPT_IF_NONE_MATCH, 0, 0, false},
    {SG_COAP_OPT_OBSERVE, 0, 3, false},
    {SG_COAP_OPT_URI_PORT, 0, 2, false},
    {SG_COAP_OPT_LOCATION_PATH, 0, 255, true},
    {SG_COAP_OPT_URI_PATH, 0, 255, true},
    {SG_COAP_OPT_CONTENT_FORMAT, 0, 2, false},
    {SG_COAP_OPT_MAX_AGE, 0, 4, false},
    {SG_COAP_OPT_URI_QUERY, 0, 255, true},
    {SG_COAP_OPT_ACCEPT, 0, 2, false},
    {SG_COAP_OPT_LOCATION_QUERY, 0, 255, true},
    {SG_COAP_OPT_BLOCK2, 0, 3, false},
    {SG_COAP_OPT_BLOCK1, 0, 3, false},
    {SG_COAP_OPT_SIZE2, 0, 4, false},
    {SG_COAP_OPT_PROXY_URI, 1, 1034, false},
    {SG_COAP_OPT_PROXY_SCHEME, 1, 255, false},
    {SG_COAP_OPT_SIZE1, 0, 4, false},
    {SG_COAP_OPT_ECHO, 1, 40, false},
    {SG_COAP_OPT_REQUEST_TAG, 0, 8, true},
};

static const struct rule *rule_of(uint16_t number)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].number == number)
            return &rules[i];
    }
    return NULL;
}

uint16_t sg_coap_unknown_critical(const struct sg_coap *m)
{
    struct sg_coap_option o = {0};
    uint16_t before = 0;

    while (sg_coap_next(m, &o)) {
        bool again = o.number == before;
        before = o.number;
        if (o.number % 2 == 0) /* section 5.4.6: even numbers are elective */
            continue;
        const struct rule *rule = rule_of(o.number);
        if (rule == NULL || o.value.n < rule->min || o.value.n > rule->max || (again && !rule->repeatable))
            return o.number;
    }
    return 0;
}
