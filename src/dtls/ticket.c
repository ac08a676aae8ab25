/* SPDX-License-Identifier: Apache-2.0 */
/* Session tickets (RFC 5077): AES-256-CBC and HMAC-SHA256, by keys that lie in the table. */
#include "dtls/dtls_internal.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

int sg_dtls_ticket_cb(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                      int enc)
{
    struct sg_dtls_hs *hs = SSL_get_app_data(ssl);
    struct sg_dtls_ticket_key *keys = hs->d->table->ticket;
    char digest[] = "SHA256";
    int which = 0;

    if (!hs->d->table->ticket_ready)
        return 0;
    if (enc) {
        memcpy(name, keys[0].name, sizeof keys[0].name);
        if (RAND_bytes(iv, 16) != 1)
            return -1;
    } else {
        while (which < 2 && memcmp(name, keys[which].name, sizeof keys[which].name) != 0)
            which++;
        if (which == 2)
            return 0; /* not ours, or of the day before yesterday: a full handshake */
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, keys[which].mac, sizeof keys[which].mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_CTX_set_params(mac, params) != 1 ||
        EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), keys[which].aes, iv, enc, NULL) != 1)
        return -1;
    return which == 0 ? 1 : 2; /* 2: valid, to be replaced by a new one */
}
