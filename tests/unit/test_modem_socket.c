/* SPDX-License-Identifier: Apache-2.0 */
/* Offloaded DTLS sockets: what goes to Serial Modem, and what its answers and events mean. */
#include "modem_line.h"

#define OPENED                                                                                                         \
    {"AT#XSSOCKET=1,2,0,35724861,2\r", "\r\n#XSSOCKET: 3,2,273\r\n\r\nOK\r\n"},                                        \
        {"AT#XSSOCKETOPT=3,1,2,\"lwm2m.example\"\r", "\r\nOK\r\n"},                                                    \
    {                                                                                                                  \
        "AT#XSSOCKETOPT=3,1,14,2\r", "\r\nOK\r\n"                                                                      \
    }

static int connect_to(struct sg_modem *m, struct sg_modem_socket *s, const char *address)
{
    return sg_modem_connect(m, s, SG_TAG_LWM2M, "lwm2m.example", address, 5684, SG_MODEM_CID_ENABLED);
}

static void connecting_checks_the_name_and_asks_for_an_id(void **state)
{
    const struct step steps[] = {OPENED,
                                 {"AT#XCONNECT=3,\"192.0.2.1\",5684\r", "\r\n#XCONNECT: 3,1\r\n\r\nOK\r\n"},
                                 {"AT#XAPOLL=3,1,1\r", "\r\nOK\r\n"},
                                 {"AT#XSSOCKETOPT=3,0,15\r", "\r\n#XSSOCKETOPT: 3,3\r\n\r\nOK\r\n"},
                                 {"AT#XSSOCKETOPT=3,0,4\r", "\r\n#XSSOCKETOPT: 3,0xc02b\r\n\r\nOK\r\n"},
                                 {"AT#XCLOSE=3\r", "\r\n#XCLOSE: 3,0\r\n\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_modem_socket s;
    (void)state;
    assert_int_equal(connect_to(m, &s, "192.0.2.1"), 0);
    assert_int_equal(s.handle, 3);
    assert_int_equal(sg_modem_cid_status(m, &s), 3);
    assert_int_equal(sg_modem_suite_used(m, &s), 0xC02B);
    assert_int_equal(sg_modem_close(m, &s), 0);
    assert_int_equal(s.handle, -1);
    assert_int_equal(sg_modem_close(m, &s), 0);
    assert_int_equal(sg_modem_send(m, &s, sg_str("x")), SG_ECLOSED);
    line_done(&l);
}

static void a_failed_handshake_leaves_no_socket(void **state)
{
    const struct step steps[] = {OPENED,
                                 {"AT#XCONNECT=3,\"192.0.2.1\",5684\r", "\r\nERROR\r\n"},
                                 {"AT#XCLOSE=3\r", "\r\n#XCLOSE: 3,0\r\n\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem_socket s;
    (void)state;
    assert_int_equal(connect_to(line_modem(&l, steps), &s, "192.0.2.1"), SG_EDENIED);
    assert_int_equal(s.handle, -1);
    line_done(&l);
}

static void a_refused_option_leaves_no_socket(void **state)
{
    const struct step steps[] = {{"AT#XSSOCKET=2,2,0,35724861,2\r", "\r\n#XSSOCKET: 0,2,273\r\n\r\nOK\r\n"},
                                 {"AT#XSSOCKETOPT=0,1,2,\"lwm2m.example\"\r", "\r\nERROR\r\n"},
                                 {"AT#XCLOSE=0\r", "\r\n#XCLOSE: 0,0\r\n\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem_socket s;
    (void)state;
    assert_int_equal(connect_to(line_modem(&l, steps), &s, "2001:db8::1"), SG_EDENIED);
    line_done(&l);
}

static void names_that_cannot_be_sent_are_refused(void **state)
{
    const struct step steps[] = {{0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_modem_socket s;
    (void)state;
    assert_int_equal(sg_modem_connect(m, &s, 1, "a\"b", "192.0.2.1", 5684, SG_MODEM_CID_OFF), SG_EINVAL);
    assert_int_equal(sg_modem_connect(m, &s, 1, "", "192.0.2.1", 5684, SG_MODEM_CID_OFF), SG_EINVAL);
    assert_int_equal(sg_modem_connect(m, &s, SG_TAG_MAX + 1U, "a", "192.0.2.1", 5684, SG_MODEM_CID_OFF), SG_EINVAL);
}

static void every_byte_can_be_sent(void **state)
{
    static char written[1024] = "AT#XSEND=1,1,0,\"";
    uint8_t all[300];
    (void)state;
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
        (void)snprintf(written + 16 + 2 * i, 3, "%02x", (unsigned)(uint8_t)i);
    }
    strcat(written, "\"\r");
    const struct step steps[] = {{written, "\r\n#XSEND: 1,0,300\r\n\r\nOK\r\n"},
                                 {"AT#XSEND=1,1,0,\"41\"\r", "\r\n#XSEND: 1,0,0\r\n\r\nERROR\r\n"},
                                 {"AT#XSEND=1,1,0,\"4142\"\r", "\r\n#XSEND: 1,0,1\r\n\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_modem_socket s = {.handle = 1};
    assert_int_equal(sg_modem_send(m, &s, sg_bytes(all, sizeof all)), 0);
    assert_int_equal(sg_modem_send(m, &s, sg_str("A")), SG_EDENIED);
    assert_int_equal(sg_modem_send(m, &s, sg_str("AB")), SG_EIO);
    assert_int_equal(sg_modem_send(m, &s, sg_bytes(written, 1401)), SG_EINVAL);
    assert_int_equal(sg_modem_send(m, &s, sg_str("")), SG_EINVAL);
    assert_non_null(strstr(l.log, "> AT#XSEND=1,1,0,<300 bytes>|"));
    line_done(&l);
}

static void datagrams_are_drained_until_error(void **state)
{
    const struct step steps[] = {{"AT#XRECV=1,1,64,0\r", "\r\n#XRECV: 1,1,5\r\n48656C6c6f\r\nOK\r\n"},
                                 {"AT#XRECV=1,1,64,0\r", "\r\nERROR\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_modem_socket s = {.handle = 1, .readable = true};
    uint8_t space[16];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    assert_int_equal(sg_modem_receive(m, &s, &b), 5);
    assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), "Hello"));
    assert_true(s.readable);
    assert_int_equal(sg_modem_receive(m, &s, &b), 0);
    assert_false(s.readable);
    assert_string_equal(l.log, "> AT#XRECV=1,1,64,0|< #XRECV: 1,1,5|< <10 bytes>|< OK|> AT#XRECV=1,1,64,0|< ERROR|");
    line_done(&l);
}

static void damaged_datagrams_are_told(void **state)
{
    static const char *const bad[] = {
        "\r\n#XRECV: 1,1,5\r\n48656c6c\r\nOK\r\n", "\r\n#XRECV: 1,1,2\r\n4x41\r\nOK\r\n",
        "\r\n#XRECV: 1,0,2\r\nAB\r\nOK\r\n",       "\r\n4142\r\nOK\r\n",
        "\r\n#XRECV: 1,1,9999\r\n4142\r\nOK\r\n",  "\r\n#XRECV: 1,1,2\r\n4142\r\n4344\r\nOK\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct step steps[] = {{"AT#XRECV=1,1,64,0\r", bad[i]}, {0}};
        struct line l = {0};
        struct sg_modem_socket s = {.handle = 1};
        uint8_t space[16];
        struct sg_buf b = sg_buf(space, sizeof space);
        assert_int_equal(sg_modem_receive(line_modem(&l, steps), &s, &b), SG_EFORMAT);
    }
    const struct step steps[] = {{"AT#XRECV=1,1,64,0\r", "\r\n#XRECV: 1,1,5\r\n48656c6c6f\r\nOK\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem_socket s = {.handle = 1};
    uint8_t space[4];
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_modem_receive(line_modem(&l, steps), &s, &b), SG_ENOSPC);
}

static void events_of_this_socket_are_noted(void **state)
{
    struct sg_modem_socket s = {.handle = 2};
    (void)state;
    sg_modem_socket_event(&s, sg_str("#XAPOLL: 1,1"));
    sg_modem_socket_event(&s, sg_str("#XAPOLL: 2,4"));
    sg_modem_socket_event(&s, sg_str("#XAPOLL: 2"));
    sg_modem_socket_event(&s, sg_str("+CEREG: 2,1"));
    assert_false(s.readable || s.hung_up);
    sg_modem_socket_event(&s, sg_str("#XAPOLL: 2,1"));
    assert_true(s.readable && !s.hung_up);
    sg_modem_socket_event(&s, sg_str("#XAPOLL: 2,16"));
    assert_true(s.hung_up);
    s = (struct sg_modem_socket){.handle = 2};
    sg_modem_socket_event(&s, sg_str("Ready"));
    assert_true(s.hung_up);
}

static void after_the_peers_close_the_rest_is_read_first(void **state)
{
    const struct step steps[] = {
        {"AT#XRECV=1,1,64,0\r", "\r\n#XRECV: 1,1,1\r\n41\r\nOK\r\n"}, {"AT#XRECV=1,1,64,0\r", "\r\nERROR\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_modem_socket s = {.handle = 1, .readable = true, .hung_up = true};
    uint8_t space[4];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    assert_int_equal(sg_modem_receive(m, &s, &b), 1);
    assert_int_equal(sg_modem_receive(m, &s, &b), SG_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_checks_the_name_and_asks_for_an_id),
        cmocka_unit_test(a_failed_handshake_leaves_no_socket),
        cmocka_unit_test(a_refused_option_leaves_no_socket),
        cmocka_unit_test(names_that_cannot_be_sent_are_refused),
        cmocka_unit_test(every_byte_can_be_sent),
        cmocka_unit_test(datagrams_are_drained_until_error),
        cmocka_unit_test(damaged_datagrams_are_told),
        cmocka_unit_test(events_of_this_socket_are_noted),
        cmocka_unit_test(after_the_peers_close_the_rest_is_read_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
