/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: the caller's around several calls, and each writing call's own. */
#include "store_internal.h"

static const char what[] = "cannot write to the inventory";

int sg_store_begin(struct sg_store *s, struct sg_error *err)
{
    if (s->in_transaction)
        return sg_fail(err, SG_ESTATE, "a transaction is open already");
    int r = sg_store_run(s, "BEGIN IMMEDIATE", err, what);
    s->in_transaction = r == 0;
    return r;
}

int sg_store_commit(struct sg_store *s, struct sg_error *err)
{
    if (!s->in_transaction)
        return sg_fail(err, SG_ESTATE, "no transaction is open");
    int r = sg_store_run(s, "COMMIT", err, what);
    if (r < 0)
        sg_store_rollback(s);
    s->in_transaction = false;
    return r;
}

void sg_store_rollback(struct sg_store *s)
{
    if (s->in_transaction && !sqlite3_get_autocommit(s->db)) /* a full disk may have ended it already */
        (void)sg_store_run(s, "ROLLBACK", NULL, what);
    s->in_transaction = false;
}

int sg_store_begin_part(struct sg_store *s, struct sg_error *err)
{
    if (!s->in_transaction)
        return sg_fail(err, SG_ESTATE, "no transaction is open");
    return sg_store_run(s, "SAVEPOINT part", err, what);
}

int sg_store_end_part(struct sg_store *s, bool keep, struct sg_error *err)
{
    int undone = keep ? 0 : sg_store_run(s, "ROLLBACK TO part", err, what);
    int released = sg_store_run(s, "RELEASE part", undone < 0 ? NULL : err, what);
    return undone < 0 ? undone : released;
}

int sg_store_step_begin(struct sg_store *s, struct sg_store_step *step, struct sg_error *err)
{
    step->nested = s->in_transaction;
    return step->nested ? sg_store_run(s, "SAVEPOINT step", err, what) : sg_store_begin(s, err);
}

int sg_store_step_end(struct sg_store *s, struct sg_store_step *step, int r, struct sg_error *err)
{
    if (!step->nested) {
        if (r >= 0) {
            int committed = sg_store_commit(s, err);
            return committed < 0 ? committed : r;
        }
        sg_store_rollback(s);
        return r;
    }
    if (r < 0)
        (void)sg_store_run(s, "ROLLBACK TO step", NULL, what);
    int released = sg_store_run(s, "RELEASE step", r < 0 ? NULL : err, what);
    return r < 0 ? r : released < 0 ? released : r;
}
