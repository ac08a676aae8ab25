/* SPDX-License-Identifier: Apache-2.0 */
/* Trust: a leaf alone is verified against the CAs held; each refusal has its result and names both sides. */
#include "test_pki.h"
#include <openssl/x509v3.h>
#include <pthread.h>

#define ENDPOINT "urn:imei:351516170000001"
static const struct sg_validity one_year = {NOW - DAY, NOW + 365 * DAY};
static struct house ours, others; /* with the same names: two independent houses */

static int build_houses(void **state)
{
    ours = build_house();
    others = build_house();
    return enter_folder(state);
}

static int free_houses(void **state)
{
    free_house(&ours);
    free_house(&others);
    return leave_folder(state);
}

static struct sg_issuer lot(const struct house *h)
{
    return (struct sg_issuer){h->ca, h->ca_key};
}

static struct sg_trust *trust_of(const struct house *h)
{
    struct sg_trust *t = sg_trust_new(NULL);
    assert_int_equal(sg_trust_add(t, h->root, NULL), 0);
    assert_int_equal(sg_trust_add(t, h->ca, NULL), 0);
    assert_int_equal(sg_trust_add(t, h->server_root, NULL), 0);
    return t;
}

static X509 *device(const struct house *h, struct sg_validity v)
{
    X509 *cert = sg_cert_device(lot(h), h->key, ENDPOINT, v, NULL);
    assert_non_null(cert);
    return cert;
}

static X509 *server(const char *host)
{
    X509 *cert =
        sg_cert_server((struct sg_issuer){ours.server_root, ours.server_root_key}, ours.key, host, one_year, NULL);
    assert_non_null(cert);
    return cert;
}

/* Verifies, frees the leaf, and expects a result with a sentence. */
static void expect_at(X509 *leaf, enum sg_purpose purpose, const char *host, int64_t now, enum sg_trust_result result,
                      const char *part)
{
    struct sg_error err = {0};
    struct sg_trust *t = trust_of(&ours);
    enum sg_trust_result got = sg_trust_verify(t, leaf, NULL, purpose, host, now, &err);
    if (got != result)
        fail_msg("result %d: %s", got, err.text);
    assert_contains(err.text, part);
    assert_int_equal(ERR_peek_error(), 0);
    sg_trust_free(t);
    X509_free(leaf);
}

static void expect(X509 *leaf, enum sg_trust_result result, const char *part)
{
    expect_at(leaf, SG_FOR_CLIENT, NULL, NOW, result, part);
}

static void leaf_alone_is_trusted(void **state)
{
    (void)state;
    expect(device(&ours, one_year), SG_TRUSTED, "");
    expect_at(server("lwm2m.example.com"), SG_FOR_SERVER, "lwm2m.example.com", NOW, SG_TRUSTED, "");
    expect_at(server("192.0.2.7"), SG_FOR_SERVER, "192.0.2.7", NOW, SG_TRUSTED, "");
    expect_at(server("2001:db8::7"), SG_FOR_SERVER, "2001:db8:0::7", NOW, SG_TRUSTED, "");
}

static void expired(void **state)
{
    (void)state;
    expect_at(device(&ours, one_year), SG_FOR_CLIENT, NULL, NOW + 365 * DAY - 1, SG_TRUSTED, "");
    expect_at(device(&ours, one_year), SG_FOR_CLIENT, NULL, NOW + 365 * DAY + 1, SG_UNTRUSTED_EXPIRED,
              "the certificate \"CN=" ENDPOINT
              "\" expired on 2027-11-23 08:00:00 UTC, and it is 2027-11-23 08:00:01 UTC");
}

static void not_yet(void **state)
{
    (void)state;
    expect_at(device(&ours, one_year), SG_FOR_CLIENT, NULL, NOW - DAY - 1, SG_UNTRUSTED_NOT_YET, "is a clock wrong?");
}

static void expired_ca(void **state)
{
    (void)state;
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    struct sg_validity short_time = {NOW - DAY, NOW + DAY};
    X509 *ca = sg_cert_issuing((struct sg_issuer){ours.root, ours.root_key}, key, "old lot", short_time, NULL);
    struct sg_trust *t = trust_of(&ours);
    assert_int_equal(sg_trust_add(t, ca, NULL), 0);
    X509 *leaf = sg_cert_device((struct sg_issuer){ca, key}, ours.key, ENDPOINT, one_year, NULL);
    struct sg_error err = {0};
    assert_int_equal(sg_trust_verify(t, leaf, NULL, SG_FOR_CLIENT, NULL, NOW + 2 * DAY, &err), SG_UNTRUSTED_EXPIRED);
    assert_contains(err.text, "the CA \"CN=old lot\" expired on 2026-11-24 08:00:00 UTC");
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(key);
    sg_trust_free(t);
}

static void wrong_purpose(void **state)
{
    (void)state;
    expect_at(device(&ours, one_year), SG_FOR_SERVER, NULL, NOW, SG_UNTRUSTED_PURPOSE,
              "the certificate \"CN=" ENDPOINT "\" is not made for a server (serverAuth)");
    expect(server("lwm2m.example.com"), SG_UNTRUSTED_PURPOSE, "is not made for a device (clientAuth)");
    X509_up_ref(ours.ca);
    expect(ours.ca, SG_UNTRUSTED_PURPOSE, "is not made for a device");
}

static void wrong_name(void **state)
{
    (void)state;
    expect_at(server("lwm2m.example.com"), SG_FOR_SERVER, "other.example.com", NOW, SG_UNTRUSTED_NAME,
              "the peer should be \"other.example.com\", but its certificate is for \"dns:lwm2m.example.com\"");
    expect_at(server("192.0.2.7"), SG_FOR_SERVER, "192.0.2.8", NOW, SG_UNTRUSTED_NAME,
              "should be \"192.0.2.8\", but its certificate is for \"ip:192.0.2.7\"");
    expect_at(server("192.0.2.7"), SG_FOR_SERVER, "lwm2m.example.com", NOW, SG_UNTRUSTED_NAME, "ip:192.0.2.7");
    expect_at(server("example.com"), SG_FOR_SERVER, "lwm2m.example.com", NOW, SG_UNTRUSTED_NAME, "dns:example.com");
}

static void unknown_issuer(void **state)
{
    (void)state;
    /* Another house whose CA has another name, and a self-signed stranger. */
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    X509 *root = sg_cert_root(key, "Stranger", one_year, NULL);
    expect(sg_cert_device((struct sg_issuer){root, key}, key, ENDPOINT, one_year, NULL), SG_UNTRUSTED_ISSUER,
           "\"CN=" ENDPOINT "\" was issued by \"CN=Stranger\", which is not among the CAs trusted here");
    X509_free(root);
    EVP_PKEY_free(key);
    assert_runs("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem "
                "-subj /CN=" ENDPOINT " -addext keyUsage=digitalSignature -addext extendedKeyUsage=clientAuth "
                "-addext basicConstraints=CA:FALSE");
    X509 *self = sg_cert_read("self.pem", NULL);
    assert_non_null(self);
    expect_at(self, SG_FOR_CLIENT, NULL, (int64_t)time(NULL) + 60, SG_UNTRUSTED_ISSUER, "was issued by \"CN=" ENDPOINT);
}

/* A CA with the same name as ours: its key id differs, so it is not taken for ours. */
static void issuer_with_the_same_name(void **state)
{
    (void)state;
    expect(device(&others, one_year), SG_UNTRUSTED_ISSUER, "was issued by \"CN=first lot\"");
}

static void device_cannot_issue(void **state)
{
    (void)state;
    /* A device's key signs a certificate for another; both are sent. sg_cert_device would refuse, so by hand. */
    X509 *middle = device(&ours, one_year), *leaf = X509_dup(middle);
    struct sg_trust *t = trust_of(&ours);
    struct sg_error err = {0};
    X509_set_issuer_name(leaf, X509_get_subject_name(middle));
    int at = X509_get_ext_by_NID(leaf, NID_authority_key_identifier, -1);
    X509_EXTENSION_free(X509_delete_ext(leaf, at));
    assert_true(X509_sign(leaf, ours.key, EVP_sha256()) > 0);
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, middle);
    assert_int_equal(sg_trust_verify(t, leaf, sent, SG_FOR_CLIENT, NULL, NOW, &err), SG_UNTRUSTED_ISSUER);
    sk_X509_free(sent);
    sg_trust_free(t);
    X509_free(leaf);
    X509_free(middle);
}

static void altered_signature(void **state)
{
    (void)state;
    uint8_t space[1000];
    struct sg_buf der = sg_buf(space, sizeof space);
    X509 *cert = device(&ours, one_year);
    assert_int_equal(sg_cert_put_der(&der, cert), 0);
    X509_free(cert);
    uint8_t *digit = memmem(space, der.len, "351516170000001", 15);
    digit[14] = '2';
    expect(sg_cert_parse(sg_buf_bytes(&der), NULL), SG_UNTRUSTED_BAD,
           "the signature of the certificate \"CN=urn:imei:351516170000002\" is not by the \"CN=first lot\" trusted "
           "here: it was altered");
}

static void issuing_ca_alone_is_not_enough(void **state)
{
    (void)state;
    struct sg_trust *t = sg_trust_new(NULL);
    struct sg_error err = {0};
    X509 *leaf = device(&ours, one_year);
    assert_int_equal(sg_trust_add(t, ours.ca, NULL), 0);
    assert_int_equal(sg_trust_verify(t, leaf, NULL, SG_FOR_CLIENT, NULL, NOW, &err), SG_UNTRUSTED_ISSUER);
    assert_contains(err.text, "the CA \"CN=first lot\" was issued by \"CN=Device root\"");
    sg_trust_free(t);
    /* And the root alone completes it only with what the peer sends. */
    t = sg_trust_new(NULL);
    assert_int_equal(sg_trust_add(t, ours.root, NULL), 0);
    assert_int_equal(sg_trust_verify(t, leaf, NULL, SG_FOR_CLIENT, NULL, NOW, &err), SG_UNTRUSTED_ISSUER);
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, ours.ca);
    assert_int_equal(sg_trust_verify(t, leaf, sent, SG_FOR_CLIENT, NULL, NOW, &err), SG_TRUSTED);
    sk_X509_free(sent);
    X509_free(leaf);
    sg_trust_free(t);
}

static void only_cas_are_added(void **state)
{
    (void)state;
    struct sg_trust *t = sg_trust_new(NULL);
    struct sg_error err = {0};
    X509 *leaf = device(&ours, one_year);
    assert_int_equal(sg_trust_add(t, leaf, &err), SG_EINVAL);
    assert_contains(err.text, "is not a CA's certificate");
    assert_int_equal(sg_trust_add(t, ours.ca, &err), 0);
    assert_int_equal(sg_trust_add(t, ours.ca, &err), 0); /* twice is once */
    X509_free(leaf);
    sg_trust_free(t);
}

struct job {
    struct sg_trust *t;
    X509 *good, *bad;
    int wrong;
};

static void *verify_often(void *user)
{
    struct job *job = user;
    for (int i = 0; i < 50; i++) {
        job->wrong += sg_trust_verify(job->t, job->good, NULL, SG_FOR_CLIENT, NULL, NOW, NULL) != SG_TRUSTED;
        job->wrong += sg_trust_verify(job->t, job->bad, NULL, SG_FOR_CLIENT, NULL, NOW, NULL) != SG_UNTRUSTED_ISSUER;
    }
    return NULL;
}

static void threads_share_one_trust(void **state)
{
    (void)state;
    pthread_t thread[4];
    struct job job[4];
    struct sg_trust *t = trust_of(&ours);
    X509 *good = device(&ours, one_year), *bad = device(&others, one_year);
    for (int i = 0; i < 4; i++) {
        job[i] = (struct job){t, good, bad, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, verify_often, &job[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(job[i].wrong, 0);
    }
    X509_free(good);
    X509_free(bad);
    sg_trust_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_alone_is_trusted),
        cmocka_unit_test(expired),
        cmocka_unit_test(not_yet),
        cmocka_unit_test(expired_ca),
        cmocka_unit_test(wrong_purpose),
        cmocka_unit_test(wrong_name),
        cmocka_unit_test(unknown_issuer),
        cmocka_unit_test(issuer_with_the_same_name),
        cmocka_unit_test(device_cannot_issue),
        cmocka_unit_test(altered_signature),
        cmocka_unit_test(issuing_ca_alone_is_not_enough),
        cmocka_unit_test(only_cas_are_added),
        cmocka_unit_test(threads_share_one_trust),
    };
    return cmocka_run_group_tests(tests, build_houses, free_houses);
}
