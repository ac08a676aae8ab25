/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of signet-device share: its options, the agent (an LwM2M client, its objects, and when to connect
 * again), and the two links that can carry its datagrams.
 */
#ifndef SG_AGENT_H
#define SG_AGENT_H

#include "core/core.h"
#include "device/device.h"

enum { SG_AGENT_DONE = 0, SG_AGENT_FAILED = 1, SG_AGENT_USAGE = 2 };
enum { SG_AGENT_NAME = 256, SG_AGENT_ENDPOINT = 129 };

struct sg_agent_options {
    char host[SG_AGENT_NAME]; /* of the server's URI: a DNS name, or an IP address without brackets */
    uint16_t port;
    bool host_is_ip;
    const char *address;                 /* --address: where the host is to be found; NULL: by its name */
    const char *name;                    /* the name that the server's certificate must have */
    const char *modem;                   /* --modem; NULL: identity in files */
    uint32_t tag;                        /* --tag */
    const char *ca;                      /* --ca */
    const char *cert, *key;              /* --cert, --key; NULL: no identity */
    const char *psk_file, *psk_identity; /* --psk-file, --psk-identity; NULL: no pre-shared key */
    const char *endpoint;                /* --endpoint; NULL: from the modem's IMEI or the certificate */
    uint32_t lifetime;                   /* --lifetime */
    uint32_t interval;                   /* --interval: seconds between two measurements, 0: none */
    uint32_t pause;                      /* --pause: the longest between two attempts, in seconds */
    uint32_t attempts;                   /* --attempts: give up after so many failures in a row, 0: never */
};
/* SG_AGENT_USAGE after a sentence about what is wrong; SG_AGENT_DONE after --help or --version; -1: go on. */
int sg_agent_options(int argc, char **argv, struct sg_agent_options *o);

struct sg_agent;

/* A session with the server, over which datagrams go. The agent calls these; the link calls sg_agent_connected,
 * sg_agent_datagram and sg_agent_ended. */
struct sg_agent_link {
    /* Begins a session. 0: sg_agent_connected or sg_agent_ended tells the rest, perhaps before the return. */
    int (*connect)(struct sg_agent *a, struct sg_error *err);
    void (*send)(struct sg_agent *a, struct sg_bytes datagram);
    /* Looks at what arrived and at what is due. */
    void (*run)(struct sg_agent *a);
    uint64_t (*deadline)(struct sg_agent *a);
    int (*fd)(struct sg_agent *a); /* to wait for; -1: none */
    /* Ends the session with a close_notify; nothing is told of it. */
    void (*close)(struct sg_agent *a);
    void (*move)(struct sg_agent *a); /* goes on from another port; NULL: it cannot */
    void (*free)(struct sg_agent *a);
};

struct sg_agent {
    const struct sg_agent_options *options;
    const struct sg_agent_link *link;
    void *state; /* the link's */
    int signals; /* a signalfd */
    struct sg_lwm2m client;
    struct sg_object_device device;
    struct sg_object_connectivity connectivity;
    struct sg_object_temperature temperature;
    struct sg_lwm2m_object objects[3];
    char endpoint[SG_AGENT_ENDPOINT];
    char serial[32], model[32], firmware[48], address[64]; /* what the objects' texts borrow */
    bool connected, in_use, stopping, done;
    bool lost, deregistered, reboot; /* told by the client, to be followed up */
    int code;                        /* to exit with */
    unsigned failures; /* in a row, sessions of less than a minute among them: they make the next wait longer */
    unsigned refused;  /* attempts in a row that did not end in a registration */
    uint64_t connect_at, measure_at, in_use_since, stop_at;
};

/* Opens one of the links: what it needs at all, before the first attempt; fills endpoint, serial, model, firmware. */
int sg_agent_open_files(struct sg_agent *a, struct sg_error *err);
int sg_agent_open_modem(struct sg_agent *a, struct sg_error *err);

/* Runs until it is told to end, or gives up. Returns the exit code. */
int sg_agent_run(struct sg_agent *a);

/* From the link. `how` says with what, for people. */
void sg_agent_connected(struct sg_agent *a, const char *how);
void sg_agent_datagram(struct sg_agent *a, struct sg_bytes datagram);
/* The session ended or could not be made; `why` is a sentence. */
void sg_agent_ended(struct sg_agent *a, const char *why);

void sg_agent_tell(struct sg_agent *a, const struct sg_lwm2m_event *event); /* prints what happened */

/* One line on standard error; control characters of others never get there. */
void sg_agent_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

uint64_t sg_agent_now(void); /* steady milliseconds, which go on while the machine sleeps */
uint32_t sg_agent_random(void *user);
/* True where SIGTERM or SIGINT waits to be taken. */
bool sg_agent_told_to_end(void);

#endif
