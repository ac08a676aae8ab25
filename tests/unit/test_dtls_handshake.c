/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes in each suite and each way with connection ids, over links that lose, double and reorder. */
#include "dtls_world.h"

static struct identity server_id, client_id;

static const uint16_t suites[] = {
    SG_SUITE_ECDHE_ECDSA_AES128_GCM, SG_SUITE_ECDHE_ECDSA_AES256_GCM,  SG_SUITE_ECDHE_ECDSA_AES128_CCM,
    SG_SUITE_ECDHE_ECDSA_AES256_CCM, SG_SUITE_ECDHE_ECDSA_AES128_CCM8, SG_SUITE_ECDHE_ECDSA_AES256_CCM8,
};
enum { SUITES = sizeof suites / sizeof suites[0] };

static struct world *world(const uint16_t *suite, enum sg_dtls_cid_mode server, enum sg_dtls_cid_mode client)
{
    struct world *w = make_world(&server_id, &client_id);
    w->client.config.suites = w->server.config.suites = suite;
    w->client.config.suite_count = w->server.config.suite_count = suite ? 1 : 0;
    w->server.config.cid = server;
    w->client.config.cid = client;
    return w;
}

static void every_suite_and_cid_mode_connects(void **state)
{
    (void)state;
    static const struct {
        enum sg_dtls_cid_mode server, client;
        size_t to_server, to_client;
    } modes[] = {
        {SG_CID_OFF, SG_CID_OFF, 0, 0},      {SG_CID_OFF, SG_CID_ON, 0, 0}, {SG_CID_ON, SG_CID_OFF, 0, 0},
        {SG_CID_ON, SG_CID_SUPPORTED, 6, 0}, {SG_CID_ON, SG_CID_ON, 6, 6},  {SG_CID_SUPPORTED, SG_CID_ON, 6, 6},
    };
    for (size_t s = 0; s < SUITES; s++) {
        for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
            struct world *w = world(&suites[s], modes[m].server, modes[m].client);
            open_world(w);
            connect_world(w);
            talk(w);
            struct sg_dtls_info info;
            assert_true(sg_dtls_info(w->server.d, last(&w->server, SG_DTLS_CONNECTED)->e.id, &info));
            assert_int_equal(info.suite, suites[s]);
            assert_int_equal(info.identity, 77);
            assert_int_equal(info.cid_in_len, modes[m].to_server);
            assert_int_equal(info.cid_out_len, modes[m].to_client);
            if (info.cid_in_len)
                assert_int_equal(info.cid_in[0], 3);
            free_world(w);
        }
    }
}

static int open_all(void **state)
{
    (void)state;
    server_id = make_identity("server", "P-256");
    client_id = make_identity("urn:imei:351516170000001", "P-256");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    X509_free(server_id.cert);
    EVP_PKEY_free(server_id.key);
    X509_free(client_id.cert);
    EVP_PKEY_free(client_id.key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_and_cid_mode_connects),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
