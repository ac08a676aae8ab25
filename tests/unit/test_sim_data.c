/* SPDX-License-Identifier: Apache-2.0 */
/* Data mode, the list of sockets, datagrams lost and doubled on order (modem notes 11.2, 11.4, 11.8). */
#include "sim_server.h"

#define OPEN "AT#XSSOCKET=1,2,0,35724861,2"

/* A connected socket; the server keeps what comes, and echoes nothing. */
static struct sg_modem_socket connected(void)
{
    struct sg_modem_socket k;
    server_start(&server, NULL, 0);
    assert_int_equal(connect_to(modem_start(&rig, &server), &k, &server, HOST), 0);
    server.silent = true;
    rig.out_len = 0;
    return k;
}

static void end(void)
{
    rig_end(&rig);
    server_end(&server);
}

/* Types bytes in data mode; what comes back is in rig.out. */
static void type(const char *text)
{
    sg_sim_input(rig.sim, sg_str(text), rig_now(&rig));
    rig.out[rig.out_len] = 0;
}

/* Lets `ms` pass; the server takes what comes. */
static void pass(uint32_t ms)
{
    for (uint64_t until = rig_now(&rig) + ms; rig_now(&rig) < until;)
        rig_step(&rig, (uint32_t)(until - rig_now(&rig)));
    rig.out[rig.out_len] = 0;
}

static void assert_came(const char *text)
{
    for (int i = 0; i < 500 && server.data_len != strlen(text); i++)
        pass(10);
    assert_int_equal(server.data_len, strlen(text));
    assert_memory_equal(server.data, text, strlen(text));
    server.data_len = 0;
}

static void point_11_8_4_a_pause_makes_two_datagrams_of_one(void **state)
{
    (void)state;
    (void)connected();
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,6"), "\r\nOK");
    type("abc");
    assert_came("abc"); /* after 32 ms */
    type("defg");
    assert_came("def");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: 0\r\n"); /* "g" is no command, and was dropped */
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0"), "\r\nOK");
    type("x+");
    assert_came("x+");
    type("++");
    assert_came("++"); /* the terminator fell apart */
    type("+++");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: 0\r\n");
    end();
}

static void point_11_8_4_the_time_can_be_made_longer(void **state)
{
    (void)state;
    (void)connected();
    assert_string_equal(rig_ask(&rig, "AT#XDATACTRL?"), "\r\n#XDATACTRL: 0,32\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XDATACTRL=31"), "\r\nERROR");
    assert_string_equal(rig_ask(&rig, "AT#XDATACTRL=600000"), "\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XDATACTRL?"), "\r\n#XDATACTRL: 600000,32\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,6"), "\r\nOK");
    type("abc");
    pass(200);
    assert_int_equal(server.data_len, 0);
    type("def");
    assert_came("abcdef");
    end();
}

static void point_11_8_4_a_failure_is_told_by_the_modems_own_terminator(void **state)
{
    struct sg_modem_socket k = connected();
    (void)state;
    assert_int_equal(sg_modem_command(&rig.modem, sg_str("AT#XSSOCKETOPT=0,1,19,1"), NULL, 1000), 0); /* saved */
    assert_int_equal(k.handle, 0);
    rig.out_len = 0;
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,3"), "\r\nOK");
    type("abc"); /* at the end: told at once */
    assert_string_equal(rig.out, "+++\r\n#XDATAMODE: -1\r\n");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,9"), "\r\nOK");
    type("abc");
    pass(100);
    assert_string_equal(rig.out, "+++");
    type("AT\r++ +++"); /* in the middle: only after the host's own */
    assert_string_equal(rig.out, "+++\r\n#XDATAMODE: -1\r\n");
    assert_string_equal(rig_ask(&rig, "AT"), "\r\nOK");
    end();
}

static void point_11_8_4_what_is_larger_than_its_buffer_is_not_sent(void **state)
{
    static char large[4098];
    (void)state;
    (void)connected();
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,4097"), "\r\nERROR");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0"), "\r\nOK");
    memset(large, 'x', sizeof large - 1);
    type(large);
    assert_string_equal(rig.out, "+++");
    type("+++");
    assert_string_equal(rig.out, "+++\r\n#XDATAMODE: -1\r\n");
    pass(200);
    assert_int_equal(server.data_len, 0);
    end();
}

static void open_sockets_are_listed(void **state)
{
    (void)state;
    rig_start(&rig, NULL);
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKET?"), "\r\nOK");
    rig_ask(&rig, OPEN);
    rig_ask(&rig, "AT#XSSOCKET=2,2,0,7");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKET?"),
                        "\r\n#XSSOCKET: 0,1,0,2,35724861,0\r\n\r\n#XSSOCKET: 1,2,0,2,7,0\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSOCKET?"), "\r\nOK"); /* plain ones, which this modem does not open */
    assert_string_equal(rig_ask(&rig, "AT#XSOCKET=1,2,0"), "\r\nERROR");
    rig_ask(&rig, "AT#XCLOSE=0");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKET?"), "\r\n#XSSOCKET: 1,2,0,2,7,0\r\n\r\nOK");
    rig_end(&rig);
}

static void order(const char *spec)
{
    struct sg_error err = {0};
    if (sg_sim_fault(rig.sim, spec, &err) < 0)
        fail_msg("%s", err.text);
}

static void point_11_8_5_datagrams_are_lost_on_order(void **state)
{
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_modem_socket k = connected();
    (void)state;
    order("lose=up:2");
    for (int i = 0; i < 3; i++) {
        char text[2] = {(char)('a' + i), 0};
        assert_int_equal(sg_modem_send(&rig.modem, &k, sg_str(text)), 0); /* nobody is told of it */
        if (i != 1)
            assert_came(text);
    }
    order("lose=down:1");
    for (int i = 0; i < 2; i++)
        assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_str(i ? "second" : "first"), server.now), 0);
    k.readable = false;
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(&rig.modem, &k, &b), 6);
    assert_memory_equal(space, "second", 6);
    assert_int_equal(sg_modem_receive(&rig.modem, &k, &b), 0);
    assert_non_null(strstr(rig.log, "a datagram from the network is lost"));
    end();
}

/* A lost flight is sent again: the handshake takes its time, and succeeds. */
static void point_11_8_5_a_handshake_outlives_a_loss(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    order("lose=up:1");
    order("lose=down:2");
    order("double=up:3");
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    end();
}

/* Its number tells that it was there already (RFC 6347 section 4.1.2.6). */
static void point_11_8_5_what_comes_doubled_is_taken_once(void **state)
{
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_modem_socket k = connected();
    (void)state;
    order("double=up:1");
    server.silent = false; /* it echoes */
    assert_int_equal(sg_modem_send(&rig.modem, &k, sg_str("once")), 0);
    k.readable = false;
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(&rig.modem, &k, &b), 4);
    order("double=down:1");
    assert_int_equal(sg_modem_send(&rig.modem, &k, sg_str("more")), 0);
    k.readable = false;
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(&rig.modem, &k, &b), 4);
    pass(100);
    assert_int_equal(sg_modem_receive(&rig.modem, &k, &b), 0);
    assert_non_null(strstr(rig.log, "a datagram to the network is doubled"));
    assert_non_null(strstr(rig.log, "a datagram from the network is doubled"));
    end();
}

static void what_is_no_such_fault(void **state)
{
    static const char *const bad[] = {"lose",          "lose=1",     "lose=up", "lose=up:0", "lose=sideways:1",
                                      "double=down:x", "lose=up:1@3"};
    (void)state;
    rig_start(&rig, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sg_sim_fault(rig.sim, bad[i], NULL), SG_EINVAL);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_11_8_4_a_pause_makes_two_datagrams_of_one),
        cmocka_unit_test(point_11_8_4_the_time_can_be_made_longer),
        cmocka_unit_test(point_11_8_4_a_failure_is_told_by_the_modems_own_terminator),
        cmocka_unit_test(point_11_8_4_what_is_larger_than_its_buffer_is_not_sent),
        cmocka_unit_test(open_sockets_are_listed),
        cmocka_unit_test(point_11_8_5_datagrams_are_lost_on_order),
        cmocka_unit_test(point_11_8_5_a_handshake_outlives_a_loss),
        cmocka_unit_test(point_11_8_5_what_comes_doubled_is_taken_once),
        cmocka_unit_test(what_is_no_such_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
