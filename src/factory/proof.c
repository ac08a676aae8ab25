/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the modem holds a private key, as the key itself says: it signs fresh random words (%JWT, modem notes 3.3 and
 * 9.8). The reply of %KEYGEN cannot be bound to a challenge, so it may be an older one, for a key that is gone; and the
 * digest that the modem lists for a key is only its word.
 */
#include "factory/factory_internal.h"

#include <openssl/rand.h>

enum { WORD = 16, TEXT = 2 * WORD + 1 };

static bool fresh_word(char text[TEXT])
{
    uint8_t random[WORD];
    struct sg_buf b = sg_buf(text, TEXT);
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    sg_put_hex(&b, sg_bytes(random, sizeof random));
    return sg_buf_cstr(&b)[0] != '\0';
}

int sg_factory_prove(struct sg_factory_run *run, EVP_PKEY *key)
{
    struct sg_jwt token;
    char subject[TEXT], audience[TEXT];
    if (!fresh_word(subject) || !fresh_word(audience))
        return sg_fail(run->err, SG_ECRYPTO, "no random numbers for a challenge");
    int r = sg_modem_prove_key(run->e->modem, run->r->tag, subject, audience, &token);
    if (r == SG_EUNSUPPORTED || r == SG_EDENIED)
        return 0;
    if (r == 0)
        r = sg_es256_verify(key, token.text, token.signature);
    if (r == 0)
        return 1;
    if (r == SG_EMISMATCH || r == SG_ENOTFOUND)
        return SG_EMISMATCH;
    return sg_factory_modem_fail(run, r, "proving that it holds its key (AT%JWT)");
}

int sg_factory_prove_cert(struct sg_factory_run *run)
{
    X509 *cert = sg_cert_parse(sg_bytes(run->cert.der, run->cert.der_len), run->err);
    if (cert == NULL)
        return run->err->code;
    int r = sg_factory_prove(run, X509_get0_pubkey(cert));
    X509_free(cert);
    return r;
}
