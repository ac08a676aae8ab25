/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much an issuing CA may issue: it is in its certificate, signed by the root, for those who issue with it to keep
 * to. The time is X.509's private key usage period (X.509 section 9.2.2.5; not critical, so that verifiers pass it by).
 * For the number there is no standard extension: ours is an INTEGER under the OID of a random UUID (X.667),
 * 6f1c2a0e-5d0b-4c1e-9a77-3b9d5c0e8f21.
 */
#include "pki_internal.h"
#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#define DEVICES_OID "2.25.147690544843358029197566272850264756001"

static bool add_devices(X509 *cert, int64_t devices)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(DEVICES_OID, 1);
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    uint8_t *der = NULL;
    int len = n && ASN1_INTEGER_set_int64(n, devices) == 1 ? i2d_ASN1_INTEGER(n, &der) : 0;
    X509_EXTENSION *e = NULL;
    if (oid && value && len > 0 && ASN1_OCTET_STRING_set(value, der, len) == 1)
        e = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    bool ok = e && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    OPENSSL_free(der);
    ASN1_OCTET_STRING_free(value);
    ASN1_INTEGER_free(n);
    ASN1_OBJECT_free(oid);
    return ok;
}

static bool add_until(X509 *cert, int64_t until)
{
    PKEY_USAGE_PERIOD *period = PKEY_USAGE_PERIOD_new();
    if (period)
        period->notAfter = ASN1_GENERALIZEDTIME_set(NULL, until);
    bool ok = period && period->notAfter &&
              X509_add1_ext_i2d(cert, NID_private_key_usage_period, period, 0, X509V3_ADD_DEFAULT) == 1;
    PKEY_USAGE_PERIOD_free(period);
    return ok;
}

bool sg_pki_add_limits(X509 *cert, const struct sg_ca_limits *limits)
{
    return (limits->devices == 0 || add_devices(cert, limits->devices)) &&
           (limits->until == 0 || add_until(cert, limits->until));
}

/* False where it is there and cannot be read. */
static bool get_devices(const X509 *cert, int64_t *devices)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(DEVICES_OID, 1);
    int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
    ASN1_OBJECT_free(oid);
    if (at < 0)
        return oid != NULL;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
    const uint8_t *p = ASN1_STRING_get0_data(value), *end = p + ASN1_STRING_length(value);
    ASN1_INTEGER *n = d2i_ASN1_INTEGER(NULL, &p, end - p);
    bool ok = n && p == end && ASN1_INTEGER_get_int64(devices, n) == 1 && *devices > 0;
    ASN1_INTEGER_free(n);
    return ok;
}

static bool get_until(const X509 *cert, int64_t *until)
{
    int critical;
    PKEY_USAGE_PERIOD *period = X509_get_ext_d2i(cert, NID_private_key_usage_period, &critical, NULL);
    if (!period)
        return critical == -1; /* there is none */
    bool ok = !period->notAfter || sg_pki_time(period->notAfter, until) == 0;
    PKEY_USAGE_PERIOD_free(period);
    return ok;
}

int sg_cert_limits(const X509 *cert, struct sg_ca_limits *limits)
{
    *limits = (struct sg_ca_limits){0, 0};
    bool ok = get_devices(cert, &limits->devices) && get_until(cert, &limits->until);
    (void)sg_pki_why();
    return ok ? 0 : SG_EFORMAT;
}
