/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates like a genuine one but for a single thing, for a server to refuse. Their keys live in memory only. */
#include "probe/server_internal.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

static bool set_serial(X509 *cert)
{
    uint8_t random[16];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] = (random[0] & 0x3f) | 0x40; /* positive, and of full length */
    BIGNUM *n = BN_bin2bn(random, sizeof random, NULL);
    ASN1_INTEGER *serial = n != NULL ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    bool ok = serial != NULL && X509_set_serialNumber(cert, serial) == 1;
    ASN1_INTEGER_free(serial);
    BN_free(n);
    return ok;
}

static void drop(X509 *cert, int nid)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);
    if (at >= 0)
        X509_EXTENSION_free(X509_delete_ext(cert, at));
}

static bool set_usage(X509 *cert, const char *usage)
{
    drop(cert, NID_ext_key_usage);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);
    bool ok = e != NULL && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_time(X509 *cert, const struct sg_probe_forgery *f)
{
    return (f->from == 0 || ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)f->from) != NULL) &&
           (f->until == 0 || ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)f->until) != NULL);
}

int sg_probe_forge(X509 *like, const struct sg_probe_forgery *f, EVP_PKEY *signer, struct sg_probe_identity *out,
                   struct sg_error *err)
{
    EVP_PKEY *nobodys = NULL;
    *out = (struct sg_probe_identity){.cert = X509_dup(like), .key = sg_key_new(SG_P256, err)};
    bool ok = out->cert != NULL && out->key != NULL && X509_set_pubkey(out->cert, out->key) == 1 &&
              set_serial(out->cert) && set_time(out->cert, f) && (f->usage == NULL || set_usage(out->cert, f->usage));
    drop(out->cert, NID_subject_key_identifier);
    if (ok && f->self_signed) {
        drop(out->cert, NID_authority_key_identifier);
        ok = X509_set_issuer_name(out->cert, X509_get_subject_name(out->cert)) == 1;
        signer = out->key;
    } else if (ok && signer == NULL) {
        signer = nobodys = sg_key_new(SG_P256, err);
    }
    ok = ok && signer != NULL && X509_sign(out->cert, signer, EVP_sha256()) > 0;
    EVP_PKEY_free(nobodys);
    if (ok)
        return 0;
    sg_probe_identity_free(out);
    return sg_fail(err, SG_ECRYPTO, "making a certificate for the probe failed");
}

void sg_probe_identity_free(struct sg_probe_identity *i)
{
    X509_free(i->cert);
    EVP_PKEY_free(i->key);
    sk_X509_pop_free(i->chain, X509_free);
    *i = (struct sg_probe_identity){.cert = NULL};
}
