/* SPDX-License-Identifier: Apache-2.0 */
/* Object 3303, Temperature (OMA registry, IPSO). */
#include "device/device_internal.h"

enum { LEAST = 5601, MOST = 5602, RESET = 5605, VALUE = 5700, UNITS = 5701 };

static const struct sg_lwm2m_resource resources[] = {
    {LEAST, SG_OP_READ, false}, {MOST, SG_OP_READ, false},  {RESET, SG_OP_EXECUTE, false},
    {VALUE, SG_OP_READ, false}, {UNITS, SG_OP_READ, false},
};

void sg_object_temperature_set(struct sg_object_temperature *o, double value)
{
    if (!o->measured || value < o->least)
        o->least = value;
    if (!o->measured || value > o->most)
        o->most = value;
    o->value = value;
    o->measured = true;
}

static int read_temperature(void *user, const struct sg_path *path, uint64_t now, struct sg_value *value)
{
    const struct sg_object_temperature *o = user;

    (void)now;
    if (path->id[2] == UNITS)
        return sg_lwm2m_text(value, "Cel"); /* SenML's name for degrees Celsius: RFC 8428 section 12.1 */
    if (!o->measured)
        return SG_ENOTFOUND;
    const double degrees = path->id[2] == LEAST ? o->least : path->id[2] == MOST ? o->most : o->value;
    *value = (struct sg_value){.type = SG_FLOAT, .f = degrees};
    return 0;
}

static int execute_temperature(void *user, const struct sg_path *path, uint64_t now, struct sg_bytes arguments)
{
    struct sg_object_temperature *o = user;

    (void)path; /* the one executable resource: reset of the least and most */
    (void)now;
    (void)arguments;
    o->least = o->most = o->value;
    return 0;
}

struct sg_lwm2m_object sg_lwm2m_object_temperature(struct sg_object_temperature *o)
{
    return (struct sg_lwm2m_object){
        .id = 3303,
        .instances = 1,
        .resources = resources,
        .count = sizeof resources / sizeof resources[0],
        .user = o,
        .read = read_temperature,
        .execute = execute_temperature,
    };
}
