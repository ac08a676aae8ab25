/* SPDX-License-Identifier: Apache-2.0 */
/* The seal: what is refused, and each change found where it is. */
#include "assess/assess.h"
#include "test_pki.h"

#include <time.h>

/* result.json as of what is in the folder, and the report of it. */
static void make_result(void)
{
    uint8_t digest[32];
    char sum[65], product[200];
    size_t n;
    struct sg_buf hex = sg_buf(sum, sizeof sum);
    FILE *f = fopen("a/product.yaml", "rb");
    n = fread(product, 1, sizeof product, f);
    fclose(f);
    sg_sha256(sg_bytes(product, n), digest);
    sg_put_hex(&hex, sg_bytes(digest, sizeof digest));
    json_t *result = json_pack("{s:i, s:{s:s}, s:[{s:s, s:s}]}", "format", 1, "product_file", "sha256",
                               sg_buf_cstr(&hex), "records", "folder", "0001-srv.plain", "began", "2026-11-23");
    assert_int_equal(json_dump_file(result, "a/result.json", 0), 0);
    char *page = sg_assess_page(SG_PAGE_REPORT, result, &n, NULL);
    assert_non_null(page);
    put_file("a/report/report.html", page, n);
    free(page);
    json_decref(result);
}

/* The folder "a": a small finished assessment. */
static void make_folder(void)
{
    assert_runs("rm -rf a && mkdir -p a/evidence/0001-srv.plain a/report");
    put_text("a/product.yaml", "product:\n  name: Meter\n");
    put_text("a/evidence/0001-srv.plain/record.json", "{\"began\": \"2026-11-23\"}\n");
    put_text("a/evidence/signer.key", "a secret");
    assert_runs("seq 1 2000 >a/report/numbers.txt; : >a/report/empty");
    make_result();
}

static char left_out_path[256];
static void left_out(void *user, const char *path, const char *why)
{
    (void)user, (void)why;
    snprintf(left_out_path, sizeof left_out_path, "%s", path);
}

static struct sg_seal_wanted wanted(const struct house *h)
{
    return (struct sg_seal_wanted){.dir = "a",
                                   .signer = {h->ca, h->ca_key},
                                   .who = "tester",
                                   .version = "0",
                                   .system = "Test",
                                   .now = NOW,
                                   .left_out = left_out};
}

struct archive {
    uint8_t *p;
    size_t n;
};

static struct archive seal(const struct house *h)
{
    struct sg_seal_wanted w = wanted(h);
    struct sg_error err = {0};
    struct archive a;
    make_folder();
    a.p = sg_seal_make(&w, &a.n, &err);
    if (a.p == NULL)
        fail_msg("%s", err.text);
    return a;
}

/* The findings of one look: the first, and how many. */
struct findings {
    struct sg_seal_finding first;
    size_t n;
};
static void found(void *user, const struct sg_seal_finding *finding)
{
    struct findings *f = user;
    if (f->n++ == 0)
        f->first = *finding;
}

static struct findings look_at(const struct archive *a, int expected)
{
    static struct sg_seal_look look;
    struct findings f = {.n = 0};
    struct sg_error err = {0};
    look = (struct sg_seal_look){.now = (int64_t)time(NULL), .user = &f, .found = found};
    int r = sg_seal_verify(sg_bytes(a->p, a->n), &look, &err);
    if (r != expected)
        fail_msg("%d: %s; %s: %s", r, err.text, f.first.path, f.first.text);
    return f;
}

/* Where the content of a file begins in the archive. */
static size_t content_of(const struct archive *a, const char *path)
{
    char name[256];
    snprintf(name, sizeof name, "assessment/%s", path);
    for (size_t at = 0; at + 512 <= a->n; at += 512)
        if (strcmp((const char *)a->p + at, name) == 0 && memcmp(a->p + at + 257, "ustar", 5) == 0)
            return at + 512;
    fail_msg("%s is not in the archive", path);
    return 0;
}

/* The archive again, of what `commands` made of its files in the folder "x". */
static struct archive repack(const struct archive *a, const char *commands)
{
    struct archive b;
    put_file("a.tar", a->p, a->n);
    assert_runs("rm -rf x && mkdir x && tar -C x -xf a.tar && cd x/assessment && { %s\n} && cd .. && "
                "tar --format=ustar -cf ../b.tar assessment",
                commands);
    b.p = sg_file_read("b.tar", 1 << 24, &b.n, NULL);
    assert_non_null(b.p);
    return b;
}

/* ------------------------------------------------------------------------------------------------------- sealing */

static void what_is_sealed_is_whole_and_the_same_each_time(void **state)
{
    struct house h = build_house();
    struct archive a = seal(&h), again = seal(&h);
    (void)state;
    (void)look_at(&a, 0);
    assert_string_equal(left_out_path, "evidence/signer.key");
    put_file("a.tar", a.p, a.n);
    assert_runs("tar tf a.tar");
    assert_null(strstr(run_output, "signer.key"));
    assert_contains(run_output, "assessment/report/empty\n");
    /* All but the signature, in which ECDSA is random. */
    assert_int_equal(a.n, again.n);
    size_t signature = content_of(&a, "manifest.p7s") - 512;
    assert_memory_equal(a.p, again.p, signature);
    struct archive repacked = repack(&a, "true");
    (void)look_at(&repacked, 0); /* whatever tar packed it */
    free(a.p);
    free(again.p);
    free(repacked.p);
    free_house(&h);
}

static void assert_refused(const struct house *h, const char *commands, int code, const char *why)
{
    struct sg_seal_wanted w = wanted(h);
    struct sg_error err = {0};
    size_t n;
    make_folder();
    assert_runs("%s", commands);
    assert_null(sg_seal_make(&w, &n, &err));
    assert_int_equal(err.code, code);
    assert_contains(err.text, why);
}

static void secrets_are_refused(void **state)
{
    static const char key[] = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ";
    struct house h = build_house();
    char commands[400];
    (void)state;
    snprintf(commands, sizeof commands, "%s -out a/report/innocent.txt", key);
    assert_refused(&h, commands, SG_EDENIED, "a/report/innocent.txt is or has a private key");
    snprintf(commands, sizeof commands, "%s -outform DER -out a/report/innocent.bin", key);
    assert_refused(&h, commands, SG_EDENIED, "a private key");
    snprintf(commands, sizeof commands, "%s | openssl pkcs8 -topk8 -outform DER -passout pass:x -out a/report/b", key);
    assert_refused(&h, commands, SG_EDENIED, "a private key");
    snprintf(commands, sizeof commands, "%s | awk '{printf \"%%s\\\\n\", $0}' >a/report/log.json", key);
    assert_refused(&h, commands, SG_EDENIED, "a private key");
    assert_refused(&h, "echo x >a/evidence/other.key", SG_EDENIED, "a key file");
    assert_refused(&h, "echo CLIENT_RANDOM $(printf '%064d %096d' 1 2) >a/report/log", SG_EDENIED, "a key log");
    assert_refused(&h, "ln -s /etc/passwd a/report/link", SG_EINVAL, "is a link");
    free_house(&h);
}

static void what_is_not_finished_is_refused_but_as_a_draft(void **state)
{
    struct house h = build_house();
    struct sg_seal_wanted w = wanted(&h);
    struct sg_error err = {0};
    struct archive a;
    (void)state;
    assert_refused(&h, "echo '# more' >>a/product.yaml", SG_ESTATE, "product.yaml was changed after result.json");
    assert_refused(&h, "mkdir a/evidence/0002-x; echo 1 >a/evidence/0002-x/record.json", SG_ESTATE, "the records");
    assert_refused(&h, "echo '{\"began\": \"2026-11-24\"}' >a/evidence/0001-srv.plain/record.json", SG_ESTATE,
                   "the records in evidence are others");
    assert_refused(&h, "echo >>a/report/report.html", SG_ESTATE, "was not made from this result.json");
    assert_refused(&h, "rm a/report/report.html", SG_ESTATE, "report.html is missing");
    assert_refused(&h, "rm a/result.json", SG_ESTATE, "result.json is missing");
    w.draft = true;
    a.p = sg_seal_make(&w, &a.n, &err);
    assert_non_null(a.p);
    (void)look_at(&a, 0);
    put_file("a.tar", a.p, a.n);
    assert_runs("tar xOf a.tar assessment/MANIFEST.json | grep '\"draft\": true'");
    free(a.p);
    free_house(&h);
}

/* ------------------------------------------------------------------------------------------------------- changes */

static void each_byte_is_found(void **state)
{
    struct house h = build_house();
    struct archive a = seal(&h);
    static const char *const paths[] = {"report/numbers.txt", "product.yaml",    "MANIFEST.json",
                                        "MANIFEST.places",    "MANIFEST.sha256", "README.txt"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        size_t begin = content_of(&a, paths[i]);
        for (size_t at = 0; at < 3000 && at < strlen((const char *)a.p + begin); at += 59) {
            a.p[begin + at] ^= 0x04;
            struct findings f = look_at(&a, SG_EMISMATCH);
            a.p[begin + at] ^= 0x04;
            if (strcmp(f.first.path, paths[i]) != 0 || f.first.from != (int64_t)at || f.first.to != (int64_t)at)
                fail_msg("byte %zu of %s: %s: %s", at, paths[i], f.first.path, f.first.text);
        }
    }
    free(a.p);
    free_house(&h);
}

/* No byte of the archive can change unseen: headers, padding and end among them. Only in the wrapping of the signature
 * itself, version numbers and names of algorithms say nothing and are not signed; a stamp covers them. */
static void no_byte_can_change(void **state)
{
    struct house h = build_house();
    struct archive a = seal(&h);
    static struct sg_seal_look look;
    (void)state;
    size_t signature = content_of(&a, "manifest.p7s");
    for (size_t at = 0; at < a.n; at += 101) {
        if (at >= signature && at < signature + 1024)
            continue;
        a.p[at] ^= 0x01;
        look = (struct sg_seal_look){.now = NOW};
        if (sg_seal_verify(sg_bytes(a.p, a.n), &look, NULL) == 0)
            fail_msg("byte %zu changed, and nobody saw it", at);
        a.p[at] ^= 0x01;
    }
    a.p[257 + 8] = 'x'; /* the owner's name in the first header */
    struct findings f = look_at(&a, SG_EMISMATCH);
    assert_int_equal(f.first.from, 265);
    free(a.p);
    free_house(&h);
}

static void changes_are_named(void **state)
{
    static const struct {
        const char *commands;
        enum sg_seal_fault fault;
        const char *path, *text;
        int64_t from, to;
    } cases[] = {
        {"rm report/numbers.txt", SG_SEAL_MISSING, "report/numbers.txt", "is not there any more", -1, -1},
        {"echo x >report/more.html", SG_SEAL_ADDED, "report/more.html", "was not there", -1, -1},
        {"mv product.yaml other.yaml", SG_SEAL_RENAMED, "product.yaml", "it is there as other.yaml", -1, -1},
        {"truncate -s 5000 report/numbers.txt", SG_SEAL_CUT, "report/numbers.txt", "the last 3893 of its 8893", 5000,
         8892},
        {"truncate -s -1 product.yaml", SG_SEAL_CUT, "product.yaml", "the last 1 of its", 22, 22},
        {"truncate -s 0 product.yaml", SG_SEAL_CUT, "product.yaml", "the last 23 of its 23", 0, 22},
        {"printf more >>product.yaml", SG_SEAL_ALTERED, "product.yaml", "4 bytes were added at its end", 23, 26},
        {"printf x >>report/empty", SG_SEAL_ALTERED, "report/empty", "1 bytes were added at its end", 0, 0},
        {"sed -i 's/Meter/Motor/' product.yaml", SG_SEAL_ALTERED, "product.yaml", "bytes 18 to 20 were changed", 18,
         20},
        {"sed -i 's/^1000$/10000/' report/numbers.txt", SG_SEAL_ALTERED, "report/numbers.txt", "it is 1 bytes longer",
         3840, 4095},
        {"printf '' >manifest.p7s", SG_SEAL_UNSIGNED, "manifest.p7s", "does not fit", -1, -1},
        {"rm manifest.p7s", SG_SEAL_UNSIGNED, "manifest.p7s", "is missing", -1, -1},
        {"rm MANIFEST.sha256", SG_SEAL_MISSING, "MANIFEST.sha256", "is not there any more", -1, -1},
        {"rm MANIFEST.json", SG_SEAL_MISSING, "MANIFEST.json", "is not there any more", -1, -1},
        {"sed -i '/product.yaml/d' MANIFEST.sha256", SG_SEAL_ALTERED, "MANIFEST.sha256", "were changed", 490, 1094},
    };
    struct house h = build_house();
    struct archive a = seal(&h);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct archive b = repack(&a, cases[i].commands);
        struct findings f = look_at(&b, SG_EMISMATCH);
        if (f.first.fault != cases[i].fault || strcmp(f.first.path, cases[i].path) != 0 ||
            strstr(f.first.text, cases[i].text) == NULL || f.n != 1)
            fail_msg("%s: %zu, %s %s: %s", cases[i].commands, f.n, sg_seal_fault_name(f.first.fault), f.first.path,
                     f.first.text);
        if (strcmp(f.first.path, "MANIFEST.sha256") != 0) {
            assert_int_equal(f.first.from, cases[i].from);
            assert_int_equal(f.first.to, cases[i].to);
        }
        free(b.p);
    }
    free(a.p);
    free_house(&h);
}

/* Someone who alters a file and all its hashes lacks the signer's key. */
static void another_signer_shows(void **state)
{
    struct house h = build_house(), other = build_house();
    struct archive a = seal(&h), b = seal(&other);
    struct findings f = {.n = 0};
    struct sg_trust *trust = sg_trust_new(NULL);
    (void)state;
    assert_int_equal(sg_trust_add(trust, h.root, NULL), 0);
    static struct sg_seal_look look;
    look = (struct sg_seal_look){.now = NOW, .user = &f, .found = found, .signers = trust};
    assert_int_equal(sg_seal_verify(sg_bytes(a.p, a.n), &look, NULL), 0);
    assert_true(look.signer_trusted);
    assert_int_equal(sg_seal_verify(sg_bytes(b.p, b.n), &look, NULL), SG_EMISMATCH);
    assert_int_equal(f.first.fault, SG_SEAL_UNSIGNED);
    assert_contains(f.first.text, "not among the CAs trusted here");
    /* One archive's signature in the other. */
    size_t from = content_of(&b, "manifest.p7s") - 512, to = content_of(&a, "manifest.p7s") - 512;
    memcpy(a.p + to, b.p + from, 512 + 1024);
    f = look_at(&a, SG_EMISMATCH);
    assert_int_equal(f.first.fault, SG_SEAL_UNSIGNED);
    sg_trust_free(trust);
    free(a.p);
    free(b.p);
    free_house(&h);
    free_house(&other);
}

/* ------------------------------------------------------------------------------------------------------- ageing */

/* The archive with its next stamp, by an authority with such a key whose certificate lasts so many days. */
static struct archive stamp(const struct archive *a, const char *key, int days)
{
    uint8_t space[1024];
    struct sg_buf request = sg_buf(space, sizeof space);
    struct sg_error err = {0};
    struct sg_seal_next next;
    struct archive b;
    size_t n;
    put_text("ts.cnf", "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_digest=sha256\n"
                       "default_policy=1.2.3\ndigests=sha256,sha512\ness_cert_id_alg=sha256\n");
    assert_runs("openssl req -x509 -newkey %s -nodes -keyout tsa.key -out tsa.pem -subj /CN=Stamps -days %d "
                "-addext extendedKeyUsage=critical,timeStamping",
                key, days);
    assert_int_equal(sg_seal_next(sg_bytes(a->p, a->n), NULL, &next, &err), 0);
    assert_int_equal(sg_stamp_request(next.digest, sg_bytes(next.content, next.n), &request, &err), 0);
    put_file("q.tsq", request.p, request.len);
    assert_runs("openssl ts -reply -config ts.cnf -section t -queryfile q.tsq -signer tsa.pem -inkey tsa.key "
                "-out r.tsr");
    uint8_t *answer = sg_file_read("r.tsr", 1 << 16, &n, &err);
    assert_non_null(answer);
    b.p = sg_seal_add_stamp(sg_bytes(a->p, a->n), &next, sg_bytes(answer, n), &b.n, &err);
    assert_non_null(b.p);
    free(answer);
    free(next.content);
    return b;
}

/* What a look at that time finds first; "" where all is well. *due is when the next stamp is. */
static const char *look_later(const struct archive *a, int64_t now, int64_t *due)
{
    static struct sg_seal_look look;
    static struct findings f;
    f = (struct findings){.n = 0};
    look = (struct sg_seal_look){.now = now, .user = &f, .found = found};
    (void)sg_seal_verify(sg_bytes(a->p, a->n), &look, NULL);
    *due = look.due;
    return f.n == 0 ? "" : sg_seal_fault_name(f.first.fault);
}

static void stamps_age(void **state)
{
    static const char ec[] = "ec -pkeyopt ec_paramgen_curve:P-256";
    struct house h = build_house();
    struct archive a = seal(&h), once = stamp(&a, ec, 400), twice = stamp(&once, ec, 9999),
                   rsa = stamp(&a, "rsa:2048", 9999);
    int64_t now = (int64_t)time(NULL), due;
    (void)state;
    assert_string_equal(look_later(&a, now + 20 * YEARS, &due), ""); /* nothing that could age but the signer's word */
    assert_int_equal(due, 0);
    assert_string_equal(look_later(&once, now, &due), "");
    assert_in_range(due, now + 399 * DAY, now + 401 * DAY);
    assert_string_equal(look_later(&once, due - 1, &due), "");
    assert_string_equal(look_later(&once, due + 1, &due), "overdue");
    /* The later stamp covers the earlier one, whose certificate has ended by now. */
    assert_string_equal(look_later(&twice, now + 500 * DAY, &due), "");
    assert_int_equal(due, INT64_C(2082758399)); /* the end of 2035 */
    assert_string_equal(look_later(&twice, due + 1, &due), "overdue");
    (void)look_later(&rsa, now, &due);
    assert_int_equal(due, INT64_C(1924991999)); /* the end of 2030 */
    free(a.p);
    free(once.p);
    free(twice.p);
    free(rsa.p);
    free_house(&h);
}

static void a_renewal_that_is_lost_or_altered_shows(void **state)
{
    static const char ec[] = "ec -pkeyopt ec_paramgen_curve:P-256";
    static const struct {
        const char *commands, *fault, *path;
    } cases[] = {
        {"rm renewal-1.tsr", "unstamped", "renewal-1.tsr"},
        {"rm renewal-1.sha512", "missing", "renewal-1"},
        {"rm manifest.tsr", "unstamped", "manifest.tsr"},
        {"sed -i '1s/^./x/' renewal-1.sha512", "unstamped", "renewal-1.tsr"},
        {"cp renewal-1.tsr manifest.tsr", "unstamped", "manifest.tsr"},
    };
    struct house h = build_house();
    struct archive a = seal(&h), once = stamp(&a, ec, 400), twice = stamp(&once, ec, 400);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct archive b = repack(&twice, cases[i].commands);
        struct findings f = look_at(&b, SG_EMISMATCH);
        if (strcmp(sg_seal_fault_name(f.first.fault), cases[i].fault) != 0 || strcmp(f.first.path, cases[i].path) != 0)
            fail_msg("%s: %s %s: %s", cases[i].commands, sg_seal_fault_name(f.first.fault), f.first.path, f.first.text);
        free(b.p);
    }
    free(a.p);
    free(once.p);
    free(twice.p);
    free_house(&h);
}

/* --------------------------------------------------------------------------------------------------- hostile archives
 */

static void assert_unreadable(const char *commands, const char *why)
{
    static struct sg_seal_look look;
    struct sg_error err = {0};
    size_t n;
    assert_runs("rm -rf x b.tar; mkdir -p x/assessment; cd x && %s", commands);
    uint8_t *tar = sg_file_read("b.tar", 1 << 20, &n, NULL);
    assert_non_null(tar);
    look = (struct sg_seal_look){.now = NOW};
    assert_int_equal(sg_seal_verify(sg_bytes(tar, n), &look, &err), SG_EFORMAT);
    assert_contains(err.text, why);
    free(tar);
}

static void hostile_archives_are_refused(void **state)
{
    (void)state;
    assert_unreadable("ln -s /etc/passwd assessment/l && tar -cf ../b.tar assessment", "type '2'");
    assert_unreadable("echo >assessment/a; ln assessment/a assessment/b; tar -cf ../b.tar assessment", "type '1'");
    assert_unreadable("mkfifo assessment/a; tar -cf ../b.tar assessment", "type '6'");
    assert_unreadable("echo >y; tar -cf ../b.tar y", "not below assessment/");
    assert_unreadable("echo >y; tar -cPf ../b.tar --transform='s,y,assessment/../y,' y", "leads out of its folder");
    assert_unreadable("echo >y; tar -cPf ../b.tar --transform='s,y,/assessment/y,' y", "not below assessment/");
    assert_unreadable("echo >y; tar -cf ../b.tar --transform='s,y,assessment/a\\\\\\\\y,' y", "backslash");
    assert_unreadable("echo >y; echo >z; tar -cf ../b.tar --transform='s,[yz],assessment/y,' y z", "twice");
    assert_unreadable("seq 9999 >assessment/y; tar -cf - assessment | head -c 9000 >../b.tar", "is cut off");
    assert_unreadable("head -c 10240 /dev/zero >../b.tar", "no archive");
    assert_unreadable("head -c 1000 /dev/urandom | tr '\\0' x >../b.tar", "no header of a tar archive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_whole_and_the_same_each_time),
        cmocka_unit_test(secrets_are_refused),
        cmocka_unit_test(what_is_not_finished_is_refused_but_as_a_draft),
        cmocka_unit_test(each_byte_is_found),
        cmocka_unit_test(no_byte_can_change),
        cmocka_unit_test(changes_are_named),
        cmocka_unit_test(another_signer_shows),
        cmocka_unit_test(stamps_age),
        cmocka_unit_test(a_renewal_that_is_lost_or_altered_shows),
        cmocka_unit_test(hostile_archives_are_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
