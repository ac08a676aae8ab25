/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the device room share. */
#ifndef SG_DEVICE_INTERNAL_H
#define SG_DEVICE_INTERNAL_H

#include "device/device.h"

enum { /* RFC 7252 section 4.8.2 */
       SG_LWM2M_TRANSMIT_WAIT_MS = 93 * 1000,
       SG_LWM2M_EXCHANGE_LIFETIME_MS = 247 * 1000,
};

/* What a confirmable message is sent for. */
enum sg_lwm2m_kind { SG_LWM2M_NONE, SG_LWM2M_REGISTER, SG_LWM2M_UPDATE, SG_LWM2M_DEREGISTER, SG_LWM2M_NOTIFY };

/* ------------------------------------------------------------------------------------------------- objects.c */

/* The client's objects in ascending order, its own /1 first; NULL past the end. */
const struct sg_lwm2m_object *sg_lwm2m_object_at(const struct sg_lwm2m *c, size_t i);

struct sg_lwm2m_target {
    const struct sg_lwm2m_object *object;
    const struct sg_lwm2m_resource *resource; /* NULL above depth 3 */
};
/* Finds what a path of depth 1 to 4 names; false where there is no such thing. Whether a resource instance or an
 * optional value is there is for the object's `read` to say. */
bool sg_lwm2m_find(const struct sg_lwm2m *c, const struct sg_path *path, struct sg_lwm2m_target *target);
/* The answer's code for what a callback returned. */
uint8_t sg_lwm2m_code(int error);

struct sg_lwm2m_object sg_lwm2m_object_server(struct sg_lwm2m *c);

/* For `read` callbacks. A NULL text is SG_ENOTFOUND. */
int sg_lwm2m_text(struct sg_value *value, const char *text);
int sg_lwm2m_integer(struct sg_value *value, int64_t i);

/* ------------------------------------------------------------------------------------------------ exchange.c */

uint16_t sg_lwm2m_mid(struct sg_lwm2m *c);
/* Begins a request of the registration interface, with a token of its own, in c->exchange.datagram. */
struct sg_coap_writer sg_lwm2m_begin(struct sg_lwm2m *c, enum sg_lwm2m_kind kind, uint8_t method, struct sg_buf *b);
/* Sends what stands in c->exchange.datagram for the first time. */
void sg_lwm2m_exchange(struct sg_lwm2m *c, const struct sg_buf *b, uint64_t now);
/* The time for the present exchange has come: sends it again, or returns false where it is to be given up. */
bool sg_lwm2m_exchange_again(struct sg_lwm2m *c, uint64_t now);
void sg_lwm2m_reset(struct sg_lwm2m *c, uint16_t mid);

void sg_lwm2m_event(struct sg_lwm2m *c, enum sg_lwm2m_what what, uint8_t code, const char *text);

/* -------------------------------------------------------------------------------------------- registration.c */

/* Writes the registration message into the exchange; `b` is full where it does not fit. */
void sg_lwm2m_put_register(struct sg_lwm2m *c, struct sg_buf *b);
void sg_lwm2m_send_register(struct sg_lwm2m *c, uint64_t now);
void sg_lwm2m_send_update(struct sg_lwm2m *c, uint64_t now);
void sg_lwm2m_send_deregister(struct sg_lwm2m *c, uint64_t now);
/* The answer to the present exchange, which is one of the three above and ends with it. */
void sg_lwm2m_answered(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now);
/* The server did not answer the present exchange, or rejected it. */
void sg_lwm2m_lost(struct sg_lwm2m *c);

/* --------------------------------------------------------------------------------------------------- client.c */

/* Sends what is due, as far as the present exchange allows. At the end of each input and tick. */
void sg_lwm2m_go(struct sg_lwm2m *c, uint64_t now);

/* --------------------------------------------------------------------------------------------------- recent.c */

void sg_lwm2m_remember(struct sg_lwm2m *c, uint16_t mid, struct sg_bytes answer, uint64_t now);
/* True where this confirmable or non-confirmable message came before; a confirmable one is answered as it was then. */
bool sg_lwm2m_repeated(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now);

/* -------------------------------------------------------------------------------------------------- request.c */

/* An answer that is being made; its payload, if any, stands in c->content. */
struct sg_lwm2m_answer {
    uint8_t code;
    bool has_content;
    uint16_t format;
    size_t n;
    bool observed;
    uint32_t sequence;
};

void sg_lwm2m_request(struct sg_lwm2m *c, const struct sg_coap *m, uint64_t now);

/* ----------------------------------------------------------------------------------------------------- read.c */

enum { SG_LWM2M_ANY_FORMAT = 65536 }; /* no Accept option */

/* Reads what `path` names; `accept` is a content format or SG_LWM2M_ANY_FORMAT. */
void sg_lwm2m_read(struct sg_lwm2m *c, const struct sg_path *path, uint32_t accept, uint64_t now,
                   struct sg_lwm2m_answer *answer);
/* Discover: the links at and below `path`. */
void sg_lwm2m_discover(struct sg_lwm2m *c, const struct sg_path *path, uint64_t now, struct sg_lwm2m_answer *answer);

/* ---------------------------------------------------------------------------------------------------- write.c */

/* Both return the answer's code. */
uint8_t sg_lwm2m_write(struct sg_lwm2m *c, const struct sg_path *path, const struct sg_coap *m, uint64_t now);
uint8_t sg_lwm2m_execute(struct sg_lwm2m *c, const struct sg_path *path, const struct sg_coap *m, uint64_t now);

/* -------------------------------------------------------------------------------------------------- observe.c */

/* Begins an observation, whose first value is `answer`; without a free place the answer stays a plain one. */
void sg_lwm2m_observe(struct sg_lwm2m *c, const struct sg_coap *m, const struct sg_path *path, uint64_t now,
                      struct sg_lwm2m_answer *answer);
/* Ends the observation of that token. */
void sg_lwm2m_unobserve(struct sg_lwm2m *c, const struct sg_coap *m);
/* Ends the observation whose notification the server rejected. */
void sg_lwm2m_notification_rejected(struct sg_lwm2m *c, uint16_t mid);
void sg_lwm2m_notification_confirmed(struct sg_lwm2m *c, uint64_t now);
void sg_lwm2m_notify(struct sg_lwm2m *c, uint64_t now);
uint64_t sg_lwm2m_notify_deadline(const struct sg_lwm2m *c);
/* FNV-1a: to see that content changed; nothing rests on it but a notification saved and an ETag. */
uint32_t sg_lwm2m_digest(struct sg_bytes content);

#endif
