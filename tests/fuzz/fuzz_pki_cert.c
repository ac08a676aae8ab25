/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from outside: sg_cert_parse, sg_cert_facts; what was parsed can be written and parsed again. */
#include "pki/pki.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t space[128 * 1024];
    struct sg_error err = {0};
    struct sg_cert_facts facts;
    X509 *cert = sg_cert_parse(sg_bytes(data, n), &err);
    if (!cert) {
        if (err.code != SG_EFORMAT)
            abort();
        return 0;
    }
    struct sg_buf der = sg_buf(space, sizeof space);
    if (sg_cert_facts(cert, &facts) == 0 && sg_cert_put_der(&der, cert) == 0) {
        X509 *again = sg_cert_parse(sg_buf_bytes(&der), &err);
        if (!again || der.len != facts.der_len || strlen(facts.cn) >= sizeof facts.cn)
            abort();
        X509_free(again);
    }
    X509_free(cert);
    return 0;
}
