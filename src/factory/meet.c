/* SPDX-License-Identifier: Apache-2.0 */
/* Who the modem is, what the inventory knows of it, and which name and tag its identity gets. */
#include "factory/factory_internal.h"

#include <stdio.h>
#include <string.h>

/* What can be a common name, an LwM2M endpoint name, and an attribute of %KEYGEN, which knows no escapes (modem notes
 * 9.13). */
static bool is_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 64)
        return false;
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~' || strchr(",\"=\\+<>;#", *s) != NULL)
            return false;
    return true;
}

/* "urn:imei:{imei}" with what the modem says. SG_ENOTFOUND: it has no such number; *which is its name. */
static int put_form(struct sg_buf *b, const char *form, const struct sg_modem_info *m, const char **which)
{
    static const char *const names[] = {"{imei}", "{uuid}"};
    const char *const values[] = {m->imei, m->uuid};
    while (*form != '\0') {
        size_t i = 0;
        while (i < 2 && strncmp(form, names[i], strlen(names[i])) != 0)
            i++;
        if (i == 2) {
            sg_put_u8(b, (uint8_t)*form++);
            continue;
        }
        *which = i == 0 ? "IMEI programmed (AT+CGSN)" : "device UUID (AT%DEVICEUUID)";
        if (values[i][0] == '\0')
            return SG_ENOTFOUND;
        sg_put_str(b, values[i]);
        form += strlen(names[i]);
    }
    return 0;
}

static int name_by_form(struct sg_factory_run *run)
{
    struct sg_buf name = sg_buf(run->endpoint, sizeof run->endpoint);
    const char *form = run->e->name_form != NULL ? run->e->name_form : "urn:imei:{imei}", *which = "";
    int r = put_form(&name, form, &run->r->modem, &which);
    (void)sg_buf_cstr(&name);
    if (r == 0)
        return 0;
    return sg_factory_refuse(run, SG_EINVAL, "the modem on %s has no %s, so no name. Give it one with --name.",
                             run->e->port, which);
}

/* The name asked for, else the one that it has, else urn:imei:… (LwM2M 1.1 core, section 7.4.1). */
static int choose_name(struct sg_factory_run *run)
{
    const struct sg_device *d = &run->r->device;
    if (run->e->endpoint != NULL)
        (void)snprintf(run->endpoint, sizeof run->endpoint, "%s", run->e->endpoint);
    else if (run->known)
        (void)snprintf(run->endpoint, sizeof run->endpoint, "%s", d->endpoint);
    else if (name_by_form(run) < 0)
        return run->err->code;
    if (!is_name(run->endpoint))
        return sg_factory_refuse(
            run, SG_EINVAL,
            "\"%s\" cannot be an endpoint name: 1 to 64 printable characters, none of blank , \" = "
            "\\ + < > ; #",
            run->endpoint);
    return 0;
}

/* Another device must not have this name. */
static int check_name(struct sg_factory_run *run)
{
    struct sg_device other;
    int r = sg_store_find_device(run->store, run->endpoint, &other, run->err);
    if (r == SG_ENOTFOUND || (r == 0 && run->known && other.number == run->r->device.number))
        return 0;
    if (r < 0)
        return r;
    return sg_factory_refuse(run, SG_EEXISTS,
                             "the name %s is taken: the inventory has it for the modem with IMEI %s, UUID %s. This one "
                             "(on %s) has IMEI %s, UUID %s. Give it another name with --name.",
                             run->endpoint, other.imei, other.uuid, run->e->port, run->r->modem.imei,
                             run->r->modem.uuid);
}

/* Its row in the inventory, with what the modem says now. */
static int find_row(struct sg_factory_run *run)
{
    const struct sg_modem_info *m = &run->r->modem;
    struct sg_device *d = &run->r->device;
    int r = sg_store_find_modem(run->store, m->uuid, m->imei, d, run->err);
    if (r < 0 && r != SG_ENOTFOUND)
        return r;
    run->known = r == 0;
    if (!run->known)
        memset(d, 0, sizeof *d);
    if (run->known && d->uuid[0] != '\0' && m->uuid[0] != '\0' && strcmp(d->uuid, m->uuid) != 0)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "the modem on %s says IMEI %s, UUID %s; the inventory knows this IMEI as %s with UUID "
                                 "%s. Two modems cannot share an IMEI: one of them is not what it says.",
                                 run->e->port, m->imei, m->uuid, d->endpoint, d->uuid);
    if (m->imei[0] != '\0')
        (void)snprintf(d->imei, sizeof d->imei, "%s", m->imei);
    if (m->uuid[0] != '\0')
        (void)snprintf(d->uuid, sizeof d->uuid, "%s", m->uuid);
    (void)snprintf(d->model, sizeof d->model, "%s", m->model);
    (void)snprintf(d->firmware, sizeof d->firmware, "%s", m->firmware);
    return 0;
}

/* An identity has one name and one place: another one is a new identity. */
static int check_same(struct sg_factory_run *run)
{
    const struct sg_device *d = &run->r->device;
    if (!run->known || run->e->renew)
        return 0;
    const char *state = d->state == SG_DEVICE_ENROLLING ? "being enrolled" : sg_device_state_name(d->state);
    if (strcmp(d->endpoint, run->endpoint) != 0)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "the modem on %s is %s as %s, not as %s. Leave --name out, or give it a new identity "
                                 "with --renew.",
                                 run->e->port, state, d->endpoint, run->endpoint);
    if (d->tag != 0 && d->tag != run->r->tag)
        return sg_factory_refuse(run, SG_EEXISTS,
                                 "%s is %s at tag %u, not at tag %u. Leave --tag out, or give it a new identity with "
                                 "--renew.",
                                 run->endpoint, state, d->tag, run->r->tag);
    return 0;
}

uint32_t sg_factory_first_tag(const struct sg_factory_run *run)
{
    if (run->e->tag >= 0)
        return (uint32_t)run->e->tag;
    return run->e->first_tag != 0 ? run->e->first_tag : SG_TAG_LWM2M;
}

bool sg_factory_is_moved(const struct sg_factory_run *run)
{
    return run->known && run->e->occupied == SG_OCCUPIED_OTHER_TAG && run->r->device.tag == run->e->other_tag &&
           run->e->other_tag != sg_factory_first_tag(run);
}

static uint32_t choose_tag(const struct sg_factory_run *run)
{
    uint32_t before = run->known ? run->r->device.tag : 0;
    bool stays = before != 0 && (run->e->tag < 0 || sg_factory_is_moved(run));
    return stays ? before : sg_factory_first_tag(run);
}

int sg_factory_meet(struct sg_factory_run *run)
{
    struct sg_modem_info *m = &run->r->modem;
    int r = sg_modem_identify(run->e->modem, m);
    if (r == SG_EFORMAT)
        return sg_fail(run->err, r, "what is on %s answers AT commands, but not like an nRF91 modem (AT+CGMM)",
                       run->e->port);
    if (r < 0)
        return sg_factory_modem_fail(run, r, "saying who it is");
    r = find_row(run);
    if (r < 0)
        return r;
    run->r->tag = choose_tag(run);
    r = choose_name(run);
    if (r == 0)
        r = check_same(run);
    if (r == 0)
        r = check_name(run);
    if (r < 0)
        return r;
    return sg_factory_step(run, SG_ENROLL_MODEM, "%s %s  IMEI %s", m->model, m->firmware,
                           m->imei[0] != '\0' ? m->imei : "none");
}
