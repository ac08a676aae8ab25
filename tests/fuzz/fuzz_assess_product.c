/* SPDX-License-Identifier: Apache-2.0 */
/* A product file of anybody's making: read, and assessed where it can be. */
#include "assess/assess.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_error err = {0};
    if (n > 65536)
        return 0;
    struct sg_product *p = sg_product_parse("fuzzed", sg_bytes(data, n), &err);
    if (p == NULL) {
        if (err.code == 0 || err.text[0] == '\0')
            abort(); /* a refusal says why */
        return 0;
    }
    size_t problems, errors = 0;
    const struct sg_product_problem *problem = sg_product_problems(p, &problems);
    for (size_t i = 0; i < problems; i++)
        errors += problem[i].fault == SG_PRODUCT_ERROR;
    json_t *none = json_array();
    const struct sg_assess_input in = {.product = p, .records = none, .now = 1800000000, .version = "0"};
    json_t *result = sg_assess_run(&in, &err);
    if ((result == NULL) != (errors > 0))
        abort();
    if (result != NULL && strcmp(json_string_value(json_object_get(result, "result")), "PASS") == 0)
        abort(); /* nothing passes without a record */
    json_decref(result);
    json_decref(none);
    sg_product_free(p);
    return 0;
}
