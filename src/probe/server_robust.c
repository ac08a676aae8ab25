/* SPDX-License-Identifier: Apache-2.0 */
/* The runs that are no handshakes: broken datagrams, plain CoAP, a storm of hellos. The server is to stay up. */
#include "probe/server_internal.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ garbage */

struct broken {
    const char *name;
    struct sg_bytes datagram;
};

/* Record headers that lie (RFC 6347 section 4.1), handshake headers that lie (4.2.2), and what is no DTLS at all. */
#define RECORD(type, length) type "\xfe\xfd\0\0\0\0\0\0\0\0" length
static const struct {
    const char *name, *bytes;
    size_t n;
} lies[] = {
    {"an empty record", RECORD("\x16", "\0\0"), 13},
    {"a record of which nothing is there", RECORD("\x16", "\x40\0"), 13},
    {"a record of 65535 bytes that are not there", RECORD("\x16", "\xff\xff") "abc", 16},
    {"a record header cut off", "\x16\xfe\xfd\0\0", 5},
    {"an unknown record type", RECORD("\x63", "\0\x04") "abcd", 17},
    {"a record with a connection id that nobody gave", RECORD("\x19", "\0\x20") "0123456789abcdef0123456789abcdef", 45},
    {"a protected record of no session",
     "\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\x18"
     "0123456789abcdef01234567",
     37},
    {"a ChangeCipherSpec out of nothing", RECORD("\x14", "\0\1") "\1", 14},
    {"an alert of one byte", RECORD("\x15", "\0\1") "\2", 14},
    {"a hello whose fragment is longer than the message", RECORD("\x16", "\0\x0c") "\1\0\0\x01\0\0\0\0\0\xff\xff\xff",
     25},
    {"a hello of 16 MiB, one byte of it", RECORD("\x16", "\0\x0d") "\1\xff\xff\xff\0\0\0\0\0\0\0\1x", 26},
    {"a hello of no bytes", RECORD("\x16", "\0\x0c") "\1\0\0\0\0\0\0\0\0\0\0\0", 25},
    {"a ServerHello from a client", RECORD("\x16", "\0\x0e") "\2\0\0\2\0\0\0\0\0\0\0\2\xfe\xfd", 27},
    {"plain text", "GET / HTTP/1.1\r\n\r\n", 18},
    {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20},
};

/* Asks more than once: a busy machine is no crash. */
static bool lives(struct sg_probe_session *s)
{
    enum { ATTEMPTS = 4 };
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    bool answers = false;
    sg_probe_offer_all(s, &o);
    for (unsigned i = 0; i < ATTEMPTS && !answers; i++)
        answers = sg_probe_ask(s, &o.hello, &f) == SG_ANSWER_HELLO;
    return answers;
}

/* The control before; false, and the run concluded, where the server does not answer anyway. */
static bool answers_before(struct sg_probe_session *s, struct sg_probe_result *r)
{
    bool answers = sg_probe_control_hello(s, r, "before");
    if (!answers)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "", "The server did not answer before either.");
    return answers;
}

/* Sends one, and asks whether the server is still there; the name of what it did not outlive goes to `killer`. */
static bool outlives(struct sg_probe_session *s, struct broken b, const char **killer)
{
    struct sg_probe_wire w;
    if (sg_probe_session_open(s, &w, NULL) < 0)
        return true;
    (void)sg_probe_session_send(s, &w, b.datagram);
    sg_probe_session_close(s, &w);
    if (lives(s))
        return true;
    *killer = b.name;
    return false;
}

/* A hello that ends too early, by its datagram and by its own lengths. */
static bool outlives_cut_hellos(struct sg_probe_session *s, size_t *count, const char **killer)
{
    static const size_t cuts[] = {1, 12, 13, 20, 25, 59, 60, 62, 80};
    uint8_t space[2048];
    struct sg_probe_offer o;
    sg_probe_offer_all(s, &o);
    struct sg_buf out = sg_buf(space, sizeof space);
    sg_probe_put_hello(&out, &o.hello);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && !sg_probe_stopped(s); i++, ++*count) {
        struct broken b = {"a truncated hello", sg_bytes(space, cuts[i])};
        if (!outlives(s, b, killer))
            return false;
        if (cuts[i] <= 25)
            continue;
        space[11] = 0; /* the record and the message say that this is all */
        space[12] = (uint8_t)(cuts[i] - 13);
        space[14] = space[15] = space[22] = space[23] = 0;
        space[16] = space[24] = (uint8_t)(cuts[i] - 25);
        b.name = "a hello that ends within its fields";
        if (!outlives(s, b, killer))
            return false;
    }
    return true;
}

static bool outlives_noise(struct sg_probe_session *s, size_t *count, const char **killer)
{
    static const size_t sizes[] = {1, 13, 100, 1200, 8000};
    uint8_t noise[8000];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !sg_probe_stopped(s); i++, ++*count) {
        struct broken b = {"random bytes", sg_bytes(noise, sizes[i])};
        if (RAND_bytes(noise, sizeof noise) != 1 || !outlives(s, b, killer))
            return false;
    }
    return true;
}

void sg_srv_garbage(struct sg_probe_session *s, struct sg_probe_result *r)
{
    const char *killer = NULL;
    size_t count = 0;
    char observed[200];
    if (!answers_before(s, r))
        return;
    bool up = outlives_noise(s, &count, &killer) && outlives_cut_hellos(s, &count, &killer);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0] && up && !sg_probe_stopped(s); i++, count++)
        up = outlives(s, (struct broken){lies[i].name, sg_bytes(lies[i].bytes, lies[i].n)}, &killer);
    sg_probe_fact(r, "datagrams", json_integer((json_int_t)count));
    if (!up) {
        (void)snprintf(observed, sizeof observed, "no answer any more after %s", killer != NULL ? killer : "noise");
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "One datagram from anybody ends the service.");
        return;
    }
    (void)snprintf(observed, sizeof observed, "%zu broken datagrams; a hello was answered after each", count);
    (void)sg_probe_control_hello(s, r, "after");
    sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "The server stayed up.");
}

/* ------------------------------------------------------------------------------------------------- plain CoAP */

/* Asks by CoAP without DTLS; true where CoAP answered, and `code` is what. */
static bool speaks_coap(struct sg_probe_session *s, const struct sg_addr *to, const char *path, uint8_t method,
                        uint8_t *code)
{
    struct sg_probe_wire w;
    uint8_t space[256], datagram[4096];
    struct sg_buf out = sg_buf(space, sizeof space);
    struct sg_addr from;
    struct sg_coap m;
    bool spoke = false;
    struct sg_coap_writer writer = sg_coap_begin(&out, SG_COAP_CON, method, 0x7072, sg_str("plain"));
    if (method == SG_COAP_GET)
        sg_coap_put_str(&writer, SG_COAP_OPT_URI_PATH, ".well-known");
    sg_coap_put_str(&writer, SG_COAP_OPT_URI_PATH, path);
    if (method == SG_COAP_POST) {
        sg_coap_put_uint(&writer, SG_COAP_OPT_CONTENT_FORMAT, SG_LINK);
        sg_coap_put_str(&writer, SG_COAP_OPT_URI_QUERY, "ep=urn:signet:probe");
        sg_coap_put_str(&writer, SG_COAP_OPT_URI_QUERY, "lt=60");
        sg_coap_put_str(&writer, SG_COAP_OPT_URI_QUERY, "lwm2m=1.1");
        sg_coap_put_payload(&writer, sg_str("</1/0>,</3/0>"));
    }
    if (sg_probe_session_open(s, &w, NULL) < 0)
        return false;
    s->datagrams++;
    (void)sg_probe_wire_send(&w, to, sg_buf_bytes(&out));
    int n = sg_probe_wire_receive(&w, &from, datagram, sizeof datagram, sg_probe_steady() + sg_probe_wait(s));
    if (n > 0 && sg_coap_parse(sg_bytes(datagram, (size_t)n), &m, NULL) == 0 &&
        (m.mid == 0x7072 || sg_bytes_eq_str(sg_bytes(m.token, m.token_len), "plain"))) {
        spoke = true;
        *code = m.code;
    }
    sg_probe_session_close(s, &w);
    return spoke;
}

void sg_srv_plain(struct sg_probe_session *s, struct sg_probe_result *r)
{
    const struct sg_addr *const to[] = {&s->server->addr, &s->server->plain};
    char observed[500] = "", address[SG_ADDR_TEXT];
    bool spoke = false;
    (void)sg_probe_control_hello(s, r, "before");
    for (size_t i = 0; i < 2; i++) {
        uint8_t read = 0, registered = 0;
        if (to[i]->port == 0)
            continue;
        bool any = speaks_coap(s, to[i], "core", SG_COAP_GET, &read);
        any = speaks_coap(s, to[i], "rd", SG_COAP_POST, &registered) || any;
        spoke = spoke || any;
        size_t at = strlen(observed);
        (void)snprintf(observed + at, sizeof observed - at, "%s%s: %s", at > 0 ? "; " : "",
                       sg_addr_text(to[i], address),
                       registered == SG_COAP_CREATED ? "registers anybody without DTLS (2.01)"
                       : any                         ? sg_coap_code_text(read != 0 ? read : registered)
                                                     : "no CoAP");
        sg_probe_fact(r, i == 0 ? "dtls_port" : "plain_port", json_boolean(any));
    }
    (void)sg_probe_control_hello(s, r, "after");
    sg_probe_conclude(r, spoke ? SG_VERDICT_FAIL : SG_VERDICT_NOTHING_AGAINST, observed,
                      spoke ? "It speaks CoAP without DTLS: nobody knows with whom, and all can read it."
                            : "CoAP without DTLS was not answered.");
}

/* -------------------------------------------------------------------------------------------------------- storm */

/* So many handshakes are begun and left: enough to fill a table that forgets nothing, and no more than one host may
 * have where a server gives each its share. */
enum { STORM_MS = 3000, STORM_FACTOR = 5, STORM_PORTS = 16, STORM_BEGUN = 256, STORM_CALM_MS = 15000 };

struct storm {
    struct sg_probe_wire wire[STORM_PORTS];
    unsigned long hellos, begun, clients, failures;
    uint64_t slowest;
};

/* A good client in the middle of it: whole where there is an identity, else as far as the hello. */
static void good_client(struct sg_probe_session *s, struct storm *st)
{
    uint64_t began = sg_probe_steady();
    bool in;
    if (s->server->genuine.cert != NULL) {
        struct sg_probe_client c;
        in = sg_probe_client_open(&c, s, &s->server->genuine, NULL, 0) == SG_CLIENT_CONNECTED;
        sg_probe_client_close(&c);
    } else {
        in = lives(s);
    }
    uint64_t took = sg_probe_steady() - began;
    st->clients++;
    st->failures += !in;
    if (in && took > st->slowest)
        st->slowest = took;
}

static int open_storm(struct sg_probe_session *s, struct sg_probe_wire *w)
{
    int r = sg_probe_session_open(s, w, NULL);
    w->rate *= STORM_FACTOR;
    return r;
}

/* Sends hellos and sends each cookie back, from several ports, and leaves the handshakes where they are. */
static void blow(struct sg_probe_session *s, struct storm *st, uint64_t until)
{
    struct sg_probe_offer o;
    sg_probe_offer_all(s, &o);
    sg_probe_offer_suites(&o, SG_SUITE_SOUND);
    for (unsigned i = 0; sg_probe_steady() < until && !sg_probe_stopped(s); i = (i + 1) % STORM_PORTS) {
        uint8_t space[2048], datagram[4096];
        struct sg_buf out = sg_buf(space, sizeof space);
        struct sg_addr from;
        struct sg_probe_flight f;
        sg_probe_flight_init(&f);
        int n = sg_probe_wire_receive(&st->wire[i], &from, datagram, sizeof datagram, 0);
        if (n > 0 && st->begun < STORM_BEGUN)
            sg_probe_flight_take(&f, sg_bytes(datagram, (size_t)n));
        o.hello.cookie = f.verify_request ? f.cookie : sg_bytes(NULL, 0);
        o.hello.message = f.verify_request;
        if (!f.verify_request)
            (void)RAND_bytes(o.hello.random, sizeof o.hello.random);
        sg_probe_put_hello(&out, &o.hello);
        st->wire[i].next_send_us = s->next_send_us;
        (void)sg_probe_session_send(s, &st->wire[i], sg_buf_bytes(&out));
        s->next_send_us = st->wire[i].next_send_us;
        st->hellos++;
        st->begun += f.verify_request;
        if (f.verify_request) { /* that one stays begun; the next comes from another port */
            sg_probe_wire_close(&st->wire[i]);
            if (open_storm(s, &st->wire[i]) < 0)
                return;
        }
    }
}

static bool storm(struct sg_probe_session *s, struct storm *st)
{
    size_t n = 0;
    while (n < STORM_PORTS && open_storm(s, &st->wire[n]) == 0)
        n++;
    bool ready = n == STORM_PORTS;
    for (unsigned i = 0; i < 3 && ready; i++) {
        blow(s, st, sg_probe_steady() + STORM_MS / 3);
        good_client(s, st);
    }
    for (size_t i = 0; i < n; i++)
        sg_probe_session_close(s, &st->wire[i]);
    return ready;
}

void sg_srv_flood(struct sg_probe_session *s, struct sg_probe_result *r)
{
    struct storm st = {.hellos = 0};
    char observed[400];
    if (!answers_before(s, r))
        return;
    uint64_t began = sg_probe_steady();
    if (!storm(s, &st)) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "", "There were not enough sockets for a storm.");
        return;
    }
    uint64_t took = sg_probe_steady() - began, calm = sg_probe_steady();
    bool up = false;
    while (!(up = lives(s)) && sg_probe_steady() < calm + STORM_CALM_MS && !sg_probe_stopped(s))
        ;
    uint64_t back = sg_probe_steady() - calm;
    unsigned long rate = took > 0 ? st.hellos * 1000 / (unsigned long)took : 0;
    sg_probe_fact(r, "hellos", json_integer((json_int_t)st.hellos));
    sg_probe_fact(r, "begun", json_integer((json_int_t)st.begun));
    sg_probe_fact(r, "hellos_per_second", json_integer((json_int_t)rate));
    sg_probe_fact(r, "good_clients", json_integer((json_int_t)st.clients));
    sg_probe_fact(r, "good_clients_refused", json_integer((json_int_t)st.failures));
    sg_probe_fact(r, "slowest_ms", json_integer((json_int_t)st.slowest));
    sg_probe_fact(r, "back_ms", json_integer((json_int_t)back));
    (void)snprintf(observed, sizeof observed,
                   "%lu hellos at %lu a second, %lu handshakes begun and left; of %lu good clients meanwhile %lu came "
                   "in, the slowest in %llu ms; %s",
                   st.hellos, rate, st.begun, st.clients, st.clients - st.failures, (unsigned long long)st.slowest,
                   up ? "it answers afterwards" : "no answer afterwards");
    if (up)
        (void)sg_probe_control_hello(s, r, "after");
    if (!up)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "The server did not come back after the storm.");
    else if (st.failures > 0)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed, "Good clients had to wait for the end of the storm.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Good clients came in during the storm.");
}
