/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence folders: records are whole, chained and signed, and whatever is done to them later is found and named. */
#include "probe/probe.h"
#include "test_pki.h"

#include <fcntl.h>
#include <sys/file.h>

static const struct sg_probe_run runs[] = {
    {"srv.plain", "plain CoAP is sent", "no answer", "SCM-1 AUM-1-1", "close the port", SG_WEIGHT_SUPPORTING,
     SG_SEVERITY_HIGH},
    {"modem.read-key", "a key is read", "refused", "SSM-3", "none", SG_WEIGHT_PRIMARY, SG_SEVERITY_CRITICAL},
    {"batch.unique", "keys are compared", "all differ", "CCK-3", "make new ones", SG_WEIGHT_PRIMARY,
     SG_SEVERITY_CRITICAL},
};

static struct sg_probe_target target = {.kind = SG_PROBE_SERVER,
                                        .address = "coaps://127.0.0.1:5684",
                                        .product = "Meter",
                                        .serial = "7",
                                        .why_design = "the address is a loopback address"};

static void record(struct sg_evidence *e, size_t run, char folder[128])
{
    static const struct sg_addr from = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 4000};
    struct sg_probe_result r;
    struct sg_error err = {0};
    sg_probe_result_init(&r, &runs[run]);
    r.capture = sg_capture_new(10000);
    r.transcript = strdup("AT\nOK\n");
    r.facts = json_pack("{s:i}", "sent", 3);
    sg_capture_datagram(r.capture, 1000000, &from, &from, sg_str("hello"));
    sg_probe_add_control(&r, true, "a right one", "2.05 Content");
    sg_probe_conclude(&r, SG_VERDICT_NOTHING_AGAINST, "nothing came back", "It must not answer, and it did not.");
    if (sg_evidence_add(e, &target, &r, "me", folder, &err) != 0)
        fail_msg("%s", err.text);
    sg_probe_result_free(&r);
}

static struct sg_evidence *open_folder(const char *dir)
{
    struct sg_error err = {0};
    struct sg_evidence *e = sg_evidence_open(dir, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

/* A new folder with three records. */
static void three_records(const char *dir)
{
    assert_runs("rm -rf %s", dir);
    struct sg_evidence *e = open_folder(dir);
    for (size_t i = 0; i < 3; i++)
        record(e, i, NULL);
    sg_evidence_close(e);
}

/* What a walk says of each folder, a line each: "0001-srv.plain: fine\n". */
static char said[4096];
static int say(void *user, const char *folder, json_t *r, const char *wrong)
{
    (void)user;
    (void)r;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s: %s\n", folder, wrong != NULL ? wrong : "fine");
    return 0;
}

static int walk(const char *dir)
{
    said[0] = '\0';
    return sg_evidence_walk(dir, say, NULL, NULL);
}

static void assert_said(const char *dir, const char *expected)
{
    assert_int_equal(walk(dir), SG_EMISMATCH);
    assert_string_equal(said, expected);
}

static void records_are_found_again_and_verify(void **state)
{
    (void)state;
    three_records("e");
    assert_int_equal(walk("e"), 3);
    assert_string_equal(said, "0001-srv.plain: fine\n0002-modem.read-key: fine\n0003-batch.unique: fine\n");
    assert_int_equal(mode_of("e/signer.key"), 0600);

    struct sg_evidence *e = open_folder("e"); /* the chain goes on */
    char folder[128];
    record(e, 0, folder);
    sg_evidence_close(e);
    assert_string_equal(folder, "0004-srv.plain");
    assert_int_equal(walk("e"), 4);
}

static void openssl_agrees(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("cd e/0002-modem.read-key && openssl cms -verify -binary -inform DER -in record.p7s -content "
                "record.json -CAfile ../signer.crt -purpose any -out /dev/null");
    assert_runs("cd e && test $(sha256sum <0001-srv.plain/record.json | cut -d' ' -f1) = "
                "$(sed -n 's/.*\"previous\": \"\\(.*\\)\".*/\\1/p' 0002-modem.read-key/record.json)");
}

static int look_at_record(void *user, const char *folder, json_t *r, const char *wrong)
{
    (void)user;
    assert_null(wrong);
    if (strcmp(folder, "0002-modem.read-key") != 0)
        return 0;
    const char *text[12];
    json_int_t format, number, sent;
    assert_int_equal(json_unpack(r, "{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "format", &format, "number", &number,
                                 "run", &text[0], "weight", &text[1], "setting", &text[2], "setting_reason", &text[3],
                                 "verdict", &text[4], "severity", &text[5], "cure", &text[6], "operator", &text[7]),
                     0);
    assert_int_equal(format, 1);
    assert_int_equal(number, 2);
    assert_string_equal(text[0], "modem.read-key");
    assert_string_equal(text[1], "supporting"); /* primary on the product alone */
    assert_string_equal(text[2], "design");
    assert_string_equal(text[3], target.why_design);
    assert_string_equal(text[4], "nothing-against");
    assert_string_equal(text[5], "");
    assert_string_equal(text[6], "");
    assert_string_equal(text[7], "me");
    assert_int_equal(json_unpack(r, "{s:[s],s:{s:s,s:s},s:[{s:s,s:b}],s:{s:I},s:[{s:s},{s:s}]}", "requirements",
                                 &text[0], "target", "kind", &text[1], "serial", &text[2], "controls", "what", &text[3],
                                 "ok", &(int){0}, "facts", "sent", &sent, "files", "name", &text[4], "name", &text[5]),
                     0);
    assert_string_equal(text[0], "SSM-3");
    assert_string_equal(text[1], "server");
    assert_string_equal(text[4], "capture.pcapng");
    assert_string_equal(text[5], "transcript.txt");
    assert_int_equal(sent, 3);
    return 0;
}

static void a_record_says_what_was_seen(void **state)
{
    (void)state;
    three_records("e");
    assert_int_equal(sg_evidence_walk("e", look_at_record, NULL, NULL), 3);
}

/* ------------------------------------------------------------------------------------------------ what was done */

static void an_altered_record_is_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("sed -i s/nothing-against/fail/ e/0002-modem.read-key/record.json");
    assert_said("e", "0001-srv.plain: fine\n"
                     "0002-modem.read-key: record.json is not what was signed: it was altered\n"
                     "0003-batch.unique: fine\n");
}

static void an_altered_file_is_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("printf x >>e/0001-srv.plain/capture.pcapng && rm e/0003-batch.unique/transcript.txt && "
                "echo >e/0002-modem.read-key/more");
    assert_said("e", "0001-srv.plain: its file capture.pcapng was altered\n"
                     "0002-modem.read-key: the file more lies in it, which the record does not know\n"
                     "0003-batch.unique: its file transcript.txt is not there\n");
}

static void a_removed_record_is_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("rm -r e/0002-modem.read-key");
    assert_said("e", "0001-srv.plain: fine\n0002: the record is not there: it was removed\n0003-batch.unique: fine\n");
    assert_runs("mv e/0003-batch.unique e/0002-batch.unique"); /* and the gap closed */
    assert_said("e", "0001-srv.plain: fine\n0002-batch.unique: it is record 3, in the place of record 2\n");
}

static void swapped_records_are_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("cd e && mv 0001-srv.plain x && mv 0002-modem.read-key 0001-modem.read-key && mv x 0002-srv.plain");
    assert_said("e", "0001-modem.read-key: it is record 2, in the place of record 1\n"
                     "0002-srv.plain: it is record 1, in the place of record 2\n"
                     "0003-batch.unique: fine\n");
}

static void another_signer_is_named(void **state)
{
    (void)state;
    three_records("e");
    three_records("f");
    assert_runs("rm -r e/0003-batch.unique && cp -r f/0003-batch.unique e");
    assert_said("e", "0001-srv.plain: fine\n0002-modem.read-key: fine\n"
                     "0003-batch.unique: it is signed by another key than signer.crt names\n");
}

/* Someone with the key makes another record in the place of one: the next one tells. */
static void an_exchanged_record_is_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("rm -rf f && mkdir f && cp e/signer.* f/");
    struct sg_evidence *e = open_folder("f");
    record(e, 0, NULL);
    sg_evidence_close(e);
    assert_runs("rm -r e/0001-srv.plain && cp -r f/0001-srv.plain e");
    assert_said("e", "0001-srv.plain: fine\n"
                     "0002-modem.read-key: it follows another record than the one before it: that was exchanged\n"
                     "0003-batch.unique: fine\n");
}

static void a_second_record_of_a_number_is_named(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("cp -r e/0001-srv.plain e/0001-srv.weak");
    assert_int_equal(walk("e"), SG_EMISMATCH);
    assert_contains(said, "0001-srv.weak: there is another record of that number\n");
}

/* -------------------------------------------------------------------------------------------------- the folder */

static void a_crash_leaves_a_record_or_none(void **state)
{
    (void)state;
    three_records("e");
    assert_runs("cp -r e/0003-batch.unique e/.unfinished && rm e/.unfinished/record.p7s");
    assert_int_equal(walk("e"), 3);
    struct sg_evidence *e = open_folder("e");
    assert_int_not_equal(access("e/.unfinished", F_OK), 0);
    record(e, 0, NULL);
    sg_evidence_close(e);
    assert_int_equal(walk("e"), 4);

    assert_runs("rm -r e && mkdir e && echo half >e/signer.key.a1B2c3"); /* before the key had its name */
    sg_evidence_close(open_folder("e"));
    assert_int_not_equal(access("e/signer.key.a1B2c3", F_OK), 0);
    assert_runs("rm -r e && mkdir e && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "
                "e/signer.key && chmod 600 e/signer.key"); /* before its certificate was written */
    sg_evidence_close(open_folder("e"));
    assert_int_equal(walk("e"), 0);
}

static void assert_not_opened(const char *dir, int code, const char *part)
{
    struct sg_error err = {0};
    assert_null(sg_evidence_open(dir, &err));
    assert_int_equal(err.code, code);
    assert_contains(err.text, part);
}

static void something_else_is_not_written_to(void **state)
{
    (void)state;
    assert_runs("rm -rf e && mkdir e && echo 1 >e/other");
    assert_not_opened("e", SG_EFORMAT, "is not empty");
    assert_not_opened("e/other", SG_EFORMAT, "e/other");
    assert_runs("test $(ls -A e) = other");
    three_records("e");
    three_records("f");
    assert_runs("cp f/signer.key e");
    assert_not_opened("e", SG_EFORMAT, "do not belong together");
    assert_runs("rm e/signer.key e/signer.crt");
    assert_not_opened("e", SG_EFORMAT, "is not empty");
    three_records("e");
    assert_runs("rm e/0003-batch.unique/record.json");
    assert_not_opened("e", SG_EFORMAT, "the last record");
}

static void only_one_writes(void **state)
{
    (void)state;
    three_records("e");
    struct sg_evidence *e = open_folder("e");
    assert_not_opened("e", SG_EBUSY, "another probe");
    sg_evidence_close(e);
    sg_evidence_close(open_folder("e"));
}

/* ------------------------------------------------------------------------------------------------- the verdict */

static void a_refusal_with_a_failed_control_is_skipped(void **state)
{
    (void)state;
    static const struct {
        enum sg_verdict said, becomes;
    } cases[] = {
        {SG_VERDICT_NOTHING_AGAINST, SG_VERDICT_SKIPPED},
        {SG_VERDICT_REMARK, SG_VERDICT_SKIPPED},
        {SG_VERDICT_FAIL, SG_VERDICT_FAIL},
        {SG_VERDICT_NOT_APPLICABLE, SG_VERDICT_NOT_APPLICABLE},
        {SG_VERDICT_SKIPPED, SG_VERDICT_SKIPPED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_probe_result r;
        sg_probe_result_init(&r, &runs[0]);
        sg_probe_add_control(&r, true, "before", "2.05");
        sg_probe_conclude(&r, cases[i].said, "o", "why");
        assert_int_equal(r.verdict, cases[i].said);
        sg_probe_add_control(&r, false, "after", "no answer");
        for (int more = 0; more < SG_PROBE_CONTROLS; more++)
            sg_probe_add_control(&r, true, "more", "2.05"); /* must not push the failed one out */
        sg_probe_conclude(&r, cases[i].said, "o", "why");
        assert_int_equal(r.verdict, cases[i].becomes);
        if (cases[i].becomes != cases[i].said)
            assert_contains(r.reason, "after: no answer");
        sg_probe_result_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_found_again_and_verify),
        cmocka_unit_test(openssl_agrees),
        cmocka_unit_test(a_record_says_what_was_seen),
        cmocka_unit_test(an_altered_record_is_named),
        cmocka_unit_test(an_altered_file_is_named),
        cmocka_unit_test(a_removed_record_is_named),
        cmocka_unit_test(swapped_records_are_named),
        cmocka_unit_test(another_signer_is_named),
        cmocka_unit_test(an_exchanged_record_is_named),
        cmocka_unit_test(a_second_record_of_a_number_is_named),
        cmocka_unit_test(a_crash_leaves_a_record_or_none),
        cmocka_unit_test(something_else_is_not_written_to),
        cmocka_unit_test(only_one_writes),
        cmocka_unit_test(a_refusal_with_a_failed_control_is_skipped),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
