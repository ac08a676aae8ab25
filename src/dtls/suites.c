/* SPDX-License-Identifier: Apache-2.0 */
/* The cipher suites that this room offers, by their IANA numbers. */
#include "dtls/dtls_internal.h"

static const struct sg_dtls_suite suites[] = {
    /* RFC 5289, RFC 7251 */
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "SHA256", SG_DTLS_GCM_128, SG_SUITE_ECDHE_ECDSA_AES128_GCM, 16, 16, 4, 8, false},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", "SHA384", SG_DTLS_GCM_256, SG_SUITE_ECDHE_ECDSA_AES256_GCM, 32, 16, 4, 8, false},
    {"ECDHE-ECDSA-AES128-CCM", "SHA256", SG_DTLS_CCM_128, SG_SUITE_ECDHE_ECDSA_AES128_CCM, 16, 16, 4, 8, false},
    {"ECDHE-ECDSA-AES256-CCM", "SHA256", SG_DTLS_CCM_256, SG_SUITE_ECDHE_ECDSA_AES256_CCM, 32, 16, 4, 8, false},
    {"ECDHE-ECDSA-AES128-CCM8", "SHA256", SG_DTLS_CCM_128, SG_SUITE_ECDHE_ECDSA_AES128_CCM8, 16, 8, 4, 8, false},
    {"ECDHE-ECDSA-AES256-CCM8", "SHA256", SG_DTLS_CCM_256, SG_SUITE_ECDHE_ECDSA_AES256_CCM8, 32, 8, 4, 8, false},
    /* RFC 7905, RFC 6655: the only AEAD suites with a pre-shared key that libssl has and that are not worse (DHE, RSA,
     * static keys). ECDHE-PSK with AES-GCM or AES-CCM (RFC 8442) it does not have. */
    {"ECDHE-PSK-CHACHA20-POLY1305", "SHA256", SG_DTLS_CHACHA, SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305, 32, 16, 12, 0,
     true},
    {"PSK-AES128-CCM8", "SHA256", SG_DTLS_CCM_128, SG_SUITE_PSK_AES128_CCM8, 16, 8, 4, 8, true},
};

static const uint16_t preferred[] = {
    SG_SUITE_ECDHE_ECDSA_AES128_GCM, SG_SUITE_ECDHE_ECDSA_AES128_CCM8, SG_SUITE_ECDHE_ECDSA_AES256_GCM,
    SG_SUITE_ECDHE_ECDSA_AES256_CCM, SG_SUITE_ECDHE_ECDSA_AES128_CCM,  SG_SUITE_ECDHE_PSK_CHACHA20_POLY1305,
    SG_SUITE_PSK_AES128_CCM8,
};

const struct sg_dtls_suite *sg_dtls_suite(uint16_t id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

const char *sg_suite_name(uint16_t suite)
{
    const struct sg_dtls_suite *s = sg_dtls_suite(suite);
    return s ? s->name : "unknown";
}

bool sg_suite_forward_secret(uint16_t suite)
{
    return sg_dtls_suite(suite) && suite != SG_SUITE_PSK_AES128_CCM8;
}

/* Whether a suite can be used with what there is to show: a server may have both, a client has one. */
static bool is_usable(const struct sg_dtls_config *config, const struct sg_dtls_suite *s)
{
    if (config->server)
        return !s->psk || config->psk;
    return s->psk == (config->psk_identity != NULL);
}

int sg_dtls_suite_list(const struct sg_dtls_config *config, struct sg_buf *out, struct sg_error *err)
{
    const uint16_t *ids = config->suites ? config->suites : preferred;
    size_t n = config->suites ? config->suite_count : sizeof preferred / sizeof preferred[0];
    if (!n)
        return sg_fail(err, SG_EINVAL, "the list of DTLS cipher suites is empty");
    for (size_t i = 0; i < n; i++) {
        const struct sg_dtls_suite *s = sg_dtls_suite(ids[i]);
        if (!s)
            return sg_fail(err, SG_EINVAL, "DTLS cipher suite %04x is not one that is offered here", ids[i]);
        if (!is_usable(config, s) && config->suites)
            return sg_fail(err, SG_EINVAL, "DTLS cipher suite %s needs %s", s->name,
                           s->psk ? "a pre-shared key" : "a certificate, not a pre-shared key");
        if (!is_usable(config, s))
            continue;
        sg_put_str(out, s->name);
        sg_put_str(out, ":");
    }
    /* From OpenSSL 3.2 on, no higher level has CCM_8; what a level would rule is named in context.c instead. */
    sg_put_str(out, "@SECLEVEL=0");
    return out->full ? SG_ENOSPC : 0;
}
