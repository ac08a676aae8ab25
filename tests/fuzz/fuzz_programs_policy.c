/* SPDX-License-Identifier: Apache-2.0 */
/* sg_policy_parse: any bytes as a line's policy. What is taken must be within its bounds; what is not has a sentence.
 */
#include "programs/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct sg_policy p;
    struct sg_error err = {0};

    if (sg_policy_parse("f", sg_bytes(data, n), &p, &err) < 0) {
        if (err.code != SG_EFORMAT || err.text[0] == '\0')
            abort();
    } else if (p.n_ports == 0 || p.n_ports > SG_POLICY_PORTS || p.parallel < 1 || p.parallel > SG_POLICY_PARALLEL ||
               p.tag == 0 || p.years < 1 || p.years > 50 || strchr(p.name, '{') == NULL) {
        abort();
    }
    return 0;
}
