/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what a path names in the tables of objects. */
#include "device/device_internal.h"

const struct sg_lwm2m_object *sg_lwm2m_object_at(const struct sg_lwm2m *c, size_t i)
{
    if (i == 0)
        return &c->server;
    return i <= c->config.object_count ? &c->config.objects[i - 1] : NULL;
}

static const struct sg_lwm2m_resource *resource_of(const struct sg_lwm2m_object *object, uint16_t id)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->resources[i].id == id)
            return &object->resources[i];
    }
    return NULL;
}

bool sg_lwm2m_find(const struct sg_lwm2m *c, const struct sg_path *path, struct sg_lwm2m_target *target)
{
    const struct sg_lwm2m_object *object;
    size_t i = 0;

    while ((object = sg_lwm2m_object_at(c, i)) != NULL && object->id != path->id[0])
        i++;
    *target = (struct sg_lwm2m_target){.object = object};
    if (path->depth == 0 || object == NULL)
        return false;
    if (path->depth > 1 && path->id[1] >= object->instances)
        return false;
    if (path->depth < 3)
        return true;
    target->resource = resource_of(object, path->id[2]);
    return target->resource != NULL && (path->depth < 4 || target->resource->multiple);
}

uint8_t sg_lwm2m_code(int error)
{
    switch (error) {
    case SG_ENOTFOUND:
        return SG_COAP_NOT_FOUND;
    case SG_EINVAL:
        return SG_COAP_BAD_REQUEST;
    case SG_ESTATE:
        return SG_COAP_METHOD_NOT_ALLOWED;
    default:
        return SG_COAP_INTERNAL;
    }
}

int sg_lwm2m_text(struct sg_value *value, const char *text)
{
    if (text == NULL)
        return SG_ENOTFOUND;
    *value = (struct sg_value){.type = SG_STRING, .bytes = sg_str(text)};
    return 0;
}

int sg_lwm2m_integer(struct sg_value *value, int64_t i)
{
    *value = (struct sg_value){.type = SG_INTEGER, .i = i};
    return 0;
}
