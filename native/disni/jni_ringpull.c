/* What DiSNI lacks: the native methods of ringpull.transport.rdma.Native, and those of com.ibm.disni.util.NativeAffinity. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "jni_call.h"
#include "rdma.h"

#define OURS(type, name, ...) \
  JNIEXPORT type JNICALL Java_ringpull_transport_rdma_Native_##name(JNIEnv *env, jclass self, ##__VA_ARGS__)

enum { NATIVE_VERSION = 3, EVENT_HEAD = 36, PORT_FIELDS = 8 };

_Static_assert(sizeof(struct port_state) == PORT_FIELDS * sizeof(int32_t), "port fields");
_Static_assert(offsetof(struct cm_event, listener) == 0 && offsetof(struct cm_event, id) == 8, "event ids");
_Static_assert(offsetof(struct cm_event, type) == 16 && offsetof(struct cm_event, status) == 20, "event type");
_Static_assert(offsetof(struct cm_event, responder_resources) == 24 && offsetof(struct cm_event, initiator_depth) == 28, "event depth");
_Static_assert(offsetof(struct cm_event, length) == 32 && offsetof(struct cm_event, data) == EVENT_HEAD, "event data");

OURS(jint, version) { (void)env, (void)self; return NATIVE_VERSION; }

OURS(jint, handles) { (void)env, (void)self; return handle_count(); }

OURS(jint, eventBytes) { (void)env, (void)self; return sizeof(struct cm_event); }

/* Whether an event was written to out; false when the time is over, or the channel was woken. */
OURS(jboolean, nextEvent, jlong channel, jint millis, jlong out) {
  (void)self;
  return checked(env, "waiting for connection events", channel_event(channel, millis, pointer(out))) == WAIT_EVENT;
}

OURS(jint, await, jlong comp_channel, jlong event_channel, jint millis) {
  (void)self;
  return (jint)checked(env, "waiting", wait_both(comp_channel, event_channel, millis));
}

OURS(void, wakeCompletions, jlong channel) { (void)env, (void)self; comp_channel_wake(channel); }

OURS(void, wakeEvents, jlong channel) { (void)env, (void)self; channel_wake(channel); }

/* 4 or 16 bytes of an address as a socket address. */
static int address_from(JNIEnv *env, jbyteArray ip, jint port, struct sockaddr_storage *out) {
  jsize length = (*env)->GetArrayLength(env, ip);
  memset(out, 0, sizeof *out);
  if (length == 4) {
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    (*env)->GetByteArrayRegion(env, ip, 0, length, (jbyte *)&four->sin_addr);
  } else if (length == 16) {
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    (*env)->GetByteArrayRegion(env, ip, 0, length, (jbyte *)&six->sin6_addr);
  } else {
    return -EAFNOSUPPORT;
  }
  return 0;
}

OURS(void, bind, jlong id, jbyteArray ip, jint port) {
  (void)self;
  struct sockaddr_storage address;
  int status = address_from(env, ip, port, &address);
  checked(env, "binding an address", status != 0 ? status : id_bind(id, (struct sockaddr *)&address));
}

/* Binds the id to the source as well. */
OURS(void, resolveAddress, jlong id, jbyteArray source, jbyteArray target, jint port, jint millis) {
  (void)self;
  struct sockaddr_storage from, to;
  int status = address_from(env, source, 0, &from);
  if (status == 0) {
    status = address_from(env, target, port, &to);
  }
  if (status == 0) {
    status = id_resolve_address(id, (struct sockaddr *)&from, (struct sockaddr *)&to, millis);
  }
  checked(env, "resolving an address", status);
}

OURS(jint, localPort, jlong id) {
  (void)self;
  struct sockaddr_storage address;
  int status = id_address(id, 0, &address);
  if (status == 0) {
    in_port_t port = address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                                  : ((struct sockaddr_in6 *)&address)->sin6_port;
    return ntohs(port);
  }
  return (jint)checked(env, "a local port", status);
}

/* The other end's address: 4 or 16 bytes. */
OURS(jbyteArray, remoteAddress, jlong id) {
  (void)self;
  struct sockaddr_storage address;
  if (checked(env, "a remote address", id_address(id, 1, &address)) < 0) {
    return NULL;
  }
  int four = address.ss_family == AF_INET;
  const void *bytes = four ? (const void *)&((struct sockaddr_in *)&address)->sin_addr
                           : (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr;
  jsize length = four ? 4 : 16;
  jbyteArray made = (*env)->NewByteArray(env, length);
  if (made != NULL) {
    (*env)->SetByteArrayRegion(env, made, 0, length, bytes);
  }
  return made;
}

enum { DATA_MAX = PRIVATE_DATA_MAX };

/* Copies the private data; its length, or a negative errno. */
static int data_from(JNIEnv *env, jbyteArray data, uint8_t out[DATA_MAX]) {
  jsize length = (*env)->GetArrayLength(env, data);
  if (length > DATA_MAX) {
    return -EINVAL;
  }
  (*env)->GetByteArrayRegion(env, data, 0, length, (jbyte *)out);
  return length;
}

OURS(void, connect, jlong id, jint retries, jint rnr_retries, jbyteArray data) {
  (void)self;
  uint8_t bytes[DATA_MAX];
  int length = data_from(env, data, bytes);
  checked(env, "connecting", length < 0 ? length : id_connect(id, retries, rnr_retries, bytes, (size_t)length));
}

OURS(void, accept, jlong id, jint retries, jint rnr_retries, jbyteArray data) {
  (void)self;
  uint8_t bytes[DATA_MAX];
  int length = data_from(env, data, bytes);
  checked(env, "accepting", length < 0 ? length : id_accept(id, retries, rnr_retries, bytes, (size_t)length));
}

OURS(void, reject, jlong id, jbyteArray data) {
  (void)self;
  uint8_t bytes[DATA_MAX];
  int length = data_from(env, data, bytes);
  checked(env, "rejecting", length < 0 ? length : id_reject(id, bytes, (size_t)length));
}

OURS(void, adopt, jlong id, jlong request) { (void)self; checked(env, "taking a connection over", id_adopt(id, request)); }

OURS(jint, destroyRequest, jlong id) { (void)env, (void)self; return id_destroy(id); }

OURS(jintArray, port, jlong id) {
  (void)self;
  struct port_state state;
  if (checked(env, "a port's state", id_port(id, &state)) < 0) {
    return NULL;
  }
  jintArray made = (*env)->NewIntArray(env, PORT_FIELDS);
  if (made != NULL) {
    (*env)->SetIntArrayRegion(env, made, 0, PORT_FIELDS, (const jint *)&state);
  }
  return made;
}

/* Registers any length; lkey and rkey to keys[0] and keys[1]. */
OURS(jlong, register, jlong pd, jlong address, jlong length, jint access, jintArray keys) {
  (void)self;
  uint32_t found[3] = {0};
  handle mr = length <= 0 ? -EINVAL
                          : mr_register(pd, pointer(address), (size_t)length, access, &found[0], &found[1], &found[2]);
  if (mr > 0) {
    (*env)->SetIntArrayRegion(env, keys, 0, 2, (const jint *)found);
  }
  return checked(env, "registering memory", mr);
}

OURS(void, deregister, jlong mr) { (void)self; checked(env, "deregistering memory", mr_deregister(mr)); }

/* Anonymous memory, of huge pages where the system has them to spare: the address. */
OURS(jlong, map, jlong bytes) {
  (void)self;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const size_t huge = (size_t)2 << 20;
  void *at = MAP_FAILED;
  if (bytes > 0 && (size_t)bytes % huge == 0) {
    at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
  }
  if (at == MAP_FAILED) {
    at = bytes <= 0 ? MAP_FAILED : mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (at != MAP_FAILED) {
      madvise(at, (size_t)bytes, MADV_HUGEPAGE);
    }
  }
  return checked(env, "mapping memory", at == MAP_FAILED ? (bytes <= 0 ? -EINVAL : failure()) : (int64_t)(intptr_t)at);
}

/* Has memory lie near the device of an id, if that is known and the kernel can; whether it does. */
OURS(jboolean, near, jlong id, jlong address, jlong bytes) {
  (void)env, (void)self;
  int node = id_numa_node(id);
  return node >= 0 && bytes > 0 && memory_near(pointer(address), (size_t)bytes, node) == 0;
}

OURS(void, unmap, jlong address, jlong bytes) { (void)env, (void)self; munmap(pointer(address), (size_t)bytes); }

/* Called by DiSNI's threads; the mask is one of the first 64 CPUs, 0: leave it. */
JNIEXPORT void JNICALL Java_com_ibm_disni_util_NativeAffinity__1setAffinity(JNIEnv *env, jclass self, jlong mask) {
  (void)env, (void)self;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (int i = 0; i < 64; i++) {
    if (((uint64_t)mask >> i) & 1) {
      CPU_SET((size_t)i, &cpus);
    }
  }
  if (CPU_COUNT(&cpus) > 0) {
    sched_setaffinity(0, sizeof cpus, &cpus);
  }
}

JNIEXPORT jlong JNICALL Java_com_ibm_disni_util_NativeAffinity__1getAffinity(JNIEnv *env, jclass self) {
  (void)env, (void)self;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  uint64_t mask = 0;
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
    for (int i = 0; i < 64; i++) {
      mask |= CPU_ISSET((size_t)i, &cpus) ? (uint64_t)1 << i : 0;
    }
  }
  return (jlong)mask;
}
