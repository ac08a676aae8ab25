/* SPDX-License-Identifier: Apache-2.0 */
/* A line's policy: what each field means, what it may be, and the file that documents them all. */
#include "programs/policy.h"
#include "programs/form.h"

#include <string.h>

/* The file as libcyaml loads it: every scalar as its text, NULL where it is absent. */
struct raw {
    struct sg_form_list ports;
    char *parallel, *boards, *tag, *second_tag, *bootstrap_tag, *name, *years, *key_usage, *occupied, *remove_psk,
        *take_offline, *modem_after, *lock_port, *issuing_ca, *lot;
};

static bool take_port(void *out, const char *text)
{
    struct sg_policy *p = out;
    if (text == NULL) {
        p->n_ports = 0;
        return true;
    }
    return text[0] == '/' && p->n_ports < SG_POLICY_PORTS &&
           sg_form_text(text, p->ports[p->n_ports++], sizeof p->ports[0]);
}

static bool take_parallel(void *out, const char *text)
{
    uint64_t n;
    if (!sg_form_number(text, 1, SG_POLICY_PARALLEL, &n))
        return false;
    ((struct sg_policy *)out)->parallel = (unsigned)n;
    return true;
}

static bool take_boards(void *out, const char *text)
{
    uint64_t n;
    if (!sg_form_number(text, 0, 1000000, &n))
        return false;
    ((struct sg_policy *)out)->boards = (uint32_t)n;
    return true;
}

static bool take_tag_number(const char *text, uint64_t least, uint32_t *tag)
{
    uint64_t n;
    if (!sg_form_number(text, least, SG_TAG_MAX, &n))
        return false;
    *tag = (uint32_t)n;
    return true;
}

static bool take_tag(void *out, const char *text)
{
    return take_tag_number(text, 1, &((struct sg_policy *)out)->tag);
}

static bool take_second_tag(void *out, const char *text)
{
    return take_tag_number(text, 1, &((struct sg_policy *)out)->second_tag);
}

static bool take_bootstrap_tag(void *out, const char *text)
{
    return take_tag_number(text, 0, &((struct sg_policy *)out)->bootstrap_tag);
}

/* Every {…} must be one that can be filled in; what else may stand in a name is checked with the name itself. */
static bool take_name(void *out, const char *text)
{
    struct sg_policy *p = out;
    bool tells_apart = false;
    for (const char *at = text; (at = strpbrk(at, "{}")) != NULL; at += strlen("{imei}")) {
        if (strncmp(at, "{imei}", 6) != 0 && strncmp(at, "{uuid}", 6) != 0)
            return false;
        tells_apart = true;
    }
    return tells_apart && sg_form_text(text, p->name, sizeof p->name);
}

static bool take_years(void *out, const char *text)
{
    uint64_t n;
    if (!sg_form_number(text, 1, 50, &n))
        return false;
    ((struct sg_policy *)out)->years = (unsigned)n;
    return true;
}

static bool take_key_usage(void *out, const char *text)
{
    struct sg_policy *p = out;
    bool digits = strlen(text) == 9 && strspn(text, "01") == 9 && text[0] == '1';
    return (digits || text[0] == '\0') && sg_form_text(text, p->key_usage, sizeof p->key_usage);
}

static bool take_occupied(void *out, const char *text)
{
    static const char *const names[] = {
        [SG_OCCUPIED_REFUSE] = "refuse", [SG_OCCUPIED_OTHER_TAG] = "renew", [SG_OCCUPIED_REPLACE] = "replace", NULL};
    unsigned i;
    if (!sg_form_choice(text, names, &i))
        return false;
    ((struct sg_policy *)out)->occupied = (enum sg_occupied)i;
    return true;
}

static bool take_remove_psk(void *out, const char *text)
{
    return sg_form_truth(text, &((struct sg_policy *)out)->remove_psk);
}

static bool take_take_offline(void *out, const char *text)
{
    return sg_form_truth(text, &((struct sg_policy *)out)->take_offline);
}

static bool take_modem_after(void *out, const char *text)
{
    static const char *const names[] = {
        [SG_LEAVE_AS_FOUND] = "as_found", [SG_LEAVE_ONLINE] = "online", [SG_LEAVE_OFFLINE] = "offline", NULL};
    unsigned i;
    if (!sg_form_choice(text, names, &i))
        return false;
    ((struct sg_policy *)out)->modem_after = (enum sg_leave)i;
    return true;
}

static bool take_lock_port(void *out, const char *text)
{
    struct sg_policy *p = out;
    return (text[0] == '/' || text[0] == '\0') && sg_form_text(text, p->lock_port, sizeof p->lock_port);
}

static bool take_issuing_ca(void *out, const char *text)
{
    struct sg_policy *p = out;
    return sg_form_text(text, p->issuing_ca, sizeof p->issuing_ca);
}

static bool take_lot(void *out, const char *text)
{
    struct sg_policy *p = out;
    return sg_form_text(text, p->lot, sizeof p->lot);
}

#define AT(member) offsetof(struct raw, member)

static const struct sg_form_field fields[] = {
    {"", "ports", AT(ports), true, take_port, "/dev/ttyACM* /dev/ttyUSB*",
     "a list of up to 16 absolute paths with * and ? in their last part",
     "Where boards appear: the ports that --watch, and `signet enroll` without --port, look at."},
    {"", "parallel", AT(parallel), false, take_parallel, "64", "1 to 64", "Boards that are worked on at one time."},
    {"", "boards", AT(boards), false, take_boards, "0", "0 to 1000000",
     "How many boards the lot has: --watch ends when so many are done, and estimates when that will be.\n"
     "0: not known, Ctrl-C ends it."},
    {"", "tag", AT(tag), false, take_tag, "35724861", "1 to 2147483647",
     "The modem's security tag for the identity of a new board. 35724861 is the LwM2M client's in nRF\n"
     "Connect SDK."},
    {"", "second_tag", AT(second_tag), false, take_second_tag, "35724863", "1 to 2147483647",
     "Where the identity goes instead with `occupied: renew`."},
    {"", "bootstrap_tag", AT(bootstrap_tag), false, take_bootstrap_tag, "0", "0 to 2147483647",
     "Where each board gets a second identity, for the bootstrap server, with a key of its own; 0: nowhere.\n"
     "35724862 is its tag in nRF Connect SDK. A board keeps the one that it has."},
    {"", "name", AT(name), false, take_name, "urn:imei:{imei}",
     "a text with {imei} or {uuid} in it, which the modem's own take the place of",
     "The endpoint name of a new board. A board keeps the name that it has."},
    {"", "years", AT(years), false, take_years, "10", "1 to 50", "How long a certificate is valid."},
    {"", "issuing_ca", AT(issuing_ca), false, take_issuing_ca, "",
     "\"\" (the one that the home issues with at present), or the name of an issuing CA whose key the home has",
     "Which CA issues, where a home has several (`signet ca`)."},
    {"", "lot", AT(lot), false, take_lot, "", "\"\", or 1 to 63 letters, digits and . _ - (not first)",
     "The lot that the boards belong to (--lot); its signed report is written at the end of each run."},
    {"", "key_usage", AT(key_usage), false, take_key_usage, "",
     "\"\" (what the modem takes by itself), or nine digits 0 and 1, the first of them 1: digitalSignature",
     "The key usage that the modem's request asks for, as AT%KEYGEN takes it: \"101010000\"."},
    {"", "occupied", AT(occupied), false, take_occupied, "refuse", "refuse, renew or replace",
     "What is done with a tag that holds credentials which the inventory does not know: refuse the board;\n"
     "renew: give it its identity at second_tag, and then delete what is at the first; or replace it.\n"
     "An identity of this inventory, present or revoked, is only ever replaced by --renew."},
    {"", "remove_psk", AT(remove_psk), false, take_remove_psk, "false", "true or false",
     "Whether a tag that holds nothing but a pre-shared key and its identity counts as empty."},
    {"", "take_offline", AT(take_offline), false, take_take_offline, "false", "true or false",
     "Whether a modem that is on the network is taken off it for the enrolment, and put back (--offline)."},
    {"", "modem_after", AT(modem_after), false, take_modem_after, "as_found", "as_found, online or offline",
     "How a modem is left after it was enrolled: as it was, with AT+CFUN=1, or with AT+CFUN=4."},
    {"", "lock_port", AT(lock_port), false, take_lock_port, "",
     "\"\", or the absolute path of a private key of P-256 (`signet modem lock` makes one)",
     "Locks the AT port of each board that is done with this key: from then on its store changes only by\n"
     "commands that are signed with it (AT%XPMNG). Boards that are locked with it are worked on as others."},
};

#define TEXT(member) SG_FORM_TEXT(struct raw, member)

static const cyaml_schema_value_t port = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, SG_FORM_LONGEST),
};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("ports", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, ports.item, ports.count,
                               &port, 1, CYAML_UNLIMITED),
    TEXT(parallel),
    TEXT(boards),
    TEXT(tag),
    TEXT(second_tag),
    TEXT(bootstrap_tag),
    TEXT(name),
    TEXT(years),
    TEXT(key_usage),
    TEXT(occupied),
    TEXT(remove_psk),
    TEXT(take_offline),
    TEXT(modem_after),
    TEXT(lock_port),
    TEXT(issuing_ca),
    TEXT(lot),
    CYAML_FIELD_END};
static const cyaml_schema_value_t top = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, top_fields)};
static const struct sg_form form = {&top, fields, sizeof fields / sizeof fields[0]};

void sg_policy_defaults(struct sg_policy *policy)
{
    memset(policy, 0, sizeof *policy);
    sg_form_defaults(&form, policy);
}

static int check(const char *name, const struct sg_policy *policy, int r, struct sg_error *err)
{
    if (r == 0 && policy->occupied == SG_OCCUPIED_OTHER_TAG && policy->tag == policy->second_tag)
        return sg_fail(err, SG_EFORMAT, "%s: tag and second_tag are both %u; with `occupied: renew` they must differ",
                       name, policy->tag);
    if (r == 0 && policy->bootstrap_tag != 0 &&
        (policy->bootstrap_tag == policy->tag || policy->bootstrap_tag == policy->second_tag))
        return sg_fail(err, SG_EFORMAT, "%s: bootstrap_tag is %u, as %s is: each identity needs a tag of its own", name,
                       policy->bootstrap_tag, policy->bootstrap_tag == policy->tag ? "tag" : "second_tag");
    return r;
}

int sg_policy_parse(const char *name, struct sg_bytes text, struct sg_policy *policy, struct sg_error *err)
{
    sg_policy_defaults(policy);
    return check(name, policy, sg_form_parse(&form, name, text, policy, err), err);
}

int sg_policy_load(const char *path, struct sg_policy *policy, struct sg_error *err)
{
    sg_policy_defaults(policy);
    return check(path, policy, sg_form_load(&form, path, policy, err), err);
}

int sg_policy_template(struct sg_buf *out)
{
    sg_put_str(out, "# The policy of a line: what `signet enroll --policy FILE` does with each board. A field that is\n"
                    "# left out has the value that stands here; options of the command line go before this file.\n");
    sg_form_template(&form, NULL, NULL, out);
    return out->full ? SG_ENOSPC : 0;
}
