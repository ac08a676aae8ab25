/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MCUboot's image format: a header, the image, TLVs that the signature covers and TLVs that hold it (MCUboot's design
 * document, "Image format"). All numbers are little-endian.
 */
#include "probe/image_internal.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#define MAGIC 0x96f3b83dU
enum { HEADER = 32, TLV = 4, INFO = 0x6907, PROTECTED = 0x6908 };
enum { ENCRYPTED = 0x4 | 0x8, COMPRESSED = 0x200 | 0x400 }; /* flags */
enum {
    TLV_SHA256 = 0x10,
    TLV_SHA384 = 0x11,
    TLV_SHA512 = 0x12,
    TLV_RSA2048 = 0x20,
    TLV_ECDSA = 0x22,
    TLV_RSA3072 = 0x23,
    TLV_ED25519 = 0x24,
    TLV_SIG_PURE = 0x25,
    TLV_DEPENDENCY = 0x40,
    TLV_SEC_CNT = 0x50,
};

const char *sg_mcuboot_signature_name(enum sg_mcuboot_signature s)
{
    static const char *const names[] = {"none", "ECDSA", "RSA", "Ed25519"};
    return names[s];
}

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p + 2) << 16 | le16(p);
}

static void take_signature(struct sg_mcuboot *m, enum sg_mcuboot_signature kind, struct sg_bytes value)
{
    m->kind = kind;
    m->signature = value;
}

static void take_hash(struct sg_mcuboot *m, unsigned bits, struct sg_bytes value)
{
    m->hash_bits = bits;
    m->hash = value;
}

/* `covered`: it stands where the signature covers it. A counter elsewhere could be changed by anyone. */
static void take(struct sg_mcuboot *m, uint16_t type, struct sg_bytes value, bool covered)
{
    switch (type) {
    case TLV_SHA256:
        take_hash(m, 256, value);
        break;
    case TLV_SHA384:
        take_hash(m, 384, value);
        break;
    case TLV_SHA512:
        take_hash(m, 512, value);
        break;
    case TLV_RSA2048:
    case TLV_RSA3072:
        take_signature(m, SG_MCUBOOT_RSA, value);
        break;
    case TLV_ECDSA:
        take_signature(m, SG_MCUBOOT_ECDSA, value);
        break;
    case TLV_ED25519:
        take_signature(m, SG_MCUBOOT_ED25519, value);
        break;
    case TLV_SIG_PURE:
        m->pure = true;
        break;
    case TLV_DEPENDENCY:
        m->dependencies += covered;
        break;
    case TLV_SEC_CNT:
        if (covered && value.n == 4) {
            m->has_counter = true;
            m->security_counter = le32(value.p);
        }
        break;
    default:
        break;
    }
}

/* One area of TLVs at the front of `data`. Its length, 0 where there is none of this kind, or SG_E…. */
static long take_area(struct sg_mcuboot *m, struct sg_bytes data, uint16_t magic)
{
    if (data.n < TLV)
        return SG_ETRUNCATED;
    if (le16(data.p) != magic)
        return 0;
    size_t total = le16(data.p + 2), at = TLV;
    if (total < TLV)
        return SG_EFORMAT;
    if (total > data.n)
        return SG_ETRUNCATED;
    while (at < total) {
        if (total - at < TLV || total - at - TLV < le16(data.p + at + 2))
            return SG_EFORMAT;
        size_t n = le16(data.p + at + 2);
        take(m, le16(data.p + at), sg_bytes(data.p + at + TLV, n), magic == PROTECTED);
        at += TLV + n;
    }
    return (long)total;
}

int sg_mcuboot_parse(struct sg_bytes data, size_t at, struct sg_mcuboot *m)
{
    memset(m, 0, sizeof *m);
    m->at = at;
    if (at > data.n || data.n - at < HEADER)
        return SG_ENOTFOUND;
    const uint8_t *h = data.p + at;
    if (le32(h) != MAGIC)
        return SG_ENOTFOUND;
    size_t header = le16(h + 8), covered = le16(h + 10), size = le32(h + 12);
    m->flags = le32(h + 16);
    m->encrypted = (m->flags & ENCRYPTED) != 0;
    m->compressed = (m->flags & COMPRESSED) != 0;
    m->major = h[20];
    m->minor = h[21];
    m->revision = le16(h + 22);
    m->build = le32(h + 24);
    if (header < HEADER)
        return SG_EFORMAT;
    if (data.n - at < header || data.n - at - header < size)
        return SG_ETRUNCATED;
    size_t body = header + size;
    long n = take_area(m, sg_bytes(h + body, data.n - at - body), PROTECTED);
    if (n < 0)
        return (int)n;
    if ((size_t)n != covered)
        return SG_EFORMAT;
    m->signed_bytes = sg_bytes(h, body + covered);
    n = take_area(m, sg_bytes(h + body + covered, data.n - at - body - covered), INFO);
    return n == 0 ? SG_EFORMAT : n < 0 ? (int)n : 0;
}

static const EVP_MD *digest_of(const struct sg_mcuboot *m)
{
    return m->hash_bits == 512 ? EVP_sha512() : m->hash_bits == 384 ? EVP_sha384() : EVP_sha256();
}

int sg_mcuboot_check_hash(const struct sg_mcuboot *m)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (m->hash_bits == 0)
        return SG_ENOTFOUND;
    if (EVP_Digest(m->signed_bytes.p, m->signed_bytes.n, digest, &n, digest_of(m), NULL) != 1)
        return SG_ECRYPTO;
    return sg_bytes_eq(m->hash, sg_bytes(digest, n)) ? 0 : SG_EMISMATCH;
}

/* Ed25519 signs the digest, or with SIG_PURE the bytes themselves. */
static int check_ed25519(const struct sg_mcuboot *m, EVP_PKEY *key, struct sg_bytes digest)
{
    struct sg_bytes what = m->pure ? m->signed_bytes : digest;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1
                 ? EVP_DigestVerify(ctx, m->signature.p, m->signature.n, what.p, what.n)
                 : -1;
    EVP_MD_CTX_free(ctx);
    return ok == 1 ? 0 : SG_EMISMATCH;
}

int sg_mcuboot_check_signature(const struct sg_mcuboot *m, EVP_PKEY *key)
{
    static const char *const types[] = {"", "EC", "RSA", "ED25519"};
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (m->kind == SG_MCUBOOT_UNSIGNED)
        return SG_ENOTFOUND;
    if (!EVP_PKEY_is_a(key, types[m->kind]))
        return SG_EUNSUPPORTED;
    if (EVP_Digest(m->signed_bytes.p, m->signed_bytes.n, digest, &n, digest_of(m), NULL) != 1)
        return SG_ECRYPTO;
    if (m->kind == SG_MCUBOOT_ED25519)
        return check_ed25519(m, key, sg_bytes(digest, n));
    struct sg_bytes signature = m->signature;
    if (m->kind == SG_MCUBOOT_ECDSA && signature.n > 2 && signature.p[1] < 0x80 && signature.p[1] + 2U <= signature.n)
        signature.n = signature.p[1] + 2U; /* older tools fill it up with zeros */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int r = SG_ECRYPTO;
    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
        (m->kind != SG_MCUBOOT_RSA || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                                       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1)) &&
        EVP_PKEY_CTX_set_signature_md(ctx, digest_of(m)) == 1)
        r = EVP_PKEY_verify(ctx, signature.p, signature.n, digest, n) == 1 ? 0 : SG_EMISMATCH;
    EVP_PKEY_CTX_free(ctx);
    return r;
}

char *sg_mcuboot_version(const struct sg_mcuboot *m, char text[SG_MCUBOOT_VERSION])
{
    (void)snprintf(text, SG_MCUBOOT_VERSION, "%u.%u.%u+%u", m->major, m->minor, m->revision, (unsigned)m->build);
    return text;
}
