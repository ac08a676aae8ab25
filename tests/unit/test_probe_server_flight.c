/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's hello, and its reading of what a server answers: against OpenSSL's server, and against broken answers. */
#include "probe/server_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static unsigned make_cookie_called;
static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *n)
{
    (void)ssl;
    make_cookie_called++;
    memcpy(cookie, "a cookie", *n = 8);
    return 1;
}

static int verify_cookie(SSL *ssl, const unsigned char *cookie, unsigned int n)
{
    (void)ssl;
    return n == 8 && memcmp(cookie, "a cookie", 8) == 0;
}

struct server {
    SSL_CTX *ctx;
    SSL *ssl;
    EVP_PKEY *key;
    X509 *cert;
};

static int setup(void **state)
{
    struct server *s = calloc(1, sizeof *s);
    struct sg_error err;
    s->key = sg_key_new(SG_P256, &err);
    const struct sg_validity always = {0, 4000000000};
    X509 *root = sg_cert_root(s->key, "a root", always, &err);
    s->cert = sg_cert_server((struct sg_issuer){root, s->key}, s->key, "localhost", always, &err);
    X509_free(root);
    s->ctx = SSL_CTX_new(DTLS_server_method());
    SSL_CTX_use_certificate(s->ctx, s->cert);
    SSL_CTX_use_PrivateKey(s->ctx, s->key);
    SSL_CTX_set_cookie_generate_cb(s->ctx, make_cookie);
    SSL_CTX_set_cookie_verify_cb(s->ctx, verify_cookie);
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_QUERY_MTU);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct server *s = *state;
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    X509_free(s->cert);
    EVP_PKEY_free(s->key);
    free(s);
    return 0;
}

/* Gives the hello to the server, and what it says to the flight. */
static void say(struct server *s, const struct sg_probe_hello *h, struct sg_probe_flight *f)
{
    uint8_t space[2048], *out;
    struct sg_buf hello = sg_buf(space, sizeof space);
    sg_probe_put_hello(&hello, h);
    assert_false(hello.full);
    if (s->ssl == NULL) {
        s->ssl = SSL_new(s->ctx);
        SSL_set_mtu(s->ssl, 1200);
        SSL_set_accept_state(s->ssl);
        SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        BIO_set_mem_eof_return(SSL_get_rbio(s->ssl), -1);
    }
    assert_int_equal(BIO_write(SSL_get_rbio(s->ssl), hello.p, (int)hello.len), hello.len);
    (void)SSL_do_handshake(s->ssl);
    ERR_clear_error();
    long n = BIO_get_mem_data(SSL_get_wbio(s->ssl), &out);
    sg_probe_flight_init(f);
    sg_probe_flight_take(f, sg_bytes(out, (size_t)n));
    (void)BIO_reset(SSL_get_wbio(s->ssl));
}

static const uint16_t gcm[] = {0xc02b}, both[] = {0xc02c, 0xc02b}, p256[] = {23}, sha256[] = {0x0403};
static const struct sg_probe_hello plain = {.version = SG_DTLS_1_2,
                                            .suites = gcm,
                                            .suite_count = 1,
                                            .groups = p256,
                                            .group_count = 1,
                                            .signatures = sha256,
                                            .signature_count = 1,
                                            .random = {1, 2, 3}};

static void a_whole_flight_is_read(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    struct sg_probe_hello h = plain;
    h.extended_master_secret = h.renegotiation = h.ticket = true;
    h.name = "localhost";
    SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_add_client_CA(s->ctx, s->cert);
    say(s, &h, &f);
    assert_null(f.wrong);
    assert_true(f.hello && f.done && f.key_exchange && f.certificate_request);
    assert_false(f.alerted || f.verify_request || f.retry);
    assert_int_equal(f.version, SG_DTLS_1_2);
    assert_int_equal(f.suite, 0xc02b);
    assert_int_equal(f.compression, 0);
    assert_int_equal(f.group, 23);
    assert_int_equal(f.signature, 0x0403);
    assert_int_equal(f.ca_count, 1);
    assert_true(f.type_count > 0 && f.accepted_count > 3);
    assert_true(sg_probe_flight_extension(&f, SG_EXT_EXTENDED_MASTER_SECRET, NULL));
    assert_true(sg_probe_flight_extension(&f, SG_EXT_RENEGOTIATION, NULL));
    assert_true(sg_probe_flight_extension(&f, SG_EXT_TICKET, NULL));
    assert_false(sg_probe_flight_extension(&f, SG_EXT_CID, NULL));
    uint8_t der[2048];
    struct sg_buf out = sg_buf(der, sizeof der);
    assert_int_equal(sg_cert_put_der(&out, s->cert), 0);
    assert_int_equal(f.certs, 1);
    assert_true(sg_bytes_eq(f.cert[0], sg_buf_bytes(&out)));
}

static void a_cookie_is_taken_back(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f, g;
    struct sg_probe_hello h = plain;
    SSL_CTX_set_options(s->ctx, SSL_OP_COOKIE_EXCHANGE);
    say(s, &h, &f);
    assert_true(f.verify_request);
    assert_true(sg_bytes_eq_str(f.cookie, "a cookie"));
    assert_false(f.hello);
    h.cookie = f.cookie;
    h.message = 1;
    say(s, &h, &g);
    assert_null(g.wrong);
    assert_true(g.hello && g.done);
}

static void small_fragments_come_together(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    s->ssl = SSL_new(s->ctx);
    SSL_set_mtu(s->ssl, 256);
    SSL_set_accept_state(s->ssl);
    SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(s->ssl), -1);
    say(s, &plain, &f);
    assert_null(f.wrong);
    assert_true(f.done);
    assert_true(f.largest < 256);
    assert_int_equal(f.certs, 1);
}

static void the_servers_order_shows(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    struct sg_probe_hello h = plain;
    h.suites = both;
    h.suite_count = 2;
    SSL_CTX_set_cipher_list(s->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384");
    SSL_CTX_set_options(s->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    say(s, &h, &f);
    assert_int_equal(f.suite, 0xc02b);
}

static void a_refusal_is_an_alert(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    static const uint16_t null[] = {0x0002};
    struct sg_probe_hello h = plain;
    h.suites = null;
    say(s, &h, &f);
    assert_false(f.hello);
    assert_true(f.alerted);
    assert_int_equal(f.alert_level, 2);
    assert_int_equal(f.alert, 40); /* handshake_failure */
}

static void the_older_version_is_read(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    static const uint16_t cbc[] = {0xc009};
    struct sg_probe_hello h = plain;
    h.version = SG_DTLS_1_0;
    h.suites = cbc;
    h.signature_count = 0;
    SSL_CTX_set_min_proto_version(s->ctx, DTLS1_VERSION);
    SSL_CTX_set_cipher_list(s->ctx, "ALL:@SECLEVEL=0");
    SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, NULL);
    say(s, &h, &f);
    assert_null(f.wrong);
    assert_true(f.hello && f.key_exchange && f.certificate_request && f.done);
    assert_int_equal(f.version, SG_DTLS_1_0);
    assert_int_equal(f.suite, 0xc009);
    assert_int_equal(f.signature, 0); /* not told before 1.2 */
}

/* Every cut of a good flight, and a byte changed anywhere, is read without harm, and never makes a certificate longer
 * than what came. */
static void broken_flights_do_no_harm(void **state)
{
    struct server *s = *state;
    static struct sg_probe_flight f;
    uint8_t space[2048], answer[4096], *out;
    struct sg_buf hello = sg_buf(space, sizeof space);
    sg_probe_put_hello(&hello, &plain);
    s->ssl = SSL_new(s->ctx);
    SSL_set_mtu(s->ssl, 1200);
    SSL_set_accept_state(s->ssl);
    SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_write(SSL_get_rbio(s->ssl), hello.p, (int)hello.len);
    (void)SSL_do_handshake(s->ssl);
    size_t n = (size_t)BIO_get_mem_data(SSL_get_wbio(s->ssl), &out);
    assert_true(n > 300 && n < sizeof answer);
    for (size_t cut = 0; cut < n; cut++) {
        sg_probe_flight_init(&f);
        uint8_t *exact = malloc(cut + 1); /* so that the sanitizer sees a byte too much */
        memcpy(exact, out, cut);
        sg_probe_flight_take(&f, sg_bytes(exact, cut));
        assert_false(f.done);
        free(exact);
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(answer, out, n);
        answer[i] ^= 0xff;
        sg_probe_flight_init(&f);
        sg_probe_flight_take(&f, sg_bytes(answer, n));
        for (size_t k = 0; k < f.certs; k++)
            assert_true(f.cert[k].p >= f.bytes && f.cert[k].p + f.cert[k].n <= f.bytes + f.used);
    }
}

static void suites_are_told_apart(void **state)
{
    (void)state;
    uint16_t list[SG_PROBE_SUITES];
    assert_int_equal(sg_probe_suite_class(0xc02b), SG_SUITE_SOUND);
    assert_int_equal(sg_probe_suite_class(0xc0ae), SG_SUITE_SOUND);
    assert_int_equal(sg_probe_suite_class(0xc0aa), SG_SUITE_SOUND);  /* TLS_PSK_DHE_WITH_AES_128_CCM_8 */
    assert_int_equal(sg_probe_suite_class(0xc0a8), SG_SUITE_STATIC); /* TLS_PSK_WITH_AES_128_CCM_8 */
    assert_int_equal(sg_probe_suite_class(0x009c), SG_SUITE_STATIC); /* TLS_RSA_WITH_AES_128_GCM_SHA256 */
    assert_int_equal(sg_probe_suite_class(0xc02d), SG_SUITE_STATIC); /* TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256 */
    assert_int_equal(sg_probe_suite_class(0xc009), SG_SUITE_CBC_SHA1);
    assert_int_equal(sg_probe_suite_class(0xc006), SG_SUITE_WEAK); /* TLS_ECDHE_ECDSA_WITH_NULL_SHA */
    assert_int_equal(sg_probe_suite_class(0xc018), SG_SUITE_WEAK); /* TLS_ECDH_anon_WITH_AES_128_CBC_SHA */
    assert_int_equal(sg_probe_suite_class(0x000a), SG_SUITE_WEAK); /* TLS_RSA_WITH_3DES_EDE_CBC_SHA */
    assert_int_equal(sg_probe_suite_class(0x0008), SG_SUITE_WEAK); /* TLS_RSA_EXPORT_WITH_DES40_CBC_SHA */
    size_t all = sg_probe_suites(SG_SUITE_ANY, list, SG_PROBE_SUITES);
    assert_true(all > 150 && all < SG_PROBE_SUITES);
    size_t sum = 0;
    for (unsigned c = 1; c < SG_SUITE_ANY; c *= 2)
        sum += sg_probe_suites(c, list, SG_PROBE_SUITES);
    assert_int_equal(sum, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_flight_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cookie_is_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(small_fragments_come_together, setup, teardown),
        cmocka_unit_test_setup_teardown(the_servers_order_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_an_alert, setup, teardown),
        cmocka_unit_test_setup_teardown(the_older_version_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_flights_do_no_harm, setup, teardown),
        cmocka_unit_test(suites_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
