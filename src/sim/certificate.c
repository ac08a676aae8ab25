/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem understands of certificates: whether they parse, and %CERTEXPIRY (modem notes 1.9, 1.10). */
#include "sim_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* The largest certificate that is taken: the modem has 4 kB for a chain (modem notes 5.3). */
enum { CERTIFICATE_MAX = 4096 };

/* One or more PEM certificates and nothing that is none; blank lines may stand between. */
bool sg_sim_is_certificates(struct sg_bytes content)
{
    if (content.n > CERTIFICATE_MAX)
        return false;
    BIO *in = BIO_new_mem_buf(content.p, (int)content.n);
    size_t count = 0;
    X509 *cert;
    while (in && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        X509_free(cert);
        count++;
    }
    BIO_free(in);
    /* A block that does not parse ends the loop as the end of the text does: count the blocks that there are. */
    size_t begun = 0;
    static const char begin[] = "-----BEGIN ";
    for (size_t i = 0; i + sizeof begin - 1 <= content.n; i++)
        begun += memcmp(content.p + i, begin, sizeof begin - 1) == 0;
    ERR_clear_error();
    return count > 0 && count == begun;
}

/* The octets of the INTEGER as DER has them, in hexadecimal. */
static void put_serial(struct sg_buf *b, X509 *cert)
{
    uint8_t *der = NULL;
    int n = i2d_ASN1_INTEGER(X509_get_serialNumber(cert), &der);

    if (n > 2)
        sg_sim_put_upper_hex(b, sg_bytes(der + 2, (size_t)n - 2)); /* no serial number needs a longer header */
    OPENSSL_free(der);
}

static void put_time(struct sg_buf *b, const ASN1_TIME *t)
{
    ASN1_GENERALIZEDTIME *g = ASN1_TIME_to_generalizedtime(t, NULL);

    sg_put_str(b, ",");
    if (g)
        sg_put(b, ASN1_STRING_get0_data(g), (size_t)ASN1_STRING_length(g));
    ASN1_GENERALIZEDTIME_free(g);
}

int sg_sim_certexpiry(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t tag, type;

    if (!s->firmware_has.certexpiry || c->form != SG_SIM_SET)
        return SG_SIM_ERROR;
    if (c->count != 2 || !sg_sim_number(c, 0, SG_TAG_MAX, &tag) || tag == 0 ||
        !sg_sim_number(c, 1, SG_CRED_NORDIC_ROOT, &type) ||
        (type != SG_CRED_CA && type != SG_CRED_CERT && type != SG_CRED_NORDIC_ROOT))
        return SG_CME_BAD_PARAMETER;
    const struct sg_sim_entry *e = sg_sim_store_find(&s->store, (uint32_t)tag, (unsigned)type);
    if (e == NULL)
        return SG_CME_NOT_FOUND;
    BIO *in = BIO_new_mem_buf(e->content, (int)e->len);
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    ERR_clear_error();
    if (cert == NULL)
        return SG_CME_BAD_CONTENT;
    struct sg_buf *b = sg_sim_say(s);
    sg_put_str(b, "%CERTEXPIRY: ");
    put_serial(b, cert);
    put_time(b, X509_get0_notBefore(cert));
    put_time(b, X509_get0_notAfter(cert));
    sg_sim_said(s);
    X509_free(cert);
    return SG_SIM_OK;
}
