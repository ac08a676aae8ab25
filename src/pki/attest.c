/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation: what an nRF91 modem's identity key signed. */
#include "pki_internal.h"

struct sg_bytes sg_pki_attested(struct sg_buf *b, struct sg_bytes protected_header, struct sg_bytes body,
                                struct sg_bytes payload)
{
    sg_cbor_put_array(b, 4);
    sg_cbor_put_text(b, sg_str("Signature1"));
    sg_cbor_put_bytes(b, protected_header);
    sg_cbor_put_bytes(b, body);
    if (payload.n > 0)
        sg_cbor_put_bytes(b, payload);
    else
        sg_cbor_put_null(b);
    return sg_buf_bytes(b);
}

int sg_attest_verify(EVP_PKEY *identity, struct sg_bytes protected_header, struct sg_bytes body,
                     struct sg_bytes payload, const uint8_t signature[64])
{
    uint8_t space[SG_PKI_ATTESTED];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_bytes tbs = sg_pki_attested(&b, protected_header, body, payload);
    return b.full ? SG_ECRYPTO : sg_es256_verify(identity, tbs, signature);
}
