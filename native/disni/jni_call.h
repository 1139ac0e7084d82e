/* What the two sets of JNI functions share. */
#ifndef RINGPULL_JNI_CALL_H
#define RINGPULL_JNI_CALL_H

#include <jni.h>
#include <stdint.h>

/* A failed call becomes a java.io.IOException that says which; the value passes through. */
int64_t checked(JNIEnv *env, const char *call, int64_t value);

static inline void *pointer(jlong address) { return (void *)(intptr_t)address; }

#endif
