/* SPDX-License-Identifier: Apache-2.0 */
/* A credential in the form in which a modem gets it. */
#include "programs/credential.h"
#include "pki/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum {
    PSK_DIGITS = 64,
    PSK_ID = 127
}; /* 32 bytes (modem notes 1.5); RFC 7925 section 4.1 asks for identities so long */

static const struct {
    const char *name;
    unsigned type;
} names[] = {
    {"ca", SG_CRED_CA}, {"cert", SG_CRED_CERT}, {"key", SG_CRED_KEY}, {"psk", SG_CRED_PSK}, {"psk-id", SG_CRED_PSK_ID}};
enum { NAMES = sizeof names / sizeof names[0] };

const char *sg_credential_name(unsigned type)
{
    for (size_t i = 0; i < NAMES; i++)
        if (names[i].type == type)
            return names[i].name;
    return NULL;
}

int sg_credential_type(const char *name, unsigned *type)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i].name, name) == 0) {
            *type = names[i].type;
            return 0;
        }
    return SG_ENOTFOUND;
}

void sg_credential_wipe(struct sg_credential *c)
{
    sg_wipe(c, sizeof *c);
}

/* ------------------------------------------------------------------------------------------------------- PEM */

struct pem {
    struct sg_credential *c;
    struct sg_buf out;
    unsigned type, line, blocks;
    struct sg_bytes label; /* of the block that is open; n == 0: none is */
    size_t start;          /* where its text begins in `out` */
    bool keep;             /* its text goes out */
    struct sg_error *err;
};

static bool starts(struct sg_bytes v, const char *with)
{
    size_t n = strlen(with);
    return v.n >= n && memcmp(v.p, with, n) == 0;
}

/* The label of "-----BEGIN label-----" or "-----END label-----"; false where the line is something else. */
static bool get_label(struct sg_bytes line, const char *begin, struct sg_bytes *label)
{
    size_t n = strlen(begin);
    if (!starts(line, begin) || line.n < n + 5 || memcmp(line.p + line.n - 5, "-----", 5) != 0)
        return false;
    *label = sg_bytes(line.p + n, line.n - n - 5);
    return label->n > 0 && memmem(label->p, label->n, "-----", 5) == NULL;
}

static int wrong_block(const struct pem *p, struct sg_bytes label)
{
    bool key = label.n >= 11 && memcmp(label.p + label.n - 11, "PRIVATE KEY", 11) == 0;
    if (key && p->type != SG_CRED_KEY)
        return sg_fail(p->err, SG_EFORMAT, "line %u begins a private key, where certificates alone are expected",
                       p->line);
    if (key)
        return sg_fail(p->err, SG_EDENIED,
                       "the private key at line %u is encrypted, and a modem cannot be told its passphrase", p->line);
    return sg_fail(p->err, SG_EFORMAT, "line %u begins a %.*s, where a %s is expected", p->line,
                   (int)(label.n < 40 ? label.n : 40), (const char *)label.p,
                   p->type == SG_CRED_KEY ? "PRIVATE KEY" : "CERTIFICATE");
}

static int begin_block(struct pem *p, struct sg_bytes label)
{
    p->keep = true;
    if (p->type == SG_CRED_KEY) {
        /* `openssl ecparam -genkey` puts the curve before the key, which names it as well. */
        p->keep = !sg_bytes_eq_str(label, "EC PARAMETERS");
        if (p->keep && !sg_bytes_eq_str(label, "PRIVATE KEY") && !sg_bytes_eq_str(label, "EC PRIVATE KEY") &&
            !sg_bytes_eq_str(label, "RSA PRIVATE KEY"))
            return wrong_block(p, label);
    } else if (!sg_bytes_eq_str(label, "CERTIFICATE")) {
        return wrong_block(p, label);
    }
    p->label = label;
    p->start = p->out.len;
    return 0;
}

static bool is_private_key(struct sg_bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    static char none[] = ""; /* a passphrase to fail with, so that nobody is asked for one */
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none) : NULL;
    bool ok = key != NULL;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

static int end_block(struct pem *p)
{
    p->label.n = 0;
    if (!p->keep)
        return 0;
    p->blocks++;
    if (p->out.full)
        return 0; /* told at the end, with the length */
    struct sg_bytes block = sg_bytes(p->out.p + p->start, p->out.len - p->start);
    struct sg_error why = {0};
    if (p->type == SG_CRED_KEY)
        return is_private_key(block)
                   ? 0
                   : sg_fail(p->err, SG_EFORMAT, "the private key that ends at line %u is damaged", p->line);
    X509 *cert = sg_cert_parse(block, &why);
    if (cert == NULL)
        return sg_fail(p->err, SG_EFORMAT, "the certificate that ends at line %u is damaged: %s", p->line, why.text);
    X509_free(cert);
    return 0;
}

static int take_inside(struct pem *p, struct sg_bytes line)
{
    struct sg_bytes label;
    if (starts(line, "-----BEGIN "))
        return sg_fail(p->err, SG_EFORMAT, "line %u begins a block before the one before it has ended", p->line);
    if (p->keep) {
        sg_put_bytes(&p->out, line);
        sg_put_u8(&p->out, '\n');
    } else {
        p->c->lines_outside++;
    }
    if (!get_label(line, "-----END ", &label))
        return 0;
    if (!sg_bytes_eq(label, p->label))
        return sg_fail(p->err, SG_EFORMAT, "line %u ends another block than the one that was begun", p->line);
    return end_block(p);
}

static int take_outside(struct pem *p, struct sg_bytes line)
{
    struct sg_bytes label;
    if (!starts(line, "-----BEGIN ")) {
        p->c->lines_outside++;
        return 0;
    }
    if (!get_label(line, "-----BEGIN ", &label))
        return sg_fail(
            p->err, SG_EFORMAT,
            "line %u begins a PEM block and does not end after its title: the line ends are lost, or are the "
            "two characters \\n. A modem wants real ones",
            p->line);
    int r = begin_block(p, label);
    if (r < 0)
        return r;
    if (!p->keep) {
        p->c->lines_outside++;
        return 0;
    }
    sg_put_bytes(&p->out, line);
    sg_put_u8(&p->out, '\n');
    return 0;
}

/* Cuts the next line off; its end (LF, CR LF, CR) and blanks before that are left out, and noted. */
static struct sg_bytes next_line(struct sg_bytes *rest, struct sg_credential *c)
{
    size_t n = 0, used;
    while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
        n++;
    used = n;
    if (used < rest->n && rest->p[used] == '\r') {
        c->line_ends = true;
        used += used + 1 < rest->n && rest->p[used + 1] == '\n' ? 2 : 1;
    } else if (used < rest->n) {
        used++;
    }
    struct sg_bytes line = sg_bytes(rest->p, n);
    *rest = sg_bytes(rest->p + used, rest->n - used);
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t')) {
        c->blanks = true;
        line.n--;
    }
    c->blanks |= line.n == 0;
    return line;
}

static int prepare_pem(struct pem *p, struct sg_bytes file)
{
    struct sg_bytes rest = file;
    if (file.n > 0 && file.p[0] == 0x30)
        return sg_fail(p->err, SG_EFORMAT,
                       "it is DER, and a modem wants PEM: convert it (`openssl x509 -inform DER -in …`)");
    while (rest.n > 0) {
        struct sg_bytes line = next_line(&rest, p->c);
        p->line++;
        int r = line.n == 0 ? 0 : p->label.n > 0 ? take_inside(p, line) : take_outside(p, line);
        if (r < 0)
            return r;
    }
    if (p->label.n > 0)
        return sg_fail(p->err, SG_EFORMAT, "it ends in the middle of a PEM block");
    if (p->blocks == 0)
        return sg_fail(p->err, SG_EFORMAT, "there is no PEM block in it");
    if (p->type == SG_CRED_KEY && p->blocks != 1)
        return sg_fail(p->err, SG_EFORMAT, "there are %u private keys in it, where one is expected", p->blocks);
    p->c->certificates = p->type == SG_CRED_KEY ? 0 : p->blocks;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------ texts */

/* One line of text: the rules of a PSK and of its identity. */
static int prepare_line(unsigned type, struct sg_bytes file, struct sg_credential *c, struct sg_buf *out,
                        struct sg_error *err)
{
    struct sg_bytes rest = file, line = next_line(&rest, c);
    while (rest.n > 0)
        if (next_line(&rest, c).n > 0)
            return sg_fail(err, SG_EFORMAT, "it has more than one line");
    c->blanks |= file.n > line.n; /* the line's end too */
    c->line_ends = false;
    if (line.n == 0)
        return sg_fail(err, SG_EFORMAT, "it is empty");
    for (size_t i = 0; i < line.n; i++) {
        bool hex = strchr("0123456789abcdefABCDEF", line.p[i]) != NULL && line.p[i] != 0;
        if (type == SG_CRED_PSK && !hex)
            return sg_fail(err, SG_EFORMAT, "a PSK is written as hexadecimal digits, and character %zu is none", i + 1);
        if (line.p[i] < ' ' || line.p[i] > '~' || line.p[i] == '"')
            return sg_fail(err, SG_EFORMAT,
                           "character %zu is one that a modem does not take: only printable ASCII "
                           "without quotes can be sent",
                           i + 1);
    }
    if (type == SG_CRED_PSK && line.n % 2 != 0)
        return sg_fail(err, SG_EFORMAT, "a PSK has an even number of hexadecimal digits, this one %zu", line.n);
    if (line.n > (type == SG_CRED_PSK ? PSK_DIGITS : PSK_ID))
        return sg_fail(err, SG_ENOSPC, "it has %zu characters, and at most %d are taken", line.n,
                       type == SG_CRED_PSK ? PSK_DIGITS : PSK_ID);
    sg_put_bytes(out, line);
    return 0;
}

int sg_credential_prepare(unsigned type, struct sg_bytes file, size_t max, struct sg_credential *c,
                          struct sg_error *err)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < file.n; i++)
        if (file.p[i] == 0)
            return sg_fail(err, SG_EFORMAT,
                           file.p[0] == 0x30 ? "it is DER, and a modem wants PEM"
                                             : "there is a NUL in it: it is no text");
    struct pem p = {.c = c, .type = type, .err = err, .out = sg_buf(c->bytes, sizeof c->bytes)};
    bool pem = type == SG_CRED_CA || type == SG_CRED_CERT || type == SG_CRED_KEY;
    int r = pem ? prepare_pem(&p, file) : prepare_line(type, file, c, &p.out, err);
    if (r < 0)
        return r;
    if (p.out.full || p.out.len > max)
        return sg_fail(err, SG_ENOSPC,
                       "it is too long: at most %zu characters of it fit into one command (%d in all, of which every "
                       "host takes no more)",
                       max, SG_AT_COMMAND_MAX);
    c->n = p.out.len;
    for (size_t i = 0; i < c->n; i++)
        if (c->bytes[i] == '"' || c->bytes[i] >= 0x7F || (c->bytes[i] < ' ' && c->bytes[i] != '\n'))
            return sg_fail(err, SG_EFORMAT,
                           "there is a character in it that a modem does not take (quotes, control "
                           "characters, anything but ASCII)");
    return 0;
}
