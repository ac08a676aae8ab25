/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers to a hello: records, handshake messages put together from their fragments, and what each says
 * (RFC 6347 section 4, RFC 5246 section 7.4, RFC 8422). Every length is held against what came. */
#include "probe/server_internal.h"

#include <string.h>

enum { ALERT = 21, HANDSHAKE = 22 };
enum {
    SERVER_HELLO = 2,
    HELLO_VERIFY_REQUEST = 3,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14
};

void sg_probe_flight_init(struct sg_probe_flight *f)
{
    memset(f, 0, sizeof *f);
}

static void wrong(struct sg_probe_flight *f, const char *what)
{
    if (f->wrong == NULL)
        f->wrong = what;
}

bool sg_probe_flight_extension(const struct sg_probe_flight *f, uint16_t type, struct sg_bytes *data)
{
    for (size_t i = 0; i < f->extensions; i++)
        if (f->extension[i] == type) {
            if (data != NULL)
                *data = f->extension_data[i];
            return true;
        }
    return false;
}

/* -------------------------------------------------------------------------------------------------- the messages */

static struct sg_bytes get_vector8(struct sg_cursor *c)
{
    return sg_get(c, sg_get_u8(c));
}

static struct sg_bytes get_vector16(struct sg_cursor *c)
{
    return sg_get(c, sg_get_u16(c));
}

static void take_extensions(struct sg_probe_flight *f, struct sg_bytes list)
{
    struct sg_cursor c = sg_cursor(list);
    while (sg_left(&c) > 0 && f->extensions < SG_FLIGHT_EXTENSIONS) {
        uint16_t type = sg_get_u16(&c);
        struct sg_bytes data = get_vector16(&c);
        if (c.bad) {
            wrong(f, "an extension of the ServerHello is longer than what is there");
            return;
        }
        f->extension[f->extensions] = type;
        f->extension_data[f->extensions++] = data;
    }
    struct sg_bytes version;
    if (sg_probe_flight_extension(f, SG_EXT_VERSIONS, &version) && version.n == 2)
        f->version = (uint16_t)(version.p[0] << 8 | version.p[1]);
}

/* RFC 8446 section 4.1.3: the random of a HelloRetryRequest is the SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                         0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                         0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static void take_hello(struct sg_probe_flight *f, struct sg_bytes body)
{
    struct sg_cursor c = sg_cursor(body);
    f->version = sg_get_u16(&c);
    struct sg_bytes random = sg_get(&c, 32);
    f->session = get_vector8(&c);
    f->suite = sg_get_u16(&c);
    f->compression = sg_get_u8(&c);
    struct sg_bytes extensions = sg_left(&c) > 0 ? get_vector16(&c) : sg_bytes(NULL, 0);
    if (c.bad) {
        wrong(f, "the ServerHello ends too early");
        return;
    }
    f->hello = true;
    f->retry = sg_bytes_eq(random, sg_bytes(retry_random, sizeof retry_random));
    take_extensions(f, extensions);
}

static void take_verify_request(struct sg_probe_flight *f, struct sg_bytes body)
{
    struct sg_cursor c = sg_cursor(body);
    (void)sg_get_u16(&c); /* RFC 6347 section 4.2.1: says nothing about the version */
    struct sg_bytes cookie = get_vector8(&c);
    if (c.bad) {
        wrong(f, "the HelloVerifyRequest ends too early");
        return;
    }
    f->verify_request = true;
    f->cookie = cookie;
}

static void take_certificate(struct sg_probe_flight *f, struct sg_bytes body)
{
    struct sg_cursor all = sg_cursor(body);
    struct sg_cursor c = sg_cursor(sg_get(&all, sg_get_u24(&all)));
    while (sg_left(&c) > 0 && f->certs < SG_FLIGHT_CERTS) {
        struct sg_bytes der = sg_get(&c, sg_get_u24(&c));
        if (c.bad)
            break;
        f->cert[f->certs++] = der;
    }
    if (c.bad || all.bad)
        wrong(f, "the Certificate message ends too early");
}

static unsigned bits_of(struct sg_bytes number)
{
    size_t i = 0;
    while (i < number.n && number.p[i] == 0)
        i++;
    unsigned bits = (unsigned)(number.n - i) * 8;
    for (uint8_t top = i < number.n ? number.p[i] : 0x80; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

/* RFC 8422 section 5.4, RFC 5246 section 7.4.3, RFC 4279, RFC 5489: which form it has, the suite says. */
static void take_key_exchange(struct sg_probe_flight *f, struct sg_bytes body)
{
    const char *suite = sg_probe_suite_name(f->suite);
    struct sg_cursor c = sg_cursor(body);
    bool psk = strstr(suite, "PSK_") != NULL, anonymous = strstr(suite, "_anon_") != NULL;
    if (psk)
        (void)get_vector16(&c); /* the hint */
    if (strstr(suite, "_ECDH") != NULL) {
        if (sg_get_u8(&c) != 3) { /* named_curve */
            wrong(f, "the ServerKeyExchange names no curve");
            return;
        }
        f->group = sg_get_u16(&c);
        (void)get_vector8(&c);
    } else if (strstr(suite, "DH") != NULL) {
        f->dh_bits = bits_of(get_vector16(&c));
        (void)get_vector16(&c);
        (void)get_vector16(&c);
    }
    if (!psk && !anonymous && f->version != SG_DTLS_1_0 && sg_left(&c) > 0)
        f->signature = sg_get_u16(&c);
    if (c.bad)
        wrong(f, "the ServerKeyExchange ends too early");
    f->key_exchange = !c.bad;
}

static void take_certificate_request(struct sg_probe_flight *f, struct sg_bytes body)
{
    struct sg_cursor c = sg_cursor(body);
    struct sg_bytes types = get_vector8(&c);
    struct sg_cursor accepted = sg_cursor(f->version != SG_DTLS_1_0 ? get_vector16(&c) : sg_bytes(NULL, 0));
    struct sg_cursor names = sg_cursor(get_vector16(&c));
    if (c.bad) {
        wrong(f, "the CertificateRequest ends too early");
        return;
    }
    f->certificate_request = true;
    f->type_count = types.n < sizeof f->types ? types.n : sizeof f->types;
    if (f->type_count > 0)
        memcpy(f->types, types.p, f->type_count);
    while (sg_left(&accepted) >= 2 && f->accepted_count < sizeof f->accepted / sizeof f->accepted[0])
        f->accepted[f->accepted_count++] = sg_get_u16(&accepted);
    while (sg_left(&names) > 0 && !names.bad) {
        (void)get_vector16(&names);
        f->ca_count += !names.bad;
    }
}

static void take_message(struct sg_probe_flight *f, const struct sg_probe_message *m)
{
    struct sg_bytes body = sg_bytes(f->bytes + m->at, m->length);
    switch (m->type) {
    case SERVER_HELLO:
        take_hello(f, body);
        break;
    case HELLO_VERIFY_REQUEST:
        take_verify_request(f, body);
        break;
    case CERTIFICATE:
        take_certificate(f, body);
        break;
    case SERVER_KEY_EXCHANGE:
        take_key_exchange(f, body);
        break;
    case CERTIFICATE_REQUEST:
        take_certificate_request(f, body);
        break;
    case SERVER_HELLO_DONE:
        f->done = true;
        break;
    default:
        break; /* a message that a client need not know to judge the others */
    }
}

/* ------------------------------------------------------------------------------------- fragments and records */

/* The message of that number; numbers count from the first that was seen in a flight, 0 or 1. */
static struct sg_probe_message *message_of(struct sg_probe_flight *f, uint16_t number)
{
    if (number >= SG_FLIGHT_MESSAGES) {
        wrong(f, "a handshake message has a number far from what was asked");
        return NULL;
    }
    return &f->message[number];
}

/* Fragments that repeat what is there are passed over; one that leaves a gap waits for its repetition. */
static void take_fragment(struct sg_probe_flight *f, struct sg_cursor *c)
{
    uint8_t type = sg_get_u8(c);
    uint32_t length = sg_get_u24(c);
    uint16_t number = sg_get_u16(c);
    uint32_t offset = sg_get_u24(c), n = sg_get_u24(c);
    struct sg_bytes part = sg_get(c, n);
    if (c->bad || offset > length || n > length - offset) {
        wrong(f, "a handshake fragment is longer than its message or its record");
        c->bad = true;
        return;
    }
    struct sg_probe_message *m = message_of(f, number);
    if (m == NULL || m->whole)
        return;
    if (!m->begun) {
        if (length > SG_FLIGHT_BYTES - f->used) {
            wrong(f, "the handshake messages are larger than 32 KiB");
            return;
        }
        *m = (struct sg_probe_message){.begun = true, .type = type, .length = length, .at = (uint32_t)f->used};
        f->used += length;
    }
    if (m->length != length || m->type != type) {
        wrong(f, "two fragments of one handshake message disagree");
        return;
    }
    if (offset <= m->got && offset + n > m->got) {
        memcpy(f->bytes + m->at + offset, part.p, part.n);
        m->got = offset + n;
    }
    m->whole = m->got == m->length;
}

/* Messages in the order of their numbers, since the form of one depends on those before it. */
static void take_messages(struct sg_probe_flight *f)
{
    for (; f->next < SG_FLIGHT_MESSAGES; f->next++) {
        const struct sg_probe_message *m = &f->message[f->next];
        if (!m->whole && !(f->next == 0 && !m->begun && f->message[1].whole)) /* 0 was the HelloVerifyRequest */
            return;
        if (m->whole)
            take_message(f, m);
    }
}

static void take_record(struct sg_probe_flight *f, uint8_t type, struct sg_bytes body)
{
    struct sg_cursor c = sg_cursor(body);
    if (body.n > f->largest)
        f->largest = body.n;
    if (type == ALERT && body.n == 2 && !f->alerted) {
        f->alerted = true;
        f->alert_level = sg_get_u8(&c);
        f->alert = sg_get_u8(&c);
    }
    while (type == HANDSHAKE && sg_left(&c) > 0 && !c.bad)
        take_fragment(f, &c);
    take_messages(f);
}

void sg_probe_flight_take(struct sg_probe_flight *f, struct sg_bytes datagram)
{
    struct sg_cursor c = sg_cursor(datagram);
    f->received += datagram.n;
    f->datagrams++;
    while (sg_left(&c) > 0) {
        uint8_t type = sg_get_u8(&c);
        (void)sg_get_u16(&c);
        uint16_t epoch = sg_get_u16(&c);
        (void)sg_get(&c, 6);
        struct sg_bytes body = get_vector16(&c);
        if (c.bad) {
            wrong(f, "a datagram is no whole number of DTLS records");
            return;
        }
        if (epoch == 0)
            take_record(f, type, body);
    }
}
