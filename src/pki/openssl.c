/* SPDX-License-Identifier: Apache-2.0 */
/* Small bridges to OpenSSL: its errors, its memory BIOs, its times. */
#include "pki_internal.h"
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <time.h>

const char *sg_pki_why(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    ERR_clear_error();
    return reason ? reason : "OpenSSL gave no reason";
}

BIO *sg_pki_bio(struct sg_bytes v)
{
    return v.n > 0 && v.n <= INT_MAX ? BIO_new_mem_buf(v.p, (int)v.n) : NULL;
}

int sg_pki_no_passphrase(char *buf, int size, int writing, void *user)
{
    (void)buf, (void)size, (void)writing, (void)user;
    return -1;
}

int sg_pki_put_bio(struct sg_buf *out, BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    sg_put(out, p, (size_t)n);
    return out->full ? SG_ENOSPC : 0;
}

char *sg_pki_time_text(int64_t t, char text[SG_PKI_TIME_TEXT])
{
    time_t seconds = t;
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || strftime(text, SG_PKI_TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        text[0] = 0;
    return text;
}

int sg_pki_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
        return SG_EFORMAT;
    *out = timegm(&tm);
    return 0;
}
