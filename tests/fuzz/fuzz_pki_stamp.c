/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a time stamp authority: no bytes upset the reader, and what verifies says when. */
#include "pki/pki.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t space[512];
    static struct sg_buf request;
    struct sg_error err = {0};
    struct sg_stamp stamp;
    if (request.len == 0) {
        request = sg_buf(space, sizeof space);
        if (sg_stamp_request("sha256", sg_str("what was sealed\n"), &request, &err) != 0)
            abort();
    }
    if (sg_stamp_check_answer(sg_buf_bytes(&request), sg_bytes(data, n), &err) == 0)
        abort(); /* it would have guessed our nonce */
    if (sg_stamp_verify(sg_bytes(data, n), sg_str("what was sealed\n"), NULL, &stamp, &err) == 0 && stamp.when == 0)
        abort();
    return 0;
}
