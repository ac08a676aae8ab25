/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts and failures in words. */
#include "dtls/dtls_internal.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

struct alert {
    int number;
    const char *name, *meaning;
};

static const struct alert alerts[] = {
    /* RFC 5246 section 7.2, RFC 6066 section 9, RFC 7301, RFC 8446 section 6 */
    {0, "close_notify", "it ended the session"},
    {10, "unexpected_message", "it did not expect our message"},
    {20, "bad_record_mac", "it could not authenticate our record"},
    {22, "record_overflow", "our record was too long for it"},
    {40, "handshake_failure", "no cipher suite, curve or signature algorithm in common, or it wants a certificate"},
    {42, "bad_certificate", "it finds our certificate damaged"},
    {43, "unsupported_certificate", "it cannot use a certificate like ours"},
    {44, "certificate_revoked", "our certificate is revoked"},
    {45, "certificate_expired", "our certificate has expired, or its clock is wrong"},
    {46, "certificate_unknown", "it does not accept our certificate"},
    {47, "illegal_parameter", "a value in our message is not allowed"},
    {48, "unknown_ca", "it does not trust the issuer of our certificate"},
    {49, "access_denied", "it knows our certificate and does not let us in"},
    {50, "decode_error", "it could not read our message"},
    {51, "decrypt_error", "it could not verify our signature or Finished message, or does not know our pre-shared key"},
    {70, "protocol_version", "it does not speak DTLS 1.2"},
    {71, "insufficient_security", "it wants stronger cipher suites"},
    {80, "internal_error", "it failed for a reason of its own"},
    {90, "user_canceled", "it was cancelled there"},
    {100, "no_renegotiation", "it does not renegotiate"},
    {109, "missing_extension", "it misses an extension"},
    {110, "unsupported_extension", "it got an extension that it had not asked for"},
    {112, "unrecognized_name", "it does not know the server name that we asked for"},
    {115, "unknown_psk_identity", "it does not know the pre-shared key's identity"},
    {116, "certificate_required", "it wants a certificate"},
};

static const struct alert *find(int number)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
        if (alerts[i].number == number)
            return &alerts[i];
    return NULL;
}

const char *sg_alert_name(int alert)
{
    const struct alert *a = find(alert);
    return a ? a->name : "alert";
}

const char *sg_dtls_alert_meaning(int alert)
{
    const struct alert *a = find(alert);
    return a ? a->meaning : "it did not say why";
}

static void say_needed(const SSL *ssl, bool has_psk, struct sg_buf *b)
{
    bool offered = sg_dtls_psk_offered(ssl);
    sg_put_str(b, "; it needs one of ECDHE-ECDSA with AES-GCM or AES-CCM, and the curve P-256, P-384 or X25519");
    if (offered && has_psk)
        sg_put_str(b, ", or one of PSK-AES128-CCM8 and ECDHE-PSK-CHACHA20-POLY1305");
    else if (offered)
        sg_put_str(b, ". Pre-shared keys are switched off here");
}

static void say_suites(const SSL *ssl, bool has_psk, struct sg_buf *b)
{
    STACK_OF(SSL_CIPHER) *offered = SSL_get_client_ciphers(ssl);
    int n = offered ? sk_SSL_CIPHER_num(offered) : 0;
    sg_put_str(b, "no cipher suite in common");
    for (int i = 0; i < n && i < 4; i++) {
        sg_put_str(b, i ? ", " : "; it offers ");
        sg_put_str(b, SSL_CIPHER_get_name(sk_SSL_CIPHER_value(offered, i)));
    }
    if (n > 4)
        sg_put_str(b, " and others");
    say_needed(ssl, has_psk, b);
}

static const char *in_words(int reason)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
        return "it does not speak DTLS 1.2";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "sent no certificate";
    case SSL_R_BAD_SIGNATURE:
        return "it does not hold the key of the certificate that it sent";
    case SSL_R_DIGEST_CHECK_FAILED:
        return "its Finished message does not fit the handshake: the messages were changed on their way";
    case SSL_R_WRONG_CURVE:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_UNSUPPORTED_ELLIPTIC_CURVE:
        return "no elliptic curve in common; P-256, P-384 and X25519 are offered here";
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        return "no signature algorithm in common; ECDSA with SHA-256 or SHA-384 is needed";
    case SSL_R_REQUIRED_CIPHER_MISSING:
        return "resumes a session without offering its cipher suite";
    default:
        return NULL;
    }
}

void sg_dtls_why(const struct sg_dtls_hs *hs, char *out, size_t cap)
{
    struct sg_buf b = sg_buf(out, cap - 1);
    unsigned long e = ERR_peek_error();
    const char *words = ERR_GET_LIB(e) == ERR_LIB_SSL ? in_words(ERR_GET_REASON(e)) : NULL;
    if (hs->judged && !hs->verdict.accept) {
        sg_put_str(&b, hs->verdict.reason);
    } else if (hs->alert_from_peer) {
        sg_put_str(&b, "it refused us with ");
        sg_put_str(&b, sg_alert_name(hs->alert));
        sg_put_str(&b, ": ");
        sg_put_str(&b, sg_dtls_alert_meaning(hs->alert));
    } else if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_NO_SHARED_CIPHER) {
        say_suites(hs->ssl, hs->d->config.psk != NULL, &b);
    } else if (words) {
        sg_put_str(&b, words);
    } else {
        const char *s = ERR_reason_error_string(e);
        sg_put_str(&b, "the handshake failed: ");
        sg_put_str(&b, s ? s : "no reason was given");
    }
    out[b.len] = '\0';
    ERR_clear_error();
}
