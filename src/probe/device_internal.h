/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the device's runs share. Read in this order: device_hello.c (what a device says first),
 * device_certs.c (the certificates that it must refuse), device_good.c and device_bad.c (the servers that are played to
 * it), device_visit.c (one attempt of the device, awaited), device.c (the runs in their order). */
#ifndef SG_PROBE_DEVICE_INTERNAL_H
#define SG_PROBE_DEVICE_INTERNAL_H

#include "probe/probe_internal.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* ------------------------------------------------------------------------------ the first message, device_hello.c */

enum { SG_HELLO_SUITES = 128, SG_HELLO_GROUPS = 32, SG_HELLO_SIGNATURES = 48, SG_HELLO_NAME = 256 };

/* A ClientHello of DTLS (RFC 6347 section 4.2.1, RFC 5246 section 7.4.1.2). Lists are in the device's order; what does
 * not fit into them is counted in `more`. */
struct sg_probe_hello {
    uint16_t version; /* the newest that it speaks: 0xfefd is DTLS 1.2, 0xfeff 1.0 */
    uint8_t random[32];
    bool cookie, session; /* it brings a cookie; it offers to resume a session */
    bool compression;     /* it offers some */
    uint16_t suites[SG_HELLO_SUITES], groups[SG_HELLO_GROUPS], signatures[SG_HELLO_SIGNATURES];
    size_t suite_count, group_count, signature_count, more;
    char server_name[SG_HELLO_NAME]; /* "" where it names none; bytes that are no part of a name show as '?' */
    bool extended_master_secret, ticket, status_request, renegotiation_info, encrypt_then_mac;
    bool cid, cid_draft; /* connection ids: RFC 9146, or the number of its draft (53) */
    uint8_t cid_len;
    uint8_t max_fragment; /* RFC 6066 section 4: 1 is 512 bytes … 4 is 4096; 0: not asked for */
    bool dtls13;          /* supported_versions names DTLS 1.3 */
};
/* From a datagram that begins with it. SG_ENOTFOUND: it is something else; SG_EUNSUPPORTED: it comes in fragments;
 * SG_EFORMAT, SG_ETRUNCATED. */
int sg_probe_hello_parse(struct sg_bytes datagram, struct sg_probe_hello *h);

#endif
