/* SPDX-License-Identifier: Apache-2.0 */
/* A lot as it is reported: what became of each board, and the forms that it is written in. */
#ifndef SG_FACTORY_LOT_INTERNAL_H
#define SG_FACTORY_LOT_INTERNAL_H

#include "factory/factory.h"

/* One board, known by its modem, after its last attempt in this lot. */
struct sg_factory_lot_board {
    struct sg_lot_board last;
    unsigned attempts;
    bool has_identity;
    bool has_cert; /* else it has a pre-shared key */
    struct sg_cert_facts cert;
    struct sg_cert_facts bootstrap; /* of its bootstrap identity, and */
    uint32_t bootstrap_tag;         /* where it is; 0: it has none */
};

struct sg_factory_lot {
    struct sg_lot lot;
    struct sg_cert_facts ca; /* who signs the report */
    struct sg_factory_lot_board *boards;
    size_t n_boards;
    struct sg_lot_board *failures; /* every attempt that came to nothing, also of boards that never said who they are */
    size_t n_failures;
    size_t enrolled, verified, failed; /* of the boards */
    size_t attempts;
};
/* SG_ENOTFOUND. To be freed also after an error. */
int sg_factory_lot_gather(struct sg_store *store, const char *name, struct sg_factory_lot *l, struct sg_error *err);
void sg_factory_lot_free(struct sg_factory_lot *l);

/* The texts, for free(); NULL: out of memory. */
char *sg_factory_lot_json(const struct sg_factory_lot *l);
char *sg_factory_lot_html(const struct sg_factory_lot *l);
char *sg_factory_lot_csv(const struct sg_factory_lot *l);
char *sg_factory_lot_labels(const struct sg_factory_lot *l);

/* "2026-11-23T10:00:00Z"; "" for 0. */
enum { SG_FACTORY_TIME = 24 };
char *sg_factory_time(int64_t when, char text[SG_FACTORY_TIME]);
/* 64 hexadecimal digits. */
enum { SG_FACTORY_HEX = 65 };
char *sg_factory_hex(const struct sg_fingerprint *f, char text[SG_FACTORY_HEX]);

#endif
