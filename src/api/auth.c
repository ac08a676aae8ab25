/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in: the bearer token (RFC 6750), and how refusals reach the audit log without filling it. */
#include "api/api_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIN_TOKEN = 32, MAX_TOKEN = 256 };

/* The token's digest. Blank space around it is no part of it; inside, and anything but ASCII, is refused. */
static int take_token(struct sg_api_guard *g, const char *text, size_t n, const char *file, struct sg_error *err)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    if (n < MIN_TOKEN || n > MAX_TOKEN)
        return sg_fail(err, SG_EFORMAT,
                       "the token in %s has %zu characters; it must have %d to %d. Make a new one: "
                       "`openssl rand -hex 32`",
                       file, n, MIN_TOKEN, MAX_TOKEN);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return sg_fail(err, SG_EFORMAT,
                           "the token in %s has a character that is no printable ASCII, at position %zu. Make a new "
                           "one: `openssl rand -hex 32`",
                           file, i + 1);
    sg_sha256(sg_bytes(text, n), g->digest);
    return 0;
}

static int read_token(struct sg_api_guard *g, int fd, const char *file, struct sg_error *err)
{
    struct stat st;
    char text[MAX_TOKEN + 8];

    if (fstat(fd, &st) < 0)
        return sg_fail(err, SG_EIO, "reading the API's token: %s: %s", file, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return sg_fail(err, SG_EFORMAT, "the API's token %s is no plain file", file);
    if ((st.st_mode & 077) != 0)
        return sg_fail(err, SG_EDENIED,
                       "the API's token %s can be read by others (mode %04o). Whoever has it commands every device: "
                       "make a new one, then `chmod 600 %s`",
                       file, (unsigned)(st.st_mode & 07777), file);
    ssize_t n = read(fd, text, sizeof text);
    int r = n < 0 ? sg_fail(err, SG_EIO, "reading the API's token: %s: %s", file, strerror(errno))
                  : take_token(g, text, (size_t)n, file, err);
    sg_wipe(text, sizeof text);
    return r;
}

int sg_api_guard_init(struct sg_api_guard *g, const char *token_file, struct sg_error *err)
{
    memset(g, 0, sizeof *g);
    int fd = open(token_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return sg_fail(err, errno == ENOENT ? SG_ENOTFOUND : SG_EIO, "reading the API's token: %s: %s", token_file,
                       strerror(errno));
    int r = read_token(g, fd, token_file, err);
    close(fd);
    if (r == 0)
        pthread_mutex_init(&g->lock, NULL);
    return r;
}

void sg_api_guard_free(struct sg_api_guard *g)
{
    pthread_mutex_destroy(&g->lock);
    sg_wipe(g->digest, sizeof g->digest);
}

bool sg_api_guard_admits(const struct sg_api_guard *g, const char *authorization)
{
    static const char scheme[] = "Bearer "; /* its case does not matter: RFC 9110 section 11.1 */
    uint8_t digest[32];

    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    /* Digests are compared, so that not even the length of the token shows in the time. */
    sg_sha256(sg_str(authorization + sizeof scheme - 1), digest);
    return sg_secret_eq(digest, g->digest, sizeof digest);
}

/* The row of an address: its own, else the one that was written longest ago. */
static struct sg_api_refusals *find_row(struct sg_api_guard *g, const char *from)
{
    struct sg_api_refusals *oldest = &g->rows[0];
    for (size_t i = 0; i < SG_API_REFUSAL_ROWS; i++) {
        if (g->rows[i].since != 0 && strcmp(g->rows[i].from, from) == 0)
            return &g->rows[i];
        if (g->rows[i].since < oldest->since)
            oldest = &g->rows[i];
    }
    return oldest;
}

static bool is_recent(const struct sg_api_refusals *row, int64_t now)
{
    /* A clock that was set back does not silence the log. */
    return row->since != 0 && now >= row->since && now - row->since < SG_API_REFUSAL_PERIOD;
}

void sg_api_guard_refused(struct sg_api_guard *g, const char *from, const char *what, int64_t now,
                          sg_api_write_refusal *write, void *user)
{
    pthread_mutex_lock(&g->lock);
    struct sg_api_refusals *row = find_row(g, from);
    bool own = row->since != 0 && strcmp(row->from, from) == 0;
    if (!own && is_recent(row, now)) {
        row = &g->others;
        from = "other addresses";
        own = true;
    }
    if (is_recent(row, now)) {
        row->more++;
    } else {
        if (!own && row->more > 0) /* another address leaves its row */
            write(user, row->from, NULL, row->more, row->since);
        write(user, from, what, own ? row->more : 0, row->since);
        row->since = now;
        row->more = 0;
        struct sg_buf b = sg_buf(row->from, sizeof row->from);
        sg_put_str(&b, from);
        (void)sg_buf_cstr(&b);
    }
    pthread_mutex_unlock(&g->lock);
}

void sg_api_guard_flush(struct sg_api_guard *g, sg_api_write_refusal *write, void *user)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i <= SG_API_REFUSAL_ROWS; i++) {
        struct sg_api_refusals *row = i < SG_API_REFUSAL_ROWS ? &g->rows[i] : &g->others;
        if (row->more > 0)
            write(user, row->from, NULL, row->more, row->since);
        row->more = 0;
    }
    pthread_mutex_unlock(&g->lock);
}
