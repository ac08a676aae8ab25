/* SPDX-License-Identifier: Apache-2.0 */
/* A modem that takes changes only signed: what goes over the wire, and what the signature is over. */
#include "modem_line.h"

#define PEM "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"

static char signed_text[256];

static int sign(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    (void)user;
    (void)snprintf(signed_text, sizeof signed_text, "%.*s%.*s%.*s", (int)text[0].n, (const char *)text[0].p,
                   (int)text[1].n, (const char *)text[1].p, (int)text[2].n, (const char *)text[2].p);
    sg_put_str(signature, "signed");
    return 0;
}

static int refuse(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    (void)user;
    (void)text;
    (void)signature;
    return SG_ECRYPTO;
}

static void a_lock_is_asked_for(void **state)
{
    const struct step steps[] = {{"AT%XPMNG=2\r", "%XPMNG: \"" PEM "\"\r\nOK\r\n"},
                                 {"AT%XPMNG=2\r", "+CME ERROR: 513\r\n"},
                                 {"AT%XPMNG=2,3\r", "%XPMNG: \"" PEM "\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    uint8_t space[128];
    struct sg_buf pem = sg_buf(space, sizeof space);
    (void)state;
    assert_int_equal(sg_modem_lock_state(m, &pem), 1);
    assert_true(sg_bytes_eq_str(sg_buf_bytes(&pem), PEM));
    assert_true(m->locked);
    assert_int_equal(sg_modem_lock_state(m, NULL), 0);
    assert_false(m->locked);
    m->lock_tag = 3;
    assert_int_equal(sg_modem_lock_state(m, NULL), 1);
    line_done(&l);
}

static void a_firmware_without_locks_is_told_from_a_refusal(void **state)
{
    const struct step steps[] = {{"AT%XPMNG=2\r", "ERROR\r\n"},
                                 {"AT%XPMNG=2\r", "+CME ERROR: 0\r\n"},
                                 {"AT%XPMNG=2\r", "+CME ERROR: 514\r\n"},
                                 {"AT%XPMNG=2\r", "%XPMNG: \"\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_lock_state(m, NULL), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_lock_state(m, NULL), SG_EUNSUPPORTED);
    assert_int_equal(sg_modem_lock_state(m, NULL), SG_EDENIED);
    assert_int_equal(sg_modem_lock_state(m, NULL), SG_EFORMAT);
    line_done(&l);
}

static void locking(void **state)
{
    const struct step steps[] = {{"AT%XPMNG=0,\"" PEM "\"\r", "+CME ERROR: 519\r\n"},
                                 {"AT%XPMNG=0,\"" PEM "\"\r", "+CME ERROR: 520\r\n"},
                                 {"AT%XPMNG=0,\"" PEM "\"\r", "+CME ERROR: 518\r\n"},
                                 {"AT%XPMNG=0,\"" PEM "\",9\r", "OK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_lock(m, sg_str(PEM)), SG_EEXISTS);
    assert_int_equal(sg_modem_lock(m, sg_str(PEM)), SG_EEXISTS);
    assert_int_equal(sg_modem_lock(m, sg_str(PEM)), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_ACTIVE);
    assert_false(m->locked);
    m->lock_tag = SG_LOCK_TAG_MAX;
    assert_int_equal(sg_modem_lock(m, sg_str(PEM)), 0);
    assert_true(m->locked);
    m->lock_tag = SG_LOCK_TAG_MAX + 1;
    assert_int_equal(sg_modem_lock(m, sg_str(PEM)), SG_EINVAL);
    line_done(&l);
}

static void what_changes_the_store_is_signed_once_it_is_locked(void **state)
{
    const struct step steps[] = {{"AT%CMNG=3,1,0\r", "OK\r\n"},
                                 {"AT%XSUDO=15,\"c2lnbmVk\";%CMNG=0,1,0,\"\n\"\r", "OK\r\n"},
                                 {"AT%XSUDO=11,\"c2lnbmVk\";%CMNG=3,1,0\r", "+CME ERROR: 513\r\n"},
                                 {"AT%XSUDO=13,\"c2lnbmVk\";%KEYGEN=1,2,0\r", "%KEYGEN: \"no\"\r\nOK\r\n"},
                                 {"AT%CMNG=1,1\r", "OK\r\n"},
                                 {"AT%XSUDO=11,\"c2lnbmVk\",4;%CMNG=3,4,5\r", "OK\r\n"},
                                 {"AT%CMNG=3,1,0\r", "OK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    static struct sg_keygen k;
    struct sg_cred cred;
    (void)state;
    m->sign = sign;
    assert_int_equal(sg_modem_delete(m, 1, 0), 0);
    m->locked = true;
    assert_int_equal(sg_modem_write(m, 1, 0, sg_str("\n")), 0);
    assert_string_equal(signed_text, "%CMNG=0,1,0,\"\n\"");
    assert_int_equal(sg_modem_delete(m, 1, 0), SG_ENOTFOUND);
    assert_int_equal(sg_modem_keygen(m, 1, NULL, NULL, &k), SG_EFORMAT); /* the answer's line was recognised */
    assert_int_equal(sg_modem_list(m, 1, &cred, 1), 0);
    m->lock_tag = 4;
    assert_int_equal(sg_modem_unlock(m), 0);
    assert_string_equal(signed_text, "%CMNG=3,4,5");
    assert_int_equal(sg_modem_delete(m, 1, 0), 0);
    line_done(&l);
}

static void without_a_signature_nothing_is_sent(void **state)
{
    const struct step steps[] = {{"AT%CMNG=3,1,0\r", "+CME ERROR: 514\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    m->locked = true;
    m->sign = refuse;
    assert_int_equal(sg_modem_delete(m, 1, 0), SG_ECRYPTO);
    m->sign = NULL; /* nobody to sign: the modem says no itself */
    assert_int_equal(sg_modem_delete(m, 1, 0), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_NO_ACCESS);
    line_done(&l);
}

static int sign_longest(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    uint8_t der[72] = {0x30};
    (void)user;
    (void)text;
    sg_put(signature, der, sizeof der);
    return 0;
}

static size_t taken;

static int take_all(void *user, const void *p, size_t n)
{
    (void)user;
    (void)p;
    taken += n;
    return 0;
}

static void the_longest_content_is_shorter_where_it_is_signed(void **state)
{
    static char content[SG_AT_COMMAND_MAX];
    struct line l = {0};
    const struct step steps[] = {{0}};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    memset(content, 'x', sizeof content);
    assert_int_equal(sg_modem_write_max(m, 1, 0), SG_AT_COMMAND_MAX - 16);
    m->locked = true;
    assert_int_equal(sg_modem_write_max(m, 1, 0), SG_AT_COMMAND_MAX - 16); /* nobody signs */
    m->sign = sign_longest;
    m->lock_tag = 9;
    size_t most = sg_modem_write_max(m, 1, 0);
    assert_true(most < SG_AT_COMMAND_MAX - 16);
    m->io.write = take_all; /* a modem that never answers: the length is what matters */
    assert_int_equal(sg_modem_write(m, 1, 0, sg_bytes(content, most)), SG_ETIMEOUT);
    /* With its CR. The length of the text has one digit less than the room that is kept for it, at times. */
    assert_in_range(taken, SG_AT_COMMAND_MAX - 4, SG_AT_COMMAND_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_asked_for),
        cmocka_unit_test(a_firmware_without_locks_is_told_from_a_refusal),
        cmocka_unit_test(locking),
        cmocka_unit_test(what_changes_the_store_is_signed_once_it_is_locked),
        cmocka_unit_test(without_a_signature_nothing_is_sent),
        cmocka_unit_test(the_longest_content_is_shorter_where_it_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
