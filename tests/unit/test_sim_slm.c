/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects of Serial LTE Modem, Serial Modem's predecessor (modem notes, section 11). */
#include "sim_server.h"

static const struct sg_sim_name names[] = {{HOST, "127.0.0.1"}};

/* Types a command with its CR LF; the answer without its last CR LF. */
static const char *ask(const char *command)
{
    static char answer[8192];
    rig.out_len = 0;
    sg_sim_input(rig.sim, sg_str(command), rig_now(&rig));
    sg_sim_input(rig.sim, sg_str("\r\n"), rig_now(&rig));
    for (int i = 0; i < 1000 && rig.out_len < 2; i++)
        rig_step(&rig, 100);
    assert_true(rig.out_len >= 2);
    memcpy(answer, rig.out, rig.out_len - 2);
    answer[rig.out_len - 2] = 0;
    rig.out_len = 0;
    return answer;
}

static void start(enum sg_sim_host host, const char *setting)
{
    const char *const settings[] = {setting};
    const struct sg_sim_config config = {
        .host = host, .names = names, .name_count = 1, .settings = settings, .setting_count = setting ? 1 : 0};
    rig_start(&rig, &config);
}

/* A modem with a pre-shared key, on the network, an open socket, and a server that echoes. */
static void connected(enum sg_sim_host host)
{
    char command[128];
    server_start(&server, NULL, 0);
    start(host, NULL);
    rig.peer = server_pump;
    rig.peer_user = &server;
    rig.peer_fd = server.fd;
    assert_string_equal(ask("AT%CMNG=0,35724861,4,\"urn:imei:1\""), "\r\nOK");
    assert_string_equal(
        ask("AT%CMNG=0,35724861,3,\"a1b2000000000000000000000000000000000000000000000000000000000000\""), "\r\nOK");
    assert_string_equal(ask("AT+CFUN=1"), "\r\nOK");
    assert_string_equal(ask("AT#XSSOCKET=1,2,0,35724861,2"), "\r\n#XSSOCKET: 0,2,273\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=1,2,\"" HOST "\""), "\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=1,14,2"), "\r\nOK");
    (void)snprintf(command, sizeof command, "AT#XCONNECT=\"%s\",%u", HOST, server.port);
    assert_string_equal(ask(command), "\r\n#XCONNECT: 1\r\n\r\nOK");
}

static void end(void)
{
    rig_end(&rig);
    server_end(&server);
}

static void type(const char *text)
{
    rig.out_len = 0;
    sg_sim_input(rig.sim, sg_str(text), rig_now(&rig));
    rig.out[rig.out_len] = 0;
}

static void point_11_8_1_each_dialect_says_which_it_is(void **state)
{
    (void)state;
    start(SG_SIM_SLM29, NULL);
    assert_string_equal(ask("AT#XSMVER"), "\r\nERROR");
    assert_non_null(strstr(ask("AT#XSLMVER"), "#XSLMVER: \"2.9.0\","));
    assert_string_equal(ask("AT#XSENDTO=\"a\",1,\"b\""), "\r\nERROR");
    rig_end(&rig);
    start(SG_SIM_SLM31, NULL);
    assert_non_null(strstr(ask("AT#XSLMVER"), "#XSLMVER: \"3.1.0\","));
    assert_string_equal(ask("AT#XPOLL=0"), "\r\nERROR"); /* it has #XAPOLL */
    rig_end(&rig);
    start(SG_SIM_SERIAL_MODEM, NULL);
    assert_string_equal(rig_ask(&rig, "AT#XSLMVER"), "\r\nERROR");
    rig_end(&rig);
}

static void commands_end_with_both_characters(void **state)
{
    struct sg_modem_info info;
    (void)state;
    start(SG_SIM_SLM29, NULL);
    type("AT\r");
    assert_string_equal(rig.out, "");
    type("\n");
    assert_string_equal(rig.out, "\r\nOK\r\n");
    type("AT%CMNG=0,1,4,\"a\r\nb\"\r\n"); /* within quotes they are content */
    assert_string_equal(rig.out, "\r\nOK\r\n");
    struct sg_modem *m = rig_modem(&rig); /* and the client finds that out */
    assert_int_equal(sg_modem_identify(m, &info), 0);
    assert_string_equal(info.host, "slm 2.9.0");
    rig_end(&rig);
}

/* The sequence of section 11.7. */
static void a_datagram_there_and_back(void **state)
{
    (void)state;
    connected(SG_SIM_SLM29);
    assert_string_equal(ask("AT#XSSOCKETOPT=0,15"), "\r\n#XSSOCKETOPT: 3\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=0,4"), "\r\n#XSSOCKETOPT: 0xc0a8\r\n\r\nOK");
    assert_string_equal(ask("AT#XSEND"), "\r\nOK");
    type("five!+++");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: 0\r\n");
    assert_string_equal(ask("AT#XPOLL=30000,0"), "\r\n#XPOLL: 0,\"0x0001\"\r\n\r\nOK");
    assert_string_equal(ask("AT#XRECV=1,64"), "\r\n#XRECV: 5\r\nfive!\r\nOK");
    assert_string_equal(ask("AT#XSEND=\"six...\""), "\r\n#XSEND: 6\r\n\r\nOK");
    assert_string_equal(ask("AT#XSEND=\"x\",0"), "\r\nERROR"); /* flags came later */
    assert_string_equal(ask("AT#XRECV=30"), "\r\n#XRECV: 6\r\nsix...\r\nOK");
    assert_string_equal(ask("AT#XPOLL=0"), "\r\nOK");
    assert_string_equal(ask("AT#XPOLL=100,0"), "\r\nOK"); /* the time was over */
    assert_string_equal(ask("AT#XPOLL=0,1"), "\r\nERROR");
    assert_string_equal(ask("AT#XSSOCKET=0"), "\r\n#XSOCKET: 0,\"closed\"\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKET=0"), "\r\nERROR");
    assert_string_equal(ask("AT#XSEND"), "\r\nERROR");
    end();
}

static void the_last_form_has_flags_and_tells_unasked(void **state)
{
    (void)state;
    connected(SG_SIM_SLM31);
    assert_string_equal(ask("AT#XAPOLL=1,1,0"), "\r\nOK");
    assert_string_equal(ask("AT#XSEND=\"abc\",0"), "\r\n#XSEND: 3\r\n\r\nOK");
    for (int i = 0; i < 500 && rig.out_len == 0; i++)
        rig_step(&rig, 100);
    rig.out[rig.out_len] = 0;
    assert_string_equal(rig.out, "\r\n#XAPOLL: 0,1\r\n");
    assert_string_equal(ask("AT#XRECV=1,64"), "\r\n#XRECV: 3\r\nabc\r\nOK");
    assert_string_equal(ask("AT#XSEND=,0"), "\r\nOK"); /* data mode */
    type("x+++");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: 0\r\n");
    assert_string_equal(ask("AT#XAPOLL=1,1,5"), "\r\nERROR");
    end();
}

/* Written at once, wherever the host is: also into a command that is being typed. */
static void what_it_tells_is_not_held_back(void **state)
{
    (void)state;
    connected(SG_SIM_SLM31);
    assert_string_equal(ask("AT#XAPOLL=1,1"), "\r\nOK");
    assert_string_equal(ask("AT#XSEND=\"abc\""), "\r\n#XSEND: 3\r\n\r\nOK");
    type("AT+CF");
    for (int i = 0; i < 500 && rig.out_len == 0; i++)
        rig_step(&rig, 20);
    rig.out[rig.out_len] = 0;
    assert_string_equal(rig.out, "\r\n#XAPOLL: 0,1\r\n");
    assert_string_equal(ask("UN?"), "\r\n+CFUN: 1\r\n\r\nOK");
    end();
}

static void commands_are_for_the_active_socket(void **state)
{
    (void)state;
    start(SG_SIM_SLM29, NULL);
    assert_string_equal(ask("AT#XSOCKETSELECT?"), "\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=0,5"), "\r\nERROR");
    ask("AT#XSSOCKET=1,2,0,7");
    ask("AT#XSSOCKET=2,2,0,8,1");
    assert_string_equal(ask("AT#XSSOCKET?"), "\r\n#XSSOCKET: 1,2,0,2,8,0\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=0,5"), "\r\n#XSSOCKETOPT: 1\r\n\r\nOK");
    assert_string_equal(ask("AT#XSOCKETSELECT=0"), "\r\n#XSOCKETSELECT: 0\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKETOPT=0,5"), "\r\n#XSSOCKETOPT: 2\r\n\r\nOK");
    assert_string_equal(ask("AT#XSOCKETSELECT?"),
                        "\r\n#XSOCKETSELECT: 0,1,0,2,7,1,0\r\n\r\n#XSOCKETSELECT: 1,2,0,2,8,2,0\r\n"
                        "\r\n#XSOCKETSELECT: 0\r\n\r\nOK");
    assert_string_equal(ask("AT#XSOCKETSELECT=5"), "\r\nERROR");
    assert_string_equal(ask("AT#XSOCKETOPT=1,20,7"), "\r\nOK");
    assert_string_equal(ask("AT#XSOCKETOPT=0,20"), "\r\n#XSOCKETOPT: 7\r\n\r\nOK");
    assert_string_equal(ask("AT#XSOCKETOPT=1,34,1"), "\r\nERROR"); /* KEEPOPEN came with Serial Modem */
    assert_string_equal(ask("AT#XSOCKET=0"), "\r\n#XSOCKET: 0,\"closed\"\r\n\r\nOK");
    assert_string_equal(ask("AT#XSSOCKET?"), "\r\n#XSSOCKET: 1,2,0,2,8,0\r\n\r\nOK"); /* the next in rank */
    rig_end(&rig);
}

static void options_have_the_numbers_of_their_release(void **state)
{
    static const struct {
        const char *setting, *command, *answer;
    } cases[] = {
        {"slm-numbers=2.9", "AT#XSSOCKETOPT=1,18,63", "\r\nOK"},
        {"slm-numbers=2.9", "AT#XSSOCKETOPT=0,18", "\r\n#XSSOCKETOPT: 123\r\n\r\nOK"},
        {"slm-numbers=2.9", "AT#XSSOCKETOPT=1,17,1", "\r\nERROR"},
        {"slm-numbers=2.9", "AT#XSSOCKETOPT=1,22,1", "\r\nERROR"}, /* came with Serial Modem */
        {"slm-numbers=2.5", "AT#XSSOCKETOPT=0,14", "\r\n#XSSOCKETOPT: 123\r\n\r\nOK"},
        {"slm-numbers=2.5", "AT#XSSOCKETOPT=1,17,2", "\r\nOK"},
        {"slm-numbers=2.5", "AT#XSSOCKETOPT=0,18", "\r\n#XSSOCKETOPT: 0\r\n\r\nOK"},
        {"slm-numbers=2.5", "AT#XSSOCKETOPT=1,14,2", "\r\nERROR"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(SG_SIM_SLM29, cases[i].setting);
        ask("AT#XSSOCKET=1,2,0,7");
        assert_string_equal(ask(cases[i].command), cases[i].answer);
        rig_end(&rig);
    }
}

static void data_mode_keeps_its_failures_to_itself(void **state)
{
    static char large[4200];
    (void)state;
    start(SG_SIM_SLM29, NULL);
    ask("AT#XSSOCKET=1,2,0,7");
    assert_string_equal(ask("AT#XSEND=\"x\""), "\r\n#XSEND: 0\r\n\r\nERROR"); /* not connected */
    assert_string_equal(ask("AT#XSEND"), "\r\nOK");
    type("x+++");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: 0\r\n");
    assert_string_equal(ask("AT#XSEND"), "\r\nOK");
    memset(large, 'x', sizeof large - 1);
    type(large);
    type("+++");
    assert_string_equal(rig.out, "\r\n#XDATAMODE: -139\r\n");
    (void)snprintf(large, sizeof large, "AT#XSEND=\"%01025d\"", 0);
    assert_string_equal(ask(large), "\r\nERROR");
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_11_8_1_each_dialect_says_which_it_is),
        cmocka_unit_test(commands_end_with_both_characters),
        cmocka_unit_test(a_datagram_there_and_back),
        cmocka_unit_test(the_last_form_has_flags_and_tells_unasked),
        cmocka_unit_test(what_it_tells_is_not_held_back),
        cmocka_unit_test(commands_are_for_the_active_socket),
        cmocka_unit_test(options_have_the_numbers_of_their_release),
        cmocka_unit_test(data_mode_keeps_its_failures_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
