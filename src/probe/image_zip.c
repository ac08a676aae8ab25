/* SPDX-License-Identifier: Apache-2.0 */
/* The update package of nRF Connect SDK (dfu_application.zip): images, and a manifest.json that names them. */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* A package being read. */
struct package {
    struct sg_images *set;
    const char *name;
    zip_t *zip;
    json_t *manifest;
    uint64_t unpacked; /* bytes so far */
    struct sg_error *err;
};

static int fail(const struct package *p, const char *member, const char *why)
{
    return sg_fail(p->err, SG_EFORMAT, "%s: %s cannot be unpacked: %s.", p->name, member, why);
}

/* A member's bytes, in new memory; NULL after a sentence. */
static uint8_t *unpack(struct package *p, zip_uint64_t index, const zip_stat_t *stat)
{
    if ((stat->valid & ZIP_STAT_SIZE) == 0 || stat->size > SG_IMAGE_SIZE || p->unpacked + stat->size > SG_IMAGE_SIZE) {
        (void)fail(p, stat->name, "it is larger than any image for a modem of this kind");
        return NULL;
    }
    p->unpacked += stat->size;
    uint8_t *bytes = malloc((size_t)stat->size + 1);
    zip_file_t *file = zip_fopen_index(p->zip, index, 0);
    zip_int64_t n = bytes != NULL && file != NULL ? zip_fread(file, bytes, stat->size) : -1;
    /* The end of the member must be reached: only then has its checksum been compared. */
    uint8_t end;
    bool whole = n == (zip_int64_t)stat->size && zip_fread(file, &end, 1) == 0;
    if (file != NULL)
        (void)zip_fclose(file);
    if (!whole) {
        free(bytes);
        (void)fail(p, stat->name, "it is damaged, encrypted, or packed in a way that is not known here");
        return NULL;
    }
    return bytes;
}

static void fault(const struct package *p, const char *member, const char *what)
{
    char *text = p->set->fault[p->set->files];
    if (text[0] == '\0')
        (void)snprintf(text, sizeof p->set->fault[0], "manifest.json %s (%.100s)", what, member);
}

/* What the manifest says of a member; NULL: nothing. Borrowed. */
static const json_t *entry_of(const struct package *p, const char *member)
{
    const json_t *files = json_object_get(p->manifest, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        const char *file = json_string_value(json_object_get(entry, "file"));
        if (file != NULL && strcmp(file, member) == 0)
            return entry;
    }
    return NULL;
}

/*
 * The manifest's load_address is that of the code: of the partition's first byte, or behind the header of MCUboot where
 * the partition manager set one apart. A partition begins on a page of 4096 bytes.
 */
static void place(struct sg_image *im, const json_t *entry)
{
    const json_t *load = json_object_get(entry, "load_address");
    uint64_t address = (uint64_t)json_integer_value(load);
    if (json_is_string(load))
        address = strtoull(json_string_value(load), NULL, 0);
    else if (!json_is_integer(load) || json_integer_value(load) < 0)
        return;
    struct sg_mcuboot m;
    if (im->n > 32 && sg_mcuboot_parse(sg_bytes(im->data, im->n), 0, &m) == 0 && address % 4096 != 0)
        address -= (uint64_t)(im->data[8] | im->data[9] << 8); /* ih_hdr_size */
    for (size_t i = 0; i < im->segments; i++)
        if (!im->segment[i].addressed) {
            im->segment[i].address = address;
            im->segment[i].addressed = true;
        }
}

static int add_member(struct package *p, zip_uint64_t index)
{
    zip_stat_t stat;
    char name[sizeof p->set->image[0].name];
    if (zip_stat_index(p->zip, index, 0, &stat) < 0 || (stat.valid & ZIP_STAT_NAME) == 0)
        return fail(p, "a member", zip_strerror(p->zip));
    if (strcmp(stat.name, "manifest.json") == 0 || stat.size == 0)
        return 0;
    uint8_t *bytes = unpack(p, index, &stat);
    if (bytes == NULL)
        return p->err->code;
    (void)snprintf(name, sizeof name, "%.120s: %.120s", p->name, stat.name);
    struct sg_image *im = sg_images_add(p->set, name, sg_bytes(bytes, (size_t)stat.size), p->err);
    sg_wipe(bytes, (size_t)stat.size);
    free(bytes);
    if (im == NULL)
        return p->err->code;
    const json_t *entry = p->manifest != NULL ? entry_of(p, stat.name) : NULL;
    if (entry == NULL)
        return 0;
    const json_t *size = json_object_get(entry, "size");
    if (json_is_integer(size) && (uint64_t)json_integer_value(size) != stat.size)
        fault(p, stat.name, "tells another size than the file has");
    const char *version = json_string_value(json_object_get(entry, "version_MCUBOOT"));
    (void)snprintf(im->declared_version, sizeof im->declared_version, "%s", version != NULL ? version : "");
    place(im, entry);
    return 0;
}

static int read_manifest(struct package *p)
{
    zip_stat_t stat;
    zip_int64_t index = zip_name_locate(p->zip, "manifest.json", 0);
    if (index < 0)
        return 0; /* any other archive: its members are searched all the same */
    if (zip_stat_index(p->zip, (zip_uint64_t)index, 0, &stat) < 0)
        return fail(p, "manifest.json", zip_strerror(p->zip));
    uint8_t *bytes = unpack(p, (zip_uint64_t)index, &stat);
    if (bytes == NULL)
        return p->err->code;
    p->manifest = json_loadb((const char *)bytes, (size_t)stat.size, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    return json_is_object(p->manifest) ? 0 : fail(p, "manifest.json", "it is no JSON object");
}

static int read_members(struct package *p)
{
    zip_int64_t n = zip_get_num_entries(p->zip, 0);
    int r = read_manifest(p);
    for (zip_int64_t i = 0; r == 0 && i < n; i++)
        r = add_member(p, (zip_uint64_t)i);
    const json_t *files = json_object_get(p->manifest, "files");
    for (size_t i = 0; r == 0 && i < json_array_size(files); i++) {
        const char *file = json_string_value(json_object_get(json_array_get(files, i), "file"));
        if (file == NULL || zip_name_locate(p->zip, file, 0) < 0)
            fault(p, file != NULL ? file : "?", "names a file that is not there");
    }
    return r;
}

int sg_images_load_zip(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err)
{
    struct package p = {.set = set, .name = name, .err = err};
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(file.p, file.n, 0, &why);
    if (source != NULL)
        p.zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &why);
    int r;
    if (p.zip == NULL) {
        r = sg_fail(err, SG_EFORMAT, "%s begins as a zip archive and is none: %s.", name, zip_error_strerror(&why));
        zip_source_free(source);
    } else {
        r = read_members(&p);
        json_decref(p.manifest);
        zip_discard(p.zip);
    }
    zip_error_fini(&why);
    return r;
}
