/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a home folder: keys, certificates, inventory, configuration, token. All of it, or nothing. */
#include "new_home.h"
#include "programs/config.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERVER_YEARS = 1, YEAR = 365 * 86400, CONFIG_MAX = 8192 };

/* Certificates begin an hour ago: the clock of a device or of another machine may be behind ours. */
enum { CLOCK_SLACK = 3600 };

/* One authority or server in the making. */
struct party {
    EVP_PKEY *key;
    X509 *cert;
};

struct building {
    const struct sg_new_home *n;
    struct sg_home at; /* the temporary folder */
    struct party device_root, issuing, server_root, server;
    struct sg_store *store;
};

static struct sg_validity years(const struct building *b, unsigned n)
{
    return (struct sg_validity){b->n->now - CLOCK_SLACK, b->n->now + (int64_t)n * YEAR};
}

static struct sg_issuer issuer(const struct party *p)
{
    return (struct sg_issuer){p->cert, p->key};
}

static int make_certificates(struct building *b, struct sg_error *err)
{
    const struct sg_new_home *n = b->n;
    struct party *const parties[] = {&b->device_root, &b->issuing, &b->server_root, &b->server};
    const enum sg_curve curves[] = {n->curve, SG_P256, n->curve, SG_P256};
    for (size_t i = 0; i < 4; i++)
        if ((parties[i]->key = sg_key_new(curves[i], err)) == NULL)
            return err->code;

    struct sg_validity v = years(b, n->years);
    b->device_root.cert = sg_cert_root(b->device_root.key, "Signet device root", v, err);
    if (b->device_root.cert == NULL)
        return err->code;
    b->issuing.cert = sg_cert_issuing(issuer(&b->device_root), b->issuing.key, n->ca_name, v, err);
    if (b->issuing.cert == NULL)
        return err->code;
    b->server_root.cert = sg_cert_root(b->server_root.key, "Signet server root", v, err);
    if (b->server_root.cert == NULL)
        return err->code;
    b->server.cert = sg_cert_server(issuer(&b->server_root), b->server.key, n->host, years(b, SERVER_YEARS), err);
    return b->server.cert != NULL ? 0 : err->code;
}

static int write_party(const struct party *p, const char *cert, const char *key, const struct sg_secret *passphrase,
                       struct sg_error *err)
{
    int r = sg_key_write(key, p->key, passphrase, err);
    return r < 0 ? r : sg_cert_write(cert, p->cert, err);
}

static int write_keys(const struct building *b, struct sg_error *err)
{
    const struct sg_home *h = &b->at;
    const struct sg_secret *passphrase = b->n->passphrase;
    int r = write_party(&b->device_root, h->device_root_cert, h->device_root_key, passphrase, err);
    if (r == 0)
        r = write_party(&b->issuing, h->issuing_cert, h->issuing_key, passphrase, err);
    if (r == 0)
        r = write_party(&b->server_root, h->server_root_cert, h->server_root_key, passphrase, err);
    if (r == 0) /* in the clear: signetd starts without a person */
        r = write_party(&b->server, h->server_cert, h->server_key, NULL, err);
    return r;
}

static int write_token(const char *path, struct sg_error *err)
{
    uint8_t random[32], space[64];
    struct sg_buf text = sg_buf(space, sizeof space);
    if (RAND_priv_bytes(random, sizeof random) != 1)
        return sg_fail(err, SG_ECRYPTO, "no random numbers for the token");
    sg_put_base64url(&text, sg_bytes(random, sizeof random));
    sg_put_str(&text, "\n");
    int r = sg_file_write(path, 0600, true, sg_buf_bytes(&text), err);
    sg_wipe(random, sizeof random);
    sg_wipe(space, sizeof space);
    return r;
}

static int write_config(const struct building *b, struct sg_error *err)
{
    char space[CONFIG_MAX];
    struct sg_buf text = sg_buf(space, sizeof space);
    if (sg_config_template(b->n->host, &text) < 0)
        return sg_fail(err, SG_EINVAL, "\"%s\" is no name that a server can have", b->n->host);
    return sg_file_write(b->at.config, 0600, true, sg_buf_bytes(&text), err);
}

/* Records one certificate, and why it is there. */
static int record(struct building *b, const struct party *p, enum sg_cert_kind kind, const struct party *by,
                  const char *what, struct sg_error *err)
{
    struct sg_cert_row row = {.kind = kind, .state = SG_CERT_ACTIVE, .added = b->n->now};
    struct sg_audit_entry e = {.when = b->n->now};
    if (by != NULL && sg_cert_fingerprint(by->cert, &row.issuer) < 0)
        return sg_fail(err, SG_ECRYPTO, "computing a fingerprint failed");
    int r = sg_store_add_cert(b->store, p->cert, &row, err);
    if (r < 0)
        return r;
    char fingerprint[SG_FINGERPRINT_TEXT];
    (void)sg_fingerprint_text(&row.facts.fingerprint, fingerprint);
    (void)snprintf(e.who, sizeof e.who, "%s", b->n->who);
    (void)snprintf(e.from, sizeof e.from, "local");
    (void)snprintf(e.what, sizeof e.what, "%s", what);
    (void)snprintf(e.subject, sizeof e.subject, "%s", fingerprint);
    (void)snprintf(e.detail, sizeof e.detail, "%s \"%s\"", sg_cert_kind_name(kind), row.facts.cn);
    return sg_store_audit(b->store, &e, err);
}

static int record_all(struct building *b, struct sg_error *err)
{
    int r = sg_store_begin(b->store, err);
    if (r == 0)
        r = record(b, &b->device_root, SG_CERT_DEVICE_ROOT, NULL, "ca-created", err);
    if (r == 0 && b->issuing.cert != NULL)
        r = record(b, &b->issuing, SG_CERT_ISSUING_CA, &b->device_root, "ca-created", err);
    if (r == 0)
        r = record(b, &b->server_root, SG_CERT_SERVER_ROOT, NULL, "ca-created", err);
    if (r == 0 && b->server.cert != NULL)
        r = record(b, &b->server, SG_CERT_SERVER, &b->server_root, "server-issued", err);
    return r == 0 ? sg_store_commit(b->store, err) : r;
}

static int make_inventory(struct building *b, struct sg_error *err)
{
    int r = sg_store_create(b->at.inventory, err);
    if (r < 0)
        return r;
    b->store = sg_store_open(b->at.inventory, err);
    if (b->store == NULL)
        return err->code;
    r = record_all(b, err);
    sg_store_close(b->store);
    b->store = NULL;
    return r;
}

static int make_folders(const struct sg_home *at, struct sg_error *err)
{
    const char *const folders[] = {at->ca, at->server, at->lots};
    for (size_t i = 0; i < 3; i++)
        if (mkdir(folders[i], 0700) != 0)
            return sg_fail(err, SG_EIO, "making the folder %s: %s", folders[i], strerror(errno));
    return 0;
}

/* A factory's home: both roots as certificates alone; its issuing CA comes later. */
static int fill_factory(struct building *b, struct sg_error *err)
{
    X509_up_ref(b->n->device_root);
    X509_up_ref(b->n->server_root);
    b->device_root.cert = b->n->device_root;
    b->server_root.cert = b->n->server_root;
    int r = make_folders(&b->at, err);
    if (r == 0)
        r = sg_cert_write(b->at.device_root_cert, b->device_root.cert, err);
    if (r == 0)
        r = sg_cert_write(b->at.server_root_cert, b->server_root.cert, err);
    if (r == 0)
        r = write_config(b, err);
    if (r == 0)
        r = write_token(b->at.token, err);
    return r == 0 ? make_inventory(b, err) : r;
}

static int fill(struct building *b, struct sg_error *err)
{
    if (b->n->device_root != NULL)
        return fill_factory(b, err);
    int r = make_certificates(b, err);
    if (r == 0)
        r = make_folders(&b->at, err);
    if (r == 0)
        r = write_keys(b, err);
    if (r == 0)
        r = write_config(b, err);
    if (r == 0)
        r = write_token(b->at.token, err);
    return r == 0 ? make_inventory(b, err) : r;
}

/* Makes a rename durable: the folder that holds `path`. */
static int sync_parent(const char *path)
{
    char parent[SG_PATH];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        (void)snprintf(parent, sizeof parent, ".");
    else
        slash[slash == parent] = '\0';
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        (void)close(fd);
    return r;
}

/* rename() replaces an empty folder and nothing else: so of two that make a home at once, one wins whole. */
static int put_in_place(const struct building *b, const struct sg_home *h, struct sg_error *err)
{
    if (rename(b->at.dir, h->dir) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
            return sg_fail(err, SG_EEXISTS, "something is at %s already: it is left as it is", h->shown);
        return sg_fail(err, SG_EIO, "giving the new home its name %s: %s", h->shown, strerror(errno));
    }
    if (sync_parent(h->dir) != 0)
        return sg_fail(err, SG_EIO, "%s was made, but its folder could not be flushed to disk: %s", h->shown,
                       strerror(errno));
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void clean_up(struct building *b)
{
    struct party *const parties[] = {&b->device_root, &b->issuing, &b->server_root, &b->server};
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY_free(parties[i]->key);
        X509_free(parties[i]->cert);
    }
    sg_store_close(b->store);
}

int sg_new_home_make(const struct sg_home *h, const struct sg_new_home *n, struct sg_new_home_facts *facts,
                     struct sg_error *err)
{
    char dir[SG_PATH];
    if (snprintf(dir, sizeof dir, "%s.new-XXXXXX", h->dir) >= SG_PATH)
        return sg_fail(err, SG_ENOSPC, "the path %s is too long for a home", h->shown);
    if (mkdtemp(dir) == NULL)
        return sg_fail(err, SG_EIO, "making a folder beside %s: %s", h->shown, strerror(errno));

    struct building b = {.n = n};
    int r = sg_home_at(&b.at, dir, err);
    if (r == 0)
        r = fill(&b, err);
    if (r == 0 && (sg_cert_facts(b.device_root.cert, &facts->device_root) < 0 ||
                   sg_cert_facts(b.server_root.cert, &facts->server_root) < 0 ||
                   (b.issuing.cert != NULL && sg_cert_facts(b.issuing.cert, &facts->issuing) < 0) ||
                   (b.server.cert != NULL && sg_cert_facts(b.server.cert, &facts->server) < 0)))
        r = sg_fail(err, SG_ECRYPTO, "reading the new certificates back failed");
    if (r == 0)
        r = put_in_place(&b, h, err);
    clean_up(&b);
    if (r < 0)
        (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return r;
}
