/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of signet.yaml: what each means, what it may be, and the file that documents them all. */
#include "programs/config_internal.h"

#include <string.h>

static bool take_number(const char *text, uint64_t least, uint64_t most, uint64_t *n)
{
    return sg_parse_udec(sg_str(text), most, n) == 0 && *n >= least;
}

static bool take_text(const char *text, char *out, size_t cap)
{
    size_t n = strlen(text);
    if (n >= cap)
        return false;
    memcpy(out, text, n + 1);
    return true;
}

static bool take_address(const char *text, char *out, size_t cap)
{
    struct sg_addr a;
    return sg_addr_parse(text, &a, NULL) == 0 && take_text(text, out, cap);
}

static bool take_name(struct sg_config *c, const char *text)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    return text[0] != '\0' && text[strspn(text, host)] == '\0' &&
           take_text(text, c->server.name, sizeof c->server.name);
}

static bool take_listen(struct sg_config *c, const char *text)
{
    return take_address(text, c->server.listen, sizeof c->server.listen);
}

static bool take_workers(struct sg_config *c, const char *text)
{
    uint64_t n;
    if (!take_number(text, 1, 64, &n))
        return false;
    c->server.workers = (unsigned)n;
    return true;
}

static bool take_max_devices(struct sg_config *c, const char *text)
{
    uint64_t n;
    if (!take_number(text, 1, 1u << 24, &n))
        return false;
    c->server.max_devices = (uint32_t)n;
    return true;
}

static bool take_mtu(struct sg_config *c, const char *text)
{
    uint64_t n;
    if (!take_number(text, 512, 1452, &n))
        return false;
    c->server.mtu = (uint16_t)n;
    return true;
}

static bool take_cid(struct sg_config *c, const char *text)
{
    c->server.cid = strcmp(text, "true") == 0;
    return c->server.cid || strcmp(text, "false") == 0;
}

static bool take_psk(struct sg_config *c, const char *text)
{
    c->server.psk = strcmp(text, "true") == 0;
    return c->server.psk || strcmp(text, "false") == 0;
}

static bool take_api_listen(struct sg_config *c, const char *text)
{
    return take_address(text, c->api.listen, sizeof c->api.listen);
}

static bool take_level(struct sg_config *c, const char *text)
{
    static const char *const names[] = {
        [SG_LOG_DEBUG] = "debug", [SG_LOG_INFO] = "info", [SG_LOG_WARNING] = "warning", [SG_LOG_ERROR] = "error"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            c->log.level = (enum sg_log_level)i;
            return true;
        }
    }
    return false;
}

static bool take_run_dir(struct sg_config *c, const char *text)
{
    return (text[0] == '\0' || text[0] == '/') && take_text(text, c->run_dir, sizeof c->run_dir);
}

#define AT(member) offsetof(struct sg_config_raw, member)

/* Grouped by section; those of a section stand together. */
const struct sg_config_field sg_config_fields[] = {
    {"server", "name", AT(server.name), take_name, "localhost", "a DNS name or an IP address, at most 253 characters",
     "What devices call this server. It must be a name in the server's certificate."},
    {"server", "listen", AT(server.listen), take_listen, "[::]:5684",
     "an IP address and a port, like 192.0.2.1:5684 or [::]:5684",
     "Where devices reach it, by UDP. [::] is every address of this machine, IPv4 too; port 0 is any\n"
     "free port."},
    {"server", "workers", AT(server.workers), take_workers, "1", "1 to 64",
     "Threads that serve devices. More than this machine has cores is of no use. When it is changed,\n"
     "devices without connection ids handshake anew."},
    {"server", "max_devices", AT(server.max_devices), take_max_devices, "10000", "1 to 16777216",
     "Devices that one worker holds. Each takes about 2 KiB of RAM in the run-time directory. When it is\n"
     "changed, all devices handshake anew."},
    {"server", "mtu", AT(server.mtu), take_mtu, "1152", "512 to 1452",
     "The largest datagram to send, in bytes. Modems lose long ones: choose less where handshakes stall."},
    {"server", "cid", AT(server.cid), take_cid, "true", "true or false",
     "Connection ids (RFC 9146): a device whose address changes goes on without a new handshake."},
    {"server", "psk", AT(server.psk), take_psk, "false", "true or false",
     "Take devices that have a pre-shared key instead of a certificate. It is the weaker identity: this\n"
     "server has the key too, and an nRF91 has no forward secrecy with it, so who records the traffic and\n"
     "gets the key later reads it all. Only where a maker's server or device cannot do X.509."},
    {"api", "listen", AT(api.listen), take_api_listen, "127.0.0.1:8443",
     "an IP address and a port, like 127.0.0.1:8443",
     "Where the HTTPS API and the signet command meet. Keep it on this machine: whoever holds the token\n"
     "may do everything."},
    {"log", "level", AT(log.level), take_level, "info", "debug, info, warning or error",
     "The least important events that are written, one line each, to standard error."},
    {"", "run_dir", AT(run_dir), take_run_dir, "", "an absolute path of at most 511 characters, or \"\"",
     "The run-time directory: session keys and live registrations, which survive a restart of signetd\n"
     "but must never reach a disk, so it must be on a RAM file system. \"\" is the first of /run/signet,\n"
     "$XDG_RUNTIME_DIR/signet and /dev/shm/signet-UID that can be used."},
};
const size_t sg_config_field_count = sizeof sg_config_fields / sizeof sg_config_fields[0];

void sg_config_defaults(struct sg_config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < sg_config_field_count; i++)
        (void)sg_config_fields[i].take(config, sg_config_fields[i].fallback);
}

static void put_comment(struct sg_buf *out, const char *indent, const char *text)
{
    sg_put_str(out, indent);
    sg_put_str(out, "# ");
    for (; *text != '\0'; text++) {
        sg_put_u8(out, (uint8_t)*text);
        if (*text == '\n') {
            sg_put_str(out, indent);
            sg_put_str(out, "# ");
        }
    }
    sg_put_str(out, "\n");
}

/* Text is quoted, because "[::]:5684" and "" would mean something else to YAML; numbers and truth values are not. */
static void put_field(struct sg_buf *out, const struct sg_config_field *f, const char *value)
{
    const char *indent = f->section[0] == '\0' ? "" : "  ";
    bool bare = value[0] != '\0' && value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';

    put_comment(out, indent, f->meaning);
    sg_put_str(out, indent);
    sg_put_str(out, "# Allowed: ");
    sg_put_str(out, f->allowed);
    sg_put_str(out, ".\n");
    sg_put_str(out, indent);
    sg_put_str(out, f->key);
    sg_put_str(out, bare ? ": " : ": \"");
    sg_put_str(out, value);
    sg_put_str(out, bare ? "\n" : "\"\n");
}

int sg_config_template(const char *server_name, struct sg_buf *out)
{
    struct sg_config checked;
    const char *section = "";

    if (!take_name(&checked, server_name))
        return SG_EFORMAT;
    sg_put_str(out, "# Signet's configuration. A field that is left out has the value that stands here.\n"
                    "# signetd reads it when it starts.\n");
    for (size_t i = 0; i < sg_config_field_count; i++) {
        const struct sg_config_field *f = &sg_config_fields[i];
        sg_put_str(out, "\n");
        if (strcmp(f->section, section) != 0 && f->section[0] != '\0') {
            sg_put_str(out, f->section);
            sg_put_str(out, ":\n");
        }
        section = f->section;
        put_field(out, f, f->take == take_name ? server_name : f->fallback);
    }
    return out->full ? SG_ENOSPC : 0;
}
