/* SPDX-License-Identifier: Apache-2.0 */
/* Offloaded DTLS: the AT client's sockets through the simulated modem to a real server on loopback, by X.509. */
#include "sim_server.h"

static void datagrams_go_both_ways(void **state)
{
    struct sg_modem_socket k;
    uint8_t all[1000], space[2048];
    struct sg_buf b = sg_buf(space, sizeof space);
    char cn[64] = "";
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    assert_int_equal(server.connected, 1);
    X509_NAME_get_text_by_NID(X509_get_subject_name(server.device), NID_commonName, cn, sizeof cn);
    assert_string_equal(cn, "urn:imei:1");
    assert_int_equal(sg_modem_cid_status(m, &k), 3);
    assert_int_equal(sg_modem_suite_used(m, &k), SG_SUITE_ECDHE_ECDSA_AES128_GCM);
    assert_int_equal(sg_modem_receive(m, &k, &b), 0); /* nothing has come */
    assert_false(k.readable);
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 7);
    assert_int_equal(sg_modem_send(m, &k, sg_bytes(all, sizeof all)), 0);
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(m, &k, &b), sizeof all);
    assert_memory_equal(space, all, sizeof all);
    assert_memory_equal(server.data, all, sizeof all);
    assert_int_equal(sg_modem_receive(m, &k, &b), 0);
    assert_int_equal(sg_modem_close(m, &k), 0);
    for (int i = 0; i < 50 && server.closed == 0; i++)
        rig_step(&rig, 10), server_pump(&server, rig_now(&rig)), usleep(1000);
    assert_int_equal(server.closed, 1);
    assert_int_equal(server.alert, SG_ALERT_CLOSE_NOTIFY);
    rig_end(&rig);
    server_end(&server);
}

static void several_datagrams_wait_and_are_told_of_once(void **state)
{
    struct sg_modem_socket k;
    uint8_t space[64];
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    k.readable = false;
    for (int i = 0; i < 3; i++)
        assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
    wait_event(&rig, &k, false);
    rig.seen[0] = 0;
    assert_int_equal(sg_modem_wait(m, 100), 0); /* one event until a read succeeds */
    for (int i = 0; i < 3; i++) {
        struct sg_buf b = sg_buf(space, sizeof space);
        assert_int_equal(sg_modem_receive(m, &k, &b), 3);
    }
    struct sg_buf b = sg_buf(space, sizeof space);
    assert_int_equal(sg_modem_receive(m, &k, &b), 0);
    assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
    wait_event(&rig, &k, false);
    rig_end(&rig);
    server_end(&server);
}

static void a_name_that_the_certificate_has_not_is_refused(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, "other.example.com"), SG_EDENIED);
    assert_int_equal(k.handle, -1);
    assert_int_equal(server.connected, 0);
    assert_non_null(strstr(rig.log, "other.example.com"));
    assert_int_equal(connect_to(m, &k, &server, HOST), 0); /* and another socket is not hurt */
    rig_end(&rig);
    server_end(&server);
}

static void a_server_of_another_root_is_refused(void **state)
{
    struct sg_modem_socket k;
    struct rig_ca other = rig_ca("Another root");
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CA, sg_str(rig_pem(other.cert))), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    for (int i = 0; i < 50 && server.refused == 0; i++)
        server_pump(&server, rig_now(&rig)), usleep(1000);
    assert_int_equal(server.alert, SG_ALERT_UNKNOWN_CA);
    /* Not verifying is possible, but has to be asked for. */
    char command[128];
    assert_non_null(strstr(rig_ask(&rig, "AT#XSSOCKET=1,2,0,35724861,0"), "#XSSOCKET: 0,2,273"));
    (void)snprintf(command, sizeof command, "AT#XCONNECT=0,\"127.0.0.1\",%u", server.port);
    assert_int_equal(sg_modem_command(m, sg_str(command), NULL, 5000), 0);
    rig_end(&rig);
    server_end(&server);
    rig_ca_free(&other);
}

static void a_revoked_device_gets_no_connection(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    server.refuse = true;
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    assert_int_equal(m->cme, SG_CME_PLAIN); /* socket commands tell no number */
    assert_non_null(strstr(rig.log, "! no handshake"));
    rig_end(&rig);
    server_end(&server);
}

static void trap_16_there_is_no_ccm8_in_the_modem(void **state)
{
    static const uint16_t ccm8[] = {SG_SUITE_ECDHE_ECDSA_AES128_CCM8};
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, ccm8, 1);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    assert_int_equal(server.connected, 0);
    rig_end(&rig);
    server_end(&server);
}

static void connection_id_modes(void **state)
{
    static const int status[] = {0, 2, 3};
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        struct sg_modem_socket k;
        server_start(&server, NULL, 0);
        struct sg_modem *m = modem_start(&rig, &server);
        assert_int_equal(sg_modem_connect(m, &k, SG_TAG_LWM2M, HOST, "127.0.0.1", server.port, (enum sg_modem_cid)mode),
                         0);
        assert_int_equal(sg_modem_cid_status(m, &k), status[mode]);
        rig_end(&rig);
        server_end(&server);
    }
}

static void after_the_nat_forgot_the_id_goes_on(void **state)
{
    struct sg_modem_socket k;
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_sim_forget_nat(rig.sim), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    k.readable = false;
    assert_int_equal(sg_sim_forget_nat(rig.sim), 1);
    assert_int_equal(sg_modem_send(m, &k, sg_str("still here")), 0);
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(m, &k, &b), 10);
    assert_int_equal(server.moved, 1);
    assert_int_equal(server.connected, 1); /* no new handshake */
    rig_end(&rig);
    server_end(&server);
}

static void the_servers_close_is_told_of(void **state)
{
    struct sg_modem_socket k;
    uint8_t space[64];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("last", 4), server.now), 0);
    assert_int_equal(sg_dtls_close(server.dtls, server.id, SG_ALERT_ACCESS_DENIED, server.now), 0);
    wait_event(&rig, &k, true);
    assert_int_equal(sg_modem_receive(m, &k, &b), 4);
    assert_int_equal(sg_modem_receive(m, &k, &b), SG_ECLOSED);
    assert_int_equal(sg_modem_send(m, &k, sg_str("x")), SG_EDENIED);
    assert_int_equal(sg_modem_close(m, &k), 0);
    rig_end(&rig);
    server_end(&server);
}

static void without_network_nothing_connects_and_sockets_die(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    assert_int_equal(sg_modem_set_function(m, 0), 0);
    wait_event(&rig, &k, true);
    assert_int_equal(sg_modem_send(m, &k, sg_str("x")), SG_EDENIED);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_send(m, &k, sg_str("x")), SG_EDENIED); /* dead until it is closed */
    assert_int_equal(sg_modem_close(m, &k), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    sg_sim_reboot(rig.sim, rig_now(&rig));
    wait_event(&rig, &k, true); /* "Ready" */
    assert_int_equal(sg_modem_send(m, &k, sg_str("x")), SG_EDENIED);
    rig_end(&rig);
    server_end(&server);
}

static void a_silent_server_ends_the_handshake_in_time(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    char command[128];
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    int hole = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(hole, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(hole, (struct sockaddr *)&a, &n), 0);
    rig_ask(&rig, "AT#XSSOCKET=1,2,0,35724861,2");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,1,18,1"), "\r\nOK");
    (void)snprintf(command, sizeof command, "AT#XCONNECT=0,\"127.0.0.1\",%u", ntohs(a.sin_port));
    uint64_t before = rig_now(&rig);
    assert_int_equal(sg_modem_command(m, sg_str(command), NULL, 10000), SG_EDENIED);
    assert_in_range(rig_now(&rig) - before, 900, 3000);
    /* What the host writes meanwhile is read afterwards. */
    rig_ask(&rig, "AT#XCLOSE");
    rig_ask(&rig, "AT#XSSOCKET=1,2,0,35724861,2");
    rig_ask(&rig, "AT#XSSOCKETOPT=0,1,18,1");
    (void)snprintf(command, sizeof command, "AT#XCONNECT=0,\"127.0.0.1\",%u\rAT+CFUN?\r", ntohs(a.sin_port));
    rig_type(&rig, command, "");
    before = rig_now(&rig);
    while (rig.out_len < 40 && rig_now(&rig) < before + 5000)
        rig_step(&rig, 100);
    rig.out[rig.out_len] = 0;
    assert_string_equal(rig.out, "\r\nERROR\r\n\r\n+CFUN: 1\r\n\r\nOK\r\n");
    close(hole);
    rig_end(&rig);
    server_end(&server);
}

static void other_forms_of_sending_and_receiving(void **state)
{
    struct sg_modem_socket k;
    struct sg_modem *m;
    uint8_t space[2048];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    server_start(&server, NULL, 0);
    m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    server.silent = true;
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,0,0,\"hello, OK\""), "\r\n#XSEND: 0,0,9\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,1,0,\"5\""), "\r\n#XSEND: 0,0,1\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0,5"), "\r\nOK");
    rig_type(&rig, "a\r+++", "\r\n#XDATAMODE: 0\r\n");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,2,0"), "\r\nOK");
    rig_type(&rig, "AT\r\n\"x+++", "\r\n#XDATAMODE: 0\r\n");
    for (int i = 0; i < 50 && server.data_len != 6; i++)
        server_pump(&server, rig_now(&rig)), usleep(1000);
    assert_memory_equal(server.data, "AT\r\n\"x", 6);
    static const char *const bad[] = {"AT#XSEND=0,1,0,\"4x\"", "AT#XSEND=0,1,0,\"\"", "AT#XSEND=1,1,0,\"41\"",
                                      "AT#XSEND=0,3,0,\"41\"", "AT#XSEND=0,1,0,41",   "AT#XRECV=0,1,64",
                                      "AT#XRECV=0,1,64,0,2049"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(rig_ask(&rig, bad[i]), "\r\nERROR");

    assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("OK\r\n", 4), server.now), 0);
    assert_int_equal(sg_modem_command(m, sg_str("AT#XRECV=0,1,2,2"), &b, 3000), 0); /* waits, and leaves it there */
    assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), "#XRECV: 0,1,4\n4f4b0d0a"));
    assert_string_equal(rig_ask(&rig, "AT#XRECV=0,0,64,0"), "\r\n#XRECV: 0,0,4\r\nOK\r\n\r\nOK");
    uint64_t before = rig_now(&rig);
    assert_int_equal(sg_modem_command(m, sg_str("AT#XRECV=0,1,0,1"), NULL, 3000), SG_EDENIED);
    assert_in_range(rig_now(&rig) - before, 900, 1500);
    rig_end(&rig);
    server_end(&server);
}

static void sockets_and_options_have_their_limits(void **state)
{
    char expected[64];
    (void)state;
    rig_start(&rig, NULL);
    for (int i = 0; i < 8; i++) {
        (void)snprintf(expected, sizeof expected, "\r\n#XSSOCKET: %d,2,273\r\n\r\nOK", i);
        assert_string_equal(rig_ask(&rig, "AT#XSSOCKET=1,2,0,7"), expected);
    }
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKET=1,2,0,7"), "\r\nERROR"); /* the ninth */
    assert_string_equal(rig_ask(&rig, "AT#XCLOSE=3"), "\r\n#XCLOSE: 3,0\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKET=2,2,0,7,1"), "\r\n#XSSOCKET: 3,2,273\r\n\r\nOK");
    static const char *const bad[] = {"AT#XSSOCKET=1,1,0,7",
                                      "AT#XSSOCKET=3,2,0,7",
                                      "AT#XSSOCKET=1,2,1,7",
                                      "AT#XSSOCKET=1,2,0",
                                      "AT#XSSOCKET=1,2,0,2147483648",
                                      "AT#XSSOCKET=1,2,0,7,3",
                                      "AT#XSSOCKET=1,2,0,07",
                                      "AT#XSSOCKETOPT=0,1,14",
                                      "AT#XSSOCKETOPT=0,1,14,3",
                                      "AT#XSSOCKETOPT=0,1,18,2",
                                      "AT#XSSOCKETOPT=0,1,99,1",
                                      "AT#XSSOCKETOPT=0,0,4",
                                      "AT#XSSOCKETOPT=9,0,5",
                                      "AT#XSSOCKETOPT=0,1,2,name",
                                      "AT#XAPOLL=0,1",
                                      "AT#XAPOLL=0,1,2",
                                      "AT#XAPOLL=9,1,1",
                                      "AT#XCONNECT=0,\"127.0.0.1\",0",
                                      "AT#XCONNECT=0,\"127.0.0.1\",1",
                                      "AT#XSEND=0,1,0,\"41\" ,",
                                      "AT#XRECV=0,1,64,0",
                                      "AT#XCLOSE=9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(rig_ask(&rig, bad[i]), "\r\nERROR");
    assert_string_equal(rig_ask(&rig, "AT#XSEND=0,1,0,\"41\""), "\r\n#XSEND: 0,0,0\r\n\r\nERROR");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,1,2,\"a.example\""), "\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,0,2"), "\r\n#XSSOCKETOPT: 0,a.example\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,1,2,\"Null\""), "\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,0,2"), "\r\n#XSSOCKETOPT: 0,\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=3,0,5"), "\r\n#XSSOCKETOPT: 3,1\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,0,15"), "\r\n#XSSOCKETOPT: 0,0\r\n\r\nOK");
    for (int i = 2; i < 8; i++)
        rig_ask(&rig, "AT#XCLOSE=2"), rig_ask(&rig, "AT");
    for (int i = 3; i < 8; i++) {
        (void)snprintf(expected, sizeof expected, "AT#XCLOSE=%d", i);
        rig_ask(&rig, expected);
    }
    assert_string_equal(rig_ask(&rig, "AT#XCLOSE"), "\r\n#XCLOSE: 0,0\r\n\r\n#XCLOSE: 1,0\r\n\r\nOK");
    assert_string_equal(rig_ask(&rig, "AT#XCLOSE"), "\r\nOK");
    rig_end(&rig);
}

/* Waits until the modem has told as much; nothing may be told twice. */
static void expect_seen(struct rig *r, const char *text)
{
    for (int i = 0; i < 100 && strcmp(r->seen, text) != 0; i++)
        (void)sg_modem_wait(&r->modem, 10);
    assert_string_equal(r->seen, text);
    r->seen[0] = 0;
}

static void events_are_told_as_they_were_asked_for(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    server.silent = true;
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_modem_command(m, sg_str("AT#XAPOLL=,1,5"), NULL, 1000), 0); /* sockets to come too */
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    expect_seen(&rig, "#XAPOLL: 0,4|");
    assert_int_equal(sg_modem_command(m, sg_str("AT#XAPOLL=0,1,5"), NULL, 1000), 0);
    expect_seen(&rig, "#XAPOLL: 0,4|");
    assert_string_equal(rig_ask(&rig, "AT#XAPOLL?"), "\r\n#XAPOLL: 0,5\r\n\r\nOK");
    assert_int_equal(sg_modem_send(m, &k, sg_str("x")), 0);
    expect_seen(&rig, "#XAPOLL: 0,4|");
    assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
    expect_seen(&rig, "#XAPOLL: 0,1|");
    assert_int_equal(sg_modem_command(m, sg_str("AT#XAPOLL=,0"), NULL, 1000), 0);
    assert_string_equal(rig_ask(&rig, "AT#XAPOLL?"), "\r\nOK");
    assert_int_equal(sg_dtls_close(server.dtls, server.id, SG_ALERT_CLOSE_NOTIFY, server.now), 0);
    for (int i = 0; i < 100 && strstr(rig.log, "the peer has ended it") == NULL; i++)
        (void)sg_modem_wait(m, 10);
    assert_string_equal(rig.seen, "");
    assert_int_equal(sg_modem_command(m, sg_str("AT#XAPOLL=0,1,0"), NULL, 1000), 0); /* errors only; told late */
    expect_seen(&rig, "#XAPOLL: 0,16|");
    assert_int_equal(sg_modem_command(m, sg_str("AT#XAPOLL=0,1,1"), NULL, 1000), 0);
    assert_int_equal(sg_modem_wait(m, 50), 0);
    rig_end(&rig);
    server_end(&server);
}

static void events_wait_while_a_command_is_typed(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
    rig_type(&rig, "AT+CF", "");
    for (int i = 0; i < 100 && strstr(rig.log, "* #XAPOLL: 0,1") == NULL; i++)
        rig_step(&rig, 1);
    rig_type(&rig, "UN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n\r\n#XAPOLL: 0,1\r\n");
    rig_end(&rig);
    server_end(&server);
}

static void what_is_not_read_is_lost_in_the_end(void **state)
{
    struct sg_modem_socket k;
    uint8_t space[64];
    unsigned got = 0;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(sg_dtls_send(server.dtls, server.id, sg_bytes("abc", 3), server.now), 0);
    for (int i = 0; i < 100 && strstr(rig.log, "a datagram was lost") == NULL; i++)
        rig_step(&rig, 1);
    for (struct sg_buf b = sg_buf(space, sizeof space); sg_modem_receive(m, &k, &b) == 3; b.len = 0)
        got++;
    assert_int_equal(got, 16);
    rig_end(&rig);
    server_end(&server);
}

static void a_key_and_a_chain_that_the_user_wrote(void **state)
{
    struct sg_modem_socket k;
    char pem[4096], command[128];
    struct sg_error err = {0};
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    EVP_PKEY *issuing_key = sg_key_new(SG_P256, NULL);
    X509 *issuing = sg_cert_issuing((struct sg_issuer){server.lot.cert, server.lot.key}, issuing_key, "lot 1",
                                    rig_validity(), &err);
    assert_non_null(issuing);
    X509 *cert = sg_cert_device((struct sg_issuer){issuing, issuing_key}, key, "written", rig_validity(), &err);
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    long n = BIO_get_mem_data(out, &text);
    assert_int_equal(sg_modem_write(m, 5, SG_CRED_KEY, sg_bytes(text, (size_t)n)), 0);
    (void)snprintf(pem, sizeof pem, "%s", rig_pem(cert));
    strncat(pem, rig_pem(issuing), sizeof pem - strlen(pem) - 1);
    assert_int_equal(sg_modem_write(m, 5, SG_CRED_CERT, sg_str(pem)), 0);
    assert_int_equal(sg_modem_write(m, 5, SG_CRED_CA, sg_str(rig_pem(server.root.cert))), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_connect(m, &k, 5, HOST, HOST, server.port, SG_MODEM_CID_OFF), 0);
    assert_int_equal(server.sent, 2);
    X509_NAME_get_text_by_NID(X509_get_subject_name(server.device), NID_commonName, pem, sizeof pem);
    assert_string_equal(pem, "written");

    /* A key without its certificate is no identity. */
    assert_int_equal(sg_modem_close(m, &k), 0);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(sg_modem_delete(m, 5, SG_CRED_CERT), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_connect(m, &k, 5, HOST, HOST, server.port, SG_MODEM_CID_OFF), SG_EDENIED);
    assert_non_null(strstr(rig.log, "not a pair"));
    /* Neither of the two: the modem shows no certificate, which this server refuses. */
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(sg_modem_delete(m, 5, SG_CRED_KEY), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(sg_modem_connect(m, &k, 5, HOST, HOST, server.port, SG_MODEM_CID_OFF), SG_EDENIED);
    assert_int_equal(server.connected, 1);
    (void)snprintf(command, sizeof command, "AT#XSSOCKET=1,2,0,5,2");
    assert_int_equal(sg_modem_command(m, sg_str(command), NULL, 1000), 0);
    assert_string_equal(rig_ask(&rig, "AT#XCONNECT=0,\"no.address\",5684"), "\r\nERROR");
    assert_non_null(strstr(rig.log, "no address for \"no.address\""));
    BIO_free(out);
    X509_free(cert);
    X509_free(issuing);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuing_key);
    rig_end(&rig);
    server_end(&server);
}

static void options_are_remembered(void **state)
{
    static const struct {
        const char *set, *get, *value;
    } options[] = {{"AT#XSSOCKETOPT=0,1,5,1", "AT#XSSOCKETOPT=0,0,5", "0,1"},
                   {"AT#XSSOCKETOPT=0,1,12,1", "AT#XSSOCKETOPT=0,0,12", "0,1"},
                   {"AT#XSSOCKETOPT=0,1,18,63", "AT#XSSOCKETOPT=0,0,18", "0,63"},
                   {"AT#XSSOCKETOPT=0,1,13,1", "AT#XSSOCKETOPT=0,0,15", "0,0"}};
    char expected[64];
    (void)state;
    rig_start(&rig, NULL);
    rig_ask(&rig, "AT#XSSOCKET=1,2,0,7");
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,0,18"), "\r\n#XSSOCKETOPT: 0,123\r\n\r\nOK");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_string_equal(rig_ask(&rig, options[i].set), "\r\nOK");
        (void)snprintf(expected, sizeof expected, "\r\n#XSSOCKETOPT: %s\r\n\r\nOK", options[i].value);
        assert_string_equal(rig_ask(&rig, options[i].get), expected);
    }
    assert_string_equal(rig_ask(&rig, "AT#XSSOCKETOPT=0,0,14"), "\r\nERROR"); /* can be set only */
    rig_end(&rig);
}

static void without_a_pair_there_is_no_handshake(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = modem_start(&rig, &server);
    assert_int_equal(sg_modem_set_function(m, 4), 0);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_CERT, sg_str(rig_pem(server.cert))), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    assert_non_null(strstr(rig.log, "not a pair"));
    assert_int_equal(sg_modem_connect(m, &k, 99, HOST, HOST, server.port, SG_MODEM_CID_OFF), SG_EDENIED);
    assert_non_null(strstr(rig.log, "no CA certificate"));
    rig_end(&rig);
    server_end(&server);
}

/* ------------------------------------------------------------------------------------------- pre-shared keys */

#define KEY_HEX "a1b2000000000000000000000000000000000000000000000000000000000000"

/* A modem with a pre-shared key and nothing else. */
static struct sg_modem *psk_modem_start(struct rig *r, struct server *s, const char *key)
{
    static const struct sg_sim_name names[] = {{HOST, "127.0.0.1"}};
    const struct sg_sim_config config = {.names = names, .name_count = 1};

    rig_start(r, &config);
    r->peer = server_pump;
    r->peer_user = s;
    r->peer_fd = s->fd;
    struct sg_modem *m = rig_modem(r);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_PSK, sg_str(key)), 0);
    assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_PSK_ID, sg_str("urn:imei:1")), 0);
    assert_int_equal(sg_modem_set_function(m, 1), 0);
    return m;
}

/* Without a CA certificate: the key makes the server authentic. The suite is the modem's only AEAD one. */
static void a_pre_shared_key_connects(void **state)
{
    struct sg_modem_socket k;
    uint8_t space[2048];
    struct sg_buf b = sg_buf(space, sizeof space);
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m = psk_modem_start(&rig, &server, KEY_HEX);
    assert_int_equal(connect_to(m, &k, &server, HOST), 0);
    assert_int_equal(sg_modem_cid_status(m, &k), 3);
    assert_int_equal(sg_modem_suite_used(m, &k), SG_SUITE_PSK_AES128_CCM8);
    assert_int_equal(sg_modem_receive(m, &k, &b), 0); /* nothing has come */
    assert_int_equal(sg_modem_send(m, &k, sg_str("hello")), 0);
    wait_event(&rig, &k, false);
    assert_int_equal(sg_modem_receive(m, &k, &b), 5);
    rig_end(&rig);
    server_end(&server);
}

static void another_pre_shared_key_does_not_connect(void **state)
{
    struct sg_modem_socket k;
    (void)state;
    server_start(&server, NULL, 0);
    struct sg_modem *m =
        psk_modem_start(&rig, &server, "ffb2000000000000000000000000000000000000000000000000000000000000");
    assert_int_equal(connect_to(m, &k, &server, HOST), SG_EDENIED);
    assert_int_equal(server.connected, 0);
    rig_end(&rig);
    server_end(&server);
}

/* Checklist 9.15: what the modem does with both is not known; cautiously, no handshake succeeds. */
static void point_15_a_key_beside_a_certificate(void **state)
{
    static const struct {
        const char *setting;
        int connects, suite;
    } cases[] = {{"psk-beside=fails", SG_EDENIED, 0},
                 {"psk-beside=certificate", 0, SG_SUITE_ECDHE_ECDSA_AES128_GCM},
                 {"psk-beside=psk", 0, SG_SUITE_PSK_AES128_CCM8}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_modem_socket k;
        server_start(&server, NULL, 0);
        struct sg_modem *m = modem_start_with(&rig, &server, &cases[i].setting);
        assert_int_equal(sg_modem_set_function(m, 4), 0);
        assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_PSK, sg_str(KEY_HEX)), 0);
        assert_int_equal(sg_modem_write(m, SG_TAG_LWM2M, SG_CRED_PSK_ID, sg_str("urn:imei:1")), 0);
        assert_int_equal(sg_modem_set_function(m, 1), 0);
        assert_int_equal(connect_to(m, &k, &server, HOST), cases[i].connects);
        if (cases[i].connects == 0)
            assert_int_equal(sg_modem_suite_used(m, &k), cases[i].suite);
        rig_end(&rig);
        server_end(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_go_both_ways),
        cmocka_unit_test(several_datagrams_wait_and_are_told_of_once),
        cmocka_unit_test(a_name_that_the_certificate_has_not_is_refused),
        cmocka_unit_test(a_server_of_another_root_is_refused),
        cmocka_unit_test(a_revoked_device_gets_no_connection),
        cmocka_unit_test(trap_16_there_is_no_ccm8_in_the_modem),
        cmocka_unit_test(connection_id_modes),
        cmocka_unit_test(after_the_nat_forgot_the_id_goes_on),
        cmocka_unit_test(the_servers_close_is_told_of),
        cmocka_unit_test(without_network_nothing_connects_and_sockets_die),
        cmocka_unit_test(a_silent_server_ends_the_handshake_in_time),
        cmocka_unit_test(other_forms_of_sending_and_receiving),
        cmocka_unit_test(sockets_and_options_have_their_limits),
        cmocka_unit_test(events_are_told_as_they_were_asked_for),
        cmocka_unit_test(events_wait_while_a_command_is_typed),
        cmocka_unit_test(what_is_not_read_is_lost_in_the_end),
        cmocka_unit_test(a_key_and_a_chain_that_the_user_wrote),
        cmocka_unit_test(options_are_remembered),
        cmocka_unit_test(a_pre_shared_key_connects),
        cmocka_unit_test(another_pre_shared_key_does_not_connect),
        cmocka_unit_test(point_15_a_key_beside_a_certificate),
        cmocka_unit_test(without_a_pair_there_is_no_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
