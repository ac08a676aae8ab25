/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: an nRF91 modem and the host program in front of it, as one sees them over a serial port.
 *
 * It keeps the modem's rules (what can be read, when writing is allowed, error numbers, sizes), makes real keys, and
 * does the DTLS of offloaded sockets with the key in its store. Bytes of the port go in and out by calls; its UDP
 * sockets are its own. One struct sg_sim belongs to one thread. Times are steady milliseconds.
 */
#ifndef SG_SIM_H
#define SG_SIM_H

#include "core/core.h"

#include <poll.h>

struct sg_sim;

/* What runs on the application core in front of the modem. */
enum sg_sim_host {
    SG_SIM_SERIAL_MODEM, /* ncs-serial-modem: store commands and sockets, blank lines around replies */
    SG_SIM_AT_HOST,      /* the AT Client sample: the modem's own commands, nothing added */
    SG_SIM_SHELL,        /* at_shell, as in Modem Shell: at 'AT…' at a prompt */
    SG_SIM_SLM29,        /* Serial LTE Modem of NCS 2.9: one active socket, commands end with CR LF */
    SG_SIM_SLM31,        /* its last form, of NCS 3.1 */
};

/* A name that the simulated network's DNS knows. */
struct sg_sim_name {
    const char *name, *address;
};

struct sg_sim_config {
    const char *store; /* file of the credential store, made where it is not there; NULL: it dies with the simulator */
    const char *imei;  /* 15 digits; NULL: the store's, or a new one; "none": AT+CGSN fails */
    const char *profile; /* of real firmware: "nrf9160-1.3.x" (sg_sim_profile); NULL: the first */
    /* "name=value", for what the manuals leave open (sg_sim_setting). */
    const char *const *settings;
    size_t setting_count;
    const char *model;    /* "nRF9151", "nRF9160", "nRF9161"; NULL: the profile's */
    const char *firmware; /* "mfw_nrf91x1_2.0.2"; NULL: the model's */
    enum sg_sim_host host;
    bool echo;       /* Serial Modem: as after ATE1 */
    size_t capacity; /* bytes of credentials that the store takes; 0: 32 KiB */
    const struct sg_sim_name *names;
    size_t name_count;

    void *user;
    void (*output)(void *user, struct sg_bytes bytes); /* to the port */
    /* One line per command, result and event; credentials and payloads as their length. May be NULL. */
    void (*log)(void *user, const char *line);
};

/* The config's strings are borrowed for the simulator's life. NULL: SG_EINVAL (a value is not of its form),
 * SG_EFORMAT (the file is no store), SG_EMISMATCH (it is another device's), SG_EBUSY (another
 * simulator has it), SG_EIO. The first output is the host's
 * boot text. */
struct sg_sim *sg_sim_new(const struct sg_sim_config *config, uint64_t now, struct sg_error *err);
void sg_sim_free(struct sg_sim *s); /* sockets end without a word, as at a power cut */

void sg_sim_input(struct sg_sim *s, struct sg_bytes bytes, uint64_t now); /* from the port */

/* The UDP sockets to wait for (POLLIN), their number returned; sg_sim_network reads all that is there. */
enum { SG_SIM_SOCKETS = 8 };
size_t sg_sim_poll(const struct sg_sim *s, struct pollfd fds[SG_SIM_SOCKETS]);
void sg_sim_network(struct sg_sim *s, uint64_t now);

uint64_t sg_sim_deadline(const struct sg_sim *s); /* when to call sg_sim_tick; UINT64_MAX: not before other input */
void sg_sim_tick(struct sg_sim *s, uint64_t now);

/* The network forgets its NAT bindings: every open socket goes on from another port. Returns the number moved. */
size_t sg_sim_forget_nat(struct sg_sim *s);
/* A reset: sockets gone, CFUN 0, CMEE 0, boot text. The store stays. */
void sg_sim_reboot(struct sg_sim *s, uint64_t now);

/* Orders a fault: "power-cut@7", "lost-reply@%KEYGEN", "low-voltage", "low-voltage=off" (nrf91sim(1)). SG_EINVAL. */
int sg_sim_fault(struct sg_sim *s, const char *spec, struct sg_error *err);

const char *sg_sim_imei(const struct sg_sim *s);
/* The IMEI that many further, with its check digit. SG_EINVAL. */
int sg_sim_imei_after(const char *imei, size_t further, char out[16], struct sg_error *err);

/* The profiles and settings that there are, from 0 on; NULL at the end. A setting's first value is its default. */
struct sg_sim_profile {
    const char *name, *model, *firmware;
};
enum { SG_SIM_VALUES = 3 };
struct sg_sim_setting {
    const char *name, *values[SG_SIM_VALUES], *what;
};
const struct sg_sim_profile *sg_sim_profile(size_t at);
const struct sg_sim_setting *sg_sim_setting(size_t at);

/* ------------------------------------------------------------------------------------------- pseudo-terminal */

/* A pseudo-terminal in raw mode. Its slave side is kept open here too, so that a host's closing ends nothing. */
struct sg_sim_pty {
    int master, slave;
    char path[128]; /* "/dev/pts/7" */
};
int sg_sim_pty_open(struct sg_sim_pty *pty, struct sg_error *err);
void sg_sim_pty_close(struct sg_sim_pty *pty);

#endif
