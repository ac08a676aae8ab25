/* SPDX-License-Identifier: Apache-2.0 */
/* signet.yaml: what each field means, what it may be, and the file that documents them all. */
#include "programs/config.h"
#include "programs/form.h"

#include <string.h>

/* The file as libcyaml loads it: every scalar as its text, NULL where it is absent. */
struct raw {
    struct raw_server {
        char *name, *listen, *workers, *max_devices, *mtu, *cid, *psk;
    } server;
    struct raw_api {
        char *listen;
    } api;
    struct raw_log {
        char *level;
    } log;
    char *run_dir;
};

static bool take_address(const char *text, char *out, size_t cap)
{
    struct sg_addr a;
    return sg_addr_parse(text, &a, NULL) == 0 && sg_form_text(text, out, cap);
}

static bool take_name(void *out, const char *text)
{
    struct sg_config *c = out;
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    return text[0] != '\0' && text[strspn(text, host)] == '\0' &&
           sg_form_text(text, c->server.name, sizeof c->server.name);
}

static bool take_listen(void *out, const char *text)
{
    struct sg_config *c = out;
    return take_address(text, c->server.listen, sizeof c->server.listen);
}

static bool take_workers(void *out, const char *text)
{
    struct sg_config *c = out;
    uint64_t n;
    if (!sg_form_number(text, 1, 64, &n))
        return false;
    c->server.workers = (unsigned)n;
    return true;
}

static bool take_max_devices(void *out, const char *text)
{
    struct sg_config *c = out;
    uint64_t n;
    if (!sg_form_number(text, 1, 1u << 24, &n))
        return false;
    c->server.max_devices = (uint32_t)n;
    return true;
}

static bool take_mtu(void *out, const char *text)
{
    struct sg_config *c = out;
    uint64_t n;
    if (!sg_form_number(text, 512, 1452, &n))
        return false;
    c->server.mtu = (uint16_t)n;
    return true;
}

static bool take_cid(void *out, const char *text)
{
    struct sg_config *c = out;
    return sg_form_truth(text, &c->server.cid);
}

static bool take_psk(void *out, const char *text)
{
    struct sg_config *c = out;
    return sg_form_truth(text, &c->server.psk);
}

static bool take_api_listen(void *out, const char *text)
{
    struct sg_config *c = out;
    return take_address(text, c->api.listen, sizeof c->api.listen);
}

static bool take_level(void *out, const char *text)
{
    struct sg_config *c = out;
    static const char *const names[] = {
        [SG_LOG_DEBUG] = "debug", [SG_LOG_INFO] = "info", [SG_LOG_WARNING] = "warning", [SG_LOG_ERROR] = "error", NULL};
    unsigned i;
    if (!sg_form_choice(text, names, &i))
        return false;
    c->log.level = (enum sg_log_level)i;
    return true;
}

static bool take_run_dir(void *out, const char *text)
{
    struct sg_config *c = out;
    return (text[0] == '\0' || text[0] == '/') && sg_form_text(text, c->run_dir, sizeof c->run_dir);
}

#define AT(member) offsetof(struct raw, member)

/* Grouped by section; those of a section stand together. */
static const struct sg_form_field fields[] = {
    {"server", "name", AT(server.name), false, take_name, "localhost",
     "a DNS name or an IP address, at most 253 characters",
     "What devices call this server. It must be a name in the server's certificate."},
    {"server", "listen", AT(server.listen), false, take_listen, "[::]:5684",
     "an IP address and a port, like 192.0.2.1:5684 or [::]:5684",
     "Where devices reach it, by UDP. [::] is every address of this machine, IPv4 too; port 0 is any\n"
     "free port."},
    {"server", "workers", AT(server.workers), false, take_workers, "1", "1 to 64",
     "Threads that serve devices. More than this machine has cores is of no use. When it is changed,\n"
     "devices without connection ids handshake anew."},
    {"server", "max_devices", AT(server.max_devices), false, take_max_devices, "10000", "1 to 16777216",
     "Devices that one worker holds. Each takes about 2 KiB of RAM in the run-time directory. When it is\n"
     "changed, all devices handshake anew."},
    {"server", "mtu", AT(server.mtu), false, take_mtu, "1152", "512 to 1452",
     "The largest datagram to send, in bytes. Modems lose long ones: choose less where handshakes stall."},
    {"server", "cid", AT(server.cid), false, take_cid, "true", "true or false",
     "Connection ids (RFC 9146): a device whose address changes goes on without a new handshake."},
    {"server", "psk", AT(server.psk), false, take_psk, "false", "true or false",
     "Take devices that have a pre-shared key instead of a certificate. It is the weaker identity: this\n"
     "server has the key too, and an nRF91 has no forward secrecy with it, so who records the traffic and\n"
     "gets the key later reads it all. Only where a maker's server or device cannot do X.509."},
    {"api", "listen", AT(api.listen), false, take_api_listen, "127.0.0.1:8443",
     "an IP address and a port, like 127.0.0.1:8443",
     "Where the HTTPS API and the signet command meet. Keep it on this machine: whoever holds the token\n"
     "may do everything."},
    {"log", "level", AT(log.level), false, take_level, "info", "debug, info, warning or error",
     "The least important events that are written, one line each, to standard error."},
    {"", "run_dir", AT(run_dir), false, take_run_dir, "", "an absolute path of at most 511 characters, or \"\"",
     "The run-time directory: session keys and live registrations, which survive a restart of signetd\n"
     "but must never reach a disk, so it must be on a RAM file system. \"\" is the first of /run/signet,\n"
     "$XDG_RUNTIME_DIR/signet and /dev/shm/signet-UID that can be used."},
};

static const cyaml_schema_field_t server_fields[] = {
    SG_FORM_TEXT(struct raw_server, name),    SG_FORM_TEXT(struct raw_server, listen),
    SG_FORM_TEXT(struct raw_server, workers), SG_FORM_TEXT(struct raw_server, max_devices),
    SG_FORM_TEXT(struct raw_server, mtu),     SG_FORM_TEXT(struct raw_server, cid),
    SG_FORM_TEXT(struct raw_server, psk),     CYAML_FIELD_END};
static const cyaml_schema_field_t api_fields[] = {SG_FORM_TEXT(struct raw_api, listen), CYAML_FIELD_END};
static const cyaml_schema_field_t log_fields[] = {SG_FORM_TEXT(struct raw_log, level), CYAML_FIELD_END};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_MAPPING("server", CYAML_FLAG_OPTIONAL, struct raw, server, server_fields),
    CYAML_FIELD_MAPPING("api", CYAML_FLAG_OPTIONAL, struct raw, api, api_fields),
    CYAML_FIELD_MAPPING("log", CYAML_FLAG_OPTIONAL, struct raw, log, log_fields), SG_FORM_TEXT(struct raw, run_dir),
    CYAML_FIELD_END};
static const cyaml_schema_value_t top = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, top_fields)};

static const struct sg_form form = {&top, fields, sizeof fields / sizeof fields[0]};

void sg_config_defaults(struct sg_config *config)
{
    memset(config, 0, sizeof *config);
    sg_form_defaults(&form, config);
}

int sg_config_parse(const char *name, struct sg_bytes text, struct sg_config *config, struct sg_error *err)
{
    sg_config_defaults(config);
    return sg_form_parse(&form, name, text, config, err);
}

int sg_config_load(const char *path, struct sg_config *config, struct sg_error *err)
{
    sg_config_defaults(config);
    return sg_form_load(&form, path, config, err);
}

int sg_config_template(const char *server_name, struct sg_buf *out)
{
    struct sg_config checked;

    if (!take_name(&checked, server_name))
        return SG_EFORMAT;
    sg_put_str(out, "# Signet's configuration. A field that is left out has the value that stands here.\n"
                    "# signetd reads it when it starts.\n");
    sg_form_template(&form, "name", server_name, out);
    return out->full ? SG_ENOSPC : 0;
}
