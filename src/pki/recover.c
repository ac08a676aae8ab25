/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys may have made an ECDSA signature over P-256: SEC 1 version 2, section 4.1.6. All that it handles is
 * public. */
#include "pki_internal.h"
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

/* Numbers of one recovery; `ctx` holds them. */
struct recovery {
    BN_CTX *ctx;
    EC_GROUP *group;
    EC_POINT *at, *q; /* the point that the signer drew, and the key */
    BIGNUM *r, *s, *digest, *u1, *u2;
};

static bool begin(struct recovery *v)
{
    v->ctx = BN_CTX_new();
    v->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (!v->ctx || !v->group)
        return false;
    BN_CTX_start(v->ctx);
    v->r = BN_CTX_get(v->ctx);
    v->s = BN_CTX_get(v->ctx);
    v->digest = BN_CTX_get(v->ctx);
    v->u1 = BN_CTX_get(v->ctx);
    v->u2 = BN_CTX_get(v->ctx); /* the last tells whether all are there */
    v->at = EC_POINT_new(v->group);
    v->q = EC_POINT_new(v->group);
    return v->u2 && v->at && v->q;
}

static void end(struct recovery *v)
{
    EC_POINT_free(v->q);
    EC_POINT_free(v->at);
    EC_GROUP_free(v->group);
    if (v->u2)
        BN_CTX_end(v->ctx);
    BN_CTX_free(v->ctx);
}

/* u1 = -digest / r, u2 = s / r, modulo the order. */
static bool prepare(struct recovery *v, const uint8_t digest[32], const uint8_t signature[64])
{
    const BIGNUM *n = EC_GROUP_get0_order(v->group);
    if (!BN_bin2bn(signature, 32, v->r) || !BN_bin2bn(signature + 32, 32, v->s) || !BN_bin2bn(digest, 32, v->digest) ||
        BN_is_zero(v->r) || BN_is_zero(v->s) || BN_cmp(v->r, n) >= 0 || BN_cmp(v->s, n) >= 0)
        return false;
    return BN_mod_inverse(v->u2, v->r, n, v->ctx) && BN_mod_mul(v->u1, v->digest, v->u2, n, v->ctx) &&
           BN_mod_sub(v->u1, n, v->u1, n, v->ctx) && BN_mod_mul(v->u2, v->s, v->u2, n, v->ctx);
}

/* The key, had the signer drawn the point with an odd or even y. (A point whose x is r plus the order, of which one
 * signature in 2^128 is made, is left out.) */
static bool recover(struct recovery *v, int odd, uint8_t point[SG_POINT])
{
    return EC_POINT_set_compressed_coordinates(v->group, v->at, v->r, odd, v->ctx) == 1 &&
           EC_POINT_mul(v->group, v->q, v->u1, v->at, v->u2, v->ctx) == 1 &&
           EC_POINT_point2oct(v->group, v->q, POINT_CONVERSION_UNCOMPRESSED, point, SG_POINT, v->ctx) == SG_POINT;
}

int sg_attest_recover(struct sg_bytes protected_header, struct sg_bytes body, struct sg_bytes payload,
                      const uint8_t signature[64], uint8_t points[2][SG_POINT])
{
    uint8_t space[SG_PKI_ATTESTED], digest[32];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_bytes tbs = sg_pki_attested(&b, protected_header, body, payload);
    struct recovery v = {.ctx = NULL};
    if (b.full)
        return SG_ECRYPTO;
    sg_sha256(tbs, digest);
    bool ok = begin(&v) && prepare(&v, digest, signature) && recover(&v, 0, points[0]) && recover(&v, 1, points[1]);
    end(&v);
    (void)sg_pki_why();
    return ok ? 0 : SG_ECRYPTO;
}
