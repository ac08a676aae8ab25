/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the batch's run share: the values that are gathered. */
#ifndef SG_PROBE_BATCH_INTERNAL_H
#define SG_PROBE_BATCH_INTERNAL_H

#include "probe/probe_internal.h"

enum sg_batch_value {
    SG_BATCH_KEY,         /* SHA-256 of a public key */
    SG_BATCH_CERTIFICATE, /* SHA-256 of a certificate */
    SG_BATCH_SERIAL,      /* its serial number, with its issuer */
    SG_BATCH_DIGEST,      /* what a modem lists for a private key or a pre-shared key */
    SG_BATCH_PSK,         /* SHA-256 of a pre-shared key */
    SG_BATCH_IMEI,
    SG_BATCH_UUID, /* of a modem */
};
enum { SG_BATCH_VALUES = SG_BATCH_UUID + 1 };

/* One value of one unit. Both texts are copied; "" is no value. SG_ENOMEM. */
int sg_probe_batch_put(struct sg_probe_batch *b, enum sg_batch_value what, const char *unit, const char *text);
/* A digest as digits; zeros are no value: an old modem lists them, and an old inventory has them. */
int sg_probe_batch_put_digest(struct sg_probe_batch *b, enum sg_batch_value what, const char *unit,
                              const uint8_t digest[32]);
/* The values of a certificate; `unit` has it. Those of a CA are no unit's. SG_EFORMAT. */
int sg_probe_batch_put_cert(struct sg_probe_batch *b, const char *unit, const X509 *cert, struct sg_error *err);
int sg_probe_batch_put_key(struct sg_probe_batch *b, const char *unit, const EVP_PKEY *key, struct sg_error *err);
/* Something of the inventory could not be compared. */
void sg_probe_batch_note(struct sg_probe_batch *b, const char *what);

#endif
