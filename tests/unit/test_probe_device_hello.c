/* SPDX-License-Identifier: Apache-2.0 */
/* A device's first message: what libssl's clients say is read as they were told to say it, and odd ones are refused. */
#include "probe/device_internal.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char name_of_server[] = "lwm2m.example.com";

/* The first datagram of a client with these settings. */
static struct sg_bytes hello_of(SSL_CTX *ctx, char *server_name, uint8_t space[2048])
{
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    assert_non_null(ssl);
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    assert_int_not_equal(SSL_set_mtu(ssl, 1400), 0);
    if (server_name != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(ssl, server_name), 1);
    assert_int_not_equal(SSL_connect(ssl), 1);
    const int n = BIO_read(out, space, 2048);
    assert_true(n > 0);
    SSL_free(ssl);
    return sg_bytes(space, (size_t)n);
}

static SSL_CTX *client(void)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    return ctx;
}

static void what_it_offers_is_read_in_its_order(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    SSL_CTX *ctx = client();
    char groups[] = "P-256:P-384", signatures[] = "ECDSA+SHA256:ECDSA+SHA384"; /* libssl's macros want them so */
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM8"), 1);
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups), 1);
    assert_int_equal(SSL_CTX_set1_sigalgs_list(ctx, signatures), 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_ENCRYPT_THEN_MAC);
    assert_int_equal(sg_probe_client_hello_parse(hello_of(ctx, name_of_server, space), &h), 0);
    assert_int_equal(h.version, 0xfefd);
    assert_int_equal(h.suite_count, 3); /* and the one that says "no renegotiation yet" */
    assert_int_equal(h.suites[0], 0xC02B);
    assert_int_equal(h.suites[1], 0xC0AE);
    assert_int_equal(h.suites[2], 0x00FF);
    assert_true(h.renegotiation_info);
    assert_int_equal(h.group_count, 2);
    assert_int_equal(h.groups[0], 23);
    assert_int_equal(h.groups[1], 24);
    assert_int_equal(h.signature_count, 2);
    assert_int_equal(h.signatures[0], 0x0403);
    assert_string_equal(h.server_name, "lwm2m.example.com");
    assert_true(h.extended_master_secret);
    assert_false(h.ticket || h.encrypt_then_mac || h.status_request || h.session || h.cookie || h.compression);
    assert_false(h.cid || h.cid_draft || h.dtls13);
    assert_int_equal(h.max_fragment, 0);
    SSL_CTX_free(ctx);
}

static void what_it_asks_for_is_read(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    SSL_CTX *ctx = client();
    assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(ctx, TLSEXT_max_fragment_length_1024), 1);
    assert_int_equal(SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp), 1);
    assert_int_equal(sg_probe_client_hello_parse(hello_of(ctx, NULL, space), &h), 0);
    assert_string_equal(h.server_name, "");
    assert_true(h.status_request && h.ticket && h.encrypt_then_mac);
    assert_int_equal(h.max_fragment, 2);
    SSL_CTX_free(ctx);
}

static void an_old_version_is_read(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    SSL_CTX *ctx = client();
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, DTLS1_VERSION), 1);
    assert_int_equal(sg_probe_client_hello_parse(hello_of(ctx, NULL, space), &h), 0);
    assert_int_equal(h.version, 0xfeff);
    SSL_CTX_free(ctx);
}

static void a_cut_message_is_refused_wherever_it_is_cut(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    SSL_CTX *ctx = client();
    const struct sg_bytes whole = hello_of(ctx, name_of_server, space);
    for (size_t n = 0; n < whole.n; n++)
        assert_int_not_equal(sg_probe_client_hello_parse(sg_bytes(whole.p, n), &h), 0);
    assert_int_equal(sg_probe_client_hello_parse(whole, &h), 0);
    SSL_CTX_free(ctx);
}

static void other_datagrams_are_told_apart(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    static const uint8_t coap[] = {0x44, 0x02, 0x00, 0x01, 1, 2, 3, 4, 0xb2, 'r', 'd', 0x11, 0x28};
    assert_int_equal(sg_probe_client_hello_parse(sg_bytes(coap, sizeof coap), &h), SG_ENOTFOUND);
    SSL_CTX *ctx = client();
    const struct sg_bytes whole = hello_of(ctx, NULL, space);
    space[13] = 2; /* a ServerHello */
    assert_int_equal(sg_probe_client_hello_parse(whole, &h), SG_ENOTFOUND);
    space[13] = 1;
    space[4] = 1; /* epoch 1 */
    assert_int_equal(sg_probe_client_hello_parse(whole, &h), SG_ENOTFOUND);
    space[4] = 0;
    space[21]++; /* the fragment begins further on */
    assert_int_equal(sg_probe_client_hello_parse(whole, &h), SG_EUNSUPPORTED);
    SSL_CTX_free(ctx);
}

static void a_name_with_control_characters_does_not_reach_a_terminal(void **state)
{
    (void)state;
    uint8_t space[2048];
    struct sg_probe_client_hello h;
    SSL_CTX *ctx = client();
    const struct sg_bytes whole = hello_of(ctx, name_of_server, space);
    uint8_t *name = memmem(space, whole.n, "example", 7);
    assert_non_null(name);
    name[0] = '\033';
    assert_int_equal(sg_probe_client_hello_parse(whole, &h), 0);
    assert_string_equal(h.server_name, "lwm2m.?xample.com");
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_offers_is_read_in_its_order),
        cmocka_unit_test(what_it_asks_for_is_read),
        cmocka_unit_test(an_old_version_is_read),
        cmocka_unit_test(a_cut_message_is_refused_wherever_it_is_cut),
        cmocka_unit_test(other_datagrams_are_told_apart),
        cmocka_unit_test(a_name_with_control_characters_does_not_reach_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
