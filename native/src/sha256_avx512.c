/*
 * SHA-256 on sixteen chains at a time with AVX-512: each vector holds one word of all sixteen. No chain is fast, but together
 * they outrun the SHA extensions, whose one unit takes a round of one chain at a time.
 */
#include "sha256.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define AVX_512 __attribute__((target("avx512f,avx512bw")))
#define INLINED static inline __attribute__((always_inline)) AVX_512

enum { LANES = 16, WORDS = 8 };

/* Truth tables of three-input functions, for vpternlogd. */
enum { XOR = 0x96, CHOICE = 0xca, MAJORITY = 0xe8 };

/* Turns sixteen rows of sixteen words into sixteen columns. */
INLINED void transpose(__m512i r[LANES]) {
    __m512i t[LANES];
    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    /* Now r[4 * g + c] holds, in its quarter q, column 4 * q + c of the rows from 4 * g on. */
    for (int c = 0; c < 4; c++) {
        __m512i even_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);
        __m512i odd_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
        __m512i even_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
        __m512i odd_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
        t[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
        t[4 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
        t[8 + c] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
        t[12 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
    }
    for (int i = 0; i < LANES; i++) {
        r[i] = t[i];
    }
}

INLINED __m512i sum(__m512i a, __m512i b) {
    return _mm512_add_epi32(a, b);
}

INLINED __m512i xored(__m512i a, __m512i b, __m512i c) {
    return _mm512_ternarylogic_epi32(a, b, c, XOR);
}

/* Adds one constant to all words straight from memory: the compiler would keep 64 vectors of them, and spill the chains. */
INLINED __m512i plus_constant(__m512i words, const uint32_t *constant) {
    __m512i result;
    __asm__("vpaddd %2%{1to16%}, %1, %0" : "=v"(result) : "v"(words), "m"(*constant));
    return result;
}

INLINED void compress(__m512i state[WORDS], __m512i w[LANES]) {
    __m512i a = state[0], b = state[1], c = state[2], d = state[3];
    __m512i e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 64
    for (int t = 0; t < ROUNDS; t++) {
        const __m512i word = w[t % 16];
        __m512i sum1 = xored(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
        __m512i choice = _mm512_ternarylogic_epi32(e, f, g, CHOICE);
        __m512i t1 = sum(sum(h, plus_constant(word, &sha256_k[t])), sum(sum1, choice));
        __m512i sum0 = xored(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
        __m512i t2 = sum(sum0, _mm512_ternarylogic_epi32(a, b, c, MAJORITY));
        h = g;
        g = f;
        f = e;
        e = sum(d, t1);
        d = c;
        c = b;
        b = a;
        a = sum(t1, t2);
        if (t < ROUNDS - 16) {
            const __m512i w15 = w[(t + 1) % 16];
            const __m512i w2 = w[(t + 14) % 16];
            __m512i s0 = xored(_mm512_ror_epi32(w15, 7), _mm512_ror_epi32(w15, 18), _mm512_srli_epi32(w15, 3));
            __m512i s1 = xored(_mm512_ror_epi32(w2, 17), _mm512_ror_epi32(w2, 19), _mm512_srli_epi32(w2, 10));
            w[t % 16] = sum(sum(word, w[(t + 9) % 16]), sum(s0, s1));
        }
    }
    const __m512i ends[WORDS] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < WORDS; i++) {
        state[i] = sum(state[i], ends[i]);
    }
}

AVX_512 static void sixteen(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    const __m512i big_endian = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    uint32_t words[WORDS][LANES] __attribute__((aligned(64)));
    __m512i state[WORDS];
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < WORDS; i++) {
            words[i][lane] = load_be32(values + lane * VALUE_BYTES + 4 * i);
        }
    }
    for (int i = 0; i < WORDS; i++) {
        state[i] = _mm512_load_si512(words[i]);
    }
    for (; blocks > 0; blocks--, data += BLOCK_BYTES) {
        __m512i w[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            w[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(data + (size_t)lane * stride), big_endian);
        }
        transpose(w);
        compress(state, w);
    }
    for (int i = 0; i < WORDS; i++) {
        _mm512_store_si512(words[i], state[i]);
    }
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < WORDS; i++) {
            store_be32(values + lane * VALUE_BYTES + 4 * i, words[i][lane]);
        }
    }
}

/* Whether the operating system keeps the registers: bits 1, 2 and 5 to 7 of XCR0. */
static int registers_are_kept(void) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 0xe6) == 0xe6;
}

sha256_lanes *sha256_sixteen(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !registers_are_kept()) {
        return 0;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) && (b & bit_AVX512BW) ? sixteen : 0;
}

#else

sha256_lanes *sha256_sixteen(void) {
    return 0;
}

#endif
