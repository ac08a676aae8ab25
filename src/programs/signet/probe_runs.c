/* SPDX-License-Identifier: Apache-2.0 */
/* signet probe runs: the catalogue. */
#include "probe.h"

#include <string.h>

enum { KINDS = SG_PROBE_GUIDED + 1 };

static json_t *run_json(enum sg_probe_kind kind, const struct sg_probe_run *run)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "run", json_string(run->name));
    (void)json_object_set_new(o, "kind", json_string(sg_probe_kind_name(kind)));
    (void)json_object_set_new(o, "title", json_string(run->title));
    (void)json_object_set_new(o, "expected", json_string(run->expected));
    (void)json_object_set_new(o, "requirements", json_string(run->requirements));
    (void)json_object_set_new(o, "weight", json_string(sg_weight_name(run->weight)));
    (void)json_object_set_new(o, "severity", json_string(sg_severity_name(run->severity)));
    (void)json_object_set_new(o, "cure", json_string(run->cure));
    return o;
}

static int run(struct sg_cli *cli)
{
    int code = sg_cli_operands(cli, (const char *const[]){NULL}, NULL);
    if (code != 0)
        return code;
    struct sg_cli_table table = {.cells = 0};
    json_t *all = json_array();
    sg_cli_row(&table, 5, (const char *const[]){"RUN", "KIND", "WEIGHT", "REQUIREMENTS", "WHAT IS DONE"});
    for (int k = 0; k < KINDS; k++) {
        enum sg_probe_kind kind = (enum sg_probe_kind)k;
        size_t n;
        const struct sg_probe_run *run = sg_probe_runs(kind, &n);
        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(all, run_json(kind, &run[i]));
            sg_cli_row(&table, 5,
                       (const char *const[]){run[i].name, sg_probe_kind_name(kind), sg_weight_name(run[i].weight),
                                             run[i].requirements, run[i].title});
        }
    }
    if (cli->json) {
        sg_cli_free_table(&table);
        return sg_cli_print_json(json_pack("{s:o}", "runs", all));
    }
    json_decref(all);
    sg_cli_print_table(&table);
    return SG_CLI_DONE;
}

const struct sg_cli_command sg_cli_probe_runs = {
    "probe runs",
    "",
    "the catalogue: every run, its weight, and the requirements of EN 18031 that it speaks to",
    "The weight is what a run on the product itself is worth: primary, supporting or\n"
    "extra. On a simulator or a host build none is worth more than supporting.\n",
    NULL,
    run,
};
