/* SPDX-License-Identifier: Apache-2.0 */
/* Time stamps (RFC 3161): the request, whether an answer fits it, and what a stamp proves later. */
#include "pki_internal.h"
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <stdio.h>
#include <string.h>

enum { NONCE_BITS = 64 };

/* ---------------------------------------------------------------------------------------------------- request */

/* What is stamped: the digest of the content. */
static TS_MSG_IMPRINT *imprint_of(const EVP_MD *md, struct sg_bytes content)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool ok = imprint && algorithm && EVP_Digest(content.p, content.n, digest, &n, md, NULL) == 1 &&
              X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL) == 1 &&
              TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 && TS_MSG_IMPRINT_set_msg(imprint, digest, (int)n) == 1;
    X509_ALGOR_free(algorithm);
    if (ok)
        return imprint;
    TS_MSG_IMPRINT_free(imprint);
    return NULL;
}

static bool add_nonce(TS_REQ *req)
{
    uint8_t random[NONCE_BITS / 8];
    BIGNUM *n = NULL;
    ASN1_INTEGER *nonce = NULL;
    bool ok = RAND_bytes(random, sizeof random) == 1 && (n = BN_bin2bn(random, sizeof random, NULL)) &&
              (nonce = BN_to_ASN1_INTEGER(n, NULL)) && TS_REQ_set_nonce(req, nonce) == 1;
    ASN1_INTEGER_free(nonce);
    BN_free(n);
    return ok;
}

static int put_request(struct sg_buf *out, TS_REQ *req)
{
    BIO *der = BIO_new(BIO_s_mem());
    int r = der && i2d_TS_REQ_bio(der, req) == 1 ? sg_pki_put_bio(out, der) : SG_ECRYPTO;
    BIO_free(der);
    return r;
}

int sg_stamp_request(const char *digest, struct sg_bytes content, struct sg_buf *out, struct sg_error *err)
{
    const EVP_MD *md = EVP_get_digestbyname(digest);
    if (!md)
        return sg_fail(err, SG_EUNSUPPORTED, "OpenSSL knows no digest %s", digest);
    TS_REQ *req = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = imprint_of(md, content);
    int r = SG_ECRYPTO;
    if (req && imprint && TS_REQ_set_version(req, 1) == 1 && TS_REQ_set_msg_imprint(req, imprint) == 1 &&
        TS_REQ_set_cert_req(req, 1) == 1 && add_nonce(req))
        r = put_request(out, req);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(req);
    return r < 0 ? sg_fail(err, r, "making a time stamp request: %s", r == SG_ENOSPC ? "no room" : sg_pki_why()) : 0;
}

/* ----------------------------------------------------------------------------------------------------- answer */

/* The whole of `answer` and nothing behind it. */
static TS_RESP *parse(struct sg_bytes answer, struct sg_error *err)
{
    const uint8_t *p = answer.p;
    TS_RESP *resp = answer.n > 0 && answer.n <= INT32_MAX ? d2i_TS_RESP(NULL, &p, (long)answer.n) : NULL;
    if (resp && p == answer.p + answer.n)
        return resp;
    TS_RESP_free(resp);
    ERR_clear_error();
    (void)sg_fail(err, SG_EFORMAT, "this is no time stamp response (RFC 3161) in DER");
    return NULL;
}

/* RFC 3161 section 2.4.2. */
static const char *failure_name(const ASN1_BIT_STRING *failure)
{
    static const struct {
        int bit;
        const char *name;
    } names[] = {{TS_INFO_BAD_ALG, "badAlg: it does not take this digest"},
                 {TS_INFO_BAD_REQUEST, "badRequest"},
                 {TS_INFO_BAD_DATA_FORMAT, "badDataFormat"},
                 {TS_INFO_TIME_NOT_AVAILABLE, "timeNotAvailable: its clock is out of order"},
                 {TS_INFO_UNACCEPTED_POLICY, "unacceptedPolicy"},
                 {TS_INFO_UNACCEPTED_EXTENSION, "unacceptedExtension"},
                 {TS_INFO_ADD_INFO_NOT_AVAILABLE, "addInfoNotAvailable"},
                 {TS_INFO_SYSTEM_FAILURE, "systemFailure"}};
    for (size_t i = 0; failure && i < sizeof names / sizeof *names; i++)
        if (ASN1_BIT_STRING_get_bit(failure, names[i].bit) == 1)
            return names[i].name;
    return "no reason given";
}

static int check_status(TS_RESP *resp, struct sg_error *err)
{
    const TS_STATUS_INFO *info = TS_RESP_get_status_info(resp);
    int64_t status = -1;
    if (ASN1_INTEGER_get_int64(&status, TS_STATUS_INFO_get0_status(info)) != 1)
        return sg_fail(err, SG_EFORMAT, "the time stamp response has no status");
    bool granted = status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS;
    if (granted && TS_RESP_get_tst_info(resp) && TS_RESP_get_token(resp))
        return 0;
    if (granted)
        return sg_fail(err, SG_EFORMAT, "the time stamp response says granted, and has no stamp");
    const STACK_OF(ASN1_UTF8STRING) *words = TS_STATUS_INFO_get0_text(info);
    char text[200] = "";
    if (sk_ASN1_UTF8STRING_num(words) > 0) {
        const ASN1_UTF8STRING *w = sk_ASN1_UTF8STRING_value(words, 0);
        (void)snprintf(text, sizeof text, ": \"%.*s\"", ASN1_STRING_length(w), (const char *)ASN1_STRING_get0_data(w));
        for (char *c = text; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                *c = '?';
    }
    return sg_fail(err, SG_EDENIED, "the authority refused to stamp (status %lld, %s)%s", (long long)status,
                   failure_name(TS_STATUS_INFO_get0_failure_info(info)), text);
}

static bool same_imprint(TS_MSG_IMPRINT *a, TS_MSG_IMPRINT *b)
{
    const ASN1_OBJECT *of_a, *of_b;
    X509_ALGOR_get0(&of_a, NULL, NULL, TS_MSG_IMPRINT_get_algo(a));
    X509_ALGOR_get0(&of_b, NULL, NULL, TS_MSG_IMPRINT_get_algo(b));
    return OBJ_cmp(of_a, of_b) == 0 && ASN1_STRING_cmp(TS_MSG_IMPRINT_get_msg(a), TS_MSG_IMPRINT_get_msg(b)) == 0;
}

static int compare(TS_REQ *req, TS_RESP *resp, struct sg_error *err)
{
    TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
    const ASN1_INTEGER *asked = TS_REQ_get_nonce(req), *nonce = TS_TST_INFO_get_nonce(info);
    if (!same_imprint(TS_REQ_get_msg_imprint(req), TS_TST_INFO_get_msg_imprint(info)))
        return sg_fail(err, SG_EMISMATCH, "the stamp is over other bytes than were asked for");
    if (asked && !nonce)
        return sg_fail(err, SG_EMISMATCH, "the stamp lacks the nonce of the request: it may be an old answer");
    if (asked && ASN1_INTEGER_cmp(asked, nonce) != 0)
        return sg_fail(err, SG_EMISMATCH, "the stamp has another nonce than the request: it answers another one");
    return 0;
}

int sg_stamp_check_answer(struct sg_bytes request, struct sg_bytes answer, struct sg_error *err)
{
    const uint8_t *p = request.p;
    TS_REQ *req = request.n > 0 && request.n <= INT32_MAX ? d2i_TS_REQ(NULL, &p, (long)request.n) : NULL;
    TS_RESP *resp = req ? parse(answer, err) : NULL;
    int r;
    if (!req)
        r = sg_fail(err, SG_EFORMAT, "this is no time stamp request (RFC 3161) in DER");
    else if (!resp)
        r = SG_EFORMAT;
    else if ((r = check_status(resp, err)) == 0)
        r = compare(req, resp, err);
    TS_RESP_free(resp);
    TS_REQ_free(req);
    ERR_clear_error();
    return r;
}

/* ------------------------------------------------------------------------------------------------------ stamp */

/* The certificate that the token says it was signed with, and brings. */
static X509 *signer_of(PKCS7 *token)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    X509 *cert = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    sk_X509_free(signers);
    return cert;
}

/* The strength of a digest under a signature: half its bits; SHA-1's is broken (RFC 9155). */
static unsigned digest_strength(int nid)
{
    const EVP_MD *md = EVP_get_digestbynid(nid);
    if (!md || nid == NID_sha1 || nid == NID_md5)
        return 0;
    return (unsigned)EVP_MD_get_size(md) * 4;
}

static void describe_key(struct sg_stamp *stamp, PKCS7 *token, X509 *signer)
{
    EVP_PKEY *key = X509_get0_pubkey(signer);
    PKCS7_SIGNER_INFO *info = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(token), 0);
    X509_ALGOR *digest = NULL;
    const ASN1_OBJECT *name = NULL;
    if (!key || !info)
        return;
    PKCS7_SIGNER_INFO_get0_algs(info, NULL, &digest, NULL);
    X509_ALGOR_get0(&name, NULL, NULL, digest);
    (void)snprintf(stamp->key, sizeof stamp->key, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    stamp->strength = (unsigned)EVP_PKEY_get_security_bits(key);
    unsigned weakest = digest_strength(OBJ_obj2nid(name)), imprint = digest_strength(OBJ_txt2nid(stamp->digest));
    if (imprint < weakest)
        weakest = imprint;
    if (weakest < stamp->strength)
        stamp->strength = weakest;
}

static int describe(struct sg_stamp *stamp, TS_RESP *resp, struct sg_error *err)
{
    TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
    X509 *signer = signer_of(TS_RESP_get_token(resp));
    const ASN1_OBJECT *digest;
    X509_ALGOR_get0(&digest, NULL, NULL, TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
    const char *name = OBJ_nid2sn(OBJ_obj2nid(digest));
    (void)snprintf(stamp->digest, sizeof stamp->digest, "%s", name ? name : "");
    for (char *c = stamp->digest; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    if (sg_pki_time(TS_TST_INFO_get_time(info), &stamp->when) < 0)
        return sg_fail(err, SG_EFORMAT, "the time stamp's time cannot be read");
    BIGNUM *serial = ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
    char *hex = serial ? BN_bn2hex(serial) : NULL;
    (void)snprintf(stamp->serial, sizeof stamp->serial, "%s", hex ? hex : "");
    OPENSSL_free(hex);
    BN_free(serial);
    if (!signer)
        return sg_fail(err, SG_EFORMAT, "the time stamp does not bring the one certificate that it was signed with");
    (void)sg_cert_facts(signer, &stamp->authority);
    describe_key(stamp, TS_RESP_get_token(resp), signer);
    return 0;
}

static int check_imprint(TS_RESP *resp, struct sg_bytes content, struct sg_error *err)
{
    TS_MSG_IMPRINT *stamped = TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(resp));
    const ASN1_OBJECT *digest;
    X509_ALGOR_get0(&digest, NULL, NULL, TS_MSG_IMPRINT_get_algo(stamped));
    const EVP_MD *md = EVP_get_digestbyobj(digest);
    if (!md)
        return sg_fail(err, SG_EUNSUPPORTED, "the time stamp uses a digest that OpenSSL does not know");
    TS_MSG_IMPRINT *imprint = imprint_of(md, content);
    bool same = imprint && same_imprint(imprint, stamped);
    TS_MSG_IMPRINT_free(imprint);
    return same ? 0 : sg_fail(err, SG_EMISMATCH, "the time stamp is over other bytes");
}

/* The signature alone, by the certificate that the token brings, and that it is bound to that one (RFC 5816). */
static int check_signature(TS_RESP *resp, X509 *signer, struct sg_error *err)
{
    X509_STORE *store = X509_STORE_new();
    TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
    int ok = 0;
    if (store && ctx && X509_STORE_add_cert(store, signer) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) == 1) {
        (void)TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE);
        (void)TS_VERIFY_CTX_set_store(ctx, store); /* it is the context's from here on */
        store = NULL;
        ok = TS_RESP_verify_token(ctx, TS_RESP_get_token(resp));
    }
    TS_VERIFY_CTX_free(ctx);
    X509_STORE_free(store);
    if (ok == 1)
        return 0;
    char name[SG_PKI_NAME_TEXT];
    bool purpose = X509_check_purpose(signer, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1;
    (void)sg_pki_name_text(X509_get_subject_name(signer), name);
    if (!purpose) {
        ERR_clear_error();
        return sg_fail(err, SG_EDENIED, "the certificate \"%s\" under the time stamp is not made for time stamps",
                       name);
    }
    return sg_fail(err, SG_EMISMATCH, "the time stamp's signature by \"%s\" does not fit: %s", name, sg_pki_why());
}

/* Whether the authority's certificate was in its time when it stamped. */
static int check_time(const struct sg_stamp *stamp, struct sg_error *err)
{
    char when[SG_PKI_TIME_TEXT], limit[SG_PKI_TIME_TEXT];
    const struct sg_cert_facts *a = &stamp->authority;
    if (stamp->when >= a->from && stamp->when <= a->until)
        return 0;
    bool late = stamp->when > a->until;
    return sg_fail(err, SG_EDENIED, "the stamp is of %s, but the authority's certificate \"%s\" %s %s",
                   sg_pki_time_text(stamp->when, when), a->cn, late ? "expired on" : "is valid from",
                   sg_pki_time_text(late ? a->until : a->from, limit));
}

static int check_trust(TS_RESP *resp, X509 *signer, const struct sg_trust *trust, int64_t when, struct sg_error *err)
{
    PKCS7 *token = TS_RESP_get_token(resp);
    if (sg_trust_verify(trust, signer, token->d.sign->cert, SG_FOR_STAMPS, NULL, when, err) == SG_TRUSTED)
        return 0;
    (void)sg_fail_in(err, "the time stamp's authority");
    return SG_EDENIED;
}

int sg_stamp_verify(struct sg_bytes answer, struct sg_bytes content, const struct sg_trust *trust,
                    struct sg_stamp *stamp, struct sg_error *err)
{
    memset(stamp, 0, sizeof *stamp);
    TS_RESP *resp = parse(answer, err);
    if (!resp)
        return SG_EFORMAT;
    X509 *signer = NULL;
    int r = check_status(resp, err);
    if (r == 0)
        r = describe(stamp, resp, err);
    if (r == 0) {
        signer = signer_of(TS_RESP_get_token(resp));
        r = check_imprint(resp, content, err);
    }
    if (r == 0)
        r = check_signature(resp, signer, err);
    if (r == 0)
        r = check_time(stamp, err);
    if (r == 0 && trust)
        r = check_trust(resp, signer, trust, stamp->when, err);
    TS_RESP_free(resp);
    ERR_clear_error();
    return r;
}
