/* SPDX-License-Identifier: Apache-2.0 */
/* What a faithful simulator must get right: points 1 to 12, 17, 19 and 22 of the list in the modem notes, section 8. */
#include "sim_rig.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static const struct sg_sim_config at_host = {.host = SG_SIM_AT_HOST};

static void point_1_bytes_are_taken_as_at_host_takes_them(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_type(&r, "AT\r", "OK\r\n"); /* no echo */
    rig_type(&r, "\nAT\r", "OK\r\n");
    rig_type(&r, "\r\n\r \r\n", "");
    rig_type(&r, "A", "");
    rig_type(&r, "T\r", "OK\r\n");
    rig_type(&r, "AT\b\b\bAT\r", "OK\r\n");
    rig_type(&r, "AT%CMNG=0,1,4,\"a\rb\n", ""); /* CR and LF inside quotes are content */
    rig_type(&r, "\"\r", "OK\r\n");
    rig_type(&r, "AT%CMNG=2,1,4\r",
             "%CMNG: 1,4,\"367D1C77EADC1495A7DB4200F46A8B90EA1FA926282722D308C05A65098A4112\",\"a\rb\n\"\r\nOK\r\n");
    rig_end(&r);
}

static void point_1_too_much_wedges_at_host_and_can_be_cured(void **state)
{
    static char longer[4200] = "AT%CMNG=0,1,4,\"";
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    memset(longer + 15, 'x', 4150);
    longer[4165] = '"';
    rig_type(&r, longer, "");
    rig_type(&r, "\r\rAT\r", ""); /* the closing quote was dropped: it waits */
    rig_modem(&r);                /* the AT client gets it out of this, */
    rig_type(&r, "AT\r", "OK\r\n");
    rig_type(&r, "AT%CMNG=1,1\r", "OK\r\n"); /* and the command that was cut off was not carried out */
    rig_type(&r, "AT%CMNG=0,1,4,\"", "");
    rig_modem(&r);
    rig_type(&r, "AT%CMNG=1,1\r", "OK\r\n");
    rig_end(&r);
}

static void point_2_serial_modem_adds_blank_lines_and_echo(void **state)
{
    static char longer[9000];
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    rig_type(&r, "AT\r", "\r\nOK\r\n");
    rig_type(&r, "AT+CFUN?\r", "\r\n+CFUN: 0\r\n\r\nOK\r\n");
    rig_type(&r, "xxAAT\r", "\r\nOK\r\n"); /* nothing counts before AT */
    rig_type(&r, "FOO\r\"\r", "");
    rig_type(&r, "ATE1\r", "\r\nOK\r\n");
    rig_type(&r, "AT\r", "AT\r\r\nOK\r\n");
    rig_type(&r, "ATE0\r", "ATE0\r\r\nOK\r\n");
    memset(longer, 'x', sizeof longer - 1);
    memcpy(longer, "AT\"", 3);
    rig_type(&r, longer, "\r\nERROR\r\n"); /* no wedge */
    rig_type(&r, "\rAT\r", "\r\nOK\r\n");
    rig_end(&r);
}

static void point_2_the_boot_text_comes_first(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    sg_sim_reboot(r.sim, rig_now(&r));
    r.out[r.out_len] = 0;
    assert_string_equal(r.out, "The AT host sample started\r\nReady\r\n");
    rig_end(&r);
}

static void point_3_at_before_at_is_an_error(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_type(&r, "at AT+CGSN\r", "ERROR\r\n");
    rig_end(&r);
    rig_start(&r, NULL);
    rig_type(&r, "at AT+CGSN\r", "\r\nERROR\r\n");
    rig_end(&r);
}

static void point_4_case_blanks_and_high_tags(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    assert_string_equal(rig_ask(&r, "at%cmng=0, 5, 4, \"id\""), "OK");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1, 5"), "%CMNG: 5,4,\""));
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,4294967294"), "%CMNG: 4294967294,6,\""));
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,4294967295"), "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,4294967296"), "ERROR");
    rig_end(&r);
}

static void point_5_error_numbers_only_where_asked_for(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    assert_string_equal(rig_ask(&r, "AT+CMEE?"), "+CMEE: 0\r\nOK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,0"), "ERROR");
    assert_string_equal(rig_ask(&r, "AT+CMEE=1"), "OK");
    assert_string_equal(rig_ask(&r, "AT+CMEE?"), "+CMEE: 1\r\nOK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,0"), "+CME ERROR: 513");
    assert_string_equal(rig_ask(&r, "AT+CMEE=2"), "ERROR");
    assert_string_equal(rig_ask(&r, "AT+CMEE=0"), "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,0"), "ERROR");
    rig_end(&r);
}

static void point_6_an_active_modem_does_not_write(void **state)
{
    static const int active[] = {1, 2, 21}, passive[] = {0, 4, 20, 30, 31, 40, 41, 44};
    struct rig r;
    char command[32];
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, "AT+CFUN?"), "+CFUN: 0\r\nOK");
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(command, sizeof command, "AT+CFUN=%d", passive[i]);
        assert_string_equal(rig_ask(&r, command), "OK");
        assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"id\""), "OK");
        assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "OK");
    }
    rig_ask(&r, "AT%CMNG=0,1,4,\"id\"");
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(command, sizeof command, "AT+CFUN=%d", active[i]);
        assert_string_equal(rig_ask(&r, command), "OK");
        assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"id\""), "+CME ERROR: 518");
        assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "+CME ERROR: 518");
        assert_string_equal(rig_ask(&r, "AT%KEYGEN=2,2,0"), "+CME ERROR: 518");
        assert_non_null(strstr(rig_ask(&r, "AT%CMNG=1,1"), "%CMNG: 1,4,"));
        assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"id\""));
    }
    assert_string_equal(rig_ask(&r, "AT+CFUN=3"), "+CME ERROR: 50");
    rig_end(&r);
}

static void the_network_is_there_while_the_modem_is_active(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    assert_string_equal(rig_ask(&r, "AT+CEREG?"), "+CEREG: 0,0\r\nOK");
    assert_string_equal(rig_ask(&r, "AT+CGPADDR=0"), "+CGPADDR: 0,\"\"\r\nOK");
    rig_ask(&r, "AT+CFUN=1");
    assert_string_equal(rig_ask(&r, "AT+CEREG?"), "+CEREG: 0,1\r\nOK");
    assert_non_null(strstr(rig_ask(&r, "AT+CGPADDR=0"), "+CGPADDR: 0,\"10."));
    assert_string_equal(rig_ask(&r, "AT+CGPADDR=1"), "ERROR");
    rig_end(&r);
}

static void point_7_the_store_outlives_the_power(void **state)
{
    char path[] = "/tmp/test_sim_store.XXXXXX";
    struct sg_sim_config config = {.store = path, .host = SG_SIM_AT_HOST};
    struct rig r;
    struct stat st;
    char imei[16], uuid[64], key[128];
    (void)state;
    close(mkstemp(path));
    unlink(path);
    rig_start(&r, &config);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);            /* the keys are in it */
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,9"), "OK"); /* nothing is just OK */
    rig_ask(&r, "AT%CMNG=0,9,4,\"one\"");
    rig_ask(&r, "AT%CMNG=0,9,4,\"two\""); /* one per tag and type */
    rig_ask(&r, "AT%KEYGEN=9,2,0");
    (void)snprintf(imei, sizeof imei, "%s", sg_sim_imei(r.sim));
    (void)snprintf(uuid, sizeof uuid, "%s", rig_ask(&r, "AT%DEVICEUUID"));
    (void)snprintf(key, sizeof key, "%s", rig_ask(&r, "AT%CMNG=1,9,2"));
    rig_end(&r);

    rig_start(&r, &config);
    assert_string_equal(sg_sim_imei(r.sim), imei);
    assert_string_equal(rig_ask(&r, "AT%DEVICEUUID"), uuid);
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,9,2"), key);
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,9,4"), ",\"two\""));
    rig_ask(&r, "AT%CMNG=3,9,4");
    rig_end(&r);

    rig_start(&r, &config);
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,9,4"), "OK");
    rig_end(&r);
    unlink(path);
}

static void point_8_digests_are_of_the_bytes_as_written(void **state)
{
    struct rig r;
    char expected[128], sha[65];
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT%CMNG=0,3,4,\"line\r\n\"");
    rig_sha_text("line\r\n", 6, sha);
    (void)snprintf(expected, sizeof expected, "%%CMNG: 3,4,\"%s\"\r\nOK", sha);
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,3,4"), expected);
    rig_ask(&r, "AT%CMNG=0,3,4,\"line\n\"");
    assert_string_not_equal(rig_ask(&r, "AT%CMNG=1,3,4"), expected);
    rig_ask(&r, "AT%KEYGEN=3,2,0"); /* a key has three columns as well */
    assert_int_equal(strlen(rig_ask(&r, "AT%CMNG=1,3,2")), strlen(expected));
    rig_end(&r);
}

static void point_9_content_comes_back_as_it_was(void **state)
{
    static const char *const contents[] = {"a\nb\n", "a\r\nb\r\n", "a\nb", "\n", "a,b;=?", " a "};
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        uint8_t space[64];
        struct sg_buf b = sg_buf(space, sizeof space);
        assert_int_equal(sg_modem_write(m, 4, SG_CRED_PSK_ID, sg_str(contents[i])), 0);
        assert_int_equal(sg_modem_read(m, 4, SG_CRED_PSK_ID, &b), 0);
        assert_true(sg_bytes_eq_str(sg_buf_bytes(&b), contents[i]));
    }
    rig_end(&r);
}

static void point_10_what_cannot_be_read_or_written(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,2,\"any text\""), "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,3,\"00ff\""), "OK");
    rig_ask(&r, "AT%KEYGEN=1,8");
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,2"), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,3"), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,8"), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,1,0"), "+CME ERROR: 513");
    assert_string_equal(rig_ask(&r, "AT%CMNG=2,7,2"), "+CME ERROR: 513");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,7,2"), "+CME ERROR: 513");
    static const char *const bad[] = {"AT%CMNG=0,1,0", "AT%CMNG=0,1,0,\"\"", "AT%CMNG=0,1,4,id", "AT%CMNG=0,1",
                                      "AT%CMNG=4,1,0", "AT%CMNG=",           "AT%CMNG=3,1",      "AT%CMNG=2",
                                      "AT%CMNG=1,,0",  "AT%CMNG=3,-1,0",     "AT%CMNG=3,x,0",    "AT%CMNG=3,1,0,1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(rig_ask(&r, bad[i]), "+CME ERROR: 50");
    assert_string_equal(rig_ask(&r, "AT%CMNG?"), "ERROR");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,6,\"x\""), "+CME ERROR: 514");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,3000000000,4,\"x\""), "+CME ERROR: 514");
    rig_end(&r);
}

static void point_10_a_full_store_says_so(void **state)
{
    const struct sg_sim_config small = {.host = SG_SIM_AT_HOST, .capacity = 300};
    struct rig r;
    char command[400] = "AT%CMNG=0,1,4,\"";
    (void)state;
    memset(command + 15, 'x', 250);
    command[265] = '"';
    rig_start(&r, &small);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(rig_ask(&r, command), "OK");
    assert_string_equal(rig_ask(&r, command), "OK"); /* in place of itself */
    command[10] = '2';
    assert_string_equal(rig_ask(&r, command), "+CME ERROR: 515");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=2,2,0"), "+CME ERROR: 515");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,2"), "OK"); /* nothing half-done */
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "OK");
    assert_string_equal(rig_ask(&r, command), "OK");
    rig_end(&r);
}

/* Writes `content` as type `type` and returns what came back. */
static const char *write_cred(struct rig *r, unsigned type, const char *content)
{
    static char command[8192];
    (void)snprintf(command, sizeof command, "AT%%CMNG=0,11,%u,\"%s\"", type, content);
    return rig_ask(r, command);
}

static void point_11_newer_firmware_parses_certificates(void **state)
{
    struct sg_sim_config older = {.firmware = "mfw_nrf91x1_2.0.1"};
    struct rig r;
    struct rig_ca ca = rig_ca("Root");
    char pem[2048], flat[2048], two[8192];
    (void)state;
    (void)snprintf(pem, sizeof pem, "%s", rig_pem(ca.cert));
    (void)snprintf(two, sizeof two, "%s\n%s", pem, pem);
    (void)snprintf(flat, sizeof flat, "%s", pem);
    for (char *p = flat; *p; p++)
        if (*p == '\n')
            *p = ' ';
    rig_start(&r, NULL);
    rig_ask(&r, "AT+CMEE=1");
    assert_string_equal(write_cred(&r, 0, pem), "\r\nOK");
    assert_string_equal(write_cred(&r, 0, two), "\r\nOK");
    assert_string_equal(write_cred(&r, 1, pem), "\r\nOK");
    assert_string_equal(write_cred(&r, 0, "any text"), "\r\n+CME ERROR: 527");
    assert_string_equal(write_cred(&r, 1, flat), "\r\n+CME ERROR: 527");
    assert_string_equal(write_cred(&r, 0, "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"),
                        "\r\n+CME ERROR: 527");
    pem[100] = pem[100] == 'A' ? 'B' : 'A'; /* damaged, below a good one */
    (void)snprintf(two, sizeof two, "%s%s", rig_pem(ca.cert), pem);
    two[strlen(two) - 60] = '*';
    assert_string_equal(write_cred(&r, 0, two), "\r\n+CME ERROR: 527");
    memset(two, '\n', 4000);
    (void)snprintf(two + 4000, sizeof two - 4000, "%s", rig_pem(ca.cert));
    assert_string_equal(write_cred(&r, 0, two), "\r\n+CME ERROR: 527"); /* too large */
    assert_string_equal(write_cred(&r, 2, "any text"), "\r\nOK");
    rig_end(&r);
    rig_start(&r, &older);
    assert_string_equal(write_cred(&r, 0, "any text"), "\r\nOK");
    rig_end(&r);
    older.model = "nRF9160";
    older.firmware = NULL;
    rig_start(&r, &older);
    assert_string_equal(write_cred(&r, 1, "any text"), "\r\nOK");
    rig_end(&r);
    rig_ca_free(&ca);
}

static void point_12_what_the_factory_put_in_stays(void **state)
{
    struct sg_cred c[4];
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    struct sg_modem *m = rig_modem(&r);
    assert_int_equal(sg_modem_list(m, -1, c, 4), 3);
    for (size_t i = 0; i < 3; i++) /* in no order that is known */
        for (size_t k = i + 1; k < 3; k++)
            if (c[k].tag < c[i].tag) {
                struct sg_cred swapped = c[i];
                c[i] = c[k];
                c[k] = swapped;
            }
    static const uint32_t tags[] = {4294967292U, 4294967293U, 4294967294U};
    static const unsigned types[] = {SG_CRED_NORDIC_BASE, SG_CRED_NORDIC_ROOT, SG_CRED_IDENTITY};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(c[i].tag, tags[i]);
        assert_int_equal(c[i].type, types[i]);
        assert_int_equal(sg_modem_delete(m, tags[i], types[i]), SG_EDENIED);
        assert_int_equal(m->cme, SG_CME_NO_ACCESS);
    }
    uint8_t one[32];
    memcpy(one, c[2].sha256, 32);
    rig_end(&r);
    rig_start(&r, NULL); /* another device, another identity */
    assert_int_equal(sg_modem_find(rig_modem(&r), 4294967294U, SG_CRED_IDENTITY, &c[2]), 1);
    assert_memory_not_equal(one, c[2].sha256, 32);
    rig_end(&r);
}

static void point_17_what_is_unknown_is_a_plain_error(void **state)
{
    static const char *const unknown[] = {
        "ATI",  "AT+FOO", "AT%XYZ=1", "ATD123",  "AT#XCLOSE?", "AT+CGSN?",     "AT+CGMM=1",
        "ATE2", "AT+",    "AT=",      "AT+CFUN", "AT+CMEE",    "AT%CMNG=1\"\""};
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    rig_ask(&r, "AT+CMEE=1");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_string_equal(rig_ask(&r, unknown[i]), "\r\nERROR");
    rig_end(&r);
    rig_start(&r, &at_host); /* the socket commands are Serial Modem's */
    assert_string_equal(rig_ask(&r, "AT#XSMVER"), "ERROR");
    assert_string_equal(rig_ask(&r, "ATE1"), "ERROR");
    rig_end(&r);
}

static void point_19_key_generation_answers_in_time(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, &at_host);
    uint64_t before = rig_now(&r);
    assert_non_null(strstr(rig_ask(&r, "AT%KEYGEN=1,2,0"), "%KEYGEN: \""));
    assert_true(rig_now(&r) - before < 15000);
    before = rig_now(&r);
    rig_ask(&r, "AT%CMNG=1");
    assert_true(rig_now(&r) - before < 2000);
    rig_end(&r);
}

static void point_22_the_port_is_a_serial_port(void **state)
{
    struct sg_sim_pty pty;
    struct termios t;
    uint8_t all[256], back[256];
    int modem_lines;
    (void)state;
    assert_int_equal(sg_sim_pty_open(&pty, NULL), 0);
    int host = open(pty.path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(host >= 0);
    assert_int_equal(tcgetattr(host, &t), 0);
    cfsetispeed(&t, B115200);
    cfsetospeed(&t, B115200);
    t.c_cflag |= CRTSCTS | CS8;
    assert_int_equal(tcsetattr(host, TCSANOW, &t), 0);
    assert_int_equal(tcflush(host, TCIOFLUSH), 0);
    (void)ioctl(host, TIOCMGET, &modem_lines); /* ENOTTY on each pseudo-terminal: pyserial expects that */
    for (size_t i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(write(pty.master, all, 256), 256);
    assert_int_equal(read(host, back, 256), 256);
    assert_memory_equal(all, back, 256);
    assert_int_equal(write(host, all, 256), 256);
    assert_int_equal(read(pty.master, back, 256), 256);
    assert_memory_equal(all, back, 256);
    close(host); /* another host may come */
    host = open(pty.path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_int_equal(write(host, "x", 1), 1);
    assert_int_equal(read(pty.master, back, 256), 1);
    close(host);
    sg_sim_pty_close(&pty);
}

static void bad_settings_are_refused_in_words(void **state)
{
    char path[] = "/tmp/test_sim_bad.XXXXXX";
    static const struct sg_sim_config bad[] = {
        {.imei = "12345"}, {.imei = "35265610036787x"}, {.model = "nRF52"}, {.firmware = "2.0.2"}};
    struct sg_error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(sg_sim_new(&bad[i], 0, &err));
        assert_int_equal(err.code, SG_EINVAL);
    }
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "no store", 8), 8);
    close(fd);
    const struct sg_sim_config damaged = {.store = path};
    assert_null(sg_sim_new(&damaged, 0, &err));
    assert_int_equal(err.code, SG_EFORMAT);
    assert_non_null(strstr(err.text, path));
    unlink(path);
    const struct sg_sim_config first = {.store = path, .imei = "352656100367872"};
    const struct sg_sim_config other = {.store = path, .imei = "352656100367880"};
    struct rig r;
    rig_start(&r, &first);
    assert_string_equal(sg_sim_imei(r.sim), "352656100367872");
    rig_end(&r);
    assert_null(sg_sim_new(&other, 0, &err));
    assert_int_equal(err.code, SG_EMISMATCH);
    assert_non_null(strstr(err.text, "352656100367872"));
    unlink(path);
    const struct sg_sim_config nowhere = {.store = "/nonexistent/store"};
    assert_null(sg_sim_new(&nowhere, 0, &err));
    assert_int_equal(err.code, SG_EIO);
}

static void what_the_file_does_not_take_did_not_happen(void **state)
{
    char folder[] = "/tmp/test_sim_folder.XXXXXX", path[64], lock[80];
    struct sg_sim_config config = {.store = path, .host = SG_SIM_AT_HOST};
    struct rig r;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/store", folder);
    rig_start(&r, &config);
    rig_ask(&r, "AT+CMEE=1");
    rig_ask(&r, "AT%CMNG=0,1,4,\"old\"");
    assert_int_equal(unlink(path), 0);
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(rmdir(folder), 0); /* there is no writing any more */
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,1,4,\"new\""), "+CME ERROR: 23");
    assert_string_equal(rig_ask(&r, "AT%CMNG=0,2,4,\"new\""), "+CME ERROR: 23");
    assert_string_equal(rig_ask(&r, "AT%CMNG=3,1,4"), "+CME ERROR: 23");
    assert_string_equal(rig_ask(&r, "AT%KEYGEN=1,2,0"), "+CME ERROR: 23");
    assert_non_null(strstr(rig_ask(&r, "AT%CMNG=2,1,4"), ",\"old\""));
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,2"), "OK");
    assert_string_equal(rig_ask(&r, "AT%CMNG=1,1,2"), "OK");
    rig_end(&r);
}

static void credentials_do_not_reach_the_log(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, NULL);
    rig_ask(&r, "AT%CMNG=0,1,3,\"5ec2e75ec2e7\"");
    assert_null(strstr(r.log, "5ec2e7"));
    assert_non_null(strstr(r.log, "> AT%CMNG=0,1,3,<12 bytes>\n"));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_1_bytes_are_taken_as_at_host_takes_them),
        cmocka_unit_test(point_1_too_much_wedges_at_host_and_can_be_cured),
        cmocka_unit_test(point_2_serial_modem_adds_blank_lines_and_echo),
        cmocka_unit_test(point_2_the_boot_text_comes_first),
        cmocka_unit_test(point_3_at_before_at_is_an_error),
        cmocka_unit_test(point_4_case_blanks_and_high_tags),
        cmocka_unit_test(point_5_error_numbers_only_where_asked_for),
        cmocka_unit_test(point_6_an_active_modem_does_not_write),
        cmocka_unit_test(the_network_is_there_while_the_modem_is_active),
        cmocka_unit_test(point_7_the_store_outlives_the_power),
        cmocka_unit_test(point_8_digests_are_of_the_bytes_as_written),
        cmocka_unit_test(point_9_content_comes_back_as_it_was),
        cmocka_unit_test(point_10_what_cannot_be_read_or_written),
        cmocka_unit_test(point_10_a_full_store_says_so),
        cmocka_unit_test(point_11_newer_firmware_parses_certificates),
        cmocka_unit_test(point_12_what_the_factory_put_in_stays),
        cmocka_unit_test(point_17_what_is_unknown_is_a_plain_error),
        cmocka_unit_test(point_19_key_generation_answers_in_time),
        cmocka_unit_test(point_22_the_port_is_a_serial_port),
        cmocka_unit_test(bad_settings_are_refused_in_words),
        cmocka_unit_test(what_the_file_does_not_take_did_not_happen),
        cmocka_unit_test(credentials_do_not_reach_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
