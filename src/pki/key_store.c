/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are not in a file of ours: any URI that OpenSSL's stores know, among them a TPM's and a PKCS#11 token's.
 * Such a key stays where it is; what one gets is a handle that signs there.
 */
#include "pki_internal.h"
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which provider serves a scheme, and Debian's package of it. */
static const struct {
    const char *scheme, *provider, *package;
} served[] = {
    {"handle:", "tpm2", "tpm2-openssl"},
    {"object:", "tpm2", "tpm2-openssl"},
    {"pkcs11:", "pkcs11", "pkcs11-provider"},
};

bool sg_key_is_uri(const char *where)
{
    size_t n = 0;
    while (isalnum((unsigned char)where[n]) || (n > 0 && where[n] != '\0' && strchr("+.-", where[n])))
        n++;
    return n > 1 && isalpha((unsigned char)where[0]) && where[n] == ':';
}

const char *sg_pki_file_of(const char *uri)
{
    if (strncmp(uri, "file:", 5) != 0)
        return NULL;
    const char *path = uri + 5;
    return strncmp(path, "///", 3) == 0 ? path + 2 : path;
}

/* Once another provider is loaded, OpenSSL no longer loads its own by itself. */
static int load_provider(const char *name, const char *package, const char *uri, struct sg_error *err)
{
    if (OSSL_PROVIDER_available(NULL, name) == 1)
        return 0;
    (void)setenv("TSS2_LOG", "all+NONE", 0); /* the TPM's library tells standard error what we tell in a sentence */
    if (OSSL_PROVIDER_load(NULL, "default") && OSSL_PROVIDER_load(NULL, name))
        return 0;
    return sg_fail(err, SG_EUNSUPPORTED,
                   "the key %s needs OpenSSL's provider \"%s\", which does not start (%s). Is it installed (on Debian: "
                   "%s), and is what it speaks with there (for a TPM: /dev/tpmrm0, or what TPM2OPENSSL_TCTI names)?",
                   uri, name, sg_pki_why(), package);
}

int sg_pki_load_provider(const char *uri, struct sg_error *err)
{
    for (size_t i = 0; i < sizeof served / sizeof *served; i++)
        if (strncmp(uri, served[i].scheme, strlen(served[i].scheme)) == 0)
            return load_provider(served[i].provider, served[i].package, uri, err);
    return 0;
}

int sg_pki_load_tpm(const char *path, struct sg_error *err)
{
    return load_provider(served[0].provider, served[0].package, path, err);
}

const char *sg_pki_where(const EVP_PKEY *key, char propq[SG_PKI_WHERE])
{
    const OSSL_PROVIDER *p = EVP_PKEY_get0_provider(key);
    const char *name = p ? OSSL_PROVIDER_get0_name(p) : "default";
    if (strcmp(name, "default") == 0)
        return NULL;
    /* A TPM hashes slowly, and has no reason to. */
    (void)snprintf(propq, SG_PKI_WHERE, "?provider=%s,tpm2.digest!=yes,tpm2.cipher!=yes", name);
    return propq;
}

EVP_MD_CTX *sg_pki_signer(EVP_PKEY *key)
{
    char propq[SG_PKI_WHERE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const char *digest = EVP_MD_get0_name(sg_pki_digest(key));
    if (md && EVP_DigestSignInit_ex(md, NULL, digest, NULL, sg_pki_where(key, propq), key, NULL) == 1)
        return md;
    EVP_MD_CTX_free(md);
    return NULL;
}

/* The first private key that the store gives. */
static EVP_PKEY *first_key(OSSL_STORE_CTX *store)
{
    EVP_PKEY *key = NULL;
    if (OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) != 1)
        return NULL;
    while (!key && OSSL_STORE_eof(store) != 1) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
        if (!info && OSSL_STORE_error(store) == 1)
            break;
    }
    return key;
}

EVP_PKEY *sg_pki_stored_key(const char *uri, struct sg_pki_asked *asked)
{
    static const char prefer[] = "?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes";
    bool tpm = OSSL_PROVIDER_available(NULL, "tpm2") == 1;
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(sg_pki_answer, 0);
    OSSL_STORE_CTX *store = ui ? OSSL_STORE_open_ex(uri, NULL, tpm ? prefer : NULL, ui, asked, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = store ? first_key(store) : NULL;
    if (store)
        (void)OSSL_STORE_close(store);
    UI_destroy_method(ui);
    return key;
}
