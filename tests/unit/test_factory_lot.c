/* SPDX-License-Identifier: Apache-2.0 */
/* Lots: what is recorded of each board, and a report that is whole, signed, and the same each time. */
#include "factory_bench.h"

#include <jansson.h>

static const char *const forms[] = {".json", ".html", ".csv", "-labels.html", ".p7s"};

static struct sg_lot open_lot(struct bench *b, const char *name)
{
    struct sg_lot lot;
    if (sg_lot_open(b->store, name, "tester", b->enroll.now, &lot, &b->err) != 0)
        fail_msg("%s", b->err.text);
    return lot;
}

/* Enrols the board on the bench and records what became of it. */
static int enroll_in(struct bench *b, const struct sg_lot *lot)
{
    int code = bench_enroll(b);
    struct sg_lot_attempt a = {.port = "/dev/<b&nch>",
                               .code = code,
                               .result = &b->result,
                               .why = b->err.text,
                               .began = b->enroll.now,
                               .took_ms = 1234};
    assert_int_equal(sg_lot_record(b->store, NULL, lot, &a, &b->err), 0);
    return code;
}

static struct bench *bench_with_ca(void)
{
    struct bench *b = bench_new();
    struct sg_cert_row row = {.kind = SG_CERT_ISSUING_CA, .state = SG_CERT_ACTIVE, .added = b->enroll.now};
    assert_int_equal(sg_store_add_cert(b->store, b->ca.cert, &row, &b->err), 0);
    assert_int_equal(system("rm -rf lots"), 0);
    return b;
}

static int close_lot(struct bench *b, const char *name)
{
    struct sg_lot_close c = {.store = b->store,
                             .issuer = b->enroll.issuer,
                             .name = name,
                             .dir = "lots",
                             .who = "tester",
                             .now = b->enroll.now + 60};
    return sg_lot_close(&c, &b->err);
}

static char *form(const char *name, const char *suffix, size_t *n)
{
    char path[100];
    struct sg_error err = {0};
    (void)snprintf(path, sizeof path, "lots/%s%s", name, suffix);
    char *text = (char *)sg_file_read(path, 1 << 20, n, &err);
    if (text == NULL)
        fail_msg("%s", err.text);
    return text;
}

static struct sg_lot_count count(struct bench *b, const char *name)
{
    struct sg_lot_count n;
    assert_int_equal(sg_lot_count(b->store, name, &n, &b->err), 0);
    return n;
}

static void a_lot_tells_what_became_of_each_board(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_lot lot = open_lot(b, "2026-11");
    (void)state;
    b->stop_after = SG_ENROLL_KEY;
    assert_int_equal(enroll_in(b, &lot), SG_ECLOSED);
    b->stop_after = -1;
    assert_int_equal(enroll_in(b, &lot), 0); /* the same board, enrolled now */
    assert_int_equal(enroll_in(b, &lot), 0); /* and looked at again */
    bench_connect(b, &(struct sg_sim_config){.imei = "351516170000019"});
    b->enroll.endpoint = "a name that cannot be"; /* it has blanks */
    assert_int_equal(enroll_in(b, &lot), SG_EINVAL);
    struct sg_lot_attempt nobody = {.port = "/dev/none", .code = SG_ENOTFOUND, .why = "there is no port /dev/none"};
    assert_int_equal(sg_lot_record(b->store, NULL, &lot, &nobody, &b->err), 0);
    struct sg_lot_count n = count(b, "2026-11");
    assert_int_equal(n.boards, 2);
    assert_int_equal(n.enrolled, 1);
    assert_int_equal(n.verified, 0);
    assert_int_equal(n.failed, 1);
    assert_int_equal(n.attempts, 5);
    assert_int_equal(n.failures, 3);
    bench_free(b);
}

static void the_report_says_all_of_it(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_lot lot = open_lot(b, "first");
    char hex[65] = "";
    (void)state;
    assert_int_equal(enroll_in(b, &lot), 0);
    struct sg_buf text = sg_buf(hex, sizeof hex);
    sg_put_hex(&text, sg_bytes(b->result.cert.fingerprint.sha256, 32));
    (void)sg_buf_cstr(&text);
    struct sg_lot_attempt bad = {.port = "/dev/none", .code = SG_EIO, .why = "<script>\"&\x01\xff caf\xc3\xa9"};
    assert_int_equal(sg_lot_record(b->store, NULL, &lot, &bad, &b->err), 0);
    assert_int_equal(close_lot(b, "first"), 0);

    char *json = form("first", ".json", NULL);
    json_t *all = json_loads(json, 0, NULL), *board = json_array_get(json_object_get(all, "boards"), 0);
    const char *endpoint, *fingerprint, *firmware, *port, *result, *reason;
    assert_int_equal(json_unpack(board, "{s:s, s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "result", &result, "endpoint",
                                 &endpoint, "certificate", "fingerprint", &fingerprint, "modem", "firmware", &firmware,
                                 "attempt", "port", &port),
                     0);
    assert_string_equal(result, "enrolled");
    assert_string_equal(endpoint, ENDPOINT);
    assert_string_equal(fingerprint, hex);
    assert_string_equal(firmware, b->result.modem.firmware);
    assert_string_equal(port, "/dev/<b&nch>");
    assert_int_equal(json_unpack(all, "{s:[{s:s}]}", "failures", "reason", &reason), 0);
    assert_string_equal(reason, "<script>\"&?? caf\xc3\xa9");
    json_decref(all);
    free(json);

    char *html = form("first", ".html", NULL), *csv = form("first", ".csv", NULL);
    assert_contains(html, "&lt;script&gt;&quot;&amp;?? caf\xc3\xa9");
    assert_null(strstr(html, "<script"));
    assert_contains(html, ENDPOINT);
    assert_contains(csv, "\"" ENDPOINT "\",\"" IMEI "\",");
    assert_contains(csv, hex);
    free(html);
    free(csv);
    bench_free(b);
}

static void closed_again_nothing_changes(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_lot lot = open_lot(b, "again");
    char *before[5], *after[5];
    size_t n[5], m[5];
    (void)state;
    assert_int_equal(enroll_in(b, &lot), 0);
    assert_int_equal(close_lot(b, "again"), 0);
    for (size_t i = 0; i < 5; i++)
        before[i] = form("again", forms[i], &n[i]);
    b->enroll.now += 1000;
    assert_int_equal(close_lot(b, "again"), 0);
    for (size_t i = 0; i < 5; i++) {
        after[i] = form("again", forms[i], &m[i]);
        assert_int_equal(n[i], m[i]);
        assert_memory_equal(before[i], after[i], n[i]);
        free(before[i]);
        free(after[i]);
    }
    bench_free(b);
}

static void what_was_lost_is_written_again(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_cert_facts signer;
    struct sg_lot lot = open_lot(b, "lost");
    (void)state;
    assert_int_equal(enroll_in(b, &lot), 0);
    for (size_t i = 0; i < 5; i++) {
        char path[100];
        assert_int_equal(close_lot(b, "lost"), 0);
        (void)snprintf(path, sizeof path, "lots/lost%s", forms[i]);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(close_lot(b, "lost"), 0);
        assert_int_equal(access(path, R_OK), 0);
        if (sg_lot_verify(b->store, "lots", "lost", &signer, &b->err) != 0)
            fail_msg("%s", b->err.text);
        assert_string_equal(signer.cn, "first lot");
    }
    bench_free(b);
}

static void assert_forged(struct bench *b, int code, const char *says)
{
    struct sg_cert_facts signer;
    assert_int_equal(sg_lot_verify(b->store, "lots", "forged", &signer, &b->err), code);
    assert_contains(b->err.text, says);
}

static void a_changed_report_is_told(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_lot lot = open_lot(b, "forged");
    (void)state;
    assert_forged(b, SG_ENOTFOUND, "signet lot close forged");
    assert_int_equal(enroll_in(b, &lot), 0);
    assert_int_equal(close_lot(b, "forged"), 0);
    assert_int_equal(system("sed -i s/enrolled/Enrolled/ lots/forged.json"), 0);
    assert_forged(b, SG_EMISMATCH, "the signature does not fit");
    assert_int_equal(close_lot(b, "forged"), 0);
    assert_int_equal(system("truncate -s -1 lots/forged.p7s"), 0);
    assert_forged(b, SG_EFORMAT, "not one detached CMS signature");

    struct rig_ca other = rig_ca("first lot"); /* the same name, another key */
    struct sg_issuer ours = b->enroll.issuer;
    b->enroll.issuer = (struct sg_issuer){other.cert, other.key};
    assert_int_equal(close_lot(b, "forged"), 0);
    assert_forged(b, SG_EMISMATCH, "no issuing CA of this home");
    b->enroll.issuer = ours;
    rig_ca_free(&other);

    assert_int_equal(close_lot(b, "forged"), 0);
    lot = open_lot(b, "forged");
    assert_int_equal(enroll_in(b, &lot), 0);
    assert_forged(b, SG_EMISMATCH, "the inventory says something else by now");
    bench_free(b);
}

static void a_bad_name_is_refused(void **state)
{
    struct bench *b = bench_with_ca();
    struct sg_lot lot;
    static const char *const names[] = {
        "",           "..",   ".hidden",
        "-x",         "a/b",  "a b",
        "ca\xc3\xa9", "a\nb", "0123456789012345678901234567890123456789012345678901234567890123"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(sg_lot_open(b->store, names[i], "tester", 1, &lot, &b->err), SG_EINVAL);
        assert_contains(b->err.text, "cannot be a lot's name");
    }
    assert_int_equal(close_lot(b, "none"), SG_ENOTFOUND);
    assert_int_equal(close_lot(b, "../x"), SG_ENOTFOUND);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lot_tells_what_became_of_each_board),
        cmocka_unit_test(the_report_says_all_of_it),
        cmocka_unit_test(closed_again_nothing_changes),
        cmocka_unit_test(what_was_lost_is_written_again),
        cmocka_unit_test(a_changed_report_is_told),
        cmocka_unit_test(a_bad_name_is_refused),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
