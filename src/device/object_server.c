/* SPDX-License-Identifier: Apache-2.0 */
/* Object 1, LwM2M Server: the client's own, for it rules the registration (OMA LwM2M 1.1 core, appendix E.2). */
#include "device/device_internal.h"

enum {
    SHORT_SERVER_ID = 0,
    LIFETIME = 1,
    MINIMUM_PERIOD = 2,
    MAXIMUM_PERIOD = 3,
    STORING = 6,
    BINDING = 7,
    UPDATE_TRIGGER = 8
};

static const struct sg_lwm2m_resource resources[] = {
    {SHORT_SERVER_ID, SG_OP_READ, false},
    {LIFETIME, SG_OP_READ | SG_OP_WRITE, false},
    {MINIMUM_PERIOD, SG_OP_READ | SG_OP_WRITE, false},
    {MAXIMUM_PERIOD, SG_OP_READ | SG_OP_WRITE, false},
    {STORING, SG_OP_READ | SG_OP_WRITE, false},
    {BINDING, SG_OP_READ | SG_OP_WRITE, false},
    {UPDATE_TRIGGER, SG_OP_EXECUTE, false},
};

static int read_server(void *user, const struct sg_path *path, uint64_t now, struct sg_value *value)
{
    const struct sg_lwm2m *c = user;

    (void)now;
    switch (path->id[2]) {
    case SHORT_SERVER_ID:
        return sg_lwm2m_integer(value, c->config.server_id);
    case LIFETIME:
        return sg_lwm2m_integer(value, c->lifetime);
    case MINIMUM_PERIOD:
        return sg_lwm2m_integer(value, c->pmin);
    case MAXIMUM_PERIOD:
        return sg_lwm2m_integer(value, c->pmax);
    case STORING: /* the newest value is notified after an interruption, older ones are not kept */
        *value = (struct sg_value){.type = SG_BOOLEAN, .b = false};
        return 0;
    case BINDING:
        return sg_lwm2m_text(value, "U");
    default:
        return SG_ENOTFOUND;
    }
}

static int write_seconds(uint32_t *seconds, const struct sg_value *value, bool commit)
{
    if (value->type != SG_INTEGER || value->i < 0 || value->i > UINT32_MAX)
        return SG_EINVAL;
    if (commit)
        *seconds = (uint32_t)value->i;
    return 0;
}

static int write_server(void *user, const struct sg_path *path, uint64_t now, const struct sg_value *value, bool commit)
{
    struct sg_lwm2m *c = user;
    int error;

    (void)now;
    switch (path->id[2]) {
    case LIFETIME:
        error = write_seconds(&c->lifetime, value, commit);
        if (error == 0 && commit)
            c->lifetime_changed = c->want_update = true; /* the server is told by an update: core section 6.2.2 */
        return error;
    case MINIMUM_PERIOD:
        return write_seconds(&c->pmin, value, commit);
    case MAXIMUM_PERIOD:
        return write_seconds(&c->pmax, value, commit);
    case STORING:
        return value->type == SG_BOOLEAN && !value->b ? 0 : SG_EINVAL;
    case BINDING: /* UDP is all there is */
        return value->type == SG_STRING && sg_bytes_eq_str(value->bytes, "U") ? 0 : SG_EINVAL;
    default:
        return SG_ENOTFOUND;
    }
}

static int execute_server(void *user, const struct sg_path *path, uint64_t now, struct sg_bytes arguments)
{
    struct sg_lwm2m *c = user;

    (void)path; /* the one executable resource: the update trigger */
    (void)now;
    (void)arguments;
    c->want_update = true;
    return 0;
}

struct sg_lwm2m_object sg_lwm2m_object_server(struct sg_lwm2m *c)
{
    return (struct sg_lwm2m_object){
        .id = 1,
        .instances = 1,
        .resources = resources,
        .count = sizeof resources / sizeof resources[0],
        .user = c,
        .read = read_server,
        .write = write_server,
        .execute = execute_server,
    };
}
