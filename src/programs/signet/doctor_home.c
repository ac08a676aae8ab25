/* SPDX-License-Identifier: Apache-2.0 */
/* signet doctor: the files of a home, their rights, and keys that fit their certificates. */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void look_at_rights(struct sg_cli_doctor *d, const char *what, const char *path, mode_t forbidden)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        sg_cli_note(d, SG_CLI_PROBLEM, what, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        sg_cli_note(d, SG_CLI_PROBLEM, what, "%s is not a file", path);
    else if ((st.st_mode & forbidden) != 0)
        sg_cli_note(d, SG_CLI_PROBLEM, what, "%s has mode %04o: others may %s it. Run `chmod %s %s`.", path,
                    (unsigned)(st.st_mode & 07777), forbidden == 077 ? "read" : "change",
                    forbidden == 077 ? "600" : "644", path);
    else if (st.st_uid != geteuid() && geteuid() != 0)
        sg_cli_note(d, SG_CLI_PROBLEM, what, "%s belongs to another user (uid %u)", path, (unsigned)st.st_uid);
}

/* An encrypted key is left alone: nobody should have to give a passphrase for a look. */
static void look_at_key(struct sg_cli_doctor *d, const char *what, const char *cert_path, const char *key_path)
{
    struct sg_error err = {0};
    look_at_rights(d, what, key_path, 077);
    X509 *cert = sg_cert_read(cert_path, &err);
    if (cert == NULL) {
        sg_cli_note(d, SG_CLI_PROBLEM, what, "%s", err.text);
        return;
    }
    if (access(key_path, F_OK) == 0 && !sg_key_is_encrypted(key_path)) {
        EVP_PKEY *key = sg_key_read(key_path, NULL, &err);
        if (key == NULL)
            sg_cli_note(d, SG_CLI_PROBLEM, what, "%s", err.text);
        else if (X509_check_private_key(cert, key) != 1)
            sg_cli_note(d, SG_CLI_PROBLEM, what, "%s is not the key of %s", key_path, cert_path);
        EVP_PKEY_free(key);
    }
    X509_free(cert);
}

/* A key at a URI is left alone: its TPM or token may not be here. */
static void look_at_ca(struct sg_cli_doctor *d, const char *what, const char *cert, const char *key, const char *uri)
{
    if (access(uri, F_OK) == 0)
        look_at_rights(d, what, uri, 022);
    else
        look_at_key(d, what, cert, key);
}

/* A home that enrols and serves nobody (signet init --factory). */
static bool is_factory(const struct sg_home *h)
{
    return access(h->server_cert, F_OK) != 0 && access(h->server_root_key, F_OK) != 0 &&
           access(h->device_root_key, F_OK) != 0 && access(h->device_root_uri, F_OK) != 0;
}

void sg_cli_doctor_home(struct sg_cli_doctor *d)
{
    const struct sg_home *h = &d->cli->home;
    struct sg_error err = {0};
    unsigned before = d->problems;
    if (sg_home_check(h, &err) < 0)
        sg_cli_note(d, SG_CLI_PROBLEM, "home", "%s", err.text);
    look_at_rights(d, "inventory", h->inventory, 077);
    look_at_ca(d, "issuing CA", h->issuing_cert, h->issuing_key, h->issuing_uri);
    look_at_rights(d, "token", h->token, 077);
    if (access(h->psk_key, F_OK) == 0)
        look_at_rights(d, "psk.key", h->psk_key, 077);
    look_at_rights(d, "config", h->config, 022);
    if (!is_factory(h)) {
        look_at_ca(d, "device root", h->device_root_cert, h->device_root_key, h->device_root_uri);
        look_at_key(d, "server root", h->server_root_cert, h->server_root_key);
        look_at_key(d, "server", h->server_cert, h->server_key);
    }
    if (d->problems == before)
        sg_cli_note(d, SG_CLI_WELL, "home", "%s: every file is there, only you can read what is secret", h->shown);
}
