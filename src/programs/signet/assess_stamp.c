/* SPDX-License-Identifier: Apache-2.0 */
/* The next time stamp of an archive: over HTTP (RFC 3161 section 3.4), or by files that a person carries. */
#include "assess.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REQUEST = 1024, ANSWER = 1 << 16, SECONDS = 60, SKEW = 300 };

struct answer {
    uint8_t space[ANSWER];
    struct sg_buf b;
};

static size_t gather(char *data, size_t size, size_t n, void *user)
{
    struct answer *a = user;
    sg_put(&a->b, data, size * n);
    return a->b.full ? 0 : size * n;
}

static int set_up(CURL *h, const char *url, struct curl_slist *headers, struct sg_bytes request, struct answer *answer,
                  char problem[CURL_ERROR_SIZE])
{
    bool ok = curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)request.n) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_POSTFIELDS, request.p) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, gather) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_ERRORBUFFER, problem) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)SECONDS) == CURLE_OK &&
              curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    return ok ? 0 : SG_EIO;
}

static int post(const char *url, struct sg_bytes request, struct answer *answer, struct sg_error *err)
{
    char problem[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
    CURL *h = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    answer->b = sg_buf(answer->space, sizeof answer->space);
    int r = h != NULL && headers != NULL ? set_up(h, url, headers, request, answer, problem) : SG_EIO;
    CURLcode code = r == 0 ? curl_easy_perform(h) : CURLE_FAILED_INIT;
    long status = 0;
    if (code == CURLE_OK)
        (void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        r = sg_fail(err, SG_EIO, "the time stamp authority %s cannot be asked: %s", url,
                    problem[0] != '\0' ? problem : curl_easy_strerror(code));
    else if (status != 200)
        r = sg_fail(err, SG_EIO, "the time stamp authority %s answered with HTTP status %ld", url, status);
    curl_easy_cleanup(h);
    curl_slist_free_all(headers);
    return r;
}

/* By hand: the request goes to FILE; its answer is expected beside it, with .tsr in place of .tsq. */
static int by_hand(const char *file, const struct sg_seal_next *next, struct sg_buf *request, struct answer *answer)
{
    char reply[SG_ASSESS_PATH];
    struct sg_error err = {0};
    size_t n = strlen(file), got;
    if (n < 5 || strcmp(file + n - 4, ".tsq") != 0 || n >= sizeof reply)
        return sg_cli_fail(SG_CLI_USAGE, "--tsa-file takes a name that ends with .tsq, not %s.", file);
    (void)snprintf(reply, sizeof reply, "%.*s.tsr", (int)(n - 4), file);
    uint8_t *asked = sg_file_read(file, REQUEST, &got, &err);
    if (asked == NULL && err.code == SG_ENOTFOUND) {
        if (sg_stamp_request(next->digest, sg_bytes(next->content, next->n), request, &err) < 0 ||
            sg_file_write(file, 0644, true, sg_buf_bytes(request), &err) < 0)
            return sg_cli_fail_err(SG_CLI_FAILED, &err);
        return sg_cli_fail(SG_CLI_NOTHING,
                           "the request is in %s. Have the authority answer it, put the answer into %s, and run this "
                           "again.",
                           file, reply);
    }
    if (asked == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    sg_put(request, asked, got);
    free(asked);
    uint8_t *given = sg_file_read(reply, ANSWER, &got, &err);
    if (given == NULL)
        return sg_cli_fail_err(err.code == SG_ENOTFOUND ? SG_CLI_NOTHING : SG_CLI_FAILED, &err);
    answer->b = sg_buf(answer->space, sizeof answer->space);
    sg_put(&answer->b, given, got);
    free(given);
    return 0;
}

static int by_net(const char *url, const struct sg_seal_next *next, struct sg_buf *request, struct answer *answer)
{
    struct sg_error err = {0};
    if (sg_stamp_request(next->digest, sg_bytes(next->content, next->n), request, &err) < 0 ||
        post(url, sg_buf_bytes(request), answer, &err) < 0)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    return 0;
}

static int check(const struct sg_seal_next *next, struct sg_bytes request, struct sg_bytes answer,
                 const struct sg_trust *trust, bool live, struct sg_stamp *stamp, struct sg_error *err)
{
    int r = sg_stamp_check_answer(request, answer, err);
    if (r == 0)
        r = sg_stamp_verify(answer, sg_bytes(next->content, next->n), trust, stamp, err);
    long long late = r == 0 ? (long long)stamp->when - (long long)time(NULL) : 0;
    if (r == 0 && (late > SKEW || (live && late < -SKEW)))
        r = sg_fail(err, SG_EMISMATCH, "the stamp's time is %lld s %s this machine's: is a clock wrong?",
                    late < 0 ? -late : late, late < 0 ? "before" : "after");
    return r;
}

/* Gets the stamp and checks it. */
static int get(const struct sg_cli_assess *a, const struct sg_seal_next *next, struct answer *answer,
               struct sg_stamp *stamp)
{
    uint8_t space[REQUEST];
    struct sg_buf request = sg_buf(space, sizeof space);
    struct sg_trust *trust = NULL;
    struct sg_error err = {0};
    const char *url = a->value[SG_ASSESS_TSA], *file = a->value[SG_ASSESS_TSA_FILE];
    if (!sg_cli_assess_trust(a, SG_ASSESS_TSA_CA, &trust))
        return SG_CLI_FAILED;
    int code = url != NULL ? by_net(url, next, &request, answer) : by_hand(file, next, &request, answer);
    if (code == 0 &&
        check(next, sg_buf_bytes(&request), sg_buf_bytes(&answer->b), trust, url != NULL, stamp, &err) < 0) {
        (void)sg_fail_in(&err, "the answer of %s", url != NULL ? url : "the time stamp authority");
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    }
    sg_trust_free(trust);
    return code;
}

int sg_cli_assess_stamp(const struct sg_cli_assess *a, uint8_t **archive, size_t *n, struct sg_stamp *stamp)
{
    struct sg_seal_next next;
    struct sg_error err = {0};
    struct answer *answer = calloc(1, sizeof *answer);
    uint8_t *stamped = NULL;
    size_t stamped_n = 0;
    int code = SG_CLI_FAILED;
    if (answer == NULL)
        return sg_cli_fail(SG_CLI_FAILED, "out of memory.");
    int r = sg_seal_next(sg_bytes(*archive, *n), a->value[SG_ASSESS_DIGEST], &next, &err);
    if (r < 0)
        code = sg_cli_fail_err(r == SG_EINVAL ? SG_CLI_USAGE : SG_CLI_FAILED, &err);
    else
        code = get(a, &next, answer, stamp);
    if (code == 0 && (stamped = sg_seal_add_stamp(sg_bytes(*archive, *n), &next, sg_buf_bytes(&answer->b), &stamped_n,
                                                  &err)) == NULL)
        code = sg_cli_fail_err(SG_CLI_FAILED, &err);
    if (stamped != NULL) {
        free(*archive);
        *archive = stamped;
        *n = stamped_n;
    }
    free(next.content);
    free(answer);
    return code;
}
