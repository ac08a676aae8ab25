/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation: what an nRF91 modem's identity key signed. */
#include "pki_internal.h"
#include <openssl/ec.h>
#include <openssl/evp.h>

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

/* COSE has r and s as they are (RFC 9053 section 2.1); OpenSSL wants them as a DER ECDSA-Sig-Value. */
static int ecdsa_der(const uint8_t signature[64], uint8_t **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    int n = -1;
    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n;
}

int sg_attest_verify(EVP_PKEY *identity, struct sg_bytes protected_header, struct sg_bytes body,
                     struct sg_bytes payload, const uint8_t signature[64])
{
    uint8_t space[SG_PKI_ATTESTED], *der = NULL;
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_bytes tbs = sg_pki_attested(&b, protected_header, body, payload);
    if (b.full || !sg_pki_is_curve(identity, SG_P256))
        return SG_ECRYPTO;
    int n = ecdsa_der(signature, &der);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int r = SG_ECRYPTO;
    if (n > 0 && md && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, identity) == 1)
        r = EVP_DigestVerify(md, der, (size_t)n, tbs.p, tbs.n) == 1 ? 0 : SG_EMISMATCH;
    EVP_MD_CTX_free(md);
    OPENSSL_free(der);
    (void)sg_pki_why();
    return r;
}
