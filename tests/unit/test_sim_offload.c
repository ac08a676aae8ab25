/* SPDX-License-Identifier: Apache-2.0 */
/* Point 24 of the modem notes, section 8: DTLS as the modem's firmware offers it: what it can do, and its limits. */
#include "sim_server.h"

/* Sends a command that needs the network's help; its result as sg_modem_command has it. */
static int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *fmt, ...)
{
    char command[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    return sg_modem_command(&rig.modem, sg_str(command), NULL, 200000);
}

static void assert_runs(const char *command)
{
    assert_int_equal(run("%s", command), 0);
}

static void assert_fails(const char *command)
{
    assert_int_equal(run("%s", command), SG_EDENIED);
}

/* Socket 0 to the server, options (up to "") set before. */
static int connect_with(const char *const *options)
{
    assert_runs("AT#XSSOCKET=1,2,0,35724861,2");
    for (; options && **options; options++)
        assert_runs(*options);
    return run("AT#XCONNECT=0,\"%s\",%u", HOST, server.port);
}

static bool logged(const char *text)
{
    bool found = strstr(rig.log, text) != NULL;
    rig.log[0] = 0;
    return found;
}

static void let_time_pass(void)
{
    for (int i = 0; i < 20; i++) {
        rig_step(&rig, 10);
        usleep(500);
    }
}

static void point_24_a_session_is_resumed_where_it_was_asked_for(void **state)
{
    static const char *const cached[] = {"AT#XSSOCKETOPT=0,1,12,1", ""};
    (void)state;
    server_start(&server, NULL, 0);
    modem_start(&rig, &server);
    assert_int_equal(connect_with(cached), 0);
    assert_false(logged("the session was resumed"));
    assert_runs("AT#XCLOSE=0");
    let_time_pass();
    assert_int_equal(connect_with(cached), 0);
    assert_true(logged("the session was resumed"));
    assert_runs("AT#XSEND=0,0,0,\"hello\"");
    let_time_pass();
    assert_int_equal(server.data_len, 5);
    assert_runs("AT#XCLOSE=0");
    assert_int_equal(connect_with(NULL), 0); /* another socket does not wish it */
    assert_false(logged("the session was resumed"));
    assert_runs("AT#XSSOCKETOPT=0,1,13,1"); /* purged */
    assert_runs("AT#XCLOSE=0");
    let_time_pass();
    assert_int_equal(connect_with(cached), 0);
    assert_false(logged("the session was resumed"));
    assert_runs("AT+CFUN=0"); /* and it does not outlive the power */
    assert_runs("AT#XCLOSE=0");
    assert_runs("AT+CFUN=1");
    assert_int_equal(connect_with(cached), 0);
    assert_false(logged("the session was resumed"));
    rig_end(&rig);
    server_end(&server);
}

static void point_24_a_connection_is_saved_and_loaded(void **state)
{
    (void)state;
    server_start(&server, NULL, 0);
    modem_start(&rig, &server);
    assert_runs("AT#XSSOCKET=1,2,0,35724861,2");
    assert_fails("AT#XSSOCKETOPT=0,1,19,1"); /* before the handshake */
    assert_true(logged("setsockopt() error: -11"));
    assert_int_equal(run("AT#XCONNECT=0,\"%s\",%u", HOST, server.port), 0);
    assert_fails("AT#XSSOCKETOPT=0,1,20,1");
    assert_true(logged("setsockopt() error: -22"));
    assert_runs("AT#XSSOCKETOPT=0,1,19,1");
    assert_fails("AT#XSEND=0,0,0,\"hello\"");
    assert_true(logged("send() error: -71"));
    assert_runs("AT#XSSOCKETOPT=0,1,20,1");
    assert_runs("AT#XSEND=0,0,0,\"hello\"");
    let_time_pass();
    assert_int_equal(server.data_len, 5);
    assert_int_equal(server.connected, 1);
    for (int i = 1; i < 5; i++) {
        assert_runs("AT#XSSOCKET=1,2,0,35724861,2");
        assert_int_equal(run("AT#XCONNECT=%d,\"%s\",%u", i, HOST, server.port), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(run("AT#XSSOCKETOPT=%d,1,19,1", i), 0);
    assert_fails("AT#XSSOCKETOPT=4,1,19,1"); /* no more than four */
    assert_true(logged("setsockopt() error: -12"));
    rig_end(&rig);
    server_end(&server);
}

static void point_24_a_chain_of_more_than_4_kB_is_refused(void **state)
{
    struct rig_ca extra = rig_ca("Another of the certificates that a server may send");
    (void)state;
    server_chain = sk_X509_new_null();
    int leaf = 0, each = i2d_X509(extra.cert, NULL);
    for (int n = 0; n < 2; n++) { /* just below the limit, just above it */
        server_start(&server, NULL, 0);
        leaf = i2d_X509(server.cert, NULL);
        server_end(&server);
        while (leaf + (sk_X509_num(server_chain) + 1) * each <= 4096 - 20)
            sk_X509_push(server_chain, extra.cert);
        if (n == 1)
            sk_X509_push(server_chain, extra.cert);
        server_start(&server, NULL, 0);
        modem_start(&rig, &server);
        assert_int_equal(connect_with(NULL), n == 0 ? 0 : SG_EDENIED);
        assert_int_equal(logged("longer than 4096 bytes"), n == 1);
        rig_end(&rig);
        server_end(&server);
    }
    sk_X509_free(server_chain);
    server_chain = NULL;
    rig_ca_free(&extra);
}

static void point_24_a_record_of_more_than_2303_bytes_is_lost(void **state)
{
    uint8_t record[2400] = {23, 0xFE, 0xFD, 0, 1};
    (void)state;
    server_start(&server, NULL, 0);
    modem_start(&rig, &server);
    assert_int_equal(connect_with(NULL), 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(server.peer.port)};
    memcpy(&a.sin_addr, server.peer.ip + 12, 4);
    for (size_t length = 2303; length <= 2304; length++) {
        record[11] = (uint8_t)(length >> 8);
        record[12] = (uint8_t)length;
        assert_int_equal(sendto(server.fd, record, 13 + length, 0, (struct sockaddr *)&a, sizeof a), 13 + length);
        let_time_pass();
        assert_int_equal(logged("more than 2303 bytes"), length == 2304);
    }
    assert_runs("AT#XSEND=0,0,0,\"hello\"");
    let_time_pass();
    assert_runs("AT#XRECV=0,0,64,0"); /* and the connection goes on */
    rig_end(&rig);
    server_end(&server);
}

static void keepopen_and_an_id_carry_a_connection_over_flight_mode(void **state)
{
    static const char *const without_id[] = {"AT#XSOCKETOPT=0,1,34,1", ""};
    static const char *const with_id[] = {"AT#XSOCKETOPT=0,1,34,1", "AT#XSSOCKETOPT=0,1,14,2", ""};
    (void)state;
    server_start(&server, NULL, 0);
    modem_start(&rig, &server);
    assert_int_equal(connect_with(without_id), 0);
    assert_runs("AT+CFUN=4");
    assert_runs("AT+CFUN=1");
    assert_fails("AT#XSEND=0,0,0,\"hello\"");
    assert_runs("AT#XCLOSE=0");
    assert_int_equal(connect_with(with_id), 0);
    assert_runs("AT+CFUN=4");
    assert_fails("AT#XSEND=0,0,0,\"hello\"");
    assert_true(logged("send() error: -115"));
    assert_runs("AT+CFUN=1");
    server.data_len = 0;
    assert_runs("AT#XSEND=0,0,0,\"hello\"");
    let_time_pass();
    assert_int_equal(server.data_len, 5);
    assert_int_equal(server.moved, 1);
    assert_int_equal(server.connected, 2);
    assert_runs("AT+CFUN=0"); /* that ends it */
    assert_runs("AT+CFUN=1");
    assert_fails("AT#XSEND=0,0,0,\"hello\"");
    rig_end(&rig);
    server_end(&server);
}

static void the_log_has_the_error_numbers(void **state)
{
    static const char *const short_time[] = {"AT#XSSOCKETOPT=0,1,18,1", ""};
    struct rig_ca other = rig_ca("Another root");
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_runs("AT#XSSOCKET=1,2,0,35724861,2");
    assert_fails("AT#XCONNECT=0,\"no.address\",5684");
    assert_true(logged("getaddrinfo() error: -11"));
    assert_int_equal(run("AT#XCONNECT=0,\"%s\",%u", HOST, server.port), 0);
    assert_int_equal(run("AT#XCONNECT=0,\"%s\",%u", HOST, server.port), SG_EDENIED);
    assert_true(logged("connect() error: -127"));
    assert_runs("AT#XCLOSE=0");
    assert_int_equal(sg_sim_fault(rig.sim, "connect=114@#XCONNECT", NULL), 0);
    assert_int_equal(connect_with(NULL), SG_EDENIED);
    assert_true(logged("connect() error: -114"));
    assert_runs("AT#XCLOSE=0");
    rig.peer = NULL; /* nobody answers */
    assert_int_equal(connect_with(short_time), SG_EDENIED);
    assert_true(logged("connect() error: -116"));
    rig.peer = server_pump;
    assert_runs("AT#XCLOSE=0");
    assert_runs("AT+CFUN=4");
    assert_int_equal(connect_with(NULL), SG_EDENIED);
    assert_true(logged("connect() error: -115"));
    assert_runs("AT#XCLOSE=0");
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CA, sg_str(rig_pem(other.cert))), 0);
    assert_runs("AT+CFUN=1");
    assert_int_equal(connect_with(NULL), SG_EDENIED);
    assert_true(logged("connect() error: -111"));
    rig_end(&rig);
    server_end(&server);
    rig_ca_free(&other);
}

static void options_come_with_their_firmware(void **state)
{
    static const struct {
        const char *profile, *command;
        bool there;
    } cases[] = {
        {"nrf9160-1.3.1", "AT#XSSOCKETOPT=0,1,14,2", false},  {"nrf9160-1.3.x", "AT#XSSOCKETOPT=0,1,14,2", true},
        {"nrf91x1-2.0.x", "AT#XSSOCKETOPT=0,1,14,2", true},   {"nrf91x1-2.0.x", "AT#XSSOCKETOPT=0,1,22,1", false},
        {"nrf91x1-2.0.4", "AT#XSSOCKETOPT=0,1,22,1", true},   {"nrf9160-1.3.x", "AT#XSOCKETOPT=0,1,34,1", false},
        {"nrf91x1-2.0.1", "AT#XSOCKETOPT=0,1,34,1", true},    {"nrf91x1-2.0.4", "AT#XSSOCKETOPT=0,1,22,3", false},
        {"nrf91x1-2.0.x", "AT#XSOCKETOPT=0,1,21,601", false}, {"nrf91x1-2.0.x", "AT#XSOCKETOPT=0,1,61,6", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sg_sim_config config = {.profile = cases[i].profile};
        rig_start(&rig, &config);
        rig_modem(&rig);
        assert_runs("AT#XSSOCKET=1,2,0,1,2");
        assert_int_equal(run("%s", cases[i].command), cases[i].there ? 0 : SG_EDENIED);
        rig_end(&rig);
    }
    server_start(&server, NULL, 0);
    modem_start_as(&rig, &server, "nrf9160-1.3.x", NULL);
    assert_int_equal(connect_with(NULL), 0);
    assert_fails("AT#XSSOCKETOPT=0,0,4"); /* which suite, only newer ones tell */
    rig_end(&rig);
    server_end(&server);
}

static void small_records_are_asked_for_and_cap_what_is_sent(void **state)
{
    static const char *const small[] = {"AT#XSSOCKETOPT=0,1,22,1", ""};
    char command[2048] = "AT#XSEND=0,0,0,\"";
    (void)state;
    server_start(&server, NULL, 0);
    modem_start_as(&rig, &server, "nrf91x1-2.0.4", NULL);
    assert_int_equal(connect_with(small), 0);
    assert_int_equal(sg_dtls_max_data(server.dtls, server.id), 512); /* the server was asked */
    memset(command + 16, 'x', 512);
    memcpy(command + 16 + 512, "\"", 2);
    assert_int_equal(sg_modem_command(&rig.modem, sg_str(command), NULL, 5000), 0);
    memcpy(command + 16 + 512, "x\"", 3);
    assert_int_equal(sg_modem_command(&rig.modem, sg_str(command), NULL, 5000), SG_EDENIED);
    rig_end(&rig);
    server_end(&server);
}

/* ------------------------------------------------------------------------------------ what the manuals leave open */

static void what_is_left_of_a_datagram(void **state)
{
    static const char *const settings[] = {"recv-rest=lost", "recv-rest=kept"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_start(&server, NULL, 0);
        modem_start_with(&rig, &server, &settings[i]);
        assert_int_equal(connect_with(NULL), 0);
        assert_runs("AT#XSEND=0,0,0,\"0123456789\"");
        let_time_pass();
        assert_non_null(strstr(rig_ask(&rig, "AT#XRECV=0,0,64,0,4"), "#XRECV: 0,0,4\r\n0123\r\n"));
        const char *rest = rig_ask(&rig, "AT#XRECV=0,0,64,0");
        if (i == 0)
            assert_string_equal(rest, "\r\nERROR");
        else
            assert_non_null(strstr(rest, "#XRECV: 0,0,6\r\n456789\r\n"));
        rig_end(&rig);
        server_end(&server);
    }
}

static void a_datagram_that_still_waits(void **state)
{
    static const char *const settings[] = {"poll-again=no", "poll-again=yes"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_start(&server, NULL, 0);
        modem_start_with(&rig, &server, &settings[i]);
        assert_int_equal(connect_with(NULL), 0);
        assert_runs("AT#XAPOLL=0,1,1");
        for (int n = 0; n < 2; n++)
            assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
        let_time_pass();
        (void)sg_modem_wait(&rig.modem, 300);
        assert_runs("AT#XRECV=0,0,64,0");
        rig.seen[0] = 0;
        (void)sg_modem_wait(&rig.modem, 300);
        assert_int_equal(strstr(rig.seen, "#XAPOLL: 0,1") != NULL, i == 1);
        rig_end(&rig);
        server_end(&server);
    }
}

static void a_socket_after_a_failure_and_after_the_end(void **state)
{
    static const char *const reconnect[] = {"reconnect=no", "reconnect=yes"};
    static const char *const ended[] = {"ended-read=error", "ended-read=ok"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_start(&server, NULL, 0);
        modem_start_with(&rig, &server, &reconnect[i]);
        assert_int_equal(sg_sim_fault(rig.sim, "connect=111@#XCONNECT", NULL), 0);
        assert_int_equal(connect_with(NULL), SG_EDENIED);
        assert_int_equal(run("AT#XCONNECT=0,\"%s\",%u", HOST, server.port), i == 0 ? SG_EDENIED : 0);
        rig_end(&rig);
        server_end(&server);
        server_start(&server, NULL, 0);
        modem_start_with(&rig, &server, &ended[i]);
        assert_int_equal(connect_with(NULL), 0);
        assert_int_equal(sg_dtls_close(server.dtls, server.id, SG_ALERT_CLOSE_NOTIFY, server.now), 0);
        let_time_pass();
        assert_string_equal(rig_ask(&rig, "AT#XRECV=0,0,64,0"), i == 0 ? "\r\nERROR" : "\r\nOK");
        rig_end(&rig);
        server_end(&server);
    }
}

static void what_bounds_a_handshake(void **state)
{
    static const char *const settings[] = {"connect-limit=handshake", "connect-limit=send"};
    static const char *const options[] = {"AT#XSSOCKETOPT=0,1,18,3", "AT#XSOCKETOPT=0,1,21,1", ""};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_start(&server, NULL, 0);
        modem_start_with(&rig, &server, &settings[i]);
        rig.peer = NULL;
        uint64_t before = rig_now(&rig);
        assert_int_equal(connect_with(options), SG_EDENIED);
        if (i == 0)
            assert_in_range(rig_now(&rig) - before, 2900, 6000);
        else
            assert_in_range(rig_now(&rig) - before, 900, 2800);
        rig_end(&rig);
        server_end(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_24_a_session_is_resumed_where_it_was_asked_for),
        cmocka_unit_test(point_24_a_connection_is_saved_and_loaded),
        cmocka_unit_test(point_24_a_chain_of_more_than_4_kB_is_refused),
        cmocka_unit_test(point_24_a_record_of_more_than_2303_bytes_is_lost),
        cmocka_unit_test(keepopen_and_an_id_carry_a_connection_over_flight_mode),
        cmocka_unit_test(the_log_has_the_error_numbers),
        cmocka_unit_test(options_come_with_their_firmware),
        cmocka_unit_test(small_records_are_asked_for_and_cap_what_is_sent),
        cmocka_unit_test(what_is_left_of_a_datagram),
        cmocka_unit_test(a_datagram_that_still_waits),
        cmocka_unit_test(a_socket_after_a_failure_and_after_the_end),
        cmocka_unit_test(what_bounds_a_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
