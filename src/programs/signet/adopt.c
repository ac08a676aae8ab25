/* SPDX-License-Identifier: Apache-2.0 */
/* signet adopt: devices that a factory's home has enrolled come into this one's inventory. */
#include "commands.h"
#include "factory/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIST_MAX = 256 * 1024 * 1024 };

struct taking {
    struct sg_adopt adopt;
    size_t added, known, left_out;
};

static void copy(char *to, size_t cap, json_t *device, const char *name)
{
    const char *text = json_string_value(json_object_get(device, name));
    (void)snprintf(to, cap, "%s", text != NULL ? text : "");
}

static int take_cert(struct taking *t, const struct sg_device *device, json_t *row, struct sg_error *err)
{
    uint8_t der[2048];
    struct sg_buf out = sg_buf(der, sizeof der);
    const char *text = json_string_value(json_object_get(row, "der"));
    const char *state = json_string_value(json_object_get(row, "state"));
    if (state == NULL || strcmp(state, "active") != 0)
        return 0;
    if (text == NULL || sg_parse_base64(sg_str(text), &out) < 0)
        return sg_fail(err, SG_EFORMAT, "%s has no certificate in the list (made by an older Signet?)",
                       device->endpoint);
    X509 *cert = sg_cert_parse(sg_buf_bytes(&out), err);
    if (cert == NULL)
        return sg_fail_in(err, "%s", device->endpoint);
    uint32_t tag = (uint32_t)json_integer_value(json_object_get(row, "tag"));
    int r = sg_adopt(&t->adopt, device, cert, tag, err);
    X509_free(cert);
    bool second = tag != 0 && tag == device->bootstrap_tag; /* devices are counted */
    t->added += r == 1 && !second;
    t->known += r == 0 && !second;
    return r;
}

static int take_device(struct taking *t, json_t *row, struct sg_error *err)
{
    struct sg_device d = {0};
    json_t *cert, *certs = json_object_get(row, "certificates");
    size_t before = t->added + t->known, i;
    copy(d.endpoint, sizeof d.endpoint, row, "endpoint");
    copy(d.imei, sizeof d.imei, row, "imei");
    copy(d.uuid, sizeof d.uuid, row, "uuid");
    copy(d.model, sizeof d.model, row, "model");
    copy(d.firmware, sizeof d.firmware, row, "firmware");
    d.bootstrap_tag = (uint32_t)json_integer_value(json_object_get(row, "bootstrap_tag"));
    if (d.endpoint[0] == '\0' || !json_is_array(certs))
        return sg_fail(err, SG_EFORMAT, "an entry has no endpoint name or no list of certificates");
    int r = 0;
    json_array_foreach(certs, i, cert)
    {
        r = take_cert(t, &d, cert, err);
        if (r < 0)
            return r;
    }
    t->left_out += t->added + t->known == before;
    return 0;
}

/* Whole or not at all. */
static int take_all(struct taking *t, json_t *devices, struct sg_error *err)
{
    json_t *device;
    size_t i;
    int r = sg_store_begin(t->adopt.store, err);
    if (r < 0)
        return r;
    json_array_foreach(devices, i, device)
    {
        r = take_device(t, device, err);
        if (r < 0)
            break;
    }
    if (r == 0)
        return sg_store_commit(t->adopt.store, err);
    sg_store_rollback(t->adopt.store);
    return r;
}

static json_t *load(const char *file, struct sg_error *err)
{
    json_error_t why;
    size_t n;
    uint8_t *text = sg_file_read(file, LIST_MAX, &n, err);
    if (text == NULL)
        return NULL;
    json_t *list = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (json_is_array(json_object_get(list, "devices")))
        return list;
    (void)sg_fail(err, SG_EFORMAT,
                  "%s is no list of devices%s%s. `signet export list --format json` of the factory's home writes one",
                  file, list == NULL ? ": " : "", list == NULL ? why.text : "");
    json_decref(list);
    return NULL;
}

static int adopt(const struct sg_cli *cli, struct taking *t, const char *file)
{
    struct sg_error err = {0};
    json_t *list = load(file, &err);
    if (list == NULL)
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    t->adopt.trust = sg_adopt_trust(t->adopt.store, &err);
    int r = t->adopt.trust != NULL ? take_all(t, json_object_get(list, "devices"), &err) : err.code;
    sg_trust_free(t->adopt.trust);
    json_decref(list);
    if (r < 0)
        return sg_cli_fail(r == SG_EEXISTS || r == SG_EDENIED ? SG_CLI_REFUSED : SG_CLI_FAILED,
                           "%s. Nothing was taken from %s.", err.text, file);
    if (cli->json)
        return sg_cli_print_json(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)t->added, "known",
                                           (json_int_t)t->known, "without_identity", (json_int_t)t->left_out));
    (void)printf("Adopted %zu %s; %zu known before, %zu without an active certificate left out.\n", t->added,
                 t->added == 1 ? "device" : "devices", t->known, t->left_out);
    return SG_CLI_DONE;
}

static int run(struct sg_cli *cli)
{
    static const char *const names[] = {"the list of devices", NULL};
    const char *file[1];
    int code = sg_cli_operands(cli, names, file);
    if (code != 0)
        return code;
    struct taking t = {.adopt = {.now = (int64_t)time(NULL), .who = sg_cli_who()}};
    t.adopt.store = sg_cli_open_store(cli, &code);
    if (t.adopt.store == NULL)
        return code;
    code = adopt(cli, &t, file[0]);
    sg_store_close(t.adopt.store);
    return code;
}

const struct sg_cli_command sg_cli_adopt = {
    .name = "adopt",
    .synopsis = "FILE",
    .what = "takes the devices that a factory's home has enrolled into this inventory",
    .help = "FILE is what `signet export list --format json` wrote there. Each certificate must be\n"
            "by a CA that this inventory knows (`signet ca sign` recorded it) and name its device.\n"
            "The list is taken whole or not at all; what is known already stays as it is. A\n"
            "running signetd lets the devices in at once.\n",
    .run = run,
};
