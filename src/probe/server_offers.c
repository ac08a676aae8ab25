/* SPDX-License-Identifier: Apache-2.0 */
/* The runs that offer a server something and look at what it takes: versions, suites, curves, signatures. */
#include "probe/server_internal.h"

#include <stdio.h>
#include <string.h>

static json_t *hex_number(uint16_t number)
{
    char text[8];
    (void)snprintf(text, sizeof text, "%04x", number);
    return json_string(text);
}

/* A list in a sentence: "A, B and 3 more". */
static void add_name(char *text, size_t cap, size_t already, const char *name)
{
    size_t at = strlen(text);
    if (already < 4)
        (void)snprintf(text + at, cap - at, "%s%s", already > 0 ? ", " : "", name);
    else if (already == 4)
        (void)snprintf(text + at, cap - at, " and more");
}

/* ----------------------------------------------------------------------------------------------------- versions */

void sg_srv_version(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const uint16_t versions[] = {SG_DTLS_1_3, SG_DTLS_1_2, SG_DTLS_1_0};
    json_t *list = json_array();
    bool taken[3] = {false};
    char observed[600] = "", text[SG_ANSWER_TEXT];
    (void)sg_probe_control_hello(s, r, "before");
    for (size_t i = 0; i < 3; i++) {
        struct sg_probe_offer o;
        struct sg_probe_flight f;
        sg_probe_offer_all(s, &o);
        o.hello.version = versions[i];
        if (versions[i] == SG_DTLS_1_0)
            o.hello.signature_count = 0; /* not known before 1.2 */
        enum sg_probe_answer a = sg_probe_ask(s, &o.hello, &f);
        taken[i] = a == SG_ANSWER_HELLO && f.version == versions[i];
        const char *name = sg_probe_version_name(versions[i]);
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "version", name, "taken", taken[i], "answer",
                                                    sg_probe_answer_text(a, &f, text)));
        size_t at = strlen(observed);
        (void)snprintf(observed + at, sizeof observed - at, "%s%s %s%.*s", at > 0 ? "; " : "", name,
                       taken[i]               ? "taken"
                       : a == SG_ANSWER_HELLO ? "offered, answered with "
                                              : "",
                       taken[i] ? 0 : (int)strcspn(text, ","), text);
    }
    sg_probe_fact(r, "versions", list);
    (void)sg_probe_control_hello(s, r, "after");
    if (taken[2])
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It speaks DTLS 1.0, which RFC 8996 forbids.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "DTLS 1.0 was refused.");
}

/* ------------------------------------------------------------------------------------------------------- suites */

static void leave_out(uint16_t *list, size_t *n, uint16_t number)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == number) {
            memmove(list + i, list + i + 1, (*n - i - 1) * sizeof *list);
            --*n;
            return;
        }
}

/* What a server took of the suites offered, and how that ended. */
struct taken {
    uint16_t suite[SG_PROBE_SUITES]; /* in the order in which they were chosen */
    size_t n;
    bool refused;   /* it said no to the others with an alert, or there are none */
    bool unoffered; /* it chose one that was not offered, `other` */
    uint16_t other;
};

/* Offers all of the offer's suites, then all but the one that was chosen, and so on until nothing is taken. */
static void enumerate(struct sg_probe_session *s, struct sg_probe_offer *o, struct taken *t)
{
    struct sg_probe_flight f;
    *t = (struct taken){.n = 0};
    while (t->n < SG_PROBE_SUITES && o->hello.suite_count > 0 && !t->unoffered && !sg_probe_stopped(s)) {
        enum sg_probe_answer a = sg_probe_ask(s, &o->hello, &f);
        size_t before = o->hello.suite_count;
        t->refused = a == SG_ANSWER_ALERT;
        if (a != SG_ANSWER_HELLO)
            return;
        leave_out(o->suites, &o->hello.suite_count, f.suite);
        t->unoffered = o->hello.suite_count == before;
        if (t->unoffered)
            t->other = f.suite;
        else
            t->suite[t->n++] = f.suite;
    }
    t->refused = o->hello.suite_count == 0;
}

/* A choice that nobody offered, RFC 5246 section 7.4.1.3: false where there is none. */
static bool tell_unoffered(struct sg_probe_result *r, const struct taken *t)
{
    char observed[200];
    if (!t->unoffered)
        return false;
    (void)snprintf(observed, sizeof observed, "it chose %s (%04x), which was not offered",
                   sg_probe_suite_name(t->other), t->other);
    sg_probe_fact(r, "not_offered", hex_number(t->other));
    sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It chooses suites without regard to what the client offers.");
    return true;
}

/* Whose order counts: the first two, offered the other way round. */
static const char *who_orders(struct sg_probe_session *s)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    if (s->suite_count < 2)
        return "unknown";
    sg_probe_offer_all(s, &o);
    o.suites[0] = s->suite[1];
    o.suites[1] = s->suite[0];
    o.hello.suite_count = 2;
    if (sg_probe_ask(s, &o.hello, &f) != SG_ANSWER_HELLO)
        return "unknown";
    return f.suite == s->suite[0] ? "server" : "client";
}

void sg_srv_suites(struct sg_probe_session *s, struct sg_probe_result *r)
{
    static const struct {
        enum sg_suite_class class;
        const char *name;
    } classes[] = {{SG_SUITE_SOUND, "sound"},
                   {SG_SUITE_CBC_SHA1, "cbc-sha1"},
                   {SG_SUITE_STATIC, "static"},
                   {SG_SUITE_WEAK, "weak"}};
    struct sg_probe_offer o;
    struct taken t;
    json_t *list = json_array();
    char observed[300];
    sg_probe_offer_all(s, &o);
    enumerate(s, &o, &t);
    s->suite_count = t.n;
    memcpy(s->suite, t.suite, sizeof s->suite);
    const char *order = who_orders(s);
    for (size_t i = 0; i < s->suite_count; i++) {
        const char *class = "";
        for (size_t k = 0; k < 4; k++)
            if (sg_probe_suite_class(s->suite[i]) == classes[k].class)
                class = classes[k].name;
        (void)json_array_append_new(list, json_pack("{s:o, s:s, s:s}", "number", hex_number(s->suite[i]), "name",
                                                    sg_probe_suite_name(s->suite[i]), "class", class));
    }
    sg_probe_fact(r, "suites", list);
    sg_probe_fact(r, "order", json_string(order));
    (void)snprintf(observed, sizeof observed, "%zu suites; the %s's order counts; first: %s", s->suite_count, order,
                   s->suite_count > 0 ? sg_probe_suite_name(s->suite[0]) : "none");
    if (tell_unoffered(r, &t))
        return;
    if (s->suite_count == 0)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, observed, "It took none of the suites that the probe knows.");
    else if (strcmp(order, "client") == 0)
        sg_probe_conclude(r, SG_VERDICT_REMARK, observed,
                          "The client's order counts: a client with a poor order gets a poor suite.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Which of them are no good, other runs say.");
}

/* Offers suites of one class alone: they must be refused. */
static void refuse_class(struct sg_probe_session *s, struct sg_probe_result *r, enum sg_suite_class class,
                         const char *bad, const char *good)
{
    struct sg_probe_offer o;
    struct taken t;
    json_t *list = json_array();
    char observed[500] = "";
    (void)sg_probe_control_hello(s, r, "before");
    sg_probe_offer_all(s, &o);
    sg_probe_offer_suites(&o, class);
    size_t offered = o.hello.suite_count;
    enumerate(s, &o, &t);
    for (size_t i = 0; i < t.n; i++) {
        (void)json_array_append_new(list, json_string(sg_probe_suite_name(t.suite[i])));
        add_name(observed, sizeof observed, i, sg_probe_suite_name(t.suite[i]));
    }
    sg_probe_fact(r, "offered", json_integer((json_int_t)offered));
    sg_probe_fact(r, "taken", list);
    (void)sg_probe_control_hello(s, r, "after");
    if (t.n > 0) {
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, bad);
    } else if (!tell_unoffered(r, &t)) {
        (void)snprintf(observed, sizeof observed, "%zu such suites were offered, %s", offered,
                       t.refused ? "none was taken" : "and no answer came");
        sg_probe_conclude(r, t.refused ? SG_VERDICT_NOTHING_AGAINST : SG_VERDICT_REMARK, observed,
                          t.refused ? good : "It was silent: not taken, but not refused either (no alert).");
    }
}

void sg_srv_weak(struct sg_probe_session *s, struct sg_probe_result *r)
{
    refuse_class(s, r, SG_SUITE_WEAK, "It takes suites that do not encrypt, do not authenticate, or are broken.",
                 "Suites without encryption or authentication and broken ciphers were refused.");
}

void sg_srv_static(struct sg_probe_session *s, struct sg_probe_result *r)
{
    refuse_class(s, r, SG_SUITE_STATIC,
                 "It takes suites without forward secrecy: who gets the key later reads all that was recorded.",
                 "Suites without forward secrecy were refused.");
}

void sg_srv_cbc_sha1(struct sg_probe_session *s, struct sg_probe_result *r)
{
    refuse_class(s, r, SG_SUITE_CBC_SHA1, "It takes suites with CBC and HMAC-SHA-1.",
                 "Suites with CBC and HMAC-SHA-1 were refused.");
}

/* ------------------------------------------------------------------------------------------------------- curves */

static const char unreachable[] = "A control failed: nothing taken may mean nobody there.";

/* Offers them all, then all but the one chosen, as with suites. */
static size_t enumerate_groups(struct sg_probe_session *s, uint16_t *chosen)
{
    struct sg_probe_offer o;
    struct sg_probe_flight f;
    size_t n = 0;
    sg_probe_offer_all(s, &o);
    while (n < SG_PROBE_NAMED && o.hello.group_count > 0 && !sg_probe_stopped(s) &&
           sg_probe_ask(s, &o.hello, &f) == SG_ANSWER_HELLO && f.group != 0) {
        size_t before = o.hello.group_count;
        leave_out(o.groups, &o.hello.group_count, f.group);
        if (o.hello.group_count == before)
            break;
        chosen[n++] = f.group;
    }
    return n;
}

static bool is_in(const uint16_t *list, size_t n, uint16_t number)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == number)
            return true;
    return false;
}

/* A server may need the curve of its certificate among the offered ones: so each of the others is offered before that
 * one, too, and alone. */
static size_t ask_singly(struct sg_probe_session *s, uint16_t *chosen, size_t n)
{
    uint16_t all[SG_PROBE_NAMED], first = n > 0 ? chosen[0] : 0;
    size_t count = sg_probe_groups(all, SG_PROBE_NAMED);
    for (size_t i = 0; i < count && first != 0 && n < SG_PROBE_NAMED && !sg_probe_stopped(s); i++) {
        struct sg_probe_offer o;
        struct sg_probe_flight f;
        if (is_in(chosen, n, all[i]))
            continue;
        sg_probe_offer_all(s, &o);
        o.groups[0] = all[i];
        o.groups[1] = first;
        o.hello.group_count = 2;
        if (sg_probe_ask(s, &o.hello, &f) == SG_ANSWER_HELLO && f.group == all[i])
            chosen[n++] = all[i];
    }
    return n;
}

void sg_srv_curves(struct sg_probe_session *s, struct sg_probe_result *r)
{
    uint16_t taken[SG_PROBE_NAMED];
    json_t *list = json_array();
    char observed[500] = "", weak[200] = "";
    size_t bad = 0;
    bool up = sg_probe_control_hello(s, r, "before");
    size_t n = ask_singly(s, taken, enumerate_groups(s, taken));
    for (size_t i = 0; i < n; i++) {
        const char *name = sg_probe_group_name(taken[i]);
        unsigned bits = sg_probe_group_bits(taken[i]);
        (void)json_array_append_new(list, json_pack("{s:s, s:i}", "name", name, "bits", (int)bits));
        add_name(observed, sizeof observed, i, name);
        if (bits < 128)
            add_name(weak, sizeof weak, bad++, name);
    }
    sg_probe_fact(r, "curves", list);
    up = sg_probe_control_hello(s, r, "after") && up;
    if (n == 0 && !up)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "no suite with an elliptic curve was taken", unreachable);
    else if (n == 0)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "no suite with an elliptic curve was taken",
                          "It agrees no keys on elliptic curves.");
    else if (bad > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It agrees keys on curves of less than 128 bits of security.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Curves of less than 128 bits were refused.");
}

/* --------------------------------------------------------------------------------------------------- signatures */

void sg_srv_signatures(struct sg_probe_session *s, struct sg_probe_result *r)
{
    uint16_t all[SG_PROBE_NAMED];
    size_t count = sg_probe_signatures(all, SG_PROBE_NAMED), n = 0, bad = 0;
    json_t *list = json_array(), *accepted = json_array();
    char observed[500] = "";
    bool up = sg_probe_control_hello(s, r, "before");
    for (size_t i = 0; i < count && !sg_probe_stopped(s); i++) {
        struct sg_probe_offer o;
        struct sg_probe_flight f;
        sg_probe_offer_all(s, &o);
        o.signatures[0] = all[i];
        o.hello.signature_count = 1;
        if (sg_probe_ask(s, &o.hello, &f) != SG_ANSWER_HELLO || f.signature != all[i])
            continue;
        (void)json_array_append_new(list, json_string(sg_probe_signature_name(all[i])));
        add_name(observed, sizeof observed, n++, sg_probe_signature_name(all[i]));
        bad += sg_probe_signature_weak(all[i]);
        if (json_array_size(accepted) == 0)
            for (size_t k = 0; k < f.accepted_count; k++)
                (void)json_array_append_new(accepted, json_string(sg_probe_signature_name(f.accepted[k])));
    }
    sg_probe_fact(r, "makes", list);
    sg_probe_fact(r, "accepts_from_clients", accepted);
    up = sg_probe_control_hello(s, r, "after") && up;
    if (n == 0 && !up)
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "it signed nothing", unreachable);
    else if (n == 0)
        sg_probe_conclude(r, SG_VERDICT_NOT_APPLICABLE, "it signed nothing", "It signs no key exchange.");
    else if (bad > 0)
        sg_probe_conclude(r, SG_VERDICT_FAIL, observed, "It signs its key exchange with MD5, SHA-1, SHA-224 or DSA.");
    else
        sg_probe_conclude(r, SG_VERDICT_NOTHING_AGAINST, observed, "Only sound signatures were made.");
}
