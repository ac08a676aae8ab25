/* SPDX-License-Identifier: Apache-2.0 */
/* The session with a modem: what it holds, the free tag, its mode, and that all is as found at the end. */
#include "probe/modem_internal.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool changes; /* writes to the store, or goes online */
    void (*make)(struct sg_probe_desk *d, struct sg_probe_result *r);
} makers[] = {
    {"modem.tags", false, sg_probe_modem_tags},
    {"modem.digests", false, sg_probe_modem_digests},
    {"modem.read-key", false, sg_probe_modem_read_key}, /* what it writes, it writes where it may */
    {"modem.write.online", true, sg_probe_modem_write_online},
    {"modem.write.unsigned", true, sg_probe_modem_write_unsigned},
    {"modem.write.wrong-signer", true, sg_probe_modem_wrong_signer},
    {"modem.replay-at", true, sg_probe_modem_replay},
    {"modem.keygen", true, sg_probe_modem_keygen},
};
enum { MAKERS = sizeof makers / sizeof makers[0] };

/* ------------------------------------------------------------------------------------------------ talking to it */

static void trace(void *user, bool sent, struct sg_bytes line)
{
    const struct sg_probe_desk *d = user;
    if (d->talk != NULL)
        (void)fprintf(d->talk, "%c %.*s\n", sent ? '>' : '<', (int)line.n, (const char *)line.p);
}

/* Signs what changes the store; another key or another text where a run wants that. */
static int sign(void *user, const struct sg_bytes text[3], struct sg_buf *signature)
{
    const struct sg_probe_desk *d = user;
    const struct sg_bytes all[4] = {text[0], text[1], text[2], sg_str("x")};
    return sg_key_sign(d->signer, all, d->other_text ? 4 : 3, signature, NULL);
}

const char *sg_probe_desk_came(const struct sg_probe_desk *d, int e, char text[SG_PROBE_CAME])
{
    if (e >= 0)
        return "OK";
    if (e == SG_ENOTFOUND)
        return "refused (error 513, not found)";
    if (e == SG_EDENIED && d->m->cme >= 0)
        (void)snprintf(text, SG_PROBE_CAME, "refused (error %d)", d->m->cme);
    else
        (void)snprintf(text, SG_PROBE_CAME, "%s", e == SG_EDENIED ? "refused (ERROR)" : sg_strerror(e));
    return text;
}

bool sg_probe_desk_refused(int e)
{
    return e == SG_EDENIED || e == SG_ENOTFOUND;
}

int sg_probe_desk_function(struct sg_probe_desk *d, int function)
{
    int is = sg_modem_get_function(d->m);
    if (is == function)
        return 0;
    return is < 0 ? is : sg_modem_set_function(d->m, function);
}

/* ------------------------------------------------------------------------------------------- the free tag */

static const char content[] = "signet-probe"; /* marks the tag: a probe that was killed leaves it */

int sg_probe_desk_put(struct sg_probe_desk *d)
{
    return sg_modem_write(d->m, d->tag, SG_CRED_PSK_ID, sg_str(content));
}

int sg_probe_desk_take(struct sg_probe_desk *d)
{
    return sg_modem_delete(d->m, d->tag, SG_CRED_PSK_ID);
}

bool sg_probe_desk_control(struct sg_probe_desk *d, struct sg_probe_result *r, const char *what,
                           int (*fn)(struct sg_probe_desk *d))
{
    char text[SG_PROBE_CAME];
    int e = fn(d);
    sg_probe_add_control(r, e == 0, what, sg_probe_desk_came(d, e, text));
    return e == 0;
}

bool sg_probe_desk_prepare(struct sg_probe_desk *d, struct sg_probe_result *r)
{
    char text[SG_PROBE_CAME];
    const char *what = "going offline (AT+CFUN=4)", *came = NULL;
    int e = sg_modem_get_function(d->m);
    if (e >= 0 && sg_modem_function_is_active(e))
        e = sg_probe_desk_function(d, SG_PROBE_OFFLINE);
    if (e < 0) {
        came = sg_probe_desk_came(d, e, text);
    } else if (d->locked == 1 && d->p->lock_key == NULL) {
        what = "a signed command";
        came = "the modem is locked, and the key that signs is not at hand";
    }
    if (came != NULL && r != NULL)
        sg_probe_add_control(r, false, what, came);
    return came == NULL;
}

void sg_probe_desk_skip(struct sg_probe_result *r)
{
    sg_probe_conclude(r, SG_VERDICT_REMARK, "not run", "");
}

/* What an earlier probe that was killed left there: the credential that marks its tag. */
static bool is_ours(const struct sg_cred *c)
{
    uint8_t digest[32];
    sg_sha256(sg_str(content), digest);
    return c->type == SG_CRED_PSK_ID && memcmp(c->sha256, digest, sizeof digest) == 0;
}

/* 1: the tag is free, or has what an earlier probe left, which d->stale tells; 0: it is not; or an error. */
static int is_free(struct sg_probe_desk *d, uint32_t tag)
{
    struct sg_cred there[8];
    int n = sg_modem_list(d->m, tag, there, sizeof there / sizeof there[0]);
    d->tag = tag;
    d->stale = false;
    for (int i = 0; i < n && i < (int)(sizeof there / sizeof there[0]); i++)
        d->stale = d->stale || is_ours(&there[i]);
    return n < 0 ? n : n == 0 || d->stale;
}

static int pick_tag(struct sg_probe_desk *d, struct sg_error *err)
{
    enum { FIRST = 1999999000, TAGS = 100 }; /* where nobody has a tag of his own */
    uint32_t tag = d->p->tag >= 0 ? (uint32_t)d->p->tag : FIRST, last = d->p->tag >= 0 ? tag : FIRST + TAGS - 1;
    int e = 0;
    for (; tag <= last && e == 0; tag++)
        e = is_free(d, tag);
    if (e != 0)
        return e < 0 ? e : 0;
    return sg_fail(err, SG_EEXISTS, "tag %u of the modem is in use: name a free one with --tag", d->tag);
}

/* What the runs put at the free tag goes. 0, or an error where something stays. */
static int empty_tag(struct sg_probe_desk *d)
{
    struct sg_cred left[8];
    int n = sg_modem_list(d->m, d->tag, left, sizeof left / sizeof left[0]);
    if (n == 0)
        return 0;
    int is = n < 0 ? n : sg_modem_get_function(d->m);
    if (is >= 0 && sg_modem_function_is_active(is))
        is = sg_probe_desk_function(d, SG_PROBE_OFFLINE);
    for (int i = 0; i < n && i < (int)(sizeof left / sizeof left[0]) && is >= 0; i++)
        is = sg_modem_delete(d->m, d->tag, left[i].type);
    return is < 0 ? is : 0;
}

/* ------------------------------------------------------------------------------------------------------- begin */

static int list_all(struct sg_probe_desk *d, struct sg_error *err)
{
    int n = sg_modem_list(d->m, -1, d->cred, SG_PROBE_CREDS);
    if (n > SG_PROBE_CREDS)
        return sg_fail(err, SG_ENOSPC, "the modem lists %d credentials, more than can be looked at", n);
    d->creds = n > 0 ? (size_t)n : 0;
    return n < 0 ? n : 0;
}

static int look(struct sg_probe_desk *d, struct sg_error *err)
{
    int e = list_all(d, err);
    if (e == 0)
        e = pick_tag(d, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < d->creds; i++) /* the lock's own tag, where it is listed */
        if (d->cred[i].type == SG_CRED_AT_KEY && d->cred[i].tag <= SG_LOCK_TAG_MAX)
            d->m->lock_tag = (uint8_t)d->cred[i].tag;
    d->function = sg_modem_get_function(d->m);
    d->locked = d->function < 0 ? d->function : sg_modem_lock_state(d->m, NULL);
    return d->locked == SG_EUNSUPPORTED || d->locked >= 0 ? 0 : d->locked;
}

/* Commands are signed rightly from now on, where they must be and can be. */
static void sign_rightly(struct sg_probe_desk *d)
{
    d->signer = d->p->lock_key;
    d->other_text = false;
    d->m->sign = d->signer != NULL ? sign : NULL;
}

static bool is_wanted(const struct sg_probe_watch *w, const struct sg_probe_run *run)
{
    return w->wanted == NULL || w->wanted(w->user, run);
}

/* Whether one of the runs that are wanted changes something, and the operator allows it. */
static bool ask(const struct sg_probe_desk *d, const struct sg_probe_watch *w)
{
    for (size_t i = 0; i < MAKERS; i++)
        if (makers[i].changes && is_wanted(w, sg_probe_find_run(makers[i].name)))
            return d->p->may_change != NULL && d->p->may_change(d->p->user, d->tag);
    return false;
}

/* -------------------------------------------------------------------------------------------------- the runs */

static void make(struct sg_probe_desk *d, size_t i, struct sg_probe_result *r)
{
    char *talk = NULL;
    size_t n;
    if (makers[i].changes && !d->may_change) {
        sg_probe_conclude(r, SG_VERDICT_SKIPPED, "not run",
                          "It writes to the modem's store or goes online, which the operator did not allow.");
        return;
    }
    d->talk = open_memstream(&talk, &n);
    makers[i].make(d, r);
    sign_rightly(d);
    if (d->may_change)
        (void)empty_tag(d); /* looked at once more at the end */
    if (d->talk != NULL)
        (void)fclose(d->talk);
    d->talk = NULL;
    r->transcript = talk;
}

static int make_all(struct sg_probe_desk *d, const struct sg_probe_watch *w)
{
    int e = 0;
    for (size_t i = 0; i < MAKERS && e == 0 && (w->stop == NULL || *w->stop == 0); i++) {
        const struct sg_probe_run *run = sg_probe_find_run(makers[i].name);
        struct sg_probe_result r;
        if (!is_wanted(w, run))
            continue;
        if (w->begin != NULL)
            w->begin(w->user, run);
        sg_probe_result_init(&r, run);
        make(d, i, &r);
        e = w->done(w->user, d->p->target, &r);
        sg_probe_result_free(&r);
    }
    return e;
}

static int put_back(struct sg_probe_desk *d, int e, struct sg_error *err)
{
    int left = empty_tag(d);
    int function = sg_probe_desk_function(d, d->function);
    if (left < 0)
        return sg_fail(err, SG_ESTATE,
                       "what the probe wrote at tag %u could not be deleted (%s): delete it with `signet modem delete "
                       "--tag %u`",
                       d->tag, sg_strerror(left), d->tag);
    if (function < 0)
        return sg_fail(err, SG_ESTATE, "the modem did not go back to AT+CFUN=%d: %s", d->function,
                       sg_strerror(function));
    return e;
}

int sg_probe_modem(const struct sg_probe_modem *p, const struct sg_probe_watch *watch, struct sg_error *err)
{
    struct sg_modem *m = p->modem;
    struct sg_probe_desk *d = calloc(1, sizeof *d);
    if (d == NULL)
        return sg_fail(err, SG_ENOMEM, "out of memory");
    void *user = m->user;
    *d = (struct sg_probe_desk){.p = p, .m = m};
    m->user = d;
    m->trace = trace;
    int e = look(d, err);
    if (e < 0 && (err == NULL || err->text[0] == '\0'))
        (void)sg_fail(err, e, "looking at the modem: %s", sg_strerror(e));
    if (e == 0) {
        sign_rightly(d);
        d->may_change = ask(d, watch);
        if (d->may_change && d->stale && empty_tag(d) == 0)
            e = list_all(d, err);
        if (e == 0)
            e = make_all(d, watch);
        if (d->may_change)
            e = put_back(d, e, err);
    }
    m->user = user;
    m->trace = NULL;
    m->sign = NULL;
    free(d);
    return e;
}
