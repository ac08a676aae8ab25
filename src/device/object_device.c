/* SPDX-License-Identifier: Apache-2.0 */
/* Object 3, Device (OMA LwM2M 1.1 core, appendix E.4). */
#include "device/device_internal.h"

#include <string.h>

enum {
    MANUFACTURER = 0,
    MODEL = 1,
    SERIAL = 2,
    FIRMWARE = 3,
    REBOOT = 4,
    POWER_SOURCES = 6,
    POWER_VOLTAGE = 7,
    BATTERY_LEVEL = 9,
    MEMORY_FREE = 10,
    ERROR_CODE = 11,
    RESET_ERRORS = 12,
    CURRENT_TIME = 13,
    UTC_OFFSET = 14,
    TIMEZONE = 15,
    BINDING_MODES = 16,
    DEVICE_TYPE = 17,
    HARDWARE = 18,
    SOFTWARE = 19,
    BATTERY_STATUS = 20
};

static const struct sg_lwm2m_resource resources[] = {
    {MANUFACTURER, SG_OP_READ, false},
    {MODEL, SG_OP_READ, false},
    {SERIAL, SG_OP_READ, false},
    {FIRMWARE, SG_OP_READ, false},
    {REBOOT, SG_OP_EXECUTE, false},
    {POWER_SOURCES, SG_OP_READ, true},
    {POWER_VOLTAGE, SG_OP_READ, true},
    {BATTERY_LEVEL, SG_OP_READ, false},
    {MEMORY_FREE, SG_OP_READ, false},
    {ERROR_CODE, SG_OP_READ, true},
    {RESET_ERRORS, SG_OP_EXECUTE, false},
    {CURRENT_TIME, SG_OP_READ | SG_OP_WRITE, false},
    {UTC_OFFSET, SG_OP_READ | SG_OP_WRITE, false},
    {TIMEZONE, SG_OP_READ | SG_OP_WRITE, false},
    {BINDING_MODES, SG_OP_READ, false},
    {DEVICE_TYPE, SG_OP_READ, false},
    {HARDWARE, SG_OP_READ, false},
    {SOFTWARE, SG_OP_READ, false},
    {BATTERY_STATUS, SG_OP_READ, false},
};

static int read_text(const struct sg_object_device *o, uint16_t resource, struct sg_value *value)
{
    switch (resource) {
    case MANUFACTURER:
        return sg_lwm2m_text(value, o->manufacturer);
    case MODEL:
        return sg_lwm2m_text(value, o->model);
    case SERIAL:
        return sg_lwm2m_text(value, o->serial);
    case FIRMWARE:
        return sg_lwm2m_text(value, o->firmware);
    case UTC_OFFSET:
        return sg_lwm2m_text(value, o->utc_offset);
    case TIMEZONE:
        return sg_lwm2m_text(value, o->timezone);
    case BINDING_MODES:
        return sg_lwm2m_text(value, "U");
    case DEVICE_TYPE:
        return sg_lwm2m_text(value, o->device_type);
    case HARDWARE:
        return sg_lwm2m_text(value, o->hardware);
    case SOFTWARE:
        return sg_lwm2m_text(value, o->software);
    default:
        return SG_ENOTFOUND;
    }
}

/* Error code 0 stands for "no error", and there is always one instance. */
static int read_error(const struct sg_object_device *o, uint16_t instance, struct sg_value *value)
{
    if (o->error_count == 0 && instance == 0)
        return sg_lwm2m_integer(value, 0);
    if (instance >= o->error_count || instance >= sizeof o->errors)
        return SG_ENOTFOUND;
    return sg_lwm2m_integer(value, o->errors[instance]);
}

static int read_device(void *user, const struct sg_path *path, uint64_t now, struct sg_value *value)
{
    const struct sg_object_device *o = user;
    const uint16_t instance = path->depth == 4 ? path->id[3] : 0;

    switch (path->id[2]) {
    case POWER_SOURCES:
        return instance == 0 ? sg_lwm2m_integer(value, o->power_source) : SG_ENOTFOUND;
    case POWER_VOLTAGE:
        return instance == 0 ? sg_lwm2m_integer(value, o->millivolts) : SG_ENOTFOUND;
    case BATTERY_LEVEL:
        return sg_lwm2m_integer(value, o->battery_percent);
    case MEMORY_FREE:
        return sg_lwm2m_integer(value, o->memory_free_kib);
    case ERROR_CODE:
        return read_error(o, instance, value);
    case CURRENT_TIME:
        *value = (struct sg_value){.type = SG_TIME, .i = ((int64_t)now + o->unix_offset_ms) / 1000};
        return 0;
    case BATTERY_STATUS:
        return sg_lwm2m_integer(value, o->battery_status);
    default:
        return read_text(o, path->id[2], value);
    }
}

static bool two_digits(const uint8_t *p, unsigned most)
{
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' &&
           (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0') <= most;
}

/* ISO 8601: "Z", "+01", "+0100" or "+01:00". */
static bool is_utc_offset(struct sg_bytes v)
{
    if (sg_bytes_eq_str(v, "Z"))
        return true;
    if (v.n < 3 || (v.p[0] != '+' && v.p[0] != '-') || !two_digits(v.p + 1, 14))
        return false;
    if (v.n == 3)
        return true;
    const size_t minutes = v.p[3] == ':' ? 4 : 3;
    return v.n == minutes + 2 && two_digits(v.p + minutes, 59);
}

/* Printable ASCII, as the names of the time zone database are. */
static bool is_timezone(struct sg_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
            return false;
    }
    return true;
}

static int write_text(char *text, size_t cap, struct sg_bytes v, bool commit)
{
    if (v.n >= cap)
        return SG_EINVAL;
    if (!commit)
        return 0;
    if (v.n > 0)
        memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    return 0;
}

static int write_device(void *user, const struct sg_path *path, uint64_t now, const struct sg_value *value, bool commit)
{
    struct sg_object_device *o = user;
    const int64_t last_second = 253402300799; /* of the year 9999 */

    switch (path->id[2]) {
    case CURRENT_TIME:
        if (value->type != SG_TIME || value->i < 0 || value->i > last_second)
            return SG_EINVAL;
        if (commit)
            o->unix_offset_ms = value->i * 1000 - (int64_t)now;
        return 0;
    case UTC_OFFSET:
        if (value->type != SG_STRING || !is_utc_offset(value->bytes))
            return SG_EINVAL;
        return write_text(o->utc_offset, sizeof o->utc_offset, value->bytes, commit);
    case TIMEZONE:
        if (value->type != SG_STRING || !is_timezone(value->bytes))
            return SG_EINVAL;
        return write_text(o->timezone, sizeof o->timezone, value->bytes, commit);
    default:
        return SG_ENOTFOUND;
    }
}

static int execute_device(void *user, const struct sg_path *path, uint64_t now, struct sg_bytes arguments)
{
    struct sg_object_device *o = user;

    (void)now;
    (void)arguments; /* none is defined for these */
    if (path->id[2] == RESET_ERRORS) {
        o->error_count = 0;
        return 0;
    }
    if (o->reboot == NULL)
        return SG_ESTATE;
    o->reboot(o->user);
    return 0;
}

struct sg_lwm2m_object sg_lwm2m_object_device(struct sg_object_device *o)
{
    return (struct sg_lwm2m_object){
        .id = 3,
        .instances = 1,
        .resources = resources,
        .count = sizeof resources / sizeof resources[0],
        .user = o,
        .read = read_device,
        .write = write_device,
        .execute = execute_device,
    };
}
