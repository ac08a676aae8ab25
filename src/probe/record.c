/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a record: docs/reference/records.md has its members. */
#include "probe/probe_internal.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

char *sg_probe_sha(struct sg_bytes content, char text[SG_PROBE_SHA])
{
    uint8_t digest[32];
    struct sg_buf b = sg_buf(text, SG_PROBE_SHA);
    sg_sha256(content, digest);
    sg_put_hex(&b, sg_bytes(digest, sizeof digest));
    (void)sg_buf_cstr(&b);
    return text;
}

uint64_t sg_probe_folder_number(const char *name)
{
    const char *dash = strchr(name, '-');
    uint64_t n;
    if (dash == NULL || dash - name < 4 || dash[1] == '\0' ||
        sg_parse_udec(sg_bytes(name, (size_t)(dash - name)), UINT32_MAX, &n) < 0)
        return 0;
    return n;
}

/* What came from outside may be no UTF-8, which JSON must be: then its bytes above ASCII become '?'. */
static json_t *text(const char *s)
{
    json_t *value = json_string(s);
    if (value != NULL)
        return value;
    char *copy = strdup(s);
    if (copy == NULL)
        return NULL;
    for (char *p = copy; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

/* "2026-11-23T10:00:00.123Z" */
static json_t *moment(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    char date[32], whole[40];
    if (gmtime_r(&seconds, &t) == NULL || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &t) == 0)
        return json_string("");
    (void)snprintf(whole, sizeof whole, "%s.%03dZ", date, (int)(ms % 1000));
    return json_string(whole);
}

static json_t *words(const char *list)
{
    json_t *all = json_array();
    for (const char *p = list; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (n > 0)
            (void)json_array_append_new(all, json_stringn(p, n));
        p += n + (p[n] == ' ');
    }
    return all;
}

static json_t *target(const struct sg_probe_target *t)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "kind", text(sg_probe_kind_name(t->kind)));
    (void)json_object_set_new(o, "address", text(t->address));
    (void)json_object_set_new(o, "identity", text(t->identity));
    (void)json_object_set_new(o, "product", text(t->product));
    (void)json_object_set_new(o, "serial", text(t->serial));
    (void)json_object_set_new(o, "firmware", text(t->firmware));
    (void)json_object_set_new(o, "modem_firmware", text(t->modem_firmware));
    return o;
}

static json_t *tool(void)
{
    struct utsname u;
    char system[sizeof u.sysname + sizeof u.release + sizeof u.machine + 3] = "";
    if (uname(&u) == 0)
        (void)snprintf(system, sizeof system, "%s %s %s", u.sysname, u.release, u.machine);
    json_t *o = json_object();
    (void)json_object_set_new(o, "name", json_string("signet probe"));
    (void)json_object_set_new(o, "version", json_string(SG_VERSION));
    (void)json_object_set_new(o, "openssl", text(OpenSSL_version(OPENSSL_VERSION)));
    (void)json_object_set_new(o, "system", text(system));
    return o;
}

static json_t *controls(const struct sg_probe_result *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->controls; i++) {
        const struct sg_probe_control *c = &r->control[i];
        json_t *o = json_object();
        (void)json_object_set_new(o, "when", moment(c->when));
        (void)json_object_set_new(o, "what", text(c->what));
        (void)json_object_set_new(o, "observed", text(c->observed));
        (void)json_object_set_new(o, "ok", json_boolean(c->ok));
        (void)json_array_append_new(all, o);
    }
    return all;
}

static json_t *files_of(const struct sg_probe_file *file, size_t n)
{
    json_t *all = json_array();
    char sha[SG_PROBE_SHA];
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        (void)json_object_set_new(o, "name", text(file[i].name));
        (void)json_object_set_new(o, "what", text(file[i].what));
        (void)json_object_set_new(o, "sha256", text(sg_probe_sha(file[i].content, sha)));
        (void)json_object_set_new(o, "bytes", json_integer((json_int_t)file[i].content.n));
        (void)json_array_append_new(all, o);
    }
    return all;
}

/* What is no run on the product itself supports at most (EN 18031 notes, section 5.1). */
static const char *weight(const struct sg_probe_target *t, const struct sg_probe_run *run)
{
    return sg_weight_name(!t->equipment && run->weight == SG_WEIGHT_PRIMARY ? SG_WEIGHT_SUPPORTING : run->weight);
}

static void put_run(json_t *o, const struct sg_probe_target *t, const struct sg_probe_run *run)
{
    (void)json_object_set_new(o, "run", text(run->name));
    (void)json_object_set_new(o, "title", text(run->title));
    (void)json_object_set_new(o, "expected", text(run->expected));
    (void)json_object_set_new(o, "requirements", words(run->requirements));
    (void)json_object_set_new(o, "weight", text(weight(t, run)));
    (void)json_object_set_new(o, "setting", text(t->equipment ? "equipment" : "design"));
    (void)json_object_set_new(o, "setting_reason", text(t->equipment ? "" : t->why_design));
}

static void put_verdict(json_t *o, const struct sg_probe_result *r)
{
    bool failed = r->verdict == SG_VERDICT_FAIL;
    (void)json_object_set_new(o, "verdict", text(sg_verdict_name(r->verdict)));
    (void)json_object_set_new(o, "severity", text(failed ? sg_severity_name(r->severity) : ""));
    (void)json_object_set_new(o, "observed", text(r->observed));
    (void)json_object_set_new(o, "reason", text(r->reason));
    (void)json_object_set_new(o, "cure", text(failed ? r->run->cure : ""));
    (void)json_object_set_new(o, "controls", controls(r));
    (void)json_object_set_new(o, "facts", r->facts != NULL ? json_deep_copy(r->facts) : json_object());
}

char *sg_probe_record_text(const struct sg_probe_target *t, const struct sg_probe_result *r, const char *who,
                           uint64_t number, const char *previous, const struct sg_probe_file *file, size_t files)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "format", json_integer(1));
    (void)json_object_set_new(o, "number", json_integer((json_int_t)number));
    (void)json_object_set_new(o, "previous", text(previous));
    put_run(o, t, r->run);
    (void)json_object_set_new(o, "target", target(t));
    (void)json_object_set_new(o, "began", moment(r->began));
    (void)json_object_set_new(o, "ended", moment(r->ended));
    (void)json_object_set_new(o, "operator", text(who));
    (void)json_object_set_new(o, "tool", tool());
    put_verdict(o, r);
    (void)json_object_set_new(o, "files", files_of(file, files));
    enum { MEMBERS = 23 };
    char *dump = json_object_size(o) == MEMBERS ? json_dumps(o, JSON_INDENT(2)) : NULL; /* fewer: out of memory */
    json_decref(o);
    size_t n = dump != NULL ? strlen(dump) : 0;
    char *line = dump != NULL ? realloc(dump, n + 2) : NULL;
    if (line == NULL) {
        free(dump);
        return NULL;
    }
    line[n] = '\n';
    line[n + 1] = '\0';
    return line;
}
