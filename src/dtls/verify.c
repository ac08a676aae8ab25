/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect: the room's user decides, for certificates that were sent and for those of resumed sessions. */
#include "dtls/dtls_internal.h"

static bool judge(struct sg_dtls_hs *hs, X509 *leaf, STACK_OF(X509) * sent)
{
    const struct sg_dtls_config *config = &hs->d->config;
    hs->verdict = (struct sg_dtls_verdict){.alert = SG_ALERT_INTERNAL_ERROR};
    config->verify(config->user, &hs->addr, leaf, sent, &hs->verdict);
    hs->judged = true;
    return hs->verdict.accept;
}

static void refuse(struct sg_dtls_hs *hs, const char *reason)
{
    hs->verdict = (struct sg_dtls_verdict){.alert = SG_ALERT_HANDSHAKE_FAILURE};
    (void)snprintf(hs->verdict.reason, sizeof hs->verdict.reason, "%s", reason);
    hs->judged = true;
}

int sg_dtls_verify_cb(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    bool ok = judge(SSL_get_app_data(ssl), X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store));
    /* flight.c puts the verdict's alert in place of the one that libssl makes of this. */
    X509_STORE_CTX_set_error(store, ok ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return ok;
}

/* libssl calls this for its server-name extension, whether or not that was sent, once it knows whether a session is
 * resumed: the one place where a resumed session can still be refused, in either role, with an alert of our choice. */
int sg_dtls_resumed_cb(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    if (!SSL_session_reused(ssl))
        return SSL_TLSEXT_ERR_NOACK;
    SSL_SESSION *session = SSL_get_session(ssl);
    X509 *leaf = SSL_SESSION_get0_peer(session);
    if (sg_dtls_session_barred(hs->d, sg_dtls_session_tag(session)))
        refuse(hs, "resumes a session that was ended with a fatal alert");
    else if (leaf)
        judge(hs, leaf, NULL);
    else if (!sg_dtls_psk_resumed(hs))
        refuse(hs, "resumes a session that has no certificate");
    *alert = hs->verdict.alert;
    return hs->verdict.accept ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_ALERT_FATAL;
}
