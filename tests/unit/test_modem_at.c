/* SPDX-License-Identifier: Apache-2.0 */
/* Framing: which bytes from a modem are the answer to a command, whatever else comes down the line. */
#include "modem_line.h"

static struct sg_buf reply_space(void)
{
    static uint8_t space[512];
    return sg_buf(space, sizeof space);
}

static void expect_reply(const struct sg_buf *reply, const char *text)
{
    assert_false(reply->full);
    assert_int_equal(reply->len, strlen(text));
    assert_memory_equal(reply->p, text, reply->len);
}

/* Runs `command` against one scripted answer, in chunks of every size from 1 byte to all at once. */
static void ask(const char *command, const char *written, const char *answer, int result, const char *reply_text,
                const char *seen)
{
    for (size_t chunk = 0; chunk <= strlen(answer); chunk++) {
        const struct step steps[] = {{written, answer}, {0}};
        struct line l = {.chunk = chunk};
        struct sg_modem *m = line_modem(&l, steps);
        struct sg_buf reply = reply_space();
        assert_int_equal(sg_modem_command(m, sg_str(command), &reply, 1000), result);
        expect_reply(&reply, reply_text);
        assert_string_equal(l.seen, seen);
        line_done(&l);
    }
}

static void at_host_answers_without_blank_lines(void **state)
{
    (void)state;
    ask("AT+CGSN", "AT+CGSN\r", "352656100367872\r\nOK\r\n", 0, "352656100367872", "");
}

static void serial_modem_puts_blank_lines_around(void **state)
{
    (void)state;
    ask("AT+CGMR", "AT+CGMR\r", "\r\nmfw_nrf91x1_2.0.2\r\n\r\nOK\r\n", 0, "mfw_nrf91x1_2.0.2", "");
}

static void several_lines_are_joined(void **state)
{
    (void)state;
    ask("AT%CMNG=1", "AT%CMNG=1\r", "%CMNG: 1,0,\"AA\"\r\n%CMNG: 2,0,\"BB\"\r\nOK\r\n", 0,
        "%CMNG: 1,0,\"AA\"\n%CMNG: 2,0,\"BB\"", "");
}

static void echo_is_left_out(void **state)
{
    (void)state;
    ask("AT+CFUN?", "AT+CFUN?\r", "AT+CFUN?\r\r\n+CFUN: 4\r\n\r\nOK\r\n", 0, "+CFUN: 4", "");
}

static void echo_of_a_credential_spans_lines(void **state)
{
    (void)state;
    ask("AT%CMNG=0,1,0,\"a\nOK\nERROR\n\"", "AT%CMNG=0,1,0,\"a\nOK\nERROR\n\"\r",
        "AT%CMNG=0,1,0,\"a\nOK\nERROR\n\"\r\r\nOK\r\n", 0, "", "");
}

static void unsolicited_lines_may_stand_anywhere(void **state)
{
    (void)state;
    ask("AT+CFUN?", "AT+CFUN?\r", "+CEREG: 2\r\n+CFUN: 1\r\n%MDMEV: SEARCH STATUS 1\r\nOK\r\n", 0, "+CFUN: 1",
        "+CEREG: 2|%MDMEV: SEARCH STATUS 1|");
}

static void boot_text_is_no_answer(void **state)
{
    (void)state;
    ask("AT+CGSN", "AT+CGSN\r", "The AT host sample started\r\nReady\r\n352656100367872\r\nOK\r\n", 0,
        "352656100367872", "The AT host sample started|Ready|");
}

static void an_event_of_the_commands_own_name_is_unsolicited(void **state)
{
    (void)state;
    ask("AT#XAPOLL=0,1,1", "AT#XAPOLL=0,1,1\r", "\r\nOK\r\n", 0, "", "");
    ask("AT#XAPOLL=0,1,1", "AT#XAPOLL=0,1,1\r", "\r\n#XAPOLL: 0,1\r\n\r\nOK\r\n", 0, "", "#XAPOLL: 0,1|");
    ask("AT#XAPOLL?", "AT#XAPOLL?\r", "\r\n#XAPOLL: 0,1\r\n\r\nOK\r\n", 0, "#XAPOLL: 0,1", "");
}

static void ok_inside_a_credential_is_content(void **state)
{
    (void)state;
    ask("AT%CMNG=2,1,0", "AT%CMNG=2,1,0\r", "%CMNG: 1,0,\"AB\",\"x\r\nOK\r\nERROR\n+CME ERROR: 513\r\n\"\r\nOK\r\n", 0,
        "%CMNG: 1,0,\"AB\",\"x\r\nOK\r\nERROR\n+CME ERROR: 513\r\n\"", "");
}

static void results_are_whole_lines(void **state)
{
    (void)state;
    ask("AT+CGMR", "AT+CGMR\r", "OKAY\r\nERRORS\r\nOK\r\n", 0, "OKAY\nERRORS", "");
}

static void a_quote_in_noise_does_not_swallow_the_result(void **state)
{
    (void)state;
    ask("AT+CFUN=4", "AT+CFUN=4\r", "\x01\xff\"junk\r\n+CGEV: \"x\r\nOK\r\n", 0, "\x01\xff\"junk", "+CGEV: \"x|");
}

static void errors_are_told_with_their_number(void **state)
{
    static const struct {
        const char *line;
        int cme;
    } cases[] = {{"ERROR\r\n", SG_CME_PLAIN},
                 {"+CME ERROR: 513\r\n", SG_CME_NOT_FOUND},
                 {"+CME ERROR: 518\r\n", SG_CME_ACTIVE},
                 {"+CME ERROR: 0\r\n", SG_CME_FAILURE},
                 {"+CMS ERROR: 500\r\n", 500},
                 {"+CME ERROR: not a number\r\n", SG_CME_PLAIN}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct step steps[] = {{"AT%CMNG=3,1,0\r", cases[i].line}, {"AT\r", "OK\r\n"}, {0}};
        struct line l = {0};
        struct sg_modem *m = line_modem(&l, steps);
        assert_int_equal(sg_modem_command(m, sg_str("AT%CMNG=3,1,0"), NULL, 1000), SG_EDENIED);
        assert_int_equal(m->cme, cases[i].cme);
        assert_int_equal(sg_modem_command(m, sg_str("AT"), NULL, 1000), 0);
        assert_int_equal(m->cme, SG_CME_PLAIN);
    }
}

static void numbers_have_names_and_cures(void **state)
{
    (void)state;
    assert_string_equal(sg_cme_name(SG_CME_NOT_FOUND), "not found");
    assert_string_equal(sg_cme_name(SG_CME_ACTIVE), "not allowed while the modem is active");
    assert_non_null(strstr(sg_cme_cure(SG_CME_ACTIVE), "AT+CFUN=4"));
    assert_non_null(strstr(sg_cme_cure(SG_CME_BAD_CONTENT), "PEM"));
    assert_string_equal(sg_cme_cure(4711), "");
    assert_true(strlen(sg_cme_name(4711)) > 0);
}

static void no_answer_is_a_time_out(void **state)
{
    const struct step steps[] = {{"AT+CGSN\r", "3526561003"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_command(m, sg_str("AT+CGSN"), NULL, 1500), SG_ETIMEOUT);
    assert_int_equal(l.now, 1500);
}

static void a_late_result_is_not_taken_for_the_next_commands(void **state)
{
    /* The first command's ERROR comes while the second is about to be sent: the line is put in step first. */
    const struct step steps[] = {{"AT%KEYGEN=1,2,0\r", ""},
                                 {"AT\r", "%KEYGEN: \"x.y\"\r\nERROR\r\n"},
                                 {"AT\r", "OK\r\nOK\r\n"},
                                 {"AT+CFUN=4\r", "+CME ERROR: 50\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_command(m, sg_str("AT%KEYGEN=1,2,0"), NULL, 1000), SG_ETIMEOUT);
    assert_int_equal(sg_modem_command(m, sg_str("AT+CFUN=4"), NULL, 1000), SG_EDENIED);
    assert_int_equal(m->cme, 50);
    line_done(&l);
}

static int closed_read(void *user, void *p, size_t cap, uint32_t timeout_ms)
{
    (void)user;
    (void)p;
    (void)cap;
    (void)timeout_ms;
    return SG_ECLOSED;
}

static void a_port_that_is_gone_is_told_at_once(void **state)
{
    const struct step steps[] = {{"AT\r", ""}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_at_io io = m->io;
    (void)state;
    io.read = closed_read;
    assert_int_equal(sg_modem_open(m, io), SG_ECLOSED);
    assert_int_equal(sg_modem_wait(m, 1000), SG_ECLOSED);
    line_done(&l); /* no second try */
}

static void lines_between_commands_are_passed_on(void **state)
{
    const struct step steps[] = {{"", "+CEREG: 1\r\nOK\r\n#XAPOLL: 0,"}, {"AT\r", "1\r\nOK\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_wait(m, 100), 1);
    assert_string_equal(l.seen, "+CEREG: 1|");
    assert_int_equal(sg_modem_wait(m, 100), 0);
    assert_int_equal(l.now, 100);
    assert_int_equal(sg_modem_command(m, sg_str("AT"), NULL, 100), 0);
    assert_string_equal(l.seen, "+CEREG: 1|#XAPOLL: 0,1|");
}

static void a_reply_longer_than_its_buffer_is_told(void **state)
{
    const struct step steps[] = {{"AT+CGMR\r", "mfw_nrf91x1_2.0.2\r\nOK\r\n"}, {0}};
    uint8_t small[8];
    struct sg_buf reply = sg_buf(small, sizeof small);
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_command(m, sg_str("AT+CGMR"), &reply, 1000), SG_ENOSPC);
    assert_true(reply.full);
}

static void a_line_longer_than_any_reply_is_told(void **state)
{
    static char answer[SG_AT_REPLY_MAX + 200];
    (void)state;
    memset(answer, 'x', sizeof answer);
    memcpy(answer + sizeof answer - 9, "\r\n\r\nOK\r\n", 9);
    const struct step steps[] = {{"AT+CGMR\r", answer}, {"AT\r", "OK\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    assert_int_equal(sg_modem_command(m, sg_str("AT+CGMR"), NULL, 1000), SG_ENOSPC);
    assert_int_equal(sg_modem_command(m, sg_str("AT"), NULL, 1000), 0);
}

static void what_would_wedge_a_host_is_never_sent(void **state)
{
    static char longest[SG_AT_COMMAND_MAX + 2];
    static const char *const refused[] = {"AT\rAT", "AT+CGSN\n", "AT%CMNG=0,1,0,\"open", longest};
    const struct step steps[] = {{0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    memset(longest, 'A', SG_AT_COMMAND_MAX + 1);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(sg_modem_command(m, sg_str(refused[i]), NULL, 1000), SG_EINVAL);
    assert_int_equal(sg_modem_command(m, sg_bytes("AT\0", 3), NULL, 1000), SG_EINVAL);
}

static void the_longest_command_is_sent_whole(void **state)
{
    static char command[SG_AT_COMMAND_MAX + 2];
    (void)state;
    memset(command, 'A', SG_AT_COMMAND_MAX);
    command[SG_AT_COMMAND_MAX] = '\r';
    const struct step steps[] = {{command, "ERROR\r\n"}, {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    assert_int_equal(sg_modem_command(m, sg_bytes(command, SG_AT_COMMAND_MAX), NULL, 1000), SG_EDENIED);
    line_done(&l);
}

/* ------------------------------------------------------------------------------------------ beginning with a port */

#define UNWEDGE "\x7F\x7F\x7F\x7F\x7F\"x,,x"

static void open_with(const struct step *steps, int result)
{
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    struct sg_at_io io = m->io;
    assert_int_equal(sg_modem_open(m, io), result);
    line_done(&l);
}

static void opening_asks_for_numbers(void **state)
{
    const struct step steps[] = {{"AT\r", "OK\r\n"}, {"AT+CMEE=1\r", "OK\r\n"}, {0}};
    (void)state;
    open_with(steps, 0);
}

static void opening_after_half_a_command(void **state)
{
    const struct step steps[] = {{"AT\r", "ERROR\r\n"}, {"AT\r", "OK\r\n"}, {"AT+CMEE=1\r", "OK\r\n"}, {0}};
    (void)state;
    open_with(steps, 0);
}

static void opening_a_host_that_waits_for_a_quote(void **state)
{
    const struct step steps[] = {
        {"AT\r", ""}, {UNWEDGE "\r", "ERROR\r\n"}, {"AT\r", "OK\r\n"}, {"AT+CMEE=1\r", "OK\r\n"}, {0}};
    (void)state;
    open_with(steps, 0);
}

static void opening_a_host_that_wants_crlf(void **state)
{
    const struct step steps[] = {{"AT\r", ""},
                                 {UNWEDGE "\r", ""},
                                 {"AT\r", ""},
                                 {UNWEDGE "\r", ""},
                                 {"AT\r", ""},
                                 {"AT\r\n", "ERROR\r\n"},
                                 {"AT\r\n", "\r\nOK\r\n"},
                                 {"AT+CMEE=1\r\n", "\r\nOK\r\n"},
                                 {0}};
    (void)state;
    open_with(steps, 0);
}

static void opening_what_is_no_modem(void **state)
{
    const struct step steps[] = {{"AT\r", "AT\r\nlogin: "},
                                 {UNWEDGE "\r", "Password: "},
                                 {"AT\r", "Login incorrect\r\n"},
                                 {UNWEDGE "\r", ""},
                                 {"AT\r", ""},
                                 {"AT\r\n", ""},
                                 {UNWEDGE "\r\n", ""},
                                 {"AT\r\n", ""},
                                 {UNWEDGE "\r\n", ""},
                                 {"AT\r\n", ""},
                                 {0}};
    (void)state;
    open_with(steps, SG_ETIMEOUT);
}

/* ------------------------------------------------------------------------------------------------------- the log */

/* The answer to a reading that was given up comes while the line is put in step, where its quotes mean nothing. */
static void late_credentials_do_not_reach_the_log(void **state)
{
    const struct step steps[] = {{"AT%CMNG=2,7,1\r", ""},
                                 {"AT\r", "%CMNG: 7,1,\"AA\",\"se\r\ncret\r\nkey\"\r\nOK\r\nOK\r\n"},
                                 {"AT+CFUN=4\r", "OK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_command(m, sg_str("AT%CMNG=2,7,1"), NULL, 1000), SG_ETIMEOUT);
    assert_int_equal(sg_modem_command(m, sg_str("AT+CFUN=4"), NULL, 1000), 0);
    assert_null(strstr(l.log, "cret"));
    assert_null(strstr(l.log, "key"));
    assert_non_null(strstr(l.log, "< %CMNG: 7,1,\"AA\",<2 bytes>|< <4 bytes>|< <4 bytes>|"));
    line_done(&l);
}

static void credentials_do_not_reach_the_log(void **state)
{
    const struct step steps[] = {{"AT%CMNG=0,7,3,\"6162636465666768\"\r", "OK\r\n"},
                                 {"AT%CMNG=2,7,4\r", "%CMNG: 7,4,\"AA\",\"se\r\ncret\"\r\nOK\r\n"},
                                 {0}};
    struct line l = {0};
    struct sg_modem *m = line_modem(&l, steps);
    (void)state;
    assert_int_equal(sg_modem_write(m, 7, SG_CRED_PSK, sg_str("6162636465666768")), 0);
    assert_int_equal(sg_modem_command(m, sg_str("AT%CMNG=2,7,4"), NULL, 1000), 0);
    assert_string_equal(l.log, "> AT%CMNG=0,7,3,<16 bytes>|< OK|> AT%CMNG=2,7,4|< %CMNG: 7,4,\"AA\",<8 bytes>|< OK|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_host_answers_without_blank_lines),
        cmocka_unit_test(serial_modem_puts_blank_lines_around),
        cmocka_unit_test(several_lines_are_joined),
        cmocka_unit_test(echo_is_left_out),
        cmocka_unit_test(echo_of_a_credential_spans_lines),
        cmocka_unit_test(unsolicited_lines_may_stand_anywhere),
        cmocka_unit_test(boot_text_is_no_answer),
        cmocka_unit_test(an_event_of_the_commands_own_name_is_unsolicited),
        cmocka_unit_test(ok_inside_a_credential_is_content),
        cmocka_unit_test(results_are_whole_lines),
        cmocka_unit_test(a_quote_in_noise_does_not_swallow_the_result),
        cmocka_unit_test(errors_are_told_with_their_number),
        cmocka_unit_test(numbers_have_names_and_cures),
        cmocka_unit_test(no_answer_is_a_time_out),
        cmocka_unit_test(a_late_result_is_not_taken_for_the_next_commands),
        cmocka_unit_test(a_port_that_is_gone_is_told_at_once),
        cmocka_unit_test(lines_between_commands_are_passed_on),
        cmocka_unit_test(a_reply_longer_than_its_buffer_is_told),
        cmocka_unit_test(a_line_longer_than_any_reply_is_told),
        cmocka_unit_test(what_would_wedge_a_host_is_never_sent),
        cmocka_unit_test(the_longest_command_is_sent_whole),
        cmocka_unit_test(opening_asks_for_numbers),
        cmocka_unit_test(opening_after_half_a_command),
        cmocka_unit_test(opening_a_host_that_waits_for_a_quote),
        cmocka_unit_test(opening_a_host_that_wants_crlf),
        cmocka_unit_test(opening_what_is_no_modem),
        cmocka_unit_test(credentials_do_not_reach_the_log),
        cmocka_unit_test(late_credentials_do_not_reach_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
