/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the pki room share, and nobody else sees. */
#ifndef SG_PKI_INTERNAL_H
#define SG_PKI_INTERNAL_H

#include "pki/pki.h"

/* sg_file_read, and SG_EDENIED where a regular file grants a right of `forbidden` (an octal mode). */
uint8_t *sg_pki_file_read(const char *path, size_t max, unsigned forbidden, size_t *n, struct sg_error *err);

/* The reason of OpenSSL's latest error, for the end of a sentence; empties its queue. Never NULL. */
const char *sg_pki_why(void);

/* A BIO that reads `v`; NULL where it is empty or too long for one. */
BIO *sg_pki_bio(struct sg_bytes v);
/* A pem_password_cb that knows none: OpenSSL's default would ask on the terminal. */
int sg_pki_no_passphrase(char *buf, int size, int writing, void *user);
/* Appends what was written to a memory BIO. SG_ENOSPC. */
int sg_pki_put_bio(struct sg_buf *out, BIO *bio);

/* "2026-11-23 07:30:00 UTC". */
#define SG_PKI_TIME_TEXT 40
char *sg_pki_time_text(int64_t t, char text[SG_PKI_TIME_TEXT]);
/* SG_EFORMAT. */
int sg_pki_time(const ASN1_TIME *t, int64_t *out);

/* The (last, most specific) common name. SG_ENOTFOUND, SG_ENOSPC (cut between characters), and SG_EFORMAT for one with
 * control characters, a NUL among them: it could pass for a shorter name. */
int sg_pki_name_cn(const X509_NAME *name, char *cn, size_t cap);
/* A name as people read it in a sentence ("CN=first lot"), hostile characters escaped. */
#define SG_PKI_NAME_TEXT 160
char *sg_pki_name_text(const X509_NAME *name, char text[SG_PKI_NAME_TEXT]);
/* Sets one common name. SG_EINVAL with the rule that it breaks. */
int sg_pki_name_set(X509_NAME *name, const char *cn, struct sg_error *err);

/* What OpenSSL asks for when it meets an encrypted key, or one with a PIN: a pem_password_cb, and its `user`. */
struct sg_pki_asked {
    const struct sg_secret *passphrase;
    bool was;
};
int sg_pki_answer(char *buf, int size, int writing, void *user);

/* key_store.c: keys at URIs. The path of a "file:" URI, NULL for any other. */
const char *sg_pki_file_of(const char *uri);
/* Loads the provider that serves a URI, where we know which; a TPM's. SG_EUNSUPPORTED. */
int sg_pki_load_provider(const char *uri, struct sg_error *err);
int sg_pki_load_tpm(const char *path, struct sg_error *err);
/* NULL: there is none, or the store failed; OpenSSL's error queue tells. */
EVP_PKEY *sg_pki_stored_key(const char *uri, struct sg_pki_asked *asked);
/* OpenSSL's property query for operations with a key where it is; NULL for a key in memory. */
enum { SG_PKI_WHERE = 128 };
const char *sg_pki_where(const EVP_PKEY *key, char propq[SG_PKI_WHERE]);
/* Begins a signature with the digest that suits the key, wherever it is. NULL: it cannot sign. */
EVP_MD_CTX *sg_pki_signer(EVP_PKEY *key);

/* point.c: the SubjectPublicKeyInfo of a P-256 key. Written; read (its point, NULL for any other key or spelling); put
 * into a certificate, as that of a key on another curve is too. */
enum { SG_PKI_SPKI = 91 };
void sg_pki_spki(const uint8_t point[SG_POINT], uint8_t spki[SG_PKI_SPKI]);
const uint8_t *sg_pki_spki_point(struct sg_bytes spki);
bool sg_pki_set_key(X509 *cert, EVP_PKEY *key);

/* cert_limits.c: extensions that say how much a CA may issue. */
bool sg_pki_add_limits(X509 *cert, const struct sg_ca_limits *limits);

bool sg_pki_is_curve(const EVP_PKEY *key, enum sg_curve curve);
/* The digest that suits the signer's key: as strong as its curve. */
const EVP_MD *sg_pki_digest(const EVP_PKEY *key);
/* The issuer's key is the one in its certificate, and that is a CA's. SG_EMISMATCH, SG_EINVAL. */
int sg_pki_issuer_check(struct sg_issuer ca, struct sg_error *err);
bool sg_pki_is_ca(const X509 *cert);

/* What an nRF91 signs: the Sig_structure of RFC 9052 section 4.4, with the body as external data, and null for an
 * absent payload (section 2.3 of the modem notes). Empty where it does not fit. */
#define SG_PKI_ATTESTED 4096
struct sg_bytes sg_pki_attested(struct sg_buf *b, struct sg_bytes protected_header, struct sg_bytes body,
                                struct sg_bytes payload);

#endif
