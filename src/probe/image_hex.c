/* SPDX-License-Identifier: Apache-2.0 */
/* Images in hexadecimal text: Intel hex (Intel's specification of 1988), Motorola S-records. */
#include "probe/image_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 4096, RECORD = 260 /* count, address, 255 bytes, checksum */ };

/* A file being read, line by line. */
struct reader {
    struct sg_image *im;
    size_t at; /* of the next line */
    unsigned number;
    uint64_t base; /* Intel hex: what is added to a record's address */
    size_t lines_cap;
    bool ended; /* the end record was seen */
    struct sg_error *err;
};

static bool is_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* A colon and five bytes, or S, its type and three. */
bool sg_image_is_hex(struct sg_bytes file)
{
    size_t skip = file.n > 0 && file.p[0] == ':' ? 1 : 2, digits = skip == 1 ? 10 : 6;
    if (file.n < skip + digits)
        return false;
    if (skip == 2 && (file.p[0] != 'S' || file.p[1] < '0' || file.p[1] > '9'))
        return false;
    for (size_t i = skip; i < skip + digits; i++)
        if (!is_digit(file.p[i]))
            return false;
    return true;
}

static int fail(const struct reader *r, const char *what)
{
    return sg_fail(r->err, SG_EFORMAT, "line %u %s: this is no sound %s file.", r->number, what, r->im->format);
}

static int fail_memory(const struct reader *r)
{
    return sg_fail(r->err, SG_ENOMEM, "there is no memory for this image.");
}

static int add_line(struct reader *r, size_t offset)
{
    if (r->im->lines == r->lines_cap) {
        size_t cap = r->lines_cap == 0 ? 1024 : 2 * r->lines_cap;
        struct sg_image_line *more = realloc(r->im->line, cap * sizeof *more);
        if (more == NULL)
            return fail_memory(r);
        r->im->line = more;
        r->lines_cap = cap;
    }
    r->im->line[r->im->lines++] = (struct sg_image_line){.at = r->im->n, .offset = offset};
    return 0;
}

/* Bytes at an address: they continue the last segment, or begin one. `offset`: of their first digit. */
static int add(struct reader *r, uint64_t address, struct sg_bytes bytes, size_t offset)
{
    struct sg_image *im = r->im;
    struct sg_image_segment *last = im->segments > 0 ? &im->segment[im->segments - 1] : NULL;
    if (bytes.n == 0)
        return 0;
    if (last == NULL || last->address + last->n != address) {
        if (im->segments == SEGMENTS)
            return fail(r, "begins one separate piece too many");
        last = &im->segment[im->segments++];
        *last = (struct sg_image_segment){.at = im->n, .address = address, .addressed = true};
    }
    int e = add_line(r, offset);
    if (e < 0)
        return e;
    memcpy(im->data + im->n, bytes.p, bytes.n); /* two digits a byte: there is room */
    im->n += bytes.n;
    last->n += bytes.n;
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the formats */

enum { DATA = 0, END = 1, SEGMENT_ADDRESS = 2, SEGMENT_START = 3, LINEAR_ADDRESS = 4, LINEAR_START = 5 };

static int take_intel(struct reader *r, struct sg_bytes record, size_t offset)
{
    struct sg_cursor c = sg_cursor(record);
    uint8_t sum = 0;
    for (size_t i = 0; i < record.n; i++)
        sum = (uint8_t)(sum + record.p[i]);
    size_t n = sg_get_u8(&c);
    uint16_t address = sg_get_u16(&c);
    uint8_t type = sg_get_u8(&c);
    struct sg_bytes data = sg_get(&c, n);
    (void)sg_get_u8(&c);
    if (c.bad || sg_left(&c) != 0)
        return fail(r, "is shorter or longer than it says");
    if (sum != 0)
        return fail(r, "has a wrong checksum");
    switch (type) {
    case DATA:
        return add(r, r->base + address, data, offset + 8);
    case END:
        r->ended = true;
        return 0;
    case SEGMENT_ADDRESS:
    case LINEAR_ADDRESS:
        if (n != 2)
            return fail(r, "is an address of other than two bytes");
        r->base = (uint64_t)(data.p[0] << 8 | data.p[1]) << (type == LINEAR_ADDRESS ? 16 : 4);
        return 0;
    case SEGMENT_START:
    case LINEAR_START:
        return 0;
    default:
        return fail(r, "is of a type that there is not");
    }
}

static int take_motorola(struct reader *r, char type, struct sg_bytes record, size_t offset)
{
    struct sg_cursor c = sg_cursor(record);
    uint8_t sum = 0;
    for (size_t i = 0; i < record.n; i++)
        sum = (uint8_t)(sum + record.p[i]);
    if (sg_get_u8(&c) + 1U != record.n)
        return fail(r, "is shorter or longer than it says");
    if (sum != 0xff)
        return fail(r, "has a wrong checksum");
    if (type >= '7' && type <= '9')
        r->ended = true;
    if (type < '1' || type > '3')
        return 0;
    size_t width = (size_t)(type - '0') + 1;
    uint64_t address = 0;
    for (size_t i = 0; i < width; i++)
        address = address << 8 | sg_get_u8(&c);
    if (c.bad || sg_left(&c) < 1)
        return fail(r, "has no room for its address");
    return add(r, address, sg_get(&c, sg_left(&c) - 1), offset + 2 + 2 * width);
}

static int take_line(struct reader *r, struct sg_bytes line, size_t offset)
{
    uint8_t space[RECORD];
    struct sg_buf record = sg_buf(space, sizeof space);
    bool intel = r->im->format[0] == 'I';
    size_t skip = intel ? 1 : 2;
    if (line.n < skip || line.p[0] != (intel ? ':' : 'S'))
        return fail(r, intel ? "does not begin with a colon" : "does not begin with S");
    if (sg_parse_hex(sg_bytes(line.p + skip, line.n - skip), &record) < 0)
        return fail(r, "has something else than pairs of digits");
    int e = intel ? take_intel(r, sg_buf_bytes(&record), offset + skip)
                  : take_motorola(r, (char)line.p[1], sg_buf_bytes(&record), offset + skip);
    sg_wipe(space, sizeof space);
    return e;
}

int sg_image_load_hex(struct sg_image *im, struct sg_bytes file, struct sg_error *err)
{
    struct reader r = {.im = im, .err = err};
    im->format = file.p[0] == ':' ? "Intel hex" : "S-record";
    im->data = malloc(file.n / 2 + 1);
    im->segment = calloc(SEGMENTS, sizeof *im->segment);
    if (im->data == NULL || im->segment == NULL)
        return fail_memory(&r);
    while (r.at < file.n && !r.ended) {
        const uint8_t *begin = file.p + r.at, *end = memchr(begin, '\n', file.n - r.at);
        size_t n = end != NULL ? (size_t)(end - begin) : file.n - r.at, offset = r.at;
        r.at += n + 1;
        r.number++;
        while (n > 0 && (begin[n - 1] == '\r' || begin[n - 1] == ' '))
            n--;
        int e = n == 0 ? 0 : take_line(&r, sg_bytes(begin, n), offset);
        if (e < 0)
            return e;
    }
    if (!r.ended)
        return sg_fail(err, SG_ETRUNCATED, "the end record is missing: the %s file was cut off.", im->format);
    return 0;
}
