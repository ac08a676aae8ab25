/* SPDX-License-Identifier: Apache-2.0 */
/* Who is known, asked by many workers at once: what one thread writes down is not kept waiting. */
#include "server/server_internal.h"
#include "server_live.h"

static atomic_bool enough;

static void *ask_without_end(void *known)
{
    const struct sg_fingerprint f = {{1}};
    struct known_cert c;
    while (!atomic_load(&enough))
        assert_true(sg_server_known_find(known, &f, &c));
    return NULL;
}

static void readers_do_not_keep_a_revocation_waiting(void **state)
{
    enum { READERS = 8 };
    struct known *known = sg_server_known_new(NULL);
    struct known_cert c = {.cert = 1, .fingerprint = {{1}}, .state = SG_CERT_ACTIVE};
    pthread_t readers[READERS];
    (void)state;
    sg_server_known_put(known, &c);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, ask_without_end, known), 0);
    usleep(100000);
    uint64_t begun = now_ms();
    c.state = SG_CERT_REVOKED;
    sg_server_known_put(known, &c);
    uint64_t took = now_ms() - begun;
    atomic_store(&enough, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_true(sg_server_known_get(known, 1, &c));
    assert_int_equal(c.state, SG_CERT_REVOKED);
    c.state = SG_CERT_ACTIVE; /* read before it, written after it */
    sg_server_known_put(known, &c);
    assert_true(sg_server_known_get(known, 1, &c));
    assert_int_equal(c.state, SG_CERT_REVOKED);
    assert_in_range(took, 0, 500);
    sg_server_known_free(known);
}

/* A worker reads a certificate, its CA is revoked, all is read anew, and only then the worker writes down what it read.
 */
static void what_was_read_before_undoes_no_revocation(void **state)
{
    struct known *known = sg_server_known_new(NULL);
    struct known_cert c = {.cert = 1, .fingerprint = {{1}}, .state = SG_CERT_ISSUED};
    (void)state;
    sg_server_known_put(known, &c);
    c.state = SG_CERT_ACTIVE; /* an enrolment ends */
    sg_server_known_put(known, &c);
    assert_true(sg_server_known_get(known, 1, &c));
    assert_int_equal(c.state, SG_CERT_ACTIVE);
    c.ca_revoked = true;
    sg_server_known_put(known, &c);
    c.ca_revoked = false;
    sg_server_known_put(known, &c);
    assert_true(sg_server_known_get(known, 1, &c));
    assert_true(c.ca_revoked);
    sg_server_known_free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_do_not_keep_a_revocation_waiting),
        cmocka_unit_test(what_was_read_before_undoes_no_revocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
