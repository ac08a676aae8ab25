/* SPDX-License-Identifier: Apache-2.0 */
/* A key that locks the simulated modem, and commands that are signed with it (modem notes 3.4). */
#ifndef SIM_SIGNED_H
#define SIM_SIGNED_H

#include "sim_rig.h"

#include <openssl/pem.h>

static const char *public_pem(EVP_PKEY *key)
{
    static char pem[512];
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    assert_int_equal(PEM_write_bio_PUBKEY(out, key), 1);
    long n = BIO_get_mem_data(out, &text);
    memcpy(pem, text, (size_t)n);
    pem[n] = 0;
    BIO_free(out);
    return pem;
}

/* AT%XSUDO with `text` signed by `key`. */
static const char *signed_command(EVP_PKEY *key, const char *text, const char *tail)
{
    static char command[4096];
    uint8_t der[80], space[128];
    size_t n = sizeof der;
    struct sg_buf b = sg_buf(space, sizeof space);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, der, &n, (const uint8_t *)text, strlen(text)), 1);
    EVP_MD_CTX_free(md);
    sg_put_base64(&b, sg_bytes(der, n));
    (void)snprintf(command, sizeof command, "AT%%XSUDO=%zu,\"%s\"%s;%s", strlen(text), sg_buf_cstr(&b), tail, text);
    return command;
}

static void write_at_key(struct rig *r, EVP_PKEY *key, const char *tail, const char *answer)
{
    char command[1024];
    (void)snprintf(command, sizeof command, "AT%%XPMNG=0,\"%s\"%s", public_pem(key), tail);
    assert_string_equal(rig_ask(r, command), answer);
}

#endif
