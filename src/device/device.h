/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the LwM2M 1.1 client. Registers, keeps the registration alive, answers the server's requests, and notifies.
 *
 * Datagrams in, datagrams out, next deadline: a client has no socket, no clock and no memory but the struct below,
 * which is its caller's. What carries the datagrams (DTLS in a modem or on this host) is not its business; one client
 * is one server's, and belongs to one thread. The callbacks must not call back into the client, except for
 * sg_lwm2m_changed. Times are milliseconds of any steady clock.
 */
#ifndef SG_DEVICE_H
#define SG_DEVICE_H

#include "core/core.h"

enum {
    SG_LWM2M_CONTENT_MAX = 1024,  /* the largest content of an answer, all its blocks together */
    SG_LWM2M_DATAGRAM_MAX = 1088, /* the largest datagram that is sent: a content and its header and options */
    SG_LWM2M_RECORDS_MAX = 40,    /* values in one answer or write request */
    SG_LWM2M_OBSERVATIONS_MAX = 8,
    SG_LWM2M_LOCATION_MAX = 64, /* "rd/5a3f" as the server gave it */
    SG_LWM2M_RECENT = 8         /* requests that are remembered, to answer a repeated one without doing it again */
};

/* ---------------------------------------------------------------------------------------------------- objects */

/* One resource that an object offers. Its type, where content does not carry it, is what sg_resource() tells. */
struct sg_lwm2m_resource {
    uint16_t id;
    uint8_t ops;   /* what this device allows: SG_OP_READ, SG_OP_WRITE, SG_OP_EXECUTE */
    bool multiple; /* it has instances 0, 1, 2 … */
};

/*
 * An object with its instances 0 to `instances` - 1. The callbacks get a path of depth 3, or 4 for a multiple resource,
 * and only such as the table allows. They return 0 or
 *   SG_ENOTFOUND  it has no value now (an optional resource), or no instance of that number: answered by 4.04
 *   SG_EINVAL     write: this value is not possible; execute: these arguments are not: 4.00
 *   SG_ESTATE     not at present: 4.05
 * and anything else is answered by 5.00.
 */
struct sg_lwm2m_object {
    uint16_t id;
    const char *version; /* NULL: not named, which is 1.0 or what LwM2M 1.1 defines */
    uint16_t instances;
    const struct sg_lwm2m_resource *resources; /* ascending */
    size_t count;
    void *user;
    /* Strings and opaque values are borrowed until the client's function that asked for them returns. */
    int (*read)(void *user, const struct sg_path *path, uint64_t now, struct sg_value *value);
    /* A request is done whole or not at all: all its values come first with `commit` false, to be judged only, and
     * then, if none was refused, again with `commit` true, when there is no refusing any more. */
    int (*write)(void *user, const struct sg_path *path, uint64_t now, const struct sg_value *value, bool commit);
    int (*execute)(void *user, const struct sg_path *path, uint64_t now, struct sg_bytes arguments);
};

/* Objects that are ready to use. Each is filled by its owner, who may change it between calls and then says so by
 * sg_lwm2m_changed; the functions below wrap it. Texts are borrowed, NULL: the resource is not offered. */

struct sg_object_device { /* object 3 */
    const char *manufacturer, *model, *serial, *firmware, *hardware, *software, *device_type;
    uint8_t power_source;     /* /3/0/6: 1 internal battery, 5 USB, … */
    uint16_t millivolts;      /* of that source */
    uint8_t battery_percent;  /* 0 to 100 */
    uint8_t battery_status;   /* /3/0/20 */
    uint32_t memory_free_kib; /* /3/0/10 */
    uint8_t errors[8];        /* /3/0/11; none: one instance with 0 */
    uint8_t error_count;
    int64_t unix_offset_ms; /* Unix time in milliseconds minus the steady clock; moved by a write of /3/0/13 */
    char utc_offset[8];     /* "+01:00", written by the server */
    char timezone[40];      /* "Europe/Berlin", written by the server */
    void *user;
    void (*reboot)(void *user); /* asked for by the server, which still has to get the answer */
};
struct sg_lwm2m_object sg_lwm2m_object_device(struct sg_object_device *o);

struct sg_object_connectivity { /* object 4 */
    uint8_t bearer;             /* /4/0/0: 6 LTE-FDD, 7 NB-IoT, 41 Ethernet, … */
    int16_t signal_dbm;         /* /4/0/2 */
    int16_t quality;            /* /4/0/3 */
    const char *address;        /* /4/0/4/0 */
    const char *apn;            /* /4/0/7/0 */
    uint32_t cell;              /* /4/0/8; 0: not offered, with the two below */
    uint16_t mnc, mcc;
};
struct sg_lwm2m_object sg_lwm2m_object_connectivity(struct sg_object_connectivity *o);

struct sg_object_temperature { /* object 3303 */
    bool measured;             /* false: no value yet */
    double value, least, most; /* degrees Celsius; `least` and `most` since the start or the server's reset */
};
/* A new measurement. */
void sg_object_temperature_set(struct sg_object_temperature *o, double value);
struct sg_lwm2m_object sg_lwm2m_object_temperature(struct sg_object_temperature *o);

/* ----------------------------------------------------------------------------------------------------- events */

enum sg_lwm2m_what {
    SG_LWM2M_REGISTERED,    /* `text`: the location */
    SG_LWM2M_UPDATED,       /* the registration goes on */
    SG_LWM2M_FORGOTTEN,     /* the server knows the registration no more (4.04); registering anew has begun */
    SG_LWM2M_REFUSED,       /* the registration or an update was refused with `code`: nothing goes on by itself */
    SG_LWM2M_LOST,          /* the server did not answer at all: the session below is to be made anew */
    SG_LWM2M_DEREGISTERED,  /* acknowledged, or given up */
    SG_LWM2M_ANSWERED,      /* a request of the server: `method`, `path`, and the `code` it was answered with */
    SG_LWM2M_OBSERVED,      /* an observation of `path` began */
    SG_LWM2M_NOTIFIED,      /* `path` was notified; `confirmable` where the server has to acknowledge it */
    SG_LWM2M_OBSERVED_ENDED /* by the server */
};

struct sg_lwm2m_event {
    enum sg_lwm2m_what what;
    uint8_t code, method;
    bool confirmable;
    struct sg_path path;
    const char *text; /* never NULL */
};

/* ----------------------------------------------------------------------------------------------------- client */

struct sg_lwm2m_config { /* borrowed for the client's life, as is all that it points to */
    const char *endpoint;
    uint32_t lifetime;                     /* seconds; 0: for ever (OMA resource /1/0/1) */
    uint16_t server_id;                    /* short server id (/1/0/0), 1 to 65534 */
    const struct sg_lwm2m_object *objects; /* ascending; without 0 and 1, which are the client's own */
    size_t object_count;
    void *user;
    void (*send)(void *user, struct sg_bytes datagram);
    void (*event)(void *user, const struct sg_lwm2m_event *event);
    uint32_t (*random)(void *user); /* 32 bits that a peer cannot guess */
};

enum sg_lwm2m_state {
    SG_LWM2M_IDLE, /* before sg_lwm2m_register, and after REFUSED, LOST and DEREGISTERED */
    SG_LWM2M_REGISTERING,
    SG_LWM2M_IN_USE, /* registered */
    SG_LWM2M_DEREGISTERING
};

struct sg_lwm2m_observation { /* private, as all that follows */
    bool used, due;
    bool waits;    /* for the present exchange to end: it has to be confirmed */
    bool notified; /* `mid` is that of its last notification */
    uint8_t token[8], token_len;
    uint8_t unconfirmed; /* notifications since the last one that was acknowledged */
    uint16_t format, mid;
    struct sg_path path;
    uint32_t sequence, digest;
    uint64_t sent_at, confirmed_at;
};

struct sg_lwm2m_recent {
    uint64_t at;
    uint16_t mid;
    bool used;
    uint8_t n;
    uint8_t answer[20]; /* header, token and Block1: none of these answers has content */
};

struct sg_lwm2m_exchange { /* the one confirmable message that waits for its acknowledgement (NSTART is 1) */
    uint8_t kind;          /* enum sg_lwm2m_kind */
    bool acknowledged;     /* an answer comes separately */
    uint8_t token[4];
    uint16_t mid;
    uint8_t observation;
    struct sg_coap_retry retry;
    size_t n;
    uint8_t datagram[SG_LWM2M_DATAGRAM_MAX];
};

struct sg_lwm2m {
    struct sg_lwm2m_config config;
    enum sg_lwm2m_state state;
    struct sg_lwm2m_object server; /* object 1 */
    uint32_t lifetime, pmin, pmax;
    bool lifetime_changed, want_update;
    char location[SG_LWM2M_LOCATION_MAX];
    uint64_t update_at;
    uint16_t next_mid;
    struct sg_lwm2m_exchange exchange;
    struct sg_lwm2m_observation observations[SG_LWM2M_OBSERVATIONS_MAX];
    struct sg_lwm2m_recent recent[SG_LWM2M_RECENT];
    struct sg_record records[SG_LWM2M_RECORDS_MAX];
    uint8_t content[SG_LWM2M_CONTENT_MAX], out[SG_LWM2M_DATAGRAM_MAX];
};

/* Prepares a client. SG_EINVAL: no endpoint or one longer than 128 bytes, objects not ascending, or 0 or 1 among them.
 */
int sg_lwm2m_init(struct sg_lwm2m *c, const struct sg_lwm2m_config *config);

/* Registers, on a session that is new: what belonged to an earlier one (observations, exchanges) is forgotten. */
void sg_lwm2m_register(struct sg_lwm2m *c, uint64_t now);
/* Sends an update of the registration as soon as can be. SG_ESTATE: not registered. */
int sg_lwm2m_update(struct sg_lwm2m *c, uint64_t now);
/* Ends the registration; DEREGISTERED follows, at once where there is none. */
void sg_lwm2m_deregister(struct sg_lwm2m *c, uint64_t now);
/* The session is gone: nothing is sent any more until sg_lwm2m_register. */
void sg_lwm2m_forget(struct sg_lwm2m *c);

/* One datagram that arrived. Never fails: what breaks the rules is answered as RFC 7252 says, or dropped. */
void sg_lwm2m_input(struct sg_lwm2m *c, struct sg_bytes datagram, uint64_t now);

/* The value at or below `path` may have changed. Notifications are sent by the next sg_lwm2m_tick. */
void sg_lwm2m_changed(struct sg_lwm2m *c, const struct sg_path *path);

/* When sg_lwm2m_tick must next be called (0: at once); UINT64_MAX: not before the next datagram or change. */
uint64_t sg_lwm2m_deadline(const struct sg_lwm2m *c);
void sg_lwm2m_tick(struct sg_lwm2m *c, uint64_t now);

#endif
