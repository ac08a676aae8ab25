/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the report of a lot is genuine. */
#include "factory/lot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 640, CMS_MAX = 64 * 1024, REPORT_MAX = 256 * 1024 * 1024 };

static uint8_t *read_form(const char *dir, const char *name, const char *suffix, size_t max, size_t *n,
                          struct sg_error *err)
{
    char path[PATH];
    (void)snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
    uint8_t *content = sg_file_read(path, max, n, err);
    if (content == NULL && err->code == SG_ENOTFOUND)
        (void)sg_fail(err, SG_ENOTFOUND, "there is no %s: `signet lot close %s` writes the report", path, name);
    return content;
}

/* The signer is one of our issuing CAs. */
static int judge(struct sg_store *store, const X509 *cert, struct sg_cert_facts *signer, struct sg_error *err)
{
    struct sg_cert_row row;
    if (sg_cert_facts(cert, signer) < 0)
        return sg_fail(err, SG_EMISMATCH, "the signer's certificate cannot be read");
    int r = sg_store_find_cert(store, &signer->fingerprint, &row, err);
    if (r == SG_ENOTFOUND || (r == 0 && row.kind != SG_CERT_ISSUING_CA))
        return sg_fail(err, SG_EMISMATCH, "it is signed by \"%s\", which is no issuing CA of this home", signer->cn);
    if (r == 0 && row.state == SG_CERT_REVOKED)
        return sg_fail(err, SG_EDENIED, "it is signed by \"%s\", which was revoked (%s)", signer->cn,
                       sg_reason_name(row.reason));
    return r;
}

static int compare(struct sg_store *store, const char *name, const struct sg_cert_facts *signer, struct sg_bytes json,
                   struct sg_error *err)
{
    struct sg_factory_lot l;
    int r = sg_factory_lot_gather(store, name, &l, err);
    if (r == 0) {
        l.ca = *signer;
        char *meant = sg_factory_lot_json(&l);
        if (meant == NULL)
            r = sg_fail(err, SG_ENOMEM, "out of memory");
        else if (!sg_bytes_eq_str(json, meant))
            r = sg_fail(err, SG_EMISMATCH,
                        "it is signed, but the inventory says something else by now: `signet lot close %s` writes it "
                        "anew",
                        name);
        free(meant);
    }
    sg_factory_lot_free(&l);
    return r;
}

static int verify(struct sg_store *store, const char *name, struct sg_bytes json, struct sg_bytes cms,
                  struct sg_cert_facts *signer, struct sg_error *err)
{
    X509 *cert = sg_cms_verify(cms, json, err);
    if (cert == NULL)
        return err->code;
    int r = judge(store, cert, signer, err);
    X509_free(cert);
    return r < 0 ? r : compare(store, name, signer, json, err);
}

int sg_lot_verify(struct sg_store *store, const char *dir, const char *name, struct sg_cert_facts *signer,
                  struct sg_error *err)
{
    struct sg_error unread;
    struct sg_lot lot;
    size_t n_json, n_cms;
    err = err != NULL ? err : &unread;
    int r = sg_store_find_lot(store, name, &lot, err); /* so that the name is one, and no path */
    if (r < 0)
        return r;
    uint8_t *json = read_form(dir, name, ".json", REPORT_MAX, &n_json, err);
    uint8_t *cms = json != NULL ? read_form(dir, name, ".p7s", CMS_MAX, &n_cms, err) : NULL;
    if (cms == NULL) {
        r = err->code;
    } else {
        r = verify(store, name, sg_bytes(json, n_json), sg_bytes(cms, n_cms), signer, err);
        if (r < 0)
            (void)sg_fail_in(err, "the report %s/%s.json", dir, name);
    }
    free(cms);
    free(json);
    return r;
}

int sg_lot_count(struct sg_store *store, const char *name, struct sg_lot_count *n, struct sg_error *err)
{
    struct sg_factory_lot l;
    int r = sg_factory_lot_gather(store, name, &l, err);
    *n = (struct sg_lot_count){l.n_boards, l.enrolled, l.verified, l.failed, l.attempts, l.n_failures};
    sg_factory_lot_free(&l);
    return r;
}
