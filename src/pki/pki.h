/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki: keys, requests, certificates, revocation lists; files that are written whole or not at all.
 *
 * Keys and certificates are OpenSSL's objects: what a function here returns is the caller's, to be freed with
 * EVP_PKEY_free, X509_free, X509_CRL_free. Functions that return a pointer return NULL on error and fill
 * `err`. Times are seconds since 1970.
 */
#ifndef SG_PKI_H
#define SG_PKI_H

#include "core/core.h"
#include <openssl/x509.h>

/* ----------------------------------------------------------------------------------------------------- files */

/* Writes a file whole (temporary file beside it, fsync, rename) with exactly that mode. Replaces what is there, unless
 * `fresh`: then SG_EEXISTS. 0, SG_EEXISTS, SG_EIO. */
int sg_file_write(const char *path, unsigned mode, bool fresh, struct sg_bytes content, struct sg_error *err);
/* Reads a whole file of at most `max` bytes into new memory (free(), after sg_wipe where it is secret; a NUL follows
 * the content). *n may be NULL. NULL and SG_ENOTFOUND, SG_ENOSPC or SG_EIO in err->code. */
uint8_t *sg_file_read(const char *path, size_t max, size_t *n, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------------ keys */

/* A passphrase; wiped by sg_secret_wipe. n == 0: none. */
struct sg_secret {
    char text[256];
    size_t n;
};
void sg_secret_wipe(struct sg_secret *s);

enum sg_curve { SG_P256, SG_P384 };
EVP_PKEY *sg_key_new(enum sg_curve curve, struct sg_error *err);
/* PKCS#8 PEM in a new file of mode 0600; encrypted (AES-256-CBC, PBKDF2-SHA256) where a passphrase is given. */
int sg_key_write(const char *path, EVP_PKEY *key, const struct sg_secret *passphrase, struct sg_error *err);
/*
 * Gets a private key from a file (PEM or DER; PKCS#8, SEC1, or sealed by a TPM), or from any URI that OpenSSL's stores
 * know ("handle:0x81000001" of a TPM, "pkcs11:token=…"; "file:…" is the file): then it stays where it is, and signs
 * there. Errors tell apart: no such file or key, rights too wide (others may read it: SG_EDENIED), encrypted and no
 * passphrase (SG_EDENIED), wrong passphrase (SG_EMISMATCH), no private key in it (SG_EFORMAT), no provider for such a
 * URI (SG_EUNSUPPORTED).
 */
EVP_PKEY *sg_key_read(const char *where, const struct sg_secret *passphrase, struct sg_error *err);
/* True where a passphrase (or PIN) is asked for: to know whether to ask a person. */
bool sg_key_is_encrypted(const char *where);
/* Whether it is a URI, and not a path. */
bool sg_key_is_uri(const char *where);

/* A public key: SubjectPublicKeyInfo in PEM, with LF line ends and exactly one at the end. */
int sg_key_put_public(struct sg_buf *out, const EVP_PKEY *key); /* SG_ENOSPC, SG_ECRYPTO */
EVP_PKEY *sg_key_parse_public(struct sg_bytes pem, struct sg_error *err);

/* Signs `text`, n pieces in a row, with SHA-256; appends the signature (ECDSA: DER). */
int sg_key_sign(EVP_PKEY *key, const struct sg_bytes *text, size_t n, struct sg_buf *signature, struct sg_error *err);
/* ES256 (RFC 7518 section 3.4): r and s in a row. 0, SG_EMISMATCH (not by this key), SG_ECRYPTO (no key of P-256). */
int sg_es256_verify(EVP_PKEY *key, struct sg_bytes text, const uint8_t signature[64]);

/* ------------------------------------------------------------------------------------------------ fingerprints */

struct sg_fingerprint {
    uint8_t sha256[32];
};
#define SG_FINGERPRINT_TEXT 96 /* "5d:e1:…", 32 pairs and NUL */
void sg_sha256(struct sg_bytes data, uint8_t digest[32]);
int sg_cert_fingerprint(const X509 *cert, struct sg_fingerprint *f);   /* of the DER certificate */
int sg_key_fingerprint(const EVP_PKEY *key, struct sg_fingerprint *f); /* of the SubjectPublicKeyInfo */
char *sg_fingerprint_text(const struct sg_fingerprint *f, char text[SG_FINGERPRINT_TEXT]);

/* -------------------------------------------------------------------------------------------------- certificates */

struct sg_issuer { /* who signs; borrowed */
    X509 *cert;
    EVP_PKEY *key;
};
struct sg_validity {
    int64_t from, until;
};

/* A self-signed root: CN, CA, keyCertSign and cRLSign, subject key id, serial of 128 random bits. */
X509 *sg_cert_root(EVP_PKEY *key, const char *cn, struct sg_validity v, struct sg_error *err);
/* An issuing CA below a root (pathlen 0). */
X509 *sg_cert_issuing(struct sg_issuer root, EVP_PKEY *public_key, const char *cn, struct sg_validity v,
                      struct sg_error *err);
/* One that may issue so much only; the limits are in its certificate, for those who issue with it. 0: no limit. */
struct sg_ca_limits {
    int64_t devices; /* that it may issue for */
    int64_t until;   /* when it issues for the last time */
};
X509 *sg_cert_issuing_limited(struct sg_issuer root, EVP_PKEY *public_key, const char *cn, struct sg_validity v,
                              struct sg_ca_limits limits, struct sg_error *err);
int sg_cert_limits(const X509 *cert, struct sg_ca_limits *limits); /* SG_EFORMAT */
/* A server's: CN and subjectAltName of a DNS name or IP literal, serverAuth. */
X509 *sg_cert_server(struct sg_issuer ca, EVP_PKEY *public_key, const char *host, struct sg_validity v,
                     struct sg_error *err);
/* A device's, as lean as verifiers allow: CN = endpoint name (1 to 64 characters: X.520's limit), digitalSignature,
 * clientAuth, authority key id. The validity is cut to the issuer's, never past it. */
X509 *sg_cert_device(struct sg_issuer ca, EVP_PKEY *public_key, const char *endpoint, struct sg_validity v,
                     struct sg_error *err);

/* What people and tables need to know of a certificate. */
struct sg_cert_facts {
    struct sg_fingerprint fingerprint, key; /* of the certificate; of its public key */
    char cn[128], issuer_cn[128];           /* "" where there is none; longer ones are cut */
    char serial[64];                        /* hexadecimal, lower case, as `openssl x509 -serial` but for case */
    char names[256];                        /* subjectAltName: "dns:a.example ip:192.0.2.1", "" */
    int64_t from, until;
    size_t der_len;
    bool ca;
};
/* SG_EFORMAT where a part cannot be read or a name has control characters (it could pass for a shorter one): that part
 * is empty, the others are filled in all the same. */
int sg_cert_facts(const X509 *cert, struct sg_cert_facts *facts);

/* PEM with LF line ends and exactly one at the end. Append to `out`; SG_ENOSPC. */
int sg_cert_put_pem(struct sg_buf *out, const X509 *cert);
int sg_cert_put_der(struct sg_buf *out, const X509 *cert);
X509 *sg_cert_parse(struct sg_bytes pem_or_der, struct sg_error *err);
X509 *sg_cert_read(const char *path, struct sg_error *err);
int sg_cert_write(const char *path, const X509 *cert, struct sg_error *err); /* PEM, mode 0644, new file only */

/* -------------------------------------------------------------------------------------------------- requests */

/* A PKCS#10 request, DER or PEM. Checked: self-signature, curve P-256. The modem's form with NULL algorithm parameters
 * is taken. */
struct sg_request;
struct sg_request *sg_request_parse(struct sg_bytes request, struct sg_error *err);
void sg_request_free(struct sg_request *req);
/* Its common name, and its public key (a new reference). SG_ENOTFOUND where it has no CN. */
int sg_request_cn(const struct sg_request *req, char *cn, size_t cap);
EVP_PKEY *sg_request_key(const struct sg_request *req);
/* The PEM of exactly these bytes. SG_ENOSPC. */
int sg_request_put_pem(struct sg_buf *out, struct sg_bytes der);
/* A request of our own (DER appended to `out`) for a key that the host holds: CN only. */
int sg_request_make(EVP_PKEY *key, const char *cn, struct sg_buf *out, struct sg_error *err);

/* ----------------------------------------------------------------------------------------------------- trust */

/* The certificates that one side trusts: roots, and issuing CAs below them (a peer sends its leaf only). An issuing CA
 * counts only where its root was added too. */
struct sg_trust;
struct sg_trust *sg_trust_new(struct sg_error *err);
void sg_trust_free(struct sg_trust *t);
int sg_trust_add(struct sg_trust *t, X509 *ca, struct sg_error *err); /* keeps a reference of its own */
/* Trust in all CAs of a PEM file. SG_ENOTFOUND, SG_EIO, SG_EFORMAT, SG_EINVAL (a certificate that is no CA's). */
struct sg_trust *sg_trust_read(const char *path, struct sg_error *err);

enum sg_purpose { SG_FOR_CLIENT, SG_FOR_SERVER, SG_FOR_STAMPS, SG_FOR_DOCUMENTS /* any certificate may sign these */ };
/* Why a leaf is not trusted: for the alert that tells the truth. */
enum sg_trust_result {
    SG_TRUSTED,
    SG_UNTRUSTED_ISSUER,
    SG_UNTRUSTED_EXPIRED,
    SG_UNTRUSTED_NOT_YET,
    SG_UNTRUSTED_PURPOSE,
    SG_UNTRUSTED_NAME,
    SG_UNTRUSTED_BAD
};
/*
 * Verifies a leaf at time `now` for a purpose; `host` (DNS name or IP literal, NULL: not checked) against its names;
 * `sent` are further certificates that the peer sent, NULL for none (with them it can bring an issuing CA that was not
 * added). `err` tells why not, in a sentence that names both sides of a disagreement. Thread-safe on one sg_trust.
 */
enum sg_trust_result sg_trust_verify(const struct sg_trust *t, X509 *leaf, STACK_OF(X509) * sent,
                                     enum sg_purpose purpose, const char *host, int64_t now, struct sg_error *err);

/* ---------------------------------------------------------------------------------------------- pre-shared keys */

/* A device's pre-shared key: random, its own, known to its modem and to this side, and so a weaker identity than a key
 * that one side alone holds. To be wiped after use, and never shown. */
enum { SG_PSK_KEY = 32, SG_PSK_IDENTITY = 128 /* with its NUL; RFC 7925 section 4.1 asks for as much */ };
struct sg_psk_secret {
    uint8_t key[SG_PSK_KEY];
};
int sg_psk_new(struct sg_psk_secret *psk, struct sg_error *err);
/* Appends the key that a file has in hexadecimal, with a newline or without; of any length that `key` takes. SG_EDENIED
 * (others may read it), SG_EFORMAT, SG_ENOTFOUND, SG_EIO. */
int sg_psk_read(const char *path, struct sg_buf *key, struct sg_error *err);

/* What encrypts pre-shared keys in the inventory (AES-256-GCM): as secret as the server's key. */
struct sg_psk_vault {
    uint8_t secret[32];
};
/* Reads the vault's key from its file, 32 bytes of mode 0600; with `make`, makes it where there is none. SG_ENOTFOUND,
 * SG_EDENIED (others may read it), SG_EFORMAT (it is something else), SG_EIO. */
int sg_psk_vault_open(struct sg_psk_vault *v, const char *path, bool make, struct sg_error *err);

/* A key as the inventory keeps it: nonce, ciphertext, tag. It belongs to one identity: under another it does not open
 * (SG_EMISMATCH, as with another vault's key). */
enum { SG_PSK_NONCE = 12, SG_PSK_TAG = 16, SG_PSK_SEALED = SG_PSK_NONCE + SG_PSK_KEY + SG_PSK_TAG };
int sg_psk_seal(const struct sg_psk_vault *v, const char *identity, const struct sg_psk_secret *psk,
                uint8_t sealed[SG_PSK_SEALED], struct sg_error *err);
int sg_psk_unseal(const struct sg_psk_vault *v, const char *identity, const uint8_t sealed[SG_PSK_SEALED],
                  struct sg_psk_secret *psk, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------ signatures */

/* A detached signature over `content` (CMS, RFC 5652, DER; with SHA-256 and the signer's certificate) is appended to
 * `out`. SG_ENOSPC (2 KiB are enough), SG_ECRYPTO. */
int sg_cms_sign(struct sg_issuer signer, struct sg_bytes content, struct sg_buf *out, struct sg_error *err);
/* The certificate whose key made such a signature over `content`; whether that one is trusted is the caller's to judge.
 * NULL: SG_EFORMAT (not one signature of this form), SG_EMISMATCH (not over this content). */
X509 *sg_cms_verify(struct sg_bytes cms, struct sg_bytes content, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------ time stamps */

/*
 * A time stamp (RFC 3161): an authority's word that these bytes existed at that time. A request goes to it, its answer
 * is kept whole, and says all that is needed to verify it later. Digests by OpenSSL's names: "sha256", "sha512",
 * "sha3-512".
 */
struct sg_stamp {
    int64_t when;
    char digest[16];                /* with which the bytes were stamped: "sha256" */
    char serial[64];                /* hexadecimal */
    struct sg_cert_facts authority; /* the certificate that it was signed with */
    char key[24];                   /* of that: "RSA 3072", "EC 256" */
    unsigned strength;              /* of the weakest of that key and the two digests, in bits */
};
/* Appends a request (DER) for a stamp over `content`, with a nonce. SG_EUNSUPPORTED (no such digest), SG_ENOSPC,
 * SG_ECRYPTO. */
int sg_stamp_request(const char *digest, struct sg_bytes content, struct sg_buf *out, struct sg_error *err);
/* Whether an answer is one to this request: SG_EFORMAT (no time stamp response), SG_EDENIED (the authority refused; err
 * has its words), SG_EMISMATCH (another nonce or other bytes than asked for). It is not verified by that. */
int sg_stamp_check_answer(struct sg_bytes request, struct sg_bytes answer, struct sg_error *err);
/* Verifies a stamp over `content`: made with the key of the certificate that it brings, which is for that, and was
 * valid then; with `trust`, issued below a CA in it. Returns SG_EFORMAT, SG_EMISMATCH (other bytes, a signature that
 * does not fit), SG_EDENIED (no certificate for stamps, out of its time, not trusted). `stamp` is filled as far as it
 * could be read. Whether the certificate was revoked is not asked. */
int sg_stamp_verify(struct sg_bytes answer, struct sg_bytes content, const struct sg_trust *trust,
                    struct sg_stamp *stamp, struct sg_error *err);

/* ------------------------------------------------------------------------------------------- revocation lists */

enum sg_reason {
    SG_UNSPECIFIED = 0,
    SG_KEY_COMPROMISE = 1,
    SG_CA_COMPROMISE = 2,
    SG_AFFILIATION_CHANGED = 3,
    SG_SUPERSEDED = 4,
    SG_CESSATION = 5,
    SG_PRIVILEGE_WITHDRAWN = 9
};                                                        /* RFC 5280 section 5.3.1 */
const char *sg_reason_name(enum sg_reason r);             /* "key-compromise" */
int sg_reason_parse(const char *name, enum sg_reason *r); /* SG_ENOTFOUND */

struct sg_revoked {
    char serial[64]; /* hexadecimal */
    int64_t when;
    enum sg_reason reason;
};
X509_CRL *sg_crl_new(struct sg_issuer ca, const struct sg_revoked *entries, size_t n, uint64_t number,
                     struct sg_validity v, struct sg_error *err);
int sg_crl_write(const char *path, const X509_CRL *crl, struct sg_error *err); /* PEM, mode 0644, replaces */

/* ------------------------------------------------------------------------------------------------ attestation */

/*
 * The signature of a modem's identity key under a %KEYGEN or %ATTESTTOKEN reply: ES256 over
 * ["Signature1", protected, external_aad = body, payload], the payload null (CBOR F6) where it is absent (n == 0).
 * Section 2.3 of the modem notes. 0, SG_EMISMATCH (not by this key), SG_ECRYPTO.
 */
int sg_attest_verify(EVP_PKEY *identity, struct sg_bytes protected_header, struct sg_bytes body,
                     struct sg_bytes payload, const uint8_t signature[64]);

/*
 * The two keys that may have made such a signature, as uncompressed points: ECDSA tells no more. What two messages of
 * one modem have in common is its identity key (section 2.3 of the modem notes). 0 or SG_ECRYPTO.
 */
enum { SG_POINT = 65 }; /* of P-256: 04, x, y (SEC 1 section 2.3.3) */
int sg_attest_recover(struct sg_bytes protected_header, struct sg_bytes body, struct sg_bytes payload,
                      const uint8_t signature[64], uint8_t points[2][SG_POINT]);
/* The public key at a point of P-256. */
EVP_PKEY *sg_key_from_point(const uint8_t point[SG_POINT], struct sg_error *err);
/* The point of a public key of P-256. SG_EUNSUPPORTED: it is a key of another kind. */
int sg_key_point(const EVP_PKEY *key, uint8_t point[SG_POINT]);

#endif
