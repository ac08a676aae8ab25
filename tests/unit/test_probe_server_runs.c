/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of the server's probe says where nobody answers, or where it was ended: never that nothing speaks against
 * the server, nor that it has no such thing. */
#include "probe/server_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A socket at a free port of this host. */
static int open_port(struct sg_addr *addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_return_code(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_return_code(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *addr = (struct sg_addr){.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = ntohs(in.sin_port)};
    return fd;
}

static void nobody_there_is_no_verdict(void **state)
{
    static sg_probe_server_run *const runs[] = {
        sg_srv_version,         sg_srv_suites,     sg_srv_weak,     sg_srv_curves, sg_srv_signatures,
        sg_srv_cert_time,       sg_srv_cert_usage, sg_srv_cookie,   sg_srv_cid,    sg_srv_fragment,
        sg_srv_extended_secret, sg_srv_garbage,    sg_srv_wrong_ca, sg_srv_replay, sg_srv_name};
    static const struct sg_probe_run run = {.name = "srv.test"};
    struct sg_probe_server server = {.name = "localhost", .wait_ms = 20, .rate = 1000};
    struct sg_error err = {0};
    int fd = open_port(&server.addr); /* which hears, and says nothing */
    (void)state;
    server.genuine.key = sg_key_new(SG_P256, &err);
    server.genuine.cert = sg_cert_root(server.genuine.key, "a device", (struct sg_validity){0, 4000000000}, &err);
    struct sg_probe_session s = {.server = &server, .ctx = sg_probe_client_context(&err), .bio = sg_probe_client_bio()};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct sg_probe_result r;
        sg_probe_result_init(&r, &run);
        r.verdict = SG_VERDICT_FAIL;
        s.result = &r;
        runs[i](&s, &r);
        if (r.verdict != SG_VERDICT_SKIPPED)
            fail_msg("run %zu says %s: %s", i, sg_verdict_name(r.verdict), r.reason);
        sg_probe_result_free(&r);
    }
    SSL_CTX_free(s.ctx);
    BIO_meth_free(s.bio);
    sg_probe_identity_free(&server.genuine);
    (void)close(fd);
}

static const char suite[] = "\xc0\x2b"; /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, the only one of the servers here */

/* Whether a ClientHello without session and cookie offers that suite. */
static bool offers(const char *hello, size_t n)
{
    enum { SUITES = 13 + 12 + 2 + 32 + 1 + 1 };
    size_t end = n < SUITES + 2 ? 0 : SUITES + 2 + (size_t)((uint8_t)hello[SUITES] << 8 | (uint8_t)hello[SUITES + 1]);
    for (size_t i = SUITES + 2; i + 2 <= end && end <= n; i += 2)
        if (memcmp(hello + i, suite, 2) == 0)
            return true;
    return false;
}

enum other { ANSWERED, UNANSWERED, REFUSED };

/* Answers a hello that offers its suite with a ServerHello and its end, until it is killed; others as told. */
static void serve(int fd, enum other other)
{
    static const char flight[] = "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x32\2\0\0\x26\0\0\0\0\0\0\0\x26\xfe\xfd"
                                 "0123456789abcdef0123456789abcdef\0\xc0\x2b\0"
                                 "\x16\xfe\xfd\0\0\0\0\0\0\0\1\0\x0c\x0e\0\0\0\0\1\0\0\0\0\0\0";
    static const char alert[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\2\2\x28"; /* handshake_failure */
    char datagram[4096];
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    for (ssize_t len; (len = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &n)) >= 0;
         n = sizeof from) {
        if (len == 0 || datagram[0] != 22)
            continue;
        if (other == ANSWERED || offers(datagram, (size_t)len))
            (void)sendto(fd, flight, sizeof flight - 1, 0, (struct sockaddr *)&from, n);
        else if (other == REFUSED)
            (void)sendto(fd, alert, sizeof alert - 1, 0, (struct sockaddr *)&from, n);
    }
}

static pid_t start_server(int fd, enum other other)
{
    pid_t child = fork();
    assert_return_code(child, 0);
    if (child == 0) {
        serve(fd, other);
        _exit(0);
    }
    return child;
}

static void end_server(pid_t child, int fd)
{
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    (void)close(fd);
}

/* No suite of a class was taken: what that says, depends on what came instead. */
static void suites_are_refused_with_an_alert_only(void **state)
{
    static const struct {
        enum other other;
        enum sg_verdict verdict;
        const char *observed;
    } cases[] = {{REFUSED, SG_VERDICT_NOTHING_AGAINST, "none was taken"},
                 {UNANSWERED, SG_VERDICT_REMARK, "no answer came"},
                 {ANSWERED, SG_VERDICT_FAIL, "AES_128_GCM_SHA256 (c02b), which was not offered"}};
    static const struct sg_probe_run run = {.name = "srv.test"};
    struct sg_error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_probe_server server = {.name = "localhost", .wait_ms = 2000, .rate = 1000};
        struct sg_probe_session s = {.server = &server, .ctx = sg_probe_client_context(&err)};
        struct sg_probe_result r;
        int fd = open_port(&server.addr);
        pid_t child = start_server(fd, cases[i].other);
        sg_probe_result_init(&r, &run);
        s.result = &r;
        sg_srv_weak(&s, &r);
        end_server(child, fd);
        if (r.verdict != cases[i].verdict || strstr(r.observed, cases[i].observed) == NULL)
            fail_msg("case %zu says %s: %s", i, sg_verdict_name(r.verdict), r.observed);
        sg_probe_result_free(&r);
        SSL_CTX_free(s.ctx);
    }
}

/* Who was revoked and gets no answer is not served, but that is no refusal. */
static void silence_is_no_revocation(void **state)
{
    static const struct {
        struct sg_probe_revoked m;
        enum sg_verdict verdict;
        const char *observed;
    } cases[] = {
        {{.ended = true, .refused = true, .ended_ms = 7}, SG_VERDICT_NOTHING_AGAINST, "was out after 7 ms"},
        {{.mute = true, .refused = true}, SG_VERDICT_REMARK, "no answer to 3 requests"},
        {{.ended = true, .deaf = true}, SG_VERDICT_REMARK, "no answer to 3 new handshakes"},
        {{.refused = true}, SG_VERDICT_FAIL, "stayed in for 30 s"},
        {{.mute = true}, SG_VERDICT_FAIL, "could come back for 30 s"},
        {{.ended = true, .refused = true, .resumed = true}, SG_VERDICT_FAIL, "could be resumed"},
    };
    static const struct sg_probe_run run = {.name = "srv.test"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_probe_result r;
        sg_probe_result_init(&r, &run);
        sg_probe_revoked_conclude(&r, &cases[i].m);
        if (r.verdict != cases[i].verdict || strstr(r.observed, cases[i].observed) == NULL)
            fail_msg("case %zu says %s: %s", i, sg_verdict_name(r.verdict), r.observed);
        bool silent = cases[i].m.mute || cases[i].m.deaf;
        assert_int_equal(json_is_true(json_object_get(r.facts, "silent")), silent);
        assert_int_equal(json_is_integer(json_object_get(r.facts, "ended_ms")), cases[i].m.ended);
        sg_probe_result_free(&r);
    }
}

/* Names are what somebody wrote into a certificate: whatever they are, they are in the facts. */
static void names_that_are_no_utf8_are_facts_too(void **state)
{
    static const char alternative[] = "\x30\x08\x82\x06" /* GeneralNames, one dNSName */
                                      "m\xe4r\xff.x";
    static const struct sg_probe_run run = {.name = "srv.test"};
    static const struct sg_probe_server server = {.name = "localhost"};
    struct sg_error err = {0};
    char cn[129] = "";
    (void)state;
    for (size_t i = 0; i < 64; i++) /* 127 bytes are kept: none of the characters of 60 bytes in a sentence is whole */
        (void)strcat(cn, i == 0 ? "a" : "\xc3\xa4");
    EVP_PKEY *key = sg_key_new(SG_P256, &err);
    X509 *cert = sg_cert_root(key, cn, (struct sg_validity){0, 4000000000}, &err);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    assert_non_null(cert);
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const uint8_t *)alternative, sizeof alternative - 1), 1);
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    assert_int_equal(X509_add_ext(cert, e, -1), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    struct sg_probe_session s = {.server = &server, .cert = {cert}, .certs = 1};
    for (size_t i = 0; i < 2; i++) {
        struct sg_probe_result r;
        sg_probe_result_init(&r, &run);
        (i == 0 ? sg_srv_cert_time : sg_srv_cert_name)(&s, &r);
        json_t *observed = json_string(r.observed);
        assert_non_null(observed);
        json_decref(observed);
        if (i == 0) {
            json_t *first = json_array_get(json_object_get(r.facts, "certificates"), 0);
            assert_string_equal(json_string_value(json_object_get(first, "subject")), cn);
        } else {
            const char *names = json_string_value(json_object_get(r.facts, "alternative_names"));
            assert_non_null(names);
            assert_string_equal(names, "dns:m?r?.x");
        }
        sg_probe_result_free(&r);
    }
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    X509_free(cert);
    EVP_PKEY_free(key);
}

struct ended {
    int stop;
    unsigned runs;
    enum sg_verdict verdict;
};

static bool only_weak(void *user, const struct sg_probe_run *run)
{
    (void)user;
    return strcmp(run->name, "srv.weak") == 0;
}

static void end_it(void *user, const struct sg_probe_run *run)
{
    struct ended *e = user;
    (void)run;
    e->stop = 1;
}

static int done(void *user, const struct sg_probe_target *target, struct sg_probe_result *r)
{
    struct ended *e = user;
    (void)target;
    e->runs++;
    e->verdict = r->verdict;
    return 0;
}

static void half_a_run_is_no_verdict(void **state)
{
    struct sg_probe_server server = {.name = "localhost", .wait_ms = 10000, .rate = 1000};
    struct sg_probe_target target = {.kind = SG_PROBE_SERVER};
    struct sg_probe_cost cost;
    struct sg_error err = {0};
    struct ended e = {.verdict = SG_VERDICT_FAIL};
    struct sg_probe_watch watch = {.user = &e, .begin = end_it, .done = done, .wanted = only_weak, .stop = &e.stop};
    int fd = open_port(&server.addr);
    pid_t child = start_server(fd, ANSWERED);
    (void)state;
    int r = sg_probe_server(&server, &target, &watch, &cost, &err);
    end_server(child, fd);
    assert_int_equal(r, 0);
    assert_int_equal(e.runs, 1);
    assert_int_equal(e.verdict, SG_VERDICT_SKIPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_there_is_no_verdict), cmocka_unit_test(suites_are_refused_with_an_alert_only),
        cmocka_unit_test(silence_is_no_revocation),   cmocka_unit_test(names_that_are_no_utf8_are_facts_too),
        cmocka_unit_test(half_a_run_is_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
