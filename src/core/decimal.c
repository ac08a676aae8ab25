/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubles as decimal digits, exactly, both ways, without a C library.
 *
 * A double is m * 2^e, a decimal is w * 10^q. Both are brought to a fraction of two big whole numbers, and digits (or
 * bits) come from it by long division, so every result is the correctly rounded one. It is slow beside the clever
 * algorithms, and a reading is written a few times a minute.
 */
#include "core/core_internal.h"

#include <float.h>
#include <string.h>

_Static_assert(DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024, "doubles are IEEE 754 binary64");

/*
 * Whole numbers below 2^1280. The largest that appears is below 2^1200: 10^343 (2^1140) times 10, or a mantissa of 64
 * bits shifted to the height of 10^343.
 */
enum { LIMBS = 40 };
struct big {
    uint32_t limb[LIMBS]; /* least significant first */
};

static void big_set(struct big *b, uint64_t v)
{
    memset(b, 0, sizeof *b);
    b->limb[0] = (uint32_t)v;
    b->limb[1] = (uint32_t)(v >> 32);
}

static void big_mul(struct big *b, uint32_t by)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)b->limb[i] * by;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_mul_pow10(struct big *b, unsigned power)
{
    for (; power >= 9; power -= 9)
        big_mul(b, 1000000000);
    for (; power > 0; power--)
        big_mul(b, 10);
}

static void big_shift(struct big *b, unsigned bits)
{
    size_t limbs = bits / 32;
    unsigned rest = bits % 32;

    for (size_t i = LIMBS; i-- > 0;) {
        uint64_t high = i >= limbs ? b->limb[i - limbs] : 0;
        uint64_t low = i > limbs ? b->limb[i - limbs - 1] : 0;
        b->limb[i] = (uint32_t)((high << 32 | low) << rest >> 32);
    }
}

static unsigned big_bits(const struct big *b)
{
    for (size_t i = LIMBS; i-- > 0;) {
        for (unsigned k = 32; k > 0 && b->limb[i] != 0; k--) {
            if (b->limb[i] >> (k - 1) != 0)
                return (unsigned)i * 32 + k;
        }
    }
    return 0;
}

static int big_cmp(const struct big *a, const struct big *b)
{
    for (size_t i = LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

static void big_sub(struct big *a, const struct big *b)
{
    uint32_t borrow = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t d = (uint64_t)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (uint32_t)d;
        borrow = (uint32_t)(d >> 63);
    }
}

/* --------------------------------------------------------------------------------------------- decimal to double */

/* num / den rounded to the nearest double, ties to even (IEEE 754 section 4.3.1). False where it is too large. Both
 * numbers are used up. */
static bool fraction_to_double(struct big *num, struct big *den, double *out)
{
    /* Scale by 2^-exponent so that 1 <= num/den < 2. */
    int exponent = (int)big_bits(num) - (int)big_bits(den);
    if (exponent > 0)
        big_shift(den, (unsigned)exponent);
    else
        big_shift(num, (unsigned)-exponent);
    if (big_cmp(num, den) < 0) {
        big_shift(num, 1);
        exponent--;
    }
    /* A subnormal has fewer bits than 53; below half of the smallest, none at all. */
    int bits = exponent < DBL_MIN_EXP - 1 ? DBL_MANT_DIG - (DBL_MIN_EXP - 1 - exponent) : DBL_MANT_DIG;
    uint64_t m = 0;
    for (int i = 0; i < bits; i++) {
        bool one = big_cmp(num, den) >= 0;
        if (one)
            big_sub(num, den);
        m = m << 1 | one;
        big_shift(num, 1);
    }
    if (bits >= 0) { /* num / den is now twice the rest: against 1 it says which neighbour is nearer */
        int rest = big_cmp(num, den);
        if (rest > 0 || (rest == 0 && m % 2 != 0))
            m++;
    }
    /* m carries into the exponent field by itself, from subnormal to normal and from one exponent to the next. */
    uint64_t ieee = m;
    if (exponent >= DBL_MIN_EXP - 1)
        ieee += (uint64_t)(exponent - (DBL_MIN_EXP - 1)) << 52;
    if (ieee >= (uint64_t)0x7ff << 52)
        return false;
    memcpy(out, &ieee, sizeof *out);
    return true;
}

/* w * 10^q */
static bool decimal_to_double(uint64_t w, int q, double *out)
{
    struct big num, den;

    *out = 0;
    if (w == 0 || q < -343) /* 2^64 * 10^-344 is below half of the smallest double */
        return true;
    if (q > 308)
        return false;
    big_set(&num, w);
    big_set(&den, 1);
    if (q >= 0)
        big_mul_pow10(&num, (unsigned)q);
    else
        big_mul_pow10(&den, (unsigned)-q);
    return fraction_to_double(&num, &den, out);
}

/* The digits before an exponent: the first 19 significant ones in *w, the place of the last in *q. What comes after is
 * left out: no number that a double can tell from its neighbours needs more than 17. */
static bool mantissa(struct sg_cursor *c, uint64_t *w, int *q)
{
    bool point = false, any = false;
    unsigned taken = 0;

    *w = 0;
    *q = 0;
    for (; sg_left(c) > 0; c->at++) {
        uint8_t ch = c->p[c->at];
        if (ch == '.' && !point) {
            point = true;
            continue;
        }
        if (ch < '0' || ch > '9')
            break;
        any = true;
        if (taken < 19) {
            *w = *w * 10 + (uint64_t)(ch - '0');
            taken += *w != 0;
            *q -= point;
        } else {
            *q += !point;
        }
    }
    return any;
}

static bool exponent(struct sg_cursor *c, int *q)
{
    int64_t e;

    if (sg_left(c) == 0)
        return true;
    uint8_t letter = sg_get_u8(c);
    if ((letter != 'e' && letter != 'E') || sg_parse_dec(sg_rest(c), &e) < 0)
        return false;
    e = e > 100000 ? 100000 : e < -100000 ? -100000 : e;
    *q += (int)e;
    return true;
}

int sg_core_parse_double(struct sg_bytes text, double *out)
{
    struct sg_cursor c = sg_cursor(text);
    bool negative = text.n > 0 && text.p[0] == '-';
    uint64_t w;
    int q;

    if (text.n > 1000)
        return SG_EFORMAT;
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+'))
        sg_get_u8(&c);
    if (!mantissa(&c, &w, &q) || !exponent(&c, &q) || !decimal_to_double(w, q, out))
        return SG_EFORMAT;
    if (negative)
        *out = -*out;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- double to decimal */

struct decimal {
    uint64_t w;
    int q;
};

/* num / den in [1, 10) as `count` digits, the last one rounded to nearest, ties to even. */
static uint64_t digits_of(struct big num, const struct big *den, unsigned count)
{
    uint64_t w = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned digit = 0;
        while (big_cmp(&num, den) >= 0) {
            big_sub(&num, den);
            digit++;
        }
        w = w * 10 + digit;
        big_mul(&num, 10);
    }
    struct big half = *den;
    big_mul(&half, 5);
    int rest = big_cmp(&num, &half);
    return w + (rest > 0 || (rest == 0 && w % 2 != 0));
}

/* The fewest digits from 15 on that read back as `v` (finite, above 0). 15 always keep a decimal of 15 digits as it
 * was written, 17 always tell a double from all others; trailing zeros are taken off. */
static struct decimal shortest(double v)
{
    uint64_t ieee;
    memcpy(&ieee, &v, sizeof ieee);
    unsigned biased = (unsigned)(ieee >> 52);
    uint64_t m = (ieee & (((uint64_t)1 << 52) - 1)) | (uint64_t)(biased > 0) << 52;
    int e = (int)(biased > 0 ? biased : 1) - 1075;

    struct big num, den;
    big_set(&num, m);
    big_set(&den, 1);
    big_shift(e > 0 ? &num : &den, (unsigned)(e > 0 ? e : -e));
    /* Scale by 10^-k so that 1 <= num/den < 10. 2^bits is within a factor of 2 of v, and log10(2) = 0.30103. */
    int bits = (int)big_bits(&num) - (int)big_bits(&den);
    int k = bits * 30103 / 100000 - 1;
    big_mul_pow10(k > 0 ? &den : &num, (unsigned)(k > 0 ? k : -k));
    for (;; k++) {
        struct big ten = den;
        big_mul(&ten, 10);
        if (big_cmp(&num, &ten) < 0)
            break;
        den = ten;
    }
    struct decimal d = {0};
    double back = 0;
    for (unsigned count = 15; count <= 17 && back != v; count++) {
        d = (struct decimal){digits_of(num, &den, count), k + 1 - (int)count};
        if (!decimal_to_double(d.w, d.q, &back)) /* rounded up beyond the largest */
            back = 0;
    }
    for (; d.w % 10 == 0; d.w /= 10)
        d.q++;
    return d;
}

static void put_zeros(struct sg_buf *b, int n)
{
    for (; n > 0; n--)
        sg_put_u8(b, '0');
}

/* 21.5 and 0.000001 and 100000000000000000000 as people write them, beyond that with an exponent. */
static void put_decimal(struct sg_buf *b, struct decimal d)
{
    uint8_t text[20];
    struct sg_buf digits = sg_buf(text, sizeof text);
    sg_put_udec(&digits, d.w);
    int n = (int)digits.len;
    int before = n + d.q; /* digits before the point */

    if (before > 21 || before < -5) {
        sg_put(b, text, 1);
        if (n > 1)
            sg_put_u8(b, '.');
        sg_put(b, text + 1, digits.len - 1);
        sg_put_u8(b, 'e');
        sg_put_dec(b, before - 1);
        return;
    }
    if (before <= 0) {
        sg_put_str(b, "0.");
        put_zeros(b, -before);
        sg_put(b, text, digits.len);
        return;
    }
    size_t whole = (size_t)(before < n ? before : n);
    sg_put(b, text, whole);
    put_zeros(b, d.q);
    if (whole < digits.len) {
        sg_put_u8(b, '.');
        sg_put(b, text + whole, digits.len - whole);
    }
}

void sg_core_put_double(struct sg_buf *b, double v)
{
    uint64_t ieee;

    memcpy(&ieee, &v, sizeof ieee);
    if (v != v) {
        sg_put_str(b, "nan");
        return;
    }
    if (ieee >> 63 != 0)
        sg_put_u8(b, '-');
    v = v < 0 ? -v : v;
    if (v > DBL_MAX)
        sg_put_str(b, "inf");
    else if (v > 0)
        put_decimal(b, shortest(v));
    else
        sg_put_u8(b, '0');
}

bool sg_core_double_to_int(double v, int64_t *out)
{
    const double limit = 9223372036854775808.0; /* 2^63 */

    if (!(v >= -limit && v < limit) || (double)(int64_t)v != v)
        return false;
    *out = (int64_t)v;
    return true;
}
