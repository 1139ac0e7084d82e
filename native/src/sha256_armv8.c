/*
 * SHA-256 with the cryptographic extension of Armv8 (Arm C Language Extensions: SHA2 intrinsics). Several chains side by
 * side, for the same reason as on x86-64.
 */
#include "sha256.h"

#ifdef __aarch64__

#include <arm_neon.h>
#include <sys/auxv.h>

#ifdef __clang__
#define SHA2 __attribute__((target("sha2")))
#else
#define SHA2 __attribute__((target("+crypto")))
#endif
#define INLINED static inline __attribute__((always_inline)) SHA2
#define FOR_EACH_LANE _Pragma("GCC unroll 4") for (int i = 0; i < lanes; i++)

enum { HWCAP_SHA2_BIT = 1 << 6 };

struct chain {
    uint32x4_t abcd;
    uint32x4_t efgh;
};

INLINED uint32x4_t big_endian(const uint8_t *p) {
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)));
}

INLINED void interleaved(const int lanes, uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    struct chain now[4];
    FOR_EACH_LANE {
        now[i].abcd = big_endian(values + i * VALUE_BYTES);
        now[i].efgh = big_endian(values + i * VALUE_BYTES + 16);
    }
    for (size_t block = 0; block < blocks; block++, data += BLOCK_BYTES) {
        struct chain before[4];
        uint32x4_t words[4][4]; /* by lane: the last 16 words of the schedule, four to a vector */
        FOR_EACH_LANE {
            before[i] = now[i];
        }
#pragma GCC unroll 16
        for (int four = 0; four < ROUNDS / 4; four++) {
            const uint32x4_t k = vld1q_u32(sha256_k + 4 * four);
            FOR_EACH_LANE {
                uint32x4_t *w = words[i];
                if (four < 4) {
                    w[four] = big_endian(data + (size_t)i * stride + 16 * four);
                }
                const uint32x4_t word = w[four % 4];
                const uint32x4_t wk = vaddq_u32(word, k);
                const uint32x4_t abcd = now[i].abcd;
                now[i].abcd = vsha256hq_u32(abcd, now[i].efgh, wk);
                now[i].efgh = vsha256h2q_u32(now[i].efgh, abcd, wk);
                if (four >= 3 && four < 15) {
                    /* The four words that the next step but three needs, from the sixteen before them. */
                    uint32x4_t *next = &w[(four + 1) % 4];
                    *next = vsha256su1q_u32(vsha256su0q_u32(*next, w[(four + 2) % 4]), w[(four + 3) % 4], word);
                }
            }
        }
        FOR_EACH_LANE {
            now[i].abcd = vaddq_u32(now[i].abcd, before[i].abcd);
            now[i].efgh = vaddq_u32(now[i].efgh, before[i].efgh);
        }
    }
    FOR_EACH_LANE {
        vst1q_u8(values + i * VALUE_BYTES, vrev32q_u8(vreinterpretq_u8_u32(now[i].abcd)));
        vst1q_u8(values + i * VALUE_BYTES + 16, vrev32q_u8(vreinterpretq_u8_u32(now[i].efgh)));
    }
}

SHA2 static void one(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(1, values, data, stride, blocks);
}

SHA2 static void two(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(2, values, data, stride, blocks);
}

SHA2 static void four(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks) {
    interleaved(4, values, data, stride, blocks);
}

const struct sha256_way *sha256_accelerated(void) {
    static const struct sha256_way armv8 = {"armv8", one, two, four};
    return getauxval(AT_HWCAP) & HWCAP_SHA2_BIT ? &armv8 : 0;
}

#endif
