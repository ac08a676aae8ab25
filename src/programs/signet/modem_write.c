/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem write: what is written is checked before anything is sent, and compared afterwards. */
#include "modem.h"
#include "programs/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 64 * 1024 };

struct writing {
    struct sg_cli_modem *d;
    struct sg_credential c;
    uint32_t tag;
    unsigned type;
    const char *what; /* "client certificate" */
    uint8_t digest[32];
    bool replaced, written;
    bool crlf;          /* its line ends became CR LF */
    const char *proved; /* whether the certificate is for the key that is there: "yes", "not checked"; NULL: no key */
};

static bool is_secret(unsigned type)
{
    return type == SG_CRED_KEY || type == SG_CRED_PSK;
}

/* -------------------------------------------------------------------------------------------------- the file */

/* All of a descriptor, at most FILE_LIMIT bytes; -1 and errno, EFBIG among them. */
static ssize_t slurp(int fd, uint8_t *space)
{
    size_t n = 0;
    for (;;) {
        ssize_t r = read(fd, space + n, FILE_LIMIT + 1 - n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? -1 : (ssize_t)n;
        n += (size_t)r;
        if (n > FILE_LIMIT) {
            errno = EFBIG;
            return -1;
        }
    }
}

static int read_file(const struct writing *w, uint8_t *space, size_t *n)
{
    const char *path = w->d->file;
    struct stat st;
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sg_cli_fail(SG_CLI_FAILED, "opening %s: %s", path, strerror(errno));
    ssize_t r = -1;
    int code = 0;
    if (is_secret(w->type) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        code =
            sg_cli_fail(SG_CLI_REFUSED, "%s holds a secret and can be read by others (mode %04o). Run `chmod 600 %s`.",
                        path, (unsigned)(st.st_mode & 07777), path);
    else if ((r = slurp(fd, space)) < 0)
        code = sg_cli_fail(SG_CLI_FAILED, "reading %s: %s", path, strerror(errno));
    if (!standard)
        (void)close(fd);
    *n = r < 0 ? 0 : (size_t)r;
    return code;
}

/* Whatever is not sent as it stands in the file is told: the digest is of what is sent. */
static void say_form(const struct writing *w)
{
    char made[160];
    int at = 0;
    made[0] = '\0';
    if (w->c.line_ends || w->crlf)
        at += snprintf(made + at, sizeof made - (size_t)at, ", line ends made %s", w->crlf ? "CR LF" : "LF");
    if (w->c.blanks)
        at += snprintf(made + at, sizeof made - (size_t)at, ", blanks and empty lines left out");
    if (w->c.lines_outside > 0)
        (void)snprintf(made + at, sizeof made - (size_t)at, ", %u %s outside PEM left out", w->c.lines_outside,
                       w->c.lines_outside == 1 ? "line" : "lines");
    sg_cli_modem_say(w->d, "Content", "%s, %zu bytes%s", w->what, w->c.n, made);
}

static int load(struct writing *w)
{
    uint8_t *space = malloc(FILE_LIMIT + 1);
    struct sg_error err = {0};
    size_t n = 0;
    if (space == NULL)
        abort();
    int code = read_file(w, space, &n);
    if (code == 0 && sg_credential_prepare(w->type, sg_bytes(space, n),
                                           sg_modem_write_max(&w->d->modem, w->tag, w->type), &w->c, &err) < 0)
        code = sg_cli_fail(SG_CLI_FAILED, "%s cannot be written as a %s: %s. Nothing was sent.", w->d->file, w->what,
                           err.text);
    sg_wipe(space, FILE_LIMIT + 1);
    free(space);
    return code;
}

/* Behind a shell, line ends can only be CR LF. */
static int take_form(struct writing *w)
{
    struct sg_credential lf = w->c;
    struct sg_buf b = sg_buf(w->c.bytes, sizeof w->c.bytes);
    if (w->d->modem.shell) {
        sg_modem_put_crlf(&b, sg_bytes(lf.bytes, lf.n));
        w->crlf = b.len > lf.n;
        w->c.n = b.len;
    }
    sg_wipe(&lf, sizeof lf);
    sg_sha256(sg_bytes(w->c.bytes, w->c.n), w->digest);
    if (b.full || w->c.n > sg_modem_write_max(&w->d->modem, w->tag, w->type))
        return sg_cli_fail(SG_CLI_FAILED,
                           "the %s has %zu bytes: more than the shell on %s has room for. Nothing was sent.", w->what,
                           w->c.n, w->d->port);
    return 0;
}

/* ----------------------------------------------------------------------------------- what is in the modem */

static bool is_same(const struct writing *w, const struct sg_cred *listed)
{
    return memcmp(listed->sha256, w->digest, sizeof w->digest) == 0;
}

/* Lets the key at the tag sign a fresh token, which the certificate's key must verify. */
static int prove(struct writing *w)
{
    struct sg_cred key;
    static struct sg_jwt token;
    uint8_t random[32];
    char text[SG_CLI_SHA], audience[33];
    if (w->type != SG_CRED_CERT || sg_modem_find(&w->d->modem, w->tag, SG_CRED_KEY, &key) != 1)
        return 0;
    X509 *cert = sg_cert_parse(sg_bytes(w->c.bytes, w->c.n), NULL);
    int r = SG_ECRYPTO;
    if (cert != NULL && RAND_bytes(random, sizeof random) == 1) {
        (void)sg_cli_modem_sha(random, text);
        memcpy(audience, text + 32, sizeof audience);
        text[32] = '\0';
        r = sg_modem_prove_key(&w->d->modem, w->tag, text, audience, &token);
    }
    bool asked = r == 0 || r == SG_EMISMATCH;
    if (r == 0)
        r = sg_es256_verify(X509_get0_pubkey(cert), token.text, token.signature);
    X509_free(cert);
    w->proved = asked ? "yes" : "not checked";
    if (!asked || r == 0)
        return 0;
    return sg_cli_fail(SG_CLI_REFUSED,
                       "this certificate is not for the private key at tag %u of the modem on %s: what the key signed "
                       "does not verify with it. Nothing was written. Is it the certificate of another board?",
                       w->tag, w->d->port);
}

enum { SAME = -1 }; /* exactly this is there already */
/* SAME, 0: it can be written, or an exit code after a sentence. */
static int look(struct writing *w)
{
    struct sg_cred listed;
    char question[400];
    int found = sg_modem_find(&w->d->modem, w->tag, w->type, &listed);
    if (found < 0)
        return sg_cli_modem_fail(w->d, found, "listing what is at tag %u", w->tag);
    if (found == 1 && is_same(w, &listed))
        return SAME;
    if (found == 1 && !w->d->replace)
        return sg_cli_fail(SG_CLI_REFUSED,
                           "the modem on %s has another %s at tag %u already (error 519). Use another tag, or "
                           "--replace, which deletes that one first.",
                           w->d->port, w->what, w->tag);
    if (found == 1) {
        (void)snprintf(question, sizeof question, "This destroys the %s at tag %u of the modem on %s.%s", w->what,
                       w->tag, w->d->port,
                       w->type == SG_CRED_KEY ? " There is no other copy of it: what it identifies is gone for good."
                                              : "");
        if (!sg_cli_confirm(question, w->d->yes))
            return SG_CLI_REFUSED;
        w->replaced = true;
    }
    return 0;
}

/* ----------------------------------------------------------------------------------------------- the writing */

static int compare(struct writing *w)
{
    struct sg_cred listed;
    int found = sg_modem_find(&w->d->modem, w->tag, w->type, &listed);
    if (found < 0)
        return sg_cli_modem_fail(w->d, found, "listing what was written");
    if (found == 1 && is_same(w, &listed))
        return 0;
    if (found == 1 && sg_cli_modem_no_digest(&listed)) {
        sg_cli_modem_say(w->d, "Digest", "not compared: this firmware lists none");
        return 0;
    }
    return sg_cli_fail(SG_CLI_FAILED, "the modem on %s took the %s for tag %u, and %s. Delete it, and write it again.",
                       w->d->port, w->what, w->tag,
                       found == 1 ? "lists another digest than that of what was sent" : "does not list it");
}

/* The modem's own reading of a certificate, where its firmware tells it (modem notes 1.10). */
static int ask_expiry(const struct writing *w)
{
    struct sg_cert_expiry e;
    if (w->c.certificates == 0 || w->tag == 0)
        return 0;
    int r = sg_modem_cert_expiry(&w->d->modem, w->tag, w->type, &e);
    if (r == SG_EDENIED && w->d->modem.cme == SG_CME_BAD_CONTENT)
        return sg_cli_fail(SG_CLI_FAILED,
                           "the modem on %s stored the %s at tag %u and cannot parse it (AT%%CERTEXPIRY, error 527).",
                           w->d->port, w->what, w->tag);
    if (r == 0)
        sg_cli_modem_say(w->d, "Modem reads", "serial %s, valid until %.4s-%.2s-%.2s", e.serial, e.until, e.until + 4,
                         e.until + 6);
    return 0;
}

/* Traps 14 and 15 of the modem notes: what a client makes of the tag. */
static void say_company(const struct writing *w)
{
    struct sg_cred other;
    bool psk = w->type == SG_CRED_PSK || w->type == SG_CRED_PSK_ID;
    if (!psk && sg_modem_find(&w->d->modem, w->tag, SG_CRED_PSK, &other) == 1)
        sg_cli_modem_say(w->d, "Note",
                         "there is a PSK at tag %u too: a client may use that instead. Delete it (psk, "
                         "psk-id) if certificates are meant.",
                         w->tag);
}

static int write_it(struct writing *w)
{
    struct sg_modem *m = &w->d->modem;
    int code = sg_cli_modem_prepare(w->d);
    if (code != 0)
        return code;
    size_t max = sg_modem_write_max(m, w->tag, w->type);
    if (w->c.n > max)
        return sg_cli_fail(SG_CLI_FAILED,
                           "the %s has %zu bytes, and at most %zu fit into a signed command, which the locked modem on "
                           "%s asks for. Nothing was changed.",
                           w->what, w->c.n, max, w->d->port);
    int r = sg_modem_may_write(m, w->tag, w->type, sg_bytes(w->c.bytes, w->c.n));
    if (r < 0)
        return sg_cli_modem_fail(w->d, r, "writing the %s to tag %u; nothing was changed", w->what, w->tag);
    r = w->replaced ? sg_modem_delete(m, w->tag, w->type) : 0;
    if (r < 0)
        return sg_cli_modem_fail(w->d, r, "deleting the %s at tag %u", w->what, w->tag);
    r = sg_modem_write(m, w->tag, w->type, sg_bytes(w->c.bytes, w->c.n));
    if (r < 0 && w->replaced)
        return sg_cli_modem_fail(w->d, r, "writing the %s to tag %u, after the one before it was deleted", w->what,
                                 w->tag);
    if (r < 0)
        return sg_cli_modem_fail(w->d, r, "writing the %s to tag %u", w->what, w->tag);
    w->written = true;
    code = compare(w);
    return code != 0 ? code : ask_expiry(w);
}

static int print(const struct writing *w)
{
    char sha[SG_CLI_SHA];
    (void)sg_cli_modem_sha(w->digest, sha);
    if (w->d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:I, s:i, s:s, s:I, s:s, s:b, s:b, s:s}", "port", w->d->port, "tag",
                                           (json_int_t)w->tag, "type", (int)w->type, "name", w->what, "bytes",
                                           (json_int_t)w->c.n, "sha256", sha, "written", w->written, "replaced",
                                           w->replaced, "for_the_key", w->proved != NULL ? w->proved : "no key"));
    if (!w->written)
        sg_cli_modem_say(w->d, "Written", "nothing: exactly this is at tag %u already", w->tag);
    else
        sg_cli_modem_say(w->d, "Written", "to tag %u; the digest is as meant (%.8s…)", w->tag, sha);
    if (w->proved != NULL)
        sg_cli_modem_say(w->d, "Key",
                         strcmp(w->proved, "yes") == 0
                             ? "the private key at this tag is the certificate's (it signed a challenge)"
                             : "not checked whether the private key at this tag is the certificate's: the "
                               "firmware has no AT%%JWT");
    say_company(w);
    return SG_CLI_DONE;
}

static int work(struct writing *w)
{
    int code = take_form(w);
    if (code != 0)
        return code;
    say_form(w);
    code = look(w);
    bool same = code == SAME;
    if (code == 0 || same)
        code = prove(w);
    if (code == 0 && !same)
        code = write_it(w);
    return code == 0 ? print(w) : code;
}

/* A key from outside has been in a file: it is not the secret of the modem alone, which is the point of one. */
static bool may_write_key(const struct sg_cli_modem *d)
{
    return sg_cli_confirm("This key was made outside the modem: whoever had the file can have a copy, and pass for the "
                          "device. A key that `signet modem keygen` makes has no copy.",
                          d->yes);
}

int sg_cli_modem_write(struct sg_cli_modem *d)
{
    static struct writing writing;
    struct writing *w = &writing;
    if (d->tag > SG_TAG_MAX)
        return sg_cli_usage(d->cli, "--tag takes a number from 0 to %d (higher ones are the modem's own).", SG_TAG_MAX);
    if (sg_credential_name((unsigned)d->type) == NULL)
        return sg_cli_usage(d->cli, "credentials of type %d cannot be written: ca, cert, key, psk and psk-id can.",
                            d->type);
    *w = (struct writing){.d = d, .tag = (uint32_t)d->tag, .type = (unsigned)d->type};
    w->what = sg_cred_type_name(w->type);
    int code = load(w);
    if (code == 0 && w->type == SG_CRED_KEY && !may_write_key(d))
        code = SG_CLI_REFUSED;
    if (code == 0)
        code = sg_cli_modem_begin(d);
    if (code == 0)
        code = sg_cli_modem_end(d, work(w));
    sg_credential_wipe(&w->c);
    return code;
}
