/* SPDX-License-Identifier: Apache-2.0 */
/* Read and discover (OMA LwM2M 1.1 core sections 6.3.1 and 6.3.2). */
#include "device/device_internal.h"

enum { RESOURCE_INSTANCES_MAX = 64 };

/* The values of an answer as they are collected. */
struct collection {
    struct sg_lwm2m *c;
    uint64_t now;
    size_t n;
};

static int collect_one(struct collection *k, const struct sg_lwm2m_object *object, const struct sg_path *path)
{
    struct sg_record *record;

    if (k->n == SG_LWM2M_RECORDS_MAX)
        return SG_ENOSPC;
    record = &k->c->records[k->n];
    record->path = *path;
    int error = object->read(object->user, path, k->now, &record->value);
    if (error == 0)
        k->n++;
    return error;
}

/* A resource with all its instances. SG_ENOTFOUND: it has no value now. */
static int collect_resource(struct collection *k, const struct sg_lwm2m_object *object, uint16_t instance,
                            const struct sg_lwm2m_resource *resource)
{
    struct sg_path path = sg_path(3, object->id, instance, resource->id, 0);
    int error;

    if (!resource->multiple)
        return collect_one(k, object, &path);
    for (path = sg_path(4, object->id, instance, resource->id, 0); path.id[3] < RESOURCE_INSTANCES_MAX; path.id[3]++) {
        error = collect_one(k, object, &path);
        if (error < 0)
            return error == SG_ENOTFOUND && path.id[3] > 0 ? 0 : error;
    }
    return 0;
}

static int collect_instance(struct collection *k, const struct sg_lwm2m_object *object, uint16_t instance)
{
    for (size_t i = 0; i < object->count; i++) {
        if ((object->resources[i].ops & SG_OP_READ) == 0)
            continue;
        int error = collect_resource(k, object, instance, &object->resources[i]);
        if (error < 0 && error != SG_ENOTFOUND)
            return error;
    }
    return 0;
}

static int collect(struct collection *k, const struct sg_lwm2m_target *target, const struct sg_path *path)
{
    if (path->depth >= 3 && (target->resource->ops & SG_OP_READ) == 0)
        return SG_ESTATE;
    if (path->depth == 4)
        return collect_one(k, target->object, path);
    if (path->depth == 3)
        return collect_resource(k, target->object, path->id[1], target->resource);
    if (path->depth == 2)
        return collect_instance(k, target->object, path->id[1]);
    for (uint16_t i = 0; i < target->object->instances; i++) {
        int error = collect_instance(k, target->object, i);
        if (error < 0)
            return error;
    }
    return 0;
}

/* The format of an answer: the one that is asked for, or without preference the one in which a value can be read by
 * eye (opaque bytes: as they are), and SenML-CBOR for several, for it carries paths and types. */
static bool choose_format(const struct sg_lwm2m_target *target, const struct sg_path *path, uint32_t accept,
                          enum sg_type type, enum sg_format *format)
{
    const bool single = path->depth == 4 || (path->depth == 3 && !target->resource->multiple);

    if (accept == SG_LWM2M_ANY_FORMAT) {
        *format = !single ? SG_SENML_CBOR : type == SG_OPAQUE ? SG_OCTETS : SG_TEXT;
        return true;
    }
    if (!sg_format_known(accept))
        return false;
    *format = (enum sg_format)accept;
    if (*format == SG_OCTETS)
        return single && type == SG_OPAQUE;
    return single || *format == SG_SENML_CBOR || *format == SG_TLV;
}

void sg_lwm2m_read(struct sg_lwm2m *c, const struct sg_path *path, uint32_t accept, uint64_t now,
                   struct sg_lwm2m_answer *answer)
{
    struct collection k = {.c = c, .now = now};
    struct sg_buf b = sg_buf(c->content, sizeof c->content);
    struct sg_lwm2m_target target;
    enum sg_format format;

    if (!sg_lwm2m_find(c, path, &target)) {
        answer->code = SG_COAP_NOT_FOUND;
        return;
    }
    int error = collect(&k, &target, path);
    if (error < 0) {
        answer->code = sg_lwm2m_code(error);
        return;
    }
    if (!choose_format(&target, path, accept, k.n > 0 ? c->records[0].value.type : SG_NONE, &format)) {
        answer->code = SG_COAP_NOT_ACCEPTABLE;
        return;
    }
    if (sg_content_write(format, path, c->records, k.n, &b) < 0 || b.full) {
        answer->code = SG_COAP_INTERNAL; /* an object whose content does not fit SG_LWM2M_CONTENT_MAX */
        return;
    }
    answer->code = SG_COAP_CONTENT;
    answer->has_content = true;
    answer->format = (uint16_t)format;
    answer->n = b.len;
}

/* ------------------------------------------------------------------------------------------------------ discover */

/* How many instances a multiple resource has now. */
static unsigned dimension(const struct sg_lwm2m_object *object, struct sg_path path, uint64_t now)
{
    struct sg_value value;

    path.depth = 4;
    for (path.id[3] = 0; path.id[3] < RESOURCE_INSTANCES_MAX; path.id[3]++) {
        if (object->read(object->user, &path, now, &value) < 0)
            break;
    }
    return path.id[3];
}

/* Only resources that are there: an optional one without a value is not. */
static void put_resource(const struct sg_lwm2m_object *object, uint16_t instance,
                         const struct sg_lwm2m_resource *resource, uint64_t now, struct sg_buf *b)
{
    const struct sg_path path = sg_path(3, object->id, instance, resource->id, 0);
    struct sg_value value;

    if (resource->multiple) {
        const unsigned n = dimension(object, path, now);
        if (n == 0)
            return;
        sg_link_put(b, 0, &path);
        sg_put_str(b, ";dim=");
        sg_put_udec(b, n);
        return;
    }
    if ((resource->ops & SG_OP_READ) != 0 && object->read(object->user, &path, now, &value) == SG_ENOTFOUND)
        return;
    sg_link_put(b, 0, &path);
}

static void put_instance(const struct sg_lwm2m_object *object, uint16_t instance, uint64_t now, struct sg_buf *b)
{
    const struct sg_path path = sg_path(2, object->id, instance, 0, 0);

    sg_link_put(b, 0, &path);
    for (size_t i = 0; i < object->count; i++)
        put_resource(object, instance, &object->resources[i], now, b);
}

static void put_object(const struct sg_lwm2m_object *object, uint64_t now, struct sg_buf *b)
{
    const struct sg_path path = sg_path(1, object->id, 0, 0, 0);

    sg_link_put(b, 0, &path);
    if (object->version != NULL) {
        sg_put_str(b, ";ver=");
        sg_put_str(b, object->version);
    }
    for (uint16_t i = 0; i < object->instances; i++)
        put_instance(object, i, now, b);
}

void sg_lwm2m_discover(struct sg_lwm2m *c, const struct sg_path *path, uint64_t now, struct sg_lwm2m_answer *answer)
{
    struct sg_buf b = sg_buf(c->content, sizeof c->content);
    struct sg_lwm2m_target target;

    answer->code = SG_COAP_NOT_FOUND;
    if (!sg_lwm2m_find(c, path, &target))
        return;
    answer->code = SG_COAP_METHOD_NOT_ALLOWED; /* resource instances are not discovered in LwM2M 1.1 */
    if (path->depth == 4)
        return;
    if (path->depth == 1)
        put_object(target.object, now, &b);
    else if (path->depth == 2)
        put_instance(target.object, path->id[1], now, &b);
    else
        put_resource(target.object, path->id[1], target.resource, now, &b);
    answer->code = b.full ? SG_COAP_INTERNAL : b.len == 0 ? SG_COAP_NOT_FOUND : SG_COAP_CONTENT;
    if (answer->code != SG_COAP_CONTENT)
        return;
    answer->has_content = true;
    answer->format = SG_LINK;
    answer->n = b.len;
}
