/*
 * Checks every way to hash that this processor has: against answers that are known from FIPS 180-4 and NIST's examples, and
 * against each other, with lanes of all numbers, at odd addresses and strides. Built with sanitizers; ends with 0 if all holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ringpull.h"
#include "../src/sha256.h"

static const uint8_t iv[VALUE_BYTES] = {
    0x6a, 0x09, 0xe6, 0x67, 0xbb, 0x67, 0xae, 0x85, 0x3c, 0x6e, 0xf3, 0x72, 0xa5, 0x4f, 0xf5, 0x3a,
    0x51, 0x0e, 0x52, 0x7f, 0x9b, 0x05, 0x68, 0x8c, 0x1f, 0x83, 0xd9, 0xab, 0x5b, 0xe0, 0xcd, 0x19,
};

static int failures;

static void expect(int holds, const char *what, const char *way, long detail) {
    if (!holds) {
        fprintf(stderr, "%s: %s (%ld)\n", way, what, detail);
        failures++;
    }
}

/* A buffer of exactly this size, so that the sanitizer sees a read beyond it. */
static uint8_t *exactly(size_t bytes) {
    uint8_t *p = malloc(bytes ? bytes : 1);
    if (!p) {
        abort();
    }
    return p;
}

static uint8_t *padded(const char *message, size_t *blocks) {
    size_t length = strlen(message);
    *blocks = (length + 9 + BLOCK_BYTES - 1) / BLOCK_BYTES;
    uint8_t *data = exactly(*blocks * BLOCK_BYTES);
    memset(data, 0, *blocks * BLOCK_BYTES);
    memcpy(data, message, length);
    data[length] = 0x80;
    store_be32(data + *blocks * BLOCK_BYTES - 4, (uint32_t)(8 * length));
    return data;
}

static void known_answers(const struct sha256_way *way) {
    static const struct {
        const char *message;
        const char *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t blocks;
        uint8_t *data = padded(cases[i].message, &blocks);
        uint8_t value[VALUE_BYTES];
        char hex[2 * VALUE_BYTES + 1];
        memcpy(value, iv, sizeof iv);
        way->one(value, data, 0, blocks);
        for (int b = 0; b < VALUE_BYTES; b++) {
            snprintf(hex + 2 * b, 3, "%02x", value[b]);
        }
        expect(strcmp(hex, cases[i].digest) == 0, cases[i].message, way->name, (long)blocks);
        free(data);
    }
}

static uint32_t seed = 1;

static uint8_t random_byte(void) {
    seed = seed * 1664525 + 1013904223;
    return (uint8_t)(seed >> 24);
}

static void fill(uint8_t *p, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        p[i] = random_byte();
    }
}

enum { LANES_MAX = 37, BLOCKS_MAX = 5 };

/* Lanes at odd addresses and strides give what each gives alone in plain C. */
static void same_as_plain(int lanes, size_t blocks, size_t gap, size_t shift) {
    size_t stride = blocks * BLOCK_BYTES + gap;
    size_t bytes = shift + (size_t)(lanes - 1) * stride + blocks * BLOCK_BYTES;
    uint8_t *data = exactly(bytes);
    uint8_t *values = exactly(shift + (size_t)lanes * VALUE_BYTES);
    uint8_t *alone = exactly((size_t)lanes * VALUE_BYTES);
    fill(data, bytes);
    fill(values, shift + (size_t)lanes * VALUE_BYTES);
    memcpy(alone, values + shift, (size_t)lanes * VALUE_BYTES);
    for (int i = 0; i < lanes; i++) {
        sha256_portable.one(alone + i * VALUE_BYTES, data + shift + (size_t)i * stride, 0, blocks);
    }
    ringpull_sha256(values + shift, data + shift, stride, blocks, lanes);
    expect(memcmp(values + shift, alone, (size_t)lanes * VALUE_BYTES) == 0, "lanes differ from plain C",
        ringpull_instructions(), lanes);
    free(data);
    free(values);
    free(alone);
}

static void in_one_go_or_many(const struct sha256_way *way) {
    uint8_t *data = exactly(64 * BLOCK_BYTES);
    uint8_t whole[4 * VALUE_BYTES], pieces[4 * VALUE_BYTES];
    fill(data, 64 * BLOCK_BYTES);
    for (int i = 0; i < 4; i++) {
        memcpy(whole + i * VALUE_BYTES, iv, VALUE_BYTES);
        memcpy(pieces + i * VALUE_BYTES, iv, VALUE_BYTES);
    }
    way->four(whole, data, 16 * BLOCK_BYTES, 16);
    for (size_t block = 0; block < 16; block++) {
        way->two(pieces, data + block * BLOCK_BYTES, 16 * BLOCK_BYTES, 1);
        way->two(pieces + 2 * VALUE_BYTES, data + (32 + block) * BLOCK_BYTES, 16 * BLOCK_BYTES, 1);
    }
    expect(memcmp(whole, pieces, sizeof whole) == 0, "a chain in pieces differs", way->name, 16);
    free(data);
}

int main(void) {
    const struct sha256_way *ways[] = {&sha256_portable, sha256_accelerated()};
    for (int i = 0; i < 2; i++) {
        if (ways[i]) {
            known_answers(ways[i]);
            in_one_go_or_many(ways[i]);
        }
    }
    for (int lanes = 1; lanes <= LANES_MAX; lanes++) {
        for (size_t blocks = 0; blocks <= BLOCKS_MAX; blocks++) {
            for (size_t gap = 0; gap < 3; gap++) {
                same_as_plain(lanes, blocks, gap, gap * 5);
            }
        }
    }
    expect(ringpull_version() == RINGPULL_VERSION, "version", "ringpull", ringpull_version());
    printf("checked portable and %s\n", ringpull_instructions());
    return failures == 0 ? 0 : 1;
}
