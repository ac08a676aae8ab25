/* SPDX-License-Identifier: Apache-2.0 */
/* A device's identity is renewed at a second tag, and the old one retired when the new one is known to work. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

enum { OFFLINE = 4 /* +CFUN */ };

struct renewal {
    struct sg_factory_run *run;
    const struct sg_renew *n;
    struct sg_renewal row;
    bool begun; /* it is in the inventory */
};

/* ------------------------------------------------------------------------------------------- may it be, and where */

static int check_device(struct sg_factory_run *run, const char *wanted)
{
    const struct sg_device *d = &run->r->device;
    if (!run->known || strcmp(d->endpoint, wanted) != 0)
        return sg_factory_refuse(run, SG_EMISMATCH, "the modem on %s is %s, not %s. Is another board connected?",
                                 run->e->port, run->known ? d->endpoint : "not in the inventory", wanted);
    if (d->state == SG_DEVICE_ENROLLED)
        return 0;
    return sg_factory_refuse(run, SG_EDENIED, "%s is %s: there is no identity in use to renew. `signet enroll%s` does.",
                             d->endpoint, sg_device_state_name(d->state),
                             d->state == SG_DEVICE_REVOKED ? " --renew" : "");
}

/* The old identity must be a certificate that is in use; its tag is where run->r->tag points. */
static int check_old(struct sg_factory_run *run)
{
    int r = sg_factory_find_cert(run, SG_CERT_ACTIVE);
    run->cert.number = 0;
    if (r != 0)
        return r < 0 ? r : 0;
    return sg_factory_refuse(run, SG_EUNSUPPORTED,
                             "%s has no certificate in use at tag %u. `signet enroll --renew` gives it a new identity.",
                             run->endpoint, run->r->tag);
}

static int choose_tag(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    int64_t asked = w->n->enroll.tag;
    uint32_t old = run->r->device.tag;
    if (w->begun && asked >= 0 && (uint32_t)asked != w->row.tag)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "a renewal of %s to tag %u was begun and not finished. Leave --tag out: that finishes "
                                 "it.",
                                 run->endpoint, w->row.tag);
    if (w->begun)
        return 0;
    if (asked < 0 && old != SG_TAG_LWM2M && old != SG_TAG_SECOND)
        return sg_factory_refuse(run, SG_EINVAL,
                                 "%s is at tag %u, for which there is no usual second one: name it with --tag.",
                                 run->endpoint, old);
    w->row = (struct sg_renewal){run->r->device.number, old, (uint32_t)asked, run->e->now};
    if (asked < 0)
        w->row.tag = old == SG_TAG_LWM2M ? (uint32_t)SG_TAG_SECOND : (uint32_t)SG_TAG_LWM2M;
    if (w->row.tag == old)
        return sg_factory_refuse(run, SG_EINVAL, "%s is at tag %u already: a renewal needs a second tag.",
                                 run->endpoint, old);
    if (w->row.tag == SG_TAG_BOOTSTRAP || w->row.tag == run->r->device.bootstrap_tag)
        return sg_factory_refuse(run, SG_EINVAL, "tag %u is that of the bootstrap server: take another.", w->row.tag);
    return 0;
}

/* What is at the new tag: nothing, or what an earlier run put there. */
static int look(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    char creds[320];
    run->r->tag = w->row.tag;
    int r = sg_factory_list(run);
    if (r < 0)
        return r;
    if (run->n_creds == 0)
        return sg_factory_step(run, SG_ENROLL_STORE, "%sempty at tag %u; the identity in use is at tag %u",
                               w->begun ? "begun by an earlier run, " : "", w->row.tag, w->row.old_tag);
    (void)sg_factory_creds_text(run, creds, sizeof creds);
    if (!w->begun)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "tag %u of the modem on %s is used already, by %s. Name another tag with --tag.",
                                 w->row.tag, run->e->port, creds);
    return sg_factory_step(run, SG_ENROLL_STORE,
                           "begun by an earlier run at tag %u: %s; the identity in use is at tag %u", w->row.tag, creds,
                           w->row.old_tag);
}

static int check_sockets(const struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    static const char has[] = "serial-modem";
    if (w->n->unconnected || strncmp(run->r->modem.host, has, sizeof has - 1) == 0)
        return 0;
    return sg_factory_refuse(run, SG_EUNSUPPORTED,
                             "what runs in front of the modem on %s (%s) has no socket commands, so nobody could tell "
                             "whether the new identity works before the old one goes. Use a board with Nordic's Serial "
                             "Modem, or trust the written digests alone: --trust-unconnected.",
                             run->e->port, run->r->modem.host);
}

/* ------------------------------------------------------------------------------------------------ the new identity */

static int begin(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    if (w->begun)
        return 0;
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = sg_factory_end(run, sg_store_put_renewal(run->store, &w->row, run->err));
    w->begun = r == 0;
    return r;
}

/* The certificate of an earlier run, where the modem still has its key; else a new key. */
static int get_certificate(struct sg_factory_run *run)
{
    static const enum sg_cert_state states[] = {SG_CERT_ACTIVE, SG_CERT_ISSUED};
    for (size_t i = 0; i < 2; i++) {
        int found = sg_factory_find_cert(run, states[i]);
        if (found < 0)
            return found;
        if (found == 1 && sg_factory_has_key(run))
            return sg_factory_step(run, SG_ENROLL_CERTIFICATE, "CN=%s, issued by the run before", run->endpoint);
    }
    run->cert.number = 0;
    int r = sg_factory_clear(run);
    return r < 0 ? r : sg_factory_issue(run);
}

/* From here on both are accepted. */
static int activate(struct sg_factory_run *run)
{
    char fingerprint[SG_FINGERPRINT_TEXT];
    if (run->cert.state == SG_CERT_ACTIVE)
        return 0;
    int r = sg_factory_begin(run);
    if (r < 0)
        return r;
    r = sg_store_set_cert_state(run->store, run->cert.number, SG_CERT_ACTIVE, run->err);
    if (r == 0)
        r = sg_factory_audit(
            run, "renewing", "certificate %s at tag %u is accepted too, until it replaces that at tag %u",
            sg_fingerprint_text(&run->cert.facts.fingerprint, fingerprint), run->r->tag, run->r->device.tag);
    return sg_factory_end(run, r);
}

static int make_new(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    int r = begin(w);
    if (r == 0)
        r = get_certificate(run);
    if (r == 0)
        r = sg_factory_prepare(run);
    if (r == 0)
        r = sg_factory_place(run);
    if (r == 0)
        r = sg_factory_compare(run);
    if (r == 0)
        r = sg_factory_step(run, SG_ENROLL_WRITTEN, "server root, certificate; both digests as meant");
    return r == 0 ? activate(run) : r;
}

/* ------------------------------------------------------------------------------------------------------ the switch */

static int record_switch(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    char fingerprint[SG_FINGERPRINT_TEXT];
    run->r->device.tag = w->row.tag;
    int r = sg_store_update_device(run->store, &run->r->device, run->err);
    if (r == 0)
        r = sg_factory_retire_others(run);
    if (r == 0 && w->n->keep)
        r = sg_store_end_renewal(run->store, run->r->device.number, run->err);
    if (r == 0)
        r = sg_factory_audit(run, "renewed", "certificate %s at tag %u takes over from that at tag %u, %s",
                             sg_fingerprint_text(&run->cert.facts.fingerprint, fingerprint), w->row.tag, w->row.old_tag,
                             w->n->unconnected ? "WITHOUT a handshake as proof" : "after a handshake with it");
    return r;
}

/* The old tag's credentials are worth nothing any more. */
static int clean(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    run->vacate = w->n->keep ? -1 : (int64_t)w->row.old_tag;
    int r = w->n->keep ? 0 : sg_factory_set_function(run, OFFLINE);
    if (r == 0)
        r = sg_factory_vacate(run);
    if (r == 0)
        r = sg_factory_begin(run);
    if (r == 0)
        r = sg_factory_end(run, sg_store_end_renewal(run->store, run->r->device.number, run->err));
    return r < 0 ? r
                 : sg_factory_step(run, SG_ENROLL_RETIRED, "the certificate of tag %u%s", w->row.old_tag,
                                   w->n->keep ? "; its credentials stay in the modem" : ", which is empty now");
}

static int change(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    int r = make_new(w);
    if (r == 0 && !w->n->unconnected)
        r = sg_factory_connect(run, w->n);
    if (r == 0)
        r = sg_factory_begin(run);
    if (r == 0)
        r = sg_factory_end(run, record_switch(w));
    return r;
}

/* An earlier run came as far as the switch: what is left is to empty the old tag. */
static int was_switched(const struct renewal *w)
{
    return w->begun && w->run->r->device.tag == w->row.tag;
}

static int prepare(struct renewal *w)
{
    struct sg_factory_run *run = w->run;
    int r = sg_store_get_renewal(run->store, run->r->device.number, &w->row, run->err);
    if (r < 0)
        return r;
    w->begun = r == 1;
    if (was_switched(w)) {
        r = sg_factory_find_cert(run, SG_CERT_ACTIVE); /* for the result */
        return r < 0 ? r : 0;
    }
    r = check_old(run);
    if (r == 0)
        r = choose_tag(w);
    if (r == 0)
        r = check_sockets(w);
    if (r == 0)
        r = look(w);
    return r == 0 ? sg_factory_may_trust(run) : r;
}

static int renew(struct renewal *w)
{
    int r = sg_factory_take_down(w->run);
    if (r == 0 && !was_switched(w))
        r = change(w);
    if (r == 0)
        r = clean(w);
    /* The modem was taken up for the handshake, or down: it goes back. */
    if (w->run->r->function != w->run->r->found)
        w->run->r->taken_down = true;
    sg_factory_leave(w->run, r);
    return r;
}

int sg_renew(const struct sg_renew *n, struct sg_enroll_result *result, struct sg_error *err)
{
    struct sg_error unread;
    struct sg_enroll e = n->enroll;
    struct sg_factory_run run = {
        .e = &e, .store = e.store, .vacate = -1, .r = result, .err = err != NULL ? err : &unread};
    struct renewal w = {.run = &run, .n = n};
    struct sg_device wanted;
    *result = (struct sg_enroll_result){.found = -1, .function = -1};
    e.tag = -1;
    e.endpoint = NULL;
    e.renew = e.psk = false;
    e.offline = true;
    e.leave = SG_LEAVE_AS_FOUND;

    int r = sg_store_find_device(e.store, n->enroll.endpoint, &wanted, run.err);
    if (r == 0)
        r = sg_factory_meet(&run);
    if (r == 0)
        r = check_device(&run, n->enroll.endpoint);
    if (r == 0)
        r = sg_factory_challenge(&run);
    if (r == 0)
        r = prepare(&w);
    if (r == 0)
        r = renew(&w);
    if (run.cert.number != 0)
        result->cert = run.cert.facts;
    return r;
}
