/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For everything that is built on OpenSSL: ca.pem (-CAfile), crl.pem (-CRLfile), certs/ with both under their hashes
 * (-CApath), and index.txt, the database of `openssl ca`, for `openssl ocsp -index`.
 */
#include "export.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "1a2b3c4d.0", "1a2b3c4d.r0": as `openssl rehash` names them. */
static bool is_hashed(const char *name)
{
    if (strspn(name, "0123456789abcdef") != 8 || name[8] != '.')
        return false;
    const char *number = name + 9 + (name[9] == 'r');
    return number[0] != '\0' && number[strspn(number, "0123456789")] == '\0';
}

/* The next free number for this hash. */
static void hashed_name(const struct sg_cli_folder *f, unsigned long hash, const char *r, char name[48])
{
    for (unsigned i = 0;; i++) {
        size_t k = 0;
        (void)snprintf(name, 48, "%08lx.%s%u", hash, r, i);
        while (k < f->n && strcmp(f->names[k], name) != 0)
            k++;
        if (k == f->n)
            return;
    }
}

static int put_cas(struct sg_store *store, struct sg_cli_folder *top, struct sg_cli_folder *certs, struct sg_error *err)
{
    static struct sg_cli_cas cas;
    char name[48], *all = NULL;
    size_t n;
    int r = sg_cli_get_cas(store, &cas, err);
    FILE *f = open_memstream(&all, &n);
    for (size_t i = 0; f != NULL && r == 0 && i < cas.n; i++) {
        uint8_t text[8192];
        struct sg_buf pem = sg_buf(text, sizeof text);
        r = sg_cert_put_pem(&pem, cas.ca[i].cert);
        if (r < 0)
            r = sg_fail(err, r, "the certificate of \"%s\" is too large", cas.ca[i].facts.cn);
        (void)fwrite(pem.p, 1, pem.len, f);
        hashed_name(certs, X509_subject_name_hash(cas.ca[i].cert), "", name);
        if (r == 0)
            r = sg_cli_folder_put(certs, name, sg_buf_bytes(&pem), err);
    }
    if ((f == NULL || fclose(f) != 0) && r == 0)
        r = sg_fail(err, SG_ENOMEM, "out of memory");
    if (r == 0)
        r = sg_cli_folder_put(top, "ca.pem", sg_bytes(all, n), err);
    free(all);
    sg_cli_free_cas(&cas);
    return r;
}

static int put_crl(struct sg_store *store, struct sg_issuer issuer, int64_t now, struct sg_cli_folder *top,
                   struct sg_cli_folder *certs, struct sg_error *err)
{
    char name[48], *text;
    size_t n;
    X509_CRL *crl = sg_cli_new_crl(store, issuer, now, &n, err);
    if (crl == NULL)
        return err->code;
    BIO *b = BIO_new(BIO_s_mem());
    int r = b != NULL && PEM_write_bio_X509_CRL(b, crl) == 1 ? 0 : sg_fail(err, SG_ENOMEM, "out of memory");
    long length = r == 0 ? BIO_get_mem_data(b, &text) : 0;
    if (r == 0)
        r = sg_cli_folder_put(top, "crl.pem", sg_bytes(text, (size_t)length), err);
    hashed_name(certs, X509_NAME_hash_ex(X509_CRL_get_issuer(crl), NULL, NULL, NULL), "r", name);
    if (r == 0)
        r = sg_cli_folder_put(certs, name, sg_bytes(text, (size_t)length), err);
    BIO_free(b);
    X509_CRL_free(crl);
    return r;
}

/* ----------------------------------------------------------------------------------------------------- index */

/* A UTCTime or GeneralizedTime, as the year asks for (RFC 5280 section 4.1.2.5). */
static const char *asn1_time(int64_t when, char text[24])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(text, 24, "%Y%m%d%H%M%SZ", &tm) == 0)
        return "";
    return tm.tm_year < 150 ? text + 2 : text;
}

/* The reasons as `openssl ca` spells them. */
static const char *reason(enum sg_reason r)
{
    switch (r) {
    case SG_KEY_COMPROMISE:
        return ",keyCompromise";
    case SG_CA_COMPROMISE:
        return ",CACompromise";
    case SG_AFFILIATION_CHANGED:
        return ",affiliationChanged";
    case SG_SUPERSEDED:
        return ",superseded";
    case SG_CESSATION:
        return ",cessationOfOperation";
    case SG_UNSPECIFIED:
    case SG_PRIVILEGE_WITHDRAWN: /* it has no word for this one */
        break;
    }
    return "";
}

struct index {
    FILE *f;
    struct sg_fingerprint issuer;
};

static int take_cert(void *user, const struct sg_cert_row *row)
{
    struct index *x = user;
    char until[24], when[24];
    bool revoked = row->state == SG_CERT_REVOKED;
    if (memcmp(&row->issuer, &x->issuer, sizeof x->issuer) != 0)
        return 0;
    (void)fprintf(x->f, "%c\t%s\t%s%s\t", revoked ? 'R' : 'V', asn1_time(row->facts.until, until),
                  revoked ? asn1_time(row->revoked_at, when) : "", revoked ? reason(row->reason) : "");
    const char *serial = row->facts.serial; /* upper case, whole bytes */
    if (strlen(serial) % 2 != 0)
        (void)fputc('0', x->f);
    for (; *serial != '\0'; serial++)
        (void)fputc(*serial >= 'a' ? *serial - 'a' + 'A' : *serial, x->f);
    (void)fprintf(x->f, "\tunknown\t/CN=%s\n", row->facts.cn);
    return 0;
}

static int put_index(struct sg_store *store, struct sg_issuer issuer, struct sg_cli_folder *top, struct sg_error *err)
{
    char *text = NULL;
    size_t n;
    struct index x = {.f = open_memstream(&text, &n)};
    if (x.f == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    int r = sg_cert_fingerprint(issuer.cert, &x.issuer);
    if (r == 0)
        r = sg_store_each_cert(store, SG_CERT_DEVICE, 0, take_cert, &x, err);
    if (fclose(x.f) != 0 && r == 0)
        r = sg_fail(err, SG_ENOMEM, "out of memory");
    if (r == 0)
        r = sg_cli_folder_put(top, "index.txt", sg_bytes(text, n), err);
    free(text);
    return r;
}

static bool is_none(const char *name)
{
    (void)name;
    return false;
}

int sg_cli_export_openssl(struct sg_store *store, struct sg_issuer issuer, const char *dir, int64_t now,
                          struct sg_error *err)
{
    static struct sg_cli_folder top, certs; /* large */
    int r = sg_cli_folder_open(&top, dir, "", is_none, err);
    if (r == 0)
        r = sg_cli_folder_open(&certs, dir, "certs", is_hashed, err);
    if (r == 0)
        r = put_crl(store, issuer, now, &top, &certs, err); /* first: a new CA without it would trust too many */
    if (r == 0)
        r = put_cas(store, &top, &certs, err);
    if (r == 0)
        r = put_index(store, issuer, &top, err);
    return r < 0 ? r : sg_cli_folder_close(&certs, err);
}
