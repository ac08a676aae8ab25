/* SPDX-License-Identifier: Apache-2.0 */
/* Object 4, Connectivity Monitoring (OMA LwM2M 1.1 core, appendix E.5). */
#include "device/device_internal.h"

enum {
    BEARER = 0,
    AVAILABLE_BEARERS = 1,
    SIGNAL = 2,
    QUALITY = 3,
    ADDRESSES = 4,
    APN = 7,
    CELL = 8,
    NETWORK_CODE = 9,
    COUNTRY_CODE = 10
};

static const struct sg_lwm2m_resource resources[] = {
    {BEARER, SG_OP_READ, false},  {AVAILABLE_BEARERS, SG_OP_READ, true}, {SIGNAL, SG_OP_READ, false},
    {QUALITY, SG_OP_READ, false}, {ADDRESSES, SG_OP_READ, true},         {APN, SG_OP_READ, true},
    {CELL, SG_OP_READ, false},    {NETWORK_CODE, SG_OP_READ, false},     {COUNTRY_CODE, SG_OP_READ, false},
};

static int read_connectivity(void *user, const struct sg_path *path, uint64_t now, struct sg_value *value)
{
    const struct sg_object_connectivity *o = user;

    (void)now;
    if (path->depth == 4 && path->id[3] > 0) /* the multiple resources have one instance each */
        return SG_ENOTFOUND;
    switch (path->id[2]) {
    case BEARER:
    case AVAILABLE_BEARERS:
        return sg_lwm2m_integer(value, o->bearer);
    case SIGNAL:
        return sg_lwm2m_integer(value, o->signal_dbm);
    case QUALITY:
        return sg_lwm2m_integer(value, o->quality);
    case ADDRESSES:
        return sg_lwm2m_text(value, o->address);
    case APN:
        return sg_lwm2m_text(value, o->apn);
    case CELL:
        return o->cell != 0 ? sg_lwm2m_integer(value, o->cell) : SG_ENOTFOUND;
    case NETWORK_CODE:
        return o->cell != 0 ? sg_lwm2m_integer(value, o->mnc) : SG_ENOTFOUND;
    case COUNTRY_CODE:
        return o->cell != 0 ? sg_lwm2m_integer(value, o->mcc) : SG_ENOTFOUND;
    default:
        return SG_ENOTFOUND;
    }
}

struct sg_lwm2m_object sg_lwm2m_object_connectivity(struct sg_object_connectivity *o)
{
    return (struct sg_lwm2m_object){
        .id = 4,
        .instances = 1,
        .resources = resources,
        .count = sizeof resources / sizeof resources[0],
        .user = o,
        .read = read_connectivity,
    };
}
