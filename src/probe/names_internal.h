/* SPDX-License-Identifier: Apache-2.0 */
/* Names of TLS's numbers, and how good what they stand for is: for the probes of servers and of devices. */
#ifndef SG_PROBE_NAMES_INTERNAL_H
#define SG_PROBE_NAMES_INTERNAL_H

#include "core/core.h"

/* ------------------------------------------------------------------------------ suites (server_suites.c, no I/O) */

enum sg_suite_class {
    SG_SUITE_SOUND = 1,    /* fresh keys for each session, and a cipher that stands */
    SG_SUITE_CBC_SHA1 = 2, /* the same, with CBC and HMAC-SHA-1 */
    SG_SUITE_STATIC = 4,   /* no forward secrecy: static RSA, (EC)DH, plain PSK */
    SG_SUITE_WEAK = 8,     /* no encryption, no authentication, or a cipher that is broken */
    SG_SUITE_ANY = 15
};
enum { SG_PROBE_SUITES = 256 };
enum sg_suite_class sg_probe_suite_class(uint16_t suite);
const char *sg_probe_suite_name(uint16_t suite); /* IANA's; "unknown" */
/* The numbers of all known suites of these classes, strongest first. */
size_t sg_probe_suites(unsigned classes, uint16_t *list, size_t cap);

/* ----------------------------------------------------------- versions, groups, signatures (server_hello.c, no I/O) */

enum { SG_DTLS_1_0 = 0xfeff, SG_DTLS_1_2 = 0xfefd, SG_DTLS_1_3 = 0xfefc };
const char *sg_probe_version_name(uint16_t version); /* "DTLS 1.2" */
const char *sg_probe_group_name(uint16_t group);     /* "secp256r1"; "unknown" */
unsigned sg_probe_group_bits(uint16_t group);        /* of security: 128 for P-256; 0 unknown */
const char *sg_probe_signature_name(uint16_t signature);
bool sg_probe_signature_weak(uint16_t signature);   /* MD5, SHA-1, SHA-224 or DSA */
enum { SG_PROBE_NAMED = 32 };                       /* there are no more of either */
size_t sg_probe_groups(uint16_t *list, size_t cap); /* all that have a name here, best first */
size_t sg_probe_signatures(uint16_t *list, size_t cap);

#endif
