/*
 * SHA-256 with the SHA extensions of x86-64 (Intel's Software Developer's Manual, volume 2: SHA256RNDS2, SHA256MSG1,
 * SHA256MSG2). One chain waits for the latency of its rounds; with two or four side by side the unit is never idle.
 */
#include "sha256.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define SHA_NI __attribute__((target("sha,sse4.1,ssse3")))
#define INLINED static inline __attribute__((always_inline)) SHA_NI
#define FOR_EACH_LANE _Pragma("GCC unroll 4") for (int i = 0; i < lanes; i++)

/* The state as the instructions want it, the first named word on top. */
struct chain {
    __m128i abef;
    __m128i cdgh;
};

INLINED struct chain loaded(const uint8_t *value) {
    int w[8];
    for (int i = 0; i < 8; i++) {
        w[i] = (int)load_be32(value + 4 * i);
    }
    struct chain chain = {_mm_set_epi32(w[0], w[1], w[4], w[5]), _mm_set_epi32(w[2], w[3], w[6], w[7])};
    return chain;
}

INLINED void store(uint8_t *value, struct chain chain) {
    store_be32(value, (uint32_t)_mm_extract_epi32(chain.abef, 3));
    store_be32(value + 4, (uint32_t)_mm_extract_epi32(chain.abef, 2));
    store_be32(value + 8, (uint32_t)_mm_extract_epi32(chain.cdgh, 3));
    store_be32(value + 12, (uint32_t)_mm_extract_epi32(chain.cdgh, 2));
    store_be32(value + 16, (uint32_t)_mm_extract_epi32(chain.abef, 1));
    store_be32(value + 20, (uint32_t)_mm_extract_epi32(chain.abef, 0));
    store_be32(value + 24, (uint32_t)_mm_extract_epi32(chain.cdgh, 1));
    store_be32(value + 28, (uint32_t)_mm_extract_epi32(chain.cdgh, 0));
}

/* Inlined with a constant number of lanes, so that all of them live in registers and their rounds alternate. */
INLINED void interleaved(const int lanes, uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    struct chain now[4];
    FOR_EACH_LANE {
        now[i] = loaded(values + i * VALUE_BYTES);
    }
    for (size_t block = 0; block < blocks; block++, data += BLOCK_BYTES) {
        struct chain before[4];
        __m128i words[4][4]; /* by lane: the last 16 words of the schedule, four to a vector */
        FOR_EACH_LANE {
            before[i] = now[i];
        }
#pragma GCC unroll 16
        for (int four = 0; four < ROUNDS / 4; four++) {
            const __m128i k = _mm_load_si128((const __m128i *)(sha256_k + 4 * four));
            FOR_EACH_LANE {
                __m128i *w = words[i];
                if (four < 4) {
                    const uint8_t *in = data + (size_t)i * stride + 16 * four;
                    w[four] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)in), big_endian);
                }
                const __m128i word = w[four % 4];
                const __m128i wk = _mm_add_epi32(word, k);
                now[i].cdgh = _mm_sha256rnds2_epu32(now[i].cdgh, now[i].abef, wk);
                now[i].abef = _mm_sha256rnds2_epu32(now[i].abef, now[i].cdgh, _mm_shuffle_epi32(wk, 0x0E));
                if (four >= 3 && four < 15) {
                    /* The four words that the next step but three needs, from the sixteen before them. */
                    __m128i *next = &w[(four + 1) % 4];
                    const __m128i seven_before = _mm_alignr_epi8(word, w[(four + 3) % 4], 4);
                    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*next, w[(four + 2) % 4]), seven_before);
                    *next = _mm_sha256msg2_epu32(sum, word);
                }
            }
        }
        FOR_EACH_LANE {
            now[i].abef = _mm_add_epi32(now[i].abef, before[i].abef);
            now[i].cdgh = _mm_add_epi32(now[i].cdgh, before[i].cdgh);
        }
    }
    FOR_EACH_LANE {
        store(values + i * VALUE_BYTES, now[i]);
    }
}

SHA_NI static void one(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(1, values, data, stride, blocks);
}

SHA_NI static void two(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(2, values, data, stride, blocks);
}

SHA_NI static void four(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(4, values, data, stride, blocks);
}

const struct sha256_way *sha256_accelerated(void) {
    static const struct sha256_way sha_ni = {"sha-ni", one, two, four};
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3)) {
        return 0;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) ? &sha_ni : 0;
}

#elif !defined(__aarch64__)

const struct sha256_way *sha256_accelerated(void) {
    return 0;
}

#endif
