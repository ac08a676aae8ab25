/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect: a certificate (psk.c: a pre-shared key) that the inventory knows, active, in its time, of a device
 * that is not revoked. One that is known by its fingerprint was verified when it was issued, so it needs no second
 * signature check; one that is not known is verified to tell why it is refused.
 */
#include "server/server_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* RFC 5246 section 7.2.2: "a certificate was of an unsupported type", here one that is not made for clients. */
enum { ALERT_UNSUPPORTED_CERTIFICATE = 43 };

__attribute__((format(printf, 3, 4))) static bool refuse(struct sg_dtls_verdict *v, int alert, const char *fmt, ...)
{
    va_list args;

    v->accept = false;
    v->alert = alert;
    va_start(args, fmt);
    if (vsnprintf(v->reason, sizeof v->reason, fmt, args) < 0)
        v->reason[0] = '\0';
    va_end(args);
    return false;
}

static const char *day(int64_t at, char text[32])
{
    time_t t = (time_t)at;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || strftime(text, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        memcpy(text, "?", 2);
    return text;
}

/* The alerts are for those who are connected; in a handshake the dtls room has one for all of these. */
static bool judge_psk(const struct known_cert *c, struct sg_dtls_verdict *v)
{
    if (c->psk_off)
        return refuse(v, SG_ALERT_ACCESS_DENIED,
                      "%s has a pre-shared key, and those are switched off. Switch them on with `psk: true` below "
                      "`server:` in signet.yaml, or give it a certificate: signet enroll --renew",
                      c->endpoint);
    if (c->state == SG_CERT_REVOKED || c->device_state == SG_DEVICE_REVOKED)
        return refuse(v, SG_ALERT_ACCESS_DENIED,
                      "the pre-shared key of %s was revoked. If the device is trusted again, give it a new identity: "
                      "signet enroll --renew",
                      c->endpoint);
    if (c->state == SG_CERT_RETIRED)
        return refuse(v, SG_ALERT_ACCESS_DENIED,
                      "the pre-shared key of %s was replaced by another identity. The device must use that one",
                      c->endpoint);
    if (c->state == SG_CERT_ISSUED)
        return refuse(v, SG_ALERT_ACCESS_DENIED,
                      "the enrolment of %s with a pre-shared key was begun and not finished. Run signet enroll --psk "
                      "again",
                      c->endpoint);
    v->accept = true;
    v->identity = c->cert;
    return true;
}

bool sg_server_judge(const struct known_cert *c, int64_t now, struct sg_dtls_verdict *v)
{
    char f[SG_FINGERPRINT_TEXT], then[32], today[32];

    if (c->cert & PSK_NUMBER)
        return judge_psk(c, v);
    sg_fingerprint_text(&c->fingerprint, f);
    f[8] = '\0'; /* as the device list shows it */
    if (c->state == SG_CERT_REVOKED || c->device_state == SG_DEVICE_REVOKED)
        return refuse(v, SG_ALERT_CERTIFICATE_REVOKED,
                      "the certificate %s of %s was revoked. If the device is trusted again, give it a new identity: "
                      "signet enroll --renew",
                      f, c->endpoint);
    if (c->ca_revoked)
        return refuse(v, SG_ALERT_CERTIFICATE_REVOKED,
                      "the issuing CA of the certificate %s of %s was revoked. Give the device a new identity: "
                      "signet enroll --renew",
                      f, c->endpoint);
    if (c->state == SG_CERT_RETIRED)
        return refuse(v, SG_ALERT_CERTIFICATE_UNKNOWN,
                      "the certificate %s of %s was replaced by a newer one. The device must use the newer one", f,
                      c->endpoint);
    if (c->state == SG_CERT_ISSUED)
        return refuse(v, SG_ALERT_CERTIFICATE_UNKNOWN,
                      "the enrolment of %s with the certificate %s was begun and not finished. Run signet enroll again",
                      c->endpoint, f);
    if (now > c->until)
        return refuse(v, SG_ALERT_CERTIFICATE_EXPIRED,
                      "the certificate %s of %s expired on %s, and it is %s. Renew it: signet enroll --renew", f,
                      c->endpoint, day(c->until, then), day(now, today));
    if (now < c->from)
        return refuse(v, SG_ALERT_CERTIFICATE_EXPIRED, /* "or is not currently valid" */
                      "the certificate %s of %s is valid from %s on, and it is %s. Is this machine's clock wrong?", f,
                      c->endpoint, day(c->from, then), day(now, today));
    v->accept = true;
    v->identity = c->cert;
    return true;
}

/* Why a certificate that the inventory does not know is refused. */
static void refuse_stranger(struct worker *w, X509 *leaf, STACK_OF(X509) * sent, struct sg_dtls_verdict *v)
{
    struct sg_error why = {0};
    struct sg_cert_facts facts = {0};

    (void)sg_cert_facts(leaf, &facts);
    switch (sg_server_known_verify(w->server->known, leaf, sent, sg_server_wall(), &why)) {
    case SG_UNTRUSTED_ISSUER:
        refuse(v, SG_ALERT_UNKNOWN_CA, "%.250s. Only devices enrolled in this inventory may connect: signet enroll",
               why.text);
        break;
    case SG_UNTRUSTED_EXPIRED:
    case SG_UNTRUSTED_NOT_YET:
        refuse(v, SG_ALERT_CERTIFICATE_EXPIRED, "%.300s. It needs a new one: signet enroll", why.text);
        break;
    case SG_UNTRUSTED_PURPOSE:
        refuse(v, ALERT_UNSUPPORTED_CERTIFICATE, "%.300s. It needs one made for devices: signet enroll", why.text);
        break;
    case SG_UNTRUSTED_NAME:
    case SG_UNTRUSTED_BAD:
        refuse(v, SG_ALERT_BAD_CERTIFICATE, "%.300s. It needs a new one: signet enroll", why.text);
        break;
    case SG_TRUSTED:
        refuse(
            v, SG_ALERT_CERTIFICATE_UNKNOWN,
            "the certificate \"%.64s\" is signed by \"%.64s\", which is trusted, but the inventory does not know it. "
            "Enrol the device: signet enroll. If nobody issued this, the CA's key is in other hands",
            facts.cn, facts.issuer_cn);
        break;
    }
}

/* What was read before may be older than an enrolment that has just ended: nobody is refused by it alone. False where
 * the inventory does not know the certificate. */
static bool recognise(struct worker *w, const struct sg_fingerprint *f, struct known_cert *c, struct sg_dtls_verdict *v)
{
    const bool known = sg_server_known_find(w->server->known, f, c);

    if (known && sg_server_judge(c, sg_server_wall(), v))
        return true;
    if (!sg_server_known_lookup(w->server->known, w->store, f, c))
        return known;
    (void)sg_server_judge(c, sg_server_wall(), v);
    return true;
}

void sg_server_verify(void *user, const struct sg_addr *peer, X509 *leaf, STACK_OF(X509) * sent,
                      struct sg_dtls_verdict *verdict)
{
    struct worker *w = user;
    struct sg_fingerprint f;
    struct known_cert c;
    const char *subject = "";
    struct sg_cert_facts facts = {0};

    if (sg_cert_fingerprint(leaf, &f) < 0) {
        refuse(verdict, SG_ALERT_INTERNAL_ERROR, "its certificate could not be read");
    } else if (recognise(w, &f, &c, verdict)) {
        subject = c.endpoint;
    } else {
        refuse_stranger(w, leaf, sent, verdict);
        (void)sg_cert_facts(leaf, &facts);
        subject = facts.cn;
    }
    if (verdict->accept)
        return;
    w->refused.addr = *peer;
    (void)snprintf(w->refused.subject, sizeof w->refused.subject, "%s", subject);
}
