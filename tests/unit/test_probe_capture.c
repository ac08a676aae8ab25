/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: what tshark reads is what went over the wire, checksums included; and the wire itself. */
#include "probe/probe_internal.h"
#include "test_pki.h"

static struct sg_addr address(const char *text)
{
    struct sg_addr a;
    assert_int_equal(sg_addr_parse(text, &a, NULL), 0);
    return a;
}

static void write_capture(const struct sg_capture *c, const char *path)
{
    size_t n;
    uint8_t *p = sg_capture_pcapng(c, &n);
    assert_non_null(p);
    put_file(path, p, n);
    free(p);
}

static void skip_without_tshark(void)
{
    if (run("command -v tshark") != 0)
        skip();
}

#define TSHARK                                                                                                         \
    "tshark -n -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -T fields -E separator=/s -e frame.time_epoch "

static void tshark_reads_both_families(void **state)
{
    (void)state;
    skip_without_tshark();
    struct sg_capture *c = sg_capture_new(10000);
    struct sg_addr a4 = address("192.0.2.1:40000"), b4 = address("198.51.100.2:9"), a6 = address("[2001:db8::1]:40001"),
                   b6 = address("[2001:db8::2]:9"), none = {.port = 7};
    sg_capture_datagram(c, 1795420800123456, &a4, &b4, sg_str("odd"));
    sg_capture_datagram(c, 1795420800123457, &b6, &a6, sg_str("even"));
    sg_capture_datagram(c, 1795420801000000, &a6, &b6, sg_str(""));
    sg_capture_datagram(c, 1795420802000000, &none, &b4, sg_str("of the wildcard address"));
    assert_int_equal(sg_capture_count(c), 4);
    write_capture(c, "c.pcapng");
    sg_capture_free(c);

    assert_runs(TSHARK "-e ip.src -e ip.checksum.status -e udp.srcport -e udp.dstport -e udp.checksum.status -e "
                       "udp.payload -r c.pcapng 2>/dev/null");
    assert_string_equal(run_output, "1795420800.123456000 192.0.2.1 1 40000 9 1 6f6464\n"
                                    "1795420800.123457000   9 40001 1 6576656e\n"
                                    "1795420801.000000000   40001 9 1 \n"
                                    "1795420802.000000000 0.0.0.0 1 7 9 1 "
                                    "6f66207468652077696c64636172642061646472657373\n");
    assert_runs(TSHARK "-e ipv6.src -e ipv6.dst -r c.pcapng ipv6 2>/dev/null");
    assert_string_equal(run_output, "1795420800.123457000 2001:db8::2 2001:db8::1\n"
                                    "1795420801.000000000 2001:db8::1 2001:db8::2\n");
    assert_runs("capinfos -M c.pcapng");
    assert_contains(run_output, "signet probe");
    assert_contains(run_output, "microseconds");
}

static void a_full_capture_counts_what_it_lost(void **state)
{
    (void)state;
    struct sg_capture *c = sg_capture_new(10);
    struct sg_addr a = address("192.0.2.1:1");
    for (int i = 0; i < 3; i++)
        sg_capture_datagram(c, i, &a, &a, sg_str("123456"));
    sg_capture_datagram(c, 4, &a, &a, sg_str("1234"));
    assert_int_equal(sg_capture_count(c), 2);
    size_t n;
    uint8_t *p = sg_capture_pcapng(c, &n);
    assert_non_null(p);
    static const uint8_t two_lost[] = {0, 5, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}; /* isb_ifdrop, end */
    assert_memory_equal(p + n - 4 - sizeof two_lost, two_lost, sizeof two_lost);
    free(p);
    sg_capture_free(c);
}

static void key_logs_become_secrets_until_they_are_dropped(void **state)
{
    (void)state;
    struct sg_capture *c = sg_capture_new(1000);
    struct sg_addr a = address("192.0.2.1:1");
    size_t n;
    sg_capture_datagram(c, 0, &a, &a, sg_str("x"));
    sg_capture_key_log(c, "CLIENT_RANDOM 00 11");
    sg_capture_key_log(c, "CLIENT_RANDOM 22 33");
    uint8_t *p = sg_capture_pcapng(c, &n);
    assert_non_null(memmem(p, n, "TLSK\0\0\0\050CLIENT_RANDOM 00 11\nCLIENT_RANDOM 22 33\n", 48));
    free(p);
    write_capture(c, "k.pcapng");
    if (run("command -v capinfos") == 0)
        assert_runs("capinfos -c k.pcapng");
    sg_probe_capture_drop_keys(c);
    p = sg_capture_pcapng(c, &n);
    assert_null(memmem(p, n, "CLIENT_RANDOM", 13));
    free(p);
    sg_capture_free(c);
}

/* ---------------------------------------------------------------------------------------------------- the wire */

static struct sg_probe_wire open_wire(const char *at, unsigned rate)
{
    struct sg_probe_wire w;
    struct sg_error err = {0};
    struct sg_addr a = address(at);
    if (sg_probe_wire_open(&w, &a, rate, &err) != 0)
        fail_msg("%s", err.text);
    return w;
}

static void datagrams_go_both_ways_and_are_captured(void **state)
{
    (void)state;
    static const char *const at[] = {"127.0.0.1:0", "[::]:0"};
    for (size_t i = 0; i < 2; i++) {
        struct sg_probe_wire a = open_wire(at[i], 0), b = open_wire("127.0.0.1:0", 0);
        struct sg_addr from;
        uint8_t d[100];
        a.capture = sg_capture_new(1000);
        assert_int_equal(sg_probe_wire_receive(&a, &from, d, sizeof d, sg_probe_steady() + 20), 0);
        assert_int_equal(sg_probe_wire_send(&a, &b.local, sg_str("ping")), 0);
        assert_int_equal(sg_probe_wire_receive(&b, &from, d, sizeof d, sg_probe_steady() + 30000), 4);
        assert_int_equal(from.port, a.local.port);
        assert_int_equal(sg_probe_wire_send(&b, &from, sg_str("pong!")), 0);
        assert_int_equal(sg_probe_wire_receive(&a, &from, d, sizeof d, sg_probe_steady() + 30000), 5);
        assert_memory_equal(d, "pong!", 5);
        assert_true(sg_addr_eq(&from, &b.local));
        assert_int_equal(
            sg_probe_wire_send(&b, &(struct sg_addr){.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = a.local.port},
                               sg_str("larger than four")),
            0);
        assert_int_equal(sg_probe_wire_receive(&a, &from, d, 4, sg_probe_steady() + 30000), SG_ENOSPC);
        assert_int_equal(sg_capture_count(a.capture), 2);
        sg_capture_free(a.capture);
        sg_probe_wire_close(&a);
        sg_probe_wire_close(&b);
    }
}

static void a_closed_port_is_told(void **state)
{
    (void)state;
    static const char *const at[] = {"127.0.0.1:0", "[::]:0"};
    for (size_t i = 0; i < 2; i++) {
        struct sg_probe_wire w = open_wire(at[i], 0), gone = open_wire("127.0.0.1:0", 0);
        struct sg_addr nobody = gone.local, from;
        uint8_t d[100];
        sg_probe_wire_close(&gone);
        for (int n = 0; n < 3; n++) /* again and again: an error of an earlier one stops no sending */
            assert_int_equal(sg_probe_wire_send(&w, &nobody, sg_str("anybody?")), 0);
        assert_int_equal(sg_probe_wire_receive(&w, &from, d, sizeof d, sg_probe_steady() + 30000), SG_ECLOSED);
        sg_probe_wire_close(&w);
    }
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct sg_probe_wire a = open_wire("127.0.0.1:0", 0), b;
    struct sg_error err = {0};
    assert_int_equal(sg_probe_wire_open(&b, &a.local, 0, &err), SG_EBUSY);
    assert_contains(err.text, "127.0.0.1:");
    sg_probe_wire_close(&a);
}

static void sending_is_paced(void **state)
{
    (void)state;
    struct sg_probe_wire w = open_wire("127.0.0.1:0", 50), other = open_wire("127.0.0.1:0", 0);
    uint64_t began = sg_probe_steady();
    for (int i = 0; i < 6; i++)
        assert_int_equal(sg_probe_wire_send(&w, &other.local, sg_str("x")), 0);
    assert_true(sg_probe_steady() - began >= 99); /* five pauses of 20 ms */
    sg_probe_wire_close(&w);
    sg_probe_wire_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tshark_reads_both_families),
        cmocka_unit_test(a_full_capture_counts_what_it_lost),
        cmocka_unit_test(key_logs_become_secrets_until_they_are_dropped),
        cmocka_unit_test(datagrams_go_both_ways_and_are_captured),
        cmocka_unit_test(a_closed_port_is_told),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(sending_is_paced),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
