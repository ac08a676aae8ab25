/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from outside: sg_request_parse, sg_request_cn, sg_request_key. */
#include "pki/pki.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_error err = {0};
    char cn[32];
    struct sg_request *req = sg_request_parse(sg_bytes(data, n), &err);
    if (!req) {
        if (err.code != SG_EFORMAT && err.code != SG_EUNSUPPORTED && err.code != SG_EMISMATCH)
            abort();
        return 0;
    }
    EVP_PKEY *key = sg_request_key(req);
    (void)sg_request_cn(req, cn, sizeof cn);
    if (!key || strlen(cn) >= sizeof cn)
        abort();
    EVP_PKEY_free(key);
    sg_request_free(req);
    return 0;
}
