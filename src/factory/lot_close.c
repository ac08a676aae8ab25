/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a lot: its report. The signature is written last, and the old one goes first: so a signature that is there
 * belongs to what is there, unless somebody changed that.
 */
#include "factory/lot_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 640, CMS_ROOM = 8192, REPORT_MAX = 256 * 1024 * 1024 };

static const char *path_of(const struct sg_lot_close *c, const char *suffix, char path[PATH])
{
    (void)snprintf(path, PATH, "%s/%s%s", c->dir, c->name, suffix);
    return path;
}

static bool is_there(const struct sg_lot_close *c, const char *suffix, struct sg_bytes content)
{
    char path[PATH];
    size_t n;
    uint8_t *old = sg_file_read(path_of(c, suffix, path), REPORT_MAX, &n, NULL);
    bool same = old != NULL && sg_bytes_eq(sg_bytes(old, n), content);
    free(old);
    return same;
}

/* Writes one form of the report, unless it is there as it should be. */
static int put_form(const struct sg_lot_close *c, const char *suffix, char *text, struct sg_error *err)
{
    char path[PATH];
    int r = 0;
    if (text == NULL)
        r = sg_fail(err, SG_ENOMEM, "writing %s: out of memory", path_of(c, suffix, path));
    else if (!is_there(c, suffix, sg_str(text)))
        r = sg_file_write(path_of(c, suffix, path), 0644, false, sg_str(text), err);
    free(text);
    return r;
}

/* Whether the signature that is there is this CA's, over this text. */
static bool is_signed(const struct sg_lot_close *c, const char *json)
{
    char path[PATH];
    size_t n;
    uint8_t *cms = sg_file_read(path_of(c, ".p7s", path), CMS_ROOM, &n, NULL);
    X509 *signer = cms != NULL ? sg_cms_verify(sg_bytes(cms, n), sg_str(json), NULL) : NULL;
    bool ours = signer != NULL && X509_cmp(signer, c->issuer.cert) == 0;
    X509_free(signer);
    free(cms);
    return ours;
}

static int sign(const struct sg_lot_close *c, const char *json, struct sg_error *err)
{
    char path[PATH];
    uint8_t space[CMS_ROOM];
    struct sg_buf cms = sg_buf(space, sizeof space);
    int r = sg_cms_sign(c->issuer, sg_str(json), &cms, err);
    return r < 0 ? r : sg_file_write(path_of(c, ".p7s", path), 0644, false, sg_buf_bytes(&cms), err);
}

/* In the chain of the audit log: which report was signed, should there ever be two. */
static int tell(const struct sg_lot_close *c, const struct sg_factory_lot *l, const char *json, struct sg_error *err)
{
    struct sg_audit_entry e = {.when = c->now, .from = "local", .what = "lot-closed"};
    struct sg_fingerprint digest;
    char hex[SG_FACTORY_HEX];
    sg_sha256(sg_str(json), digest.sha256);
    (void)snprintf(e.who, sizeof e.who, "%s", c->who);
    (void)snprintf(e.subject, sizeof e.subject, "%s", c->name);
    (void)snprintf(e.detail, sizeof e.detail,
                   "%zu boards, %zu enrolled, %zu verified, %zu not; report of SHA-256 %s, signed by \"%s\"",
                   l->n_boards, l->enrolled, l->verified, l->failed, sg_factory_hex(&digest, hex), l->ca.cn);
    return sg_store_audit(c->store, &e, err);
}

static int write_signed(const struct sg_lot_close *c, const struct sg_factory_lot *l, char *json, struct sg_error *err)
{
    char path[PATH];
    if (is_signed(c, json) && is_there(c, ".json", sg_str(json)))
        return 0;
    if (unlink(path_of(c, ".p7s", path)) != 0 && errno != ENOENT)
        return sg_fail(err, SG_EIO, "removing the old %s: %s", path, strerror(errno));
    int r = sg_file_write(path_of(c, ".json", path), 0644, false, sg_str(json), err);
    if (r == 0)
        r = tell(c, l, json, err);
    return r < 0 ? r : sign(c, json, err);
}

static int write_report(const struct sg_lot_close *c, const struct sg_factory_lot *l, struct sg_error *err)
{
    if (mkdir(c->dir, 0700) != 0 && errno != EEXIST)
        return sg_fail(err, SG_EIO, "making the folder %s: %s", c->dir, strerror(errno));
    char *json = sg_factory_lot_json(l);
    if (json == NULL)
        return sg_fail(err, SG_ENOMEM, "the report of lot %s cannot be put into words", c->name);
    int r = put_form(c, ".html", sg_factory_lot_html(l), err);
    if (r == 0)
        r = put_form(c, ".csv", sg_factory_lot_csv(l), err);
    if (r == 0)
        r = put_form(c, "-labels.html", sg_factory_lot_labels(l), err);
    if (r == 0)
        r = write_signed(c, l, json, err);
    free(json);
    return r;
}

/* The time that it was closed at first stays, while nothing was added. */
static int end(const struct sg_lot_close *c, struct sg_error *err)
{
    struct sg_lot lot;
    int r = sg_store_find_lot(c->store, c->name, &lot, err);
    if (r < 0 || lot.ended != 0)
        return r;
    lot.ended = c->now;
    return sg_store_update_lot(c->store, &lot, err);
}

int sg_lot_close(const struct sg_lot_close *c, struct sg_error *err)
{
    struct sg_factory_lot l;
    struct sg_error unread;
    err = err != NULL ? err : &unread;
    int r = end(c, err);
    if (r < 0)
        return r;
    r = sg_factory_lot_gather(c->store, c->name, &l, err);
    if (r == 0 && sg_cert_facts(c->issuer.cert, &l.ca) < 0)
        r = sg_fail(err, SG_EFORMAT, "the issuing CA's certificate cannot be read");
    if (r == 0)
        r = write_report(c, &l, err);
    sg_factory_lot_free(&l);
    return r;
}
