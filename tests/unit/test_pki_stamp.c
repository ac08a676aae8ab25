/* SPDX-License-Identifier: Apache-2.0 */
/* Time stamps, by OpenSSL's own `ts` as the authority: what it stamps passes, and nothing else does. */
#include "test_pki.h"

#include <time.h>

#define DOCUMENT "what was sealed\n"

/* Keys of P-256; certificates: for stamps, expired, and of another authority. */
static int build_authority(void **state)
{
    static const char setup[] =
        "[tsa]\\ndefault_tsa=t\\n[t]\\nserial=serial\\ncrypto_device=builtin\\nsigner_digest=sha256\\n"
        "default_policy=1.2.3.4.1\\ndigests=sha256,sha512,sha3-512\\naccuracy=secs:1\\n"
        "ess_cert_id_alg=sha256\\n";
    static const char key[] = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    if (enter_folder(state) != 0)
        return -1;
    put_text("document", DOCUMENT);
    assert_runs("printf '%s' >ts.cnf; printf 'extendedKeyUsage=critical,timeStamping\\n' >tsa.ext", setup);
    for (int i = 0; i < 2; i++) {
        assert_runs("openssl req -x509 %s -keyout ca%d.key -out ca%d.pem -subj '/CN=Stamp root %d' -days 9", key, i, i,
                    i);
        assert_runs("openssl req %s -keyout tsa%d.key -out tsa%d.csr -subj '/CN=Stamps %d'", key, i, i, i);
        assert_runs("openssl x509 -req -in tsa%d.csr -CA ca%d.pem -CAkey ca%d.key -CAcreateserial -extfile tsa.ext "
                    "-days 5 -out tsa%d.pem",
                    i, i, i, i);
    }
    assert_runs("openssl x509 -req -in tsa0.csr -CA ca0.pem -CAkey ca0.key -CAcreateserial -extfile tsa.ext -days -1 "
                "-out old.pem");
    return 0;
}

struct exchange {
    uint8_t request_space[512];
    struct sg_buf request;
    uint8_t *answer;
    size_t n;
};

/* One request over `content`, and its answer with that certificate. */
static struct exchange ask(const char *digest, const char *content, const char *cert)
{
    struct sg_error err = {0};
    struct exchange x = {0};
    x.request = sg_buf(x.request_space, sizeof x.request_space);
    if (sg_stamp_request(digest, sg_str(content), &x.request, &err) != 0)
        fail_msg("%s", err.text);
    put_file("q.tsq", x.request_space, x.request.len);
    assert_runs("openssl ts -reply -config ts.cnf -section t -queryfile q.tsq -signer %s -inkey tsa%c.key -out r.tsr",
                cert, strcmp(cert, "tsa1.pem") == 0 ? '1' : '0');
    x.answer = sg_file_read("r.tsr", 1 << 16, &x.n, &err);
    assert_non_null(x.answer);
    return x;
}

static struct sg_bytes request_of(const struct exchange *x)
{
    return sg_bytes(x->request_space, x->request.len); /* the buffer in it points to where it was made */
}

static struct sg_trust *trust_in(const char *path)
{
    struct sg_trust *t = sg_trust_new(NULL);
    X509 *ca = sg_cert_read(path, NULL);
    assert_int_equal(sg_trust_add(t, ca, NULL), 0);
    X509_free(ca);
    return t;
}

static void what_openssl_stamps_passes(void **state)
{
    static const char *const digests[] = {"sha256", "sha512", "sha3-512"};
    struct sg_trust *trust = trust_in("ca0.pem");
    (void)state;
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        struct exchange x = ask(digests[i], DOCUMENT, "tsa0.pem");
        struct sg_error err = {0};
        struct sg_stamp stamp;
        assert_int_equal(sg_stamp_check_answer(request_of(&x), sg_bytes(x.answer, x.n), &err), 0);
        if (sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str(DOCUMENT), trust, &stamp, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(stamp.digest, digests[i]);
        assert_string_equal(stamp.authority.cn, "Stamps 0");
        assert_string_equal(stamp.key, "EC 256");
        assert_int_equal(stamp.strength, 128);
        assert_in_range(stamp.when, time(NULL) - 60, time(NULL) + 5);
        assert_int_equal(sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str(DOCUMENT), NULL, &stamp, &err), 0);
        free(x.answer);
    }
    sg_trust_free(trust);
}

/* And openssl reads what we ask, and verifies what came back. */
static void openssl_agrees(void **state)
{
    struct exchange x = ask("sha256", DOCUMENT, "tsa0.pem");
    (void)state;
    assert_runs("openssl ts -query -in q.tsq -text | grep 'Certificate required: yes'");
    assert_runs("openssl ts -verify -data document -in r.tsr -CAfile ca0.pem");
    assert_runs("openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile ca0.pem");
    free(x.answer);
}

static void other_bytes_are_refused(void **state)
{
    struct exchange x = ask("sha256", DOCUMENT, "tsa0.pem");
    struct sg_error err = {0};
    struct sg_stamp stamp;
    (void)state;
    assert_int_equal(sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str("other"), NULL, &stamp, &err), SG_EMISMATCH);
    assert_string_equal(err.text, "the time stamp is over other bytes");
    free(x.answer);
}

static void another_answer_is_refused(void **state)
{
    struct exchange x = ask("sha256", DOCUMENT, "tsa0.pem"), again = ask("sha256", DOCUMENT, "tsa0.pem"),
                    other = ask("sha256", "other", "tsa0.pem");
    struct sg_error err = {0};
    (void)state;
    assert_int_equal(sg_stamp_check_answer(request_of(&x), sg_bytes(again.answer, again.n), &err), SG_EMISMATCH);
    assert_contains(err.text, "another nonce");
    assert_int_equal(sg_stamp_check_answer(request_of(&x), sg_bytes(other.answer, other.n), &err), SG_EMISMATCH);
    assert_contains(err.text, "other bytes than were asked for");
    assert_int_equal(sg_stamp_check_answer(request_of(&x), sg_str("<html>"), &err), SG_EFORMAT);
    free(x.answer);
    free(again.answer);
    free(other.answer);
}

static void a_refusal_is_told_in_the_authoritys_words(void **state)
{
    struct exchange x = ask("sha384", DOCUMENT, "tsa0.pem"); /* not among its digests */
    struct sg_error err = {0};
    struct sg_stamp stamp;
    (void)state;
    assert_int_equal(sg_stamp_check_answer(request_of(&x), sg_bytes(x.answer, x.n), &err), SG_EDENIED);
    assert_contains(err.text, "refused to stamp (status 2, badAlg");
    assert_contains(err.text, "not supported");
    assert_int_equal(sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str(DOCUMENT), NULL, &stamp, &err), SG_EDENIED);
    free(x.answer);
}

static void an_expired_or_unknown_authority_is_refused(void **state)
{
    struct exchange old = ask("sha256", DOCUMENT, "old.pem"), other = ask("sha256", DOCUMENT, "tsa1.pem");
    struct sg_trust *trust = trust_in("ca0.pem");
    struct sg_error err = {0};
    struct sg_stamp stamp;
    (void)state;
    assert_int_equal(sg_stamp_verify(sg_bytes(old.answer, old.n), sg_str(DOCUMENT), NULL, &stamp, &err), SG_EDENIED);
    assert_contains(err.text, "expired on");
    assert_int_equal(sg_stamp_verify(sg_bytes(other.answer, other.n), sg_str(DOCUMENT), trust, &stamp, &err),
                     SG_EDENIED);
    assert_contains(err.text, "Stamp root 1");
    assert_contains(err.text, "not among the CAs trusted here");
    sg_trust_free(trust);
    free(old.answer);
    free(other.answer);
}

/* No altered answer says another time; one that is cut off or has something behind it says nothing. */
static void an_altered_stamp_says_nothing_else(void **state)
{
    struct exchange x = ask("sha256", DOCUMENT, "tsa0.pem");
    struct sg_stamp stamp, altered;
    struct sg_trust *trust = trust_in("ca0.pem");
    size_t refused = 0;
    (void)state;
    assert_int_equal(sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str(DOCUMENT), trust, &stamp, NULL), 0);
    for (size_t i = 0; i < x.n; i++) {
        x.answer[i] ^= 0x01;
        if (sg_stamp_verify(sg_bytes(x.answer, x.n), sg_str(DOCUMENT), trust, &altered, NULL) != 0)
            refused++;
        else
            assert_int_equal(altered.when, stamp.when);
        x.answer[i] ^= 0x01;
        assert_int_not_equal(sg_stamp_verify(sg_bytes(x.answer, i), sg_str(DOCUMENT), trust, &altered, NULL), 0);
    }
    assert_true(refused > x.n * 9 / 10);
    sg_trust_free(trust);
    free(x.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_openssl_stamps_passes),
        cmocka_unit_test(openssl_agrees),
        cmocka_unit_test(other_bytes_are_refused),
        cmocka_unit_test(another_answer_is_refused),
        cmocka_unit_test(a_refusal_is_told_in_the_authoritys_words),
        cmocka_unit_test(an_expired_or_unknown_authority_is_refused),
        cmocka_unit_test(an_altered_stamp_says_nothing_else),
    };
    return cmocka_run_group_tests(tests, build_authority, leave_folder);
}
