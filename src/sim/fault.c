/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on order.
 *
 *     fault = what [ "=" value ] [ "@" when ]
 *     when  = number          that command, counted from the simulator's start
 *           | name [ "*" ]    the next command of that name (%KEYGEN), or with the star each of them
 *
 * Without a `when`, it goes on until the same fault with the value "off". Datagrams are counted from the order on.
 */
#include "sim_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum value { NO_VALUE, NUMBER, TEXT, MOMENT, DATAGRAM };

static const struct {
    const char *name;
    enum value value;
} kinds[] = {
    [SG_SIM_POWER_CUT] = {"power-cut", MOMENT},
    [SG_SIM_LOST_REPLY] = {"lost-reply", NO_VALUE},
    [SG_SIM_FORCED_ERROR] = {"error", NUMBER},
    [SG_SIM_BUSY_PAUSE] = {"busy", NUMBER},
    [SG_SIM_UNSOLICITED] = {"urc", TEXT},
    [SG_SIM_WEDGE] = {"wedge", NO_VALUE},
    [SG_SIM_LOW_VOLTAGE] = {"low-voltage", NO_VALUE},
    [SG_SIM_FULL_STORE] = {"full", NUMBER},
    [SG_SIM_DROP] = {"drop", NUMBER},
    [SG_SIM_GARBLE] = {"garble", NUMBER},
    [SG_SIM_SEED] = {"seed", NUMBER},
    [SG_SIM_DEAF] = {"deaf", NO_VALUE},
    [SG_SIM_BUFFER] = {"buffer", NUMBER},
    [SG_SIM_REPLY_LIMIT] = {"reply-limit", NUMBER},
    [SG_SIM_CONNECT] = {"connect", NUMBER},
    [SG_SIM_LOSE] = {"lose", DATAGRAM},
    [SG_SIM_DOUBLE] = {"double", DATAGRAM},
    [SG_SIM_READS_SECRETS] = {"reads-secrets", NO_VALUE},
    [SG_SIM_WRITES_ONLINE] = {"writes-online", NO_VALUE},
    [SG_SIM_TAKES_UNSIGNED] = {"takes-unsigned", NO_VALUE},
    [SG_SIM_TAKES_ANY_SIGNER] = {"takes-any-signer", NO_VALUE},
    [SG_SIM_TEST_TAG] = {"test-tag", NUMBER},
    [SG_SIM_SAME_KEY] = {"same-key", NO_VALUE},
};

static int bad(struct sg_error *err, const char *spec, const char *why)
{
    return sg_fail(err, SG_EINVAL, "no fault \"%s\": %s (see nrf91sim(1), FAULTS)", spec, why);
}

/* "before", "after", or the bytes of the command that have come when the power goes. */
static bool take_moment(struct sg_bytes v, struct sg_sim_fault *f)
{
    if (v.n == 0 || sg_bytes_eq_str(v, "before"))
        f->moment = SG_SIM_BEFORE;
    else if (sg_bytes_eq_str(v, "after"))
        f->moment = SG_SIM_AFTER;
    else if (sg_parse_udec(v, SG_SIM_SERIAL_MODEM_MAX, &f->number) == 0 && f->number > 0)
        f->moment = SG_SIM_TYPING;
    else
        return false;
    return true;
}

/* "2:+CEREG: 5": after the second line of the reply. */
static bool take_text(struct sg_bytes v, struct sg_sim_fault *f)
{
    size_t n = 0;

    while (n < v.n && v.p[n] != ':')
        n++;
    if (n + 1 >= v.n || v.n - n - 1 >= sizeof f->text || sg_parse_udec(sg_bytes(v.p, n), 999, &f->number) < 0)
        return false;
    memcpy(f->text, v.p + n + 1, v.n - n - 1);
    return true;
}

/* "up:2": the second datagram to the network, "down:1": the next one from it. */
static bool take_datagram(struct sg_bytes v, struct sg_sim_fault *f)
{
    static const char up[] = "up:", down[] = "down:";
    size_t n = v.n > 0 && v.p[0] == 'u' ? sizeof up - 1 : sizeof down - 1;

    f->up = v.n > 0 && v.p[0] == 'u';
    return v.n > n && memcmp(v.p, f->up ? up : down, n) == 0 &&
           sg_parse_udec(sg_bytes(v.p + n, v.n - n), UINT32_MAX, &f->number) == 0 && f->number > 0;
}

static bool take_value(struct sg_bytes v, struct sg_sim_fault *f)
{
    switch (kinds[f->kind].value) {
    case NO_VALUE:
        return v.n == 0;
    case NUMBER:
        return sg_parse_udec(v, UINT32_MAX, &f->number) == 0;
    case TEXT:
        return take_text(v, f);
    case MOMENT:
        return take_moment(v, f);
    case DATAGRAM:
        return take_datagram(v, f);
    }
    return false;
}

static bool take_when(struct sg_bytes w, struct sg_sim_fault *f)
{
    if (sg_parse_udec(w, UINT32_MAX, &f->at) == 0)
        return f->at > 0;
    f->each = w.n > 0 && w.p[w.n - 1] == '*';
    w.n -= f->each;
    if (w.n == 0 || w.n >= sizeof f->name)
        return false;
    memcpy(f->name, w.p, w.n);
    return true;
}

static void remove_fault(struct sg_sim *s, size_t at)
{
    memmove(&s->faults[at], &s->faults[at + 1], (--s->fault_count - at) * sizeof *s->faults);
}

static void switch_off(struct sg_sim *s, unsigned kind)
{
    for (size_t i = s->fault_count; i-- > 0;)
        if (s->faults[i].kind == kind)
            remove_fault(s, i);
}

/* An entry that a developer has left: it is in the store, and can be deleted as any other. */
static int leave_entry(struct sg_sim *s, const char *spec, uint64_t tag, struct sg_error *err)
{
    if (!s->firmware_has.decrypted_tags || tag <= SG_TAG_MAX || tag > SG_TAG_MAX + (uint64_t)SG_SIM_TEST_TAGS)
        return bad(err, spec, "test tags are 2147483648 to 2147483667, from modem firmware 2.0.0 on");
    if (sg_sim_commit_put(s, (uint32_t)tag, SG_CRED_PSK_ID, false, sg_str("left by a developer")) != SG_SIM_OK)
        return bad(err, spec, "the store does not take it");
    return 0;
}

int sg_sim_fault(struct sg_sim *s, const char *spec, struct sg_error *err)
{
    struct sg_sim_fault f = {.kind = 0};
    const char *at = strrchr(spec, '@'), *end = at ? at : spec + strlen(spec);
    const char *equals = memchr(spec, '=', (size_t)(end - spec)), *name_end = equals ? equals : end;
    struct sg_bytes name = sg_bytes(spec, (size_t)(name_end - spec)),
                    value = equals ? sg_bytes(equals + 1, (size_t)(end - equals - 1)) : sg_bytes(NULL, 0);

    while (f.kind < SG_SIM_FAULTS && !sg_bytes_eq_str(name, kinds[f.kind].name))
        f.kind++;
    if (f.kind == SG_SIM_FAULTS)
        return bad(err, spec, "there is none of that name");
    if (sg_bytes_eq_str(value, "off") && at == NULL) {
        switch_off(s, f.kind);
    } else {
        if (!take_value(value, &f))
            return bad(err, spec, "the value is not of its form");
        if (at && !take_when(sg_str(at + 1), &f))
            return bad(err, spec, "after the @ stands a command's number or name");
        if (at && (kinds[f.kind].value == DATAGRAM || f.kind == SG_SIM_TEST_TAG))
            return bad(err, spec, "it belongs to no command");
        if (f.kind == SG_SIM_TEST_TAG)
            return leave_entry(s, spec, f.number, err);
        if (f.moment == SG_SIM_TYPING && f.at == 0)
            return bad(err, spec, "a power cut while a command is typed needs the command's number");
        if (s->fault_count == SG_SIM_FAULTS_MAX)
            return bad(err, spec, "there are too many already");
        s->faults[s->fault_count++] = f;
    }
    s->random = 0;
    s->line.max = sg_sim_fault_is(s, SG_SIM_BUFFER) ? (size_t)sg_sim_fault_number(s, SG_SIM_BUFFER) : 0;
    sg_sim_log(s, "! fault: %s", spec);
    return 0;
}

/* ------------------------------------------------------------------------------------------------- at the time */

static bool applies(const struct sg_sim *s, const struct sg_sim_fault *f)
{
    if (f->at)
        return f->at == s->commands;
    return f->name[0] == 0 || strcasecmp(f->name, s->command_name) == 0;
}

bool sg_sim_fault_hit(struct sg_sim *s, unsigned kind, struct sg_sim_fault *out)
{
    for (size_t i = 0; i < s->fault_count; i++) {
        struct sg_sim_fault f = s->faults[i];
        if (f.kind != kind || f.moment != out->moment || !applies(s, &f))
            continue;
        if (f.at || (f.name[0] && !f.each))
            remove_fault(s, i);
        sg_sim_log(s, "! fault: %s", kinds[kind].name);
        *out = f;
        return true;
    }
    return false;
}

bool sg_sim_fault_typing(struct sg_sim *s)
{
    for (size_t i = 0; i < s->fault_count; i++)
        if (s->faults[i].moment == SG_SIM_TYPING && s->faults[i].at == s->commands + 1 &&
            s->faults[i].number == s->line.len) {
            remove_fault(s, i);
            return true;
        }
    return false;
}

static const struct sg_sim_fault *lasting(const struct sg_sim *s, unsigned kind)
{
    for (size_t i = s->fault_count; i-- > 0;)
        if (s->faults[i].kind == kind && applies(s, &s->faults[i]))
            return &s->faults[i];
    return NULL;
}

bool sg_sim_fault_is(const struct sg_sim *s, unsigned kind)
{
    return lasting(s, kind) != NULL;
}

uint64_t sg_sim_fault_number(const struct sg_sim *s, unsigned kind)
{
    const struct sg_sim_fault *f = lasting(s, kind);
    return f ? f->number : 0;
}

unsigned sg_sim_fault_copies(struct sg_sim *s, bool up)
{
    unsigned copies = 1;

    for (size_t i = s->fault_count; i-- > 0;) {
        struct sg_sim_fault *f = &s->faults[i];
        if (kinds[f->kind].value != DATAGRAM || f->up != up || --f->number > 0)
            continue;
        copies = f->kind == SG_SIM_LOSE ? 0 : 2;
        sg_sim_log(s, "! fault: a datagram %s the network is %s", up ? "to" : "from", copies ? "doubled" : "lost");
        remove_fault(s, i);
    }
    return copies;
}

/* ---------------------------------------------------------------------------------------------------- the line */

/* xorshift (Marsaglia 2003): the same faults for the same seed. */
static uint32_t next(struct sg_sim *s)
{
    if (s->random == 0)
        s->random = (uint32_t)sg_sim_fault_number(s, SG_SIM_SEED) * 2654435761U + 1;
    s->random ^= s->random << 13;
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return s->random;
}

/* One byte in so many: never for 0. */
static bool one_in(struct sg_sim *s, unsigned kind)
{
    uint64_t n = sg_sim_fault_number(s, kind);
    return n > 0 && next(s) % n == 0;
}

bool sg_sim_fault_byte(struct sg_sim *s, uint8_t *c)
{
    if (s->fault_count == 0)
        return true;
    if (one_in(s, SG_SIM_DROP))
        return false;
    if (one_in(s, SG_SIM_GARBLE))
        *c ^= (uint8_t)(1U << next(s) % 7);
    return true;
}

void sg_sim_output(struct sg_sim *s, struct sg_bytes bytes)
{
    if (!sg_sim_fault_is(s, SG_SIM_DROP) && !sg_sim_fault_is(s, SG_SIM_GARBLE)) {
        s->config.output(s->config.user, bytes);
        return;
    }
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t c = bytes.p[i];
        if (sg_sim_fault_byte(s, &c))
            s->config.output(s->config.user, sg_bytes(&c, 1));
    }
}

/* Puts an unsolicited line into the reply, after the lines that the fault says. */
void sg_sim_fault_unsolicited(struct sg_sim *s, struct sg_bytes reply)
{
    struct sg_sim_fault f = {.moment = SG_SIM_BEFORE};
    size_t at = 0;

    if (!sg_sim_fault_hit(s, SG_SIM_UNSOLICITED, &f)) {
        sg_sim_output(s, reply);
        return;
    }
    for (uint64_t lines = 0; lines < f.number && at < reply.n; at++)
        lines += reply.p[at] == '\n';
    sg_sim_output(s, sg_bytes(reply.p, at));
    sg_sim_output(s, sg_str(f.text));
    sg_sim_output(s, sg_str("\r\n"));
    sg_sim_output(s, sg_bytes(reply.p + at, reply.n - at));
}
