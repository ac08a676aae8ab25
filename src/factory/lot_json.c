/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a lot as JSON: the form that is signed. docs/reference/lots.md. */
#include "factory/lot_internal.h"

#include <jansson.h>

static json_t *times(const struct sg_lot_board *b)
{
    char began[SG_FACTORY_TIME];
    return json_pack("{s:s, s:s, s:s, s:I}", "port", b->port, "operator", b->who, "began",
                     sg_factory_time(b->began, began), "took_ms", (json_int_t)b->took_ms);
}

static json_t *modem(const struct sg_lot_board *b)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "imei", b->imei, "uuid", b->uuid, "model", b->model, "firmware",
                     b->firmware);
}

static json_t *certificate(const struct sg_cert_facts *f)
{
    char hex[SG_FACTORY_HEX], from[SG_FACTORY_TIME], until[SG_FACTORY_TIME];
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "fingerprint", sg_factory_hex(&f->fingerprint, hex), "serial",
                     f->serial, "issuer", f->issuer_cn, "valid_from", sg_factory_time(f->from, from), "valid_until",
                     sg_factory_time(f->until, until));
}

static json_t *board(const struct sg_factory_lot_board *b)
{
    const char *result = sg_lot_result_name(b->last.result);
    if (b->has_identity && !b->has_cert)
        return json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:i}", "result", result, "endpoint", b->last.endpoint, "tag",
                         (json_int_t)b->last.tag, "pre_shared_key", 1, "modem", modem(&b->last), "attempt",
                         times(&b->last), "attempts", (int)b->attempts);
    if (!b->has_cert)
        return json_pack("{s:s, s:s, s:o, s:o, s:i}", "result", result, "reason", b->last.reason, "modem",
                         modem(&b->last), "attempt", times(&b->last), "attempts", (int)b->attempts);
    json_t *j = json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:i}", "result", result, "endpoint", b->last.endpoint, "tag",
                          (json_int_t)b->last.tag, "certificate", certificate(&b->cert), "modem", modem(&b->last),
                          "attempt", times(&b->last), "attempts", (int)b->attempts);
    if (b->bootstrap_tag != 0)
        (void)json_object_set_new(
            j, "bootstrap",
            json_pack("{s:I, s:o}", "tag", (json_int_t)b->bootstrap_tag, "certificate", certificate(&b->bootstrap)));
    return j;
}

static json_t *failure(const struct sg_lot_board *b)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "result", sg_lot_result_name(b->result), "reason", b->reason, "modem",
                     modem(b), "attempt", times(b));
}

static json_t *report(const struct sg_factory_lot *l, json_t *boards, json_t *failures)
{
    char begun[SG_FACTORY_TIME], ended[SG_FACTORY_TIME], hex[SG_FACTORY_HEX];
    return json_pack("{s:s, s:i, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s}, s:{s:I, s:I, s:I, s:I, s:I}, s:o, s:o}",
                     "format", "signet-lot", "version", 1, "lot", "name", l->lot.name, "operator", l->lot.who, "begun",
                     sg_factory_time(l->lot.begun, begun), "ended", sg_factory_time(l->lot.ended, ended), "signed_by",
                     "name", l->ca.cn, "fingerprint", sg_factory_hex(&l->ca.fingerprint, hex), "count", "boards",
                     (json_int_t)l->n_boards, "enrolled", (json_int_t)l->enrolled, "verified", (json_int_t)l->verified,
                     "failed", (json_int_t)l->failed, "attempts", (json_int_t)l->attempts, "boards", boards, "failures",
                     failures);
}

char *sg_factory_lot_json(const struct sg_factory_lot *l)
{
    json_t *boards = json_array(), *failures = json_array();
    for (size_t i = 0; i < l->n_boards; i++)
        (void)json_array_append_new(boards, board(&l->boards[i]));
    for (size_t i = 0; i < l->n_failures; i++)
        (void)json_array_append_new(failures, failure(&l->failures[i]));
    json_t *all = report(l, boards, failures);
    char *text = all != NULL ? json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(all);
    return text;
}
