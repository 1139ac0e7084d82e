/* DiSNI's own native methods (com.ibm.disni 2.1). Java's names begin with "_", which JNI writes "_1". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "jni_call.h"
#include "rdma.h"

/* What Java writes and reads at fixed places of these structures. */
_Static_assert(sizeof(void *) == 8, "64 bits");
_Static_assert(offsetof(struct ibv_send_wr, wr_id) == 0, "send wr_id");
_Static_assert(offsetof(struct ibv_send_wr, next) == 8, "send next");
_Static_assert(offsetof(struct ibv_send_wr, sg_list) == 16, "send sg_list");
_Static_assert(offsetof(struct ibv_send_wr, num_sge) == 24, "send num_sge");
_Static_assert(offsetof(struct ibv_send_wr, opcode) == 28, "send opcode");
_Static_assert(offsetof(struct ibv_send_wr, send_flags) == 32, "send flags");
_Static_assert(offsetof(struct ibv_send_wr, imm_data) == 36, "send imm");
_Static_assert(offsetof(struct ibv_send_wr, wr.rdma.remote_addr) == 40, "send remote_addr");
_Static_assert(offsetof(struct ibv_send_wr, wr.rdma.rkey) == 48, "send rkey");
_Static_assert(sizeof(struct ibv_recv_wr) == 32, "recv size");
_Static_assert(offsetof(struct ibv_recv_wr, wr_id) == 0, "recv wr_id");
_Static_assert(offsetof(struct ibv_recv_wr, next) == 8, "recv next");
_Static_assert(offsetof(struct ibv_recv_wr, sg_list) == 16, "recv sg_list");
_Static_assert(offsetof(struct ibv_recv_wr, num_sge) == 24, "recv num_sge");
_Static_assert(sizeof(struct ibv_sge) == 16, "sge size");
_Static_assert(offsetof(struct ibv_sge, addr) == 0, "sge addr");
_Static_assert(offsetof(struct ibv_sge, length) == 8, "sge length");
_Static_assert(offsetof(struct ibv_sge, lkey) == 12, "sge lkey");
_Static_assert(sizeof(struct ibv_wc) == 48, "wc size");
_Static_assert(offsetof(struct ibv_wc, wr_id) == 0, "wc wr_id");
_Static_assert(offsetof(struct ibv_wc, status) == 8, "wc status");
_Static_assert(offsetof(struct ibv_wc, opcode) == 12, "wc opcode");
_Static_assert(offsetof(struct ibv_wc, vendor_err) == 16, "wc vendor_err");
_Static_assert(offsetof(struct ibv_wc, byte_len) == 20, "wc byte_len");
_Static_assert(offsetof(struct ibv_wc, imm_data) == 24, "wc imm");
_Static_assert(offsetof(struct ibv_wc, qp_num) == 28, "wc qp_num");
_Static_assert(offsetof(struct ibv_wc, src_qp) == 32, "wc src_qp");
_Static_assert(offsetof(struct ibv_wc, wc_flags) == 36, "wc flags");
_Static_assert(offsetof(struct ibv_wc, pkey_index) == 40, "wc pkey_index");
_Static_assert(offsetof(struct ibv_wc, slid) == 42, "wc slid");
_Static_assert(offsetof(struct ibv_wc, sl) == 44, "wc sl");
_Static_assert(offsetof(struct ibv_wc, dlid_path_bits) == 45, "wc dlid_path_bits");
_Static_assert(offsetof(struct sockaddr_in, sin_family) == 0, "address family");
_Static_assert(offsetof(struct sockaddr_in, sin_port) == 2, "address port");
_Static_assert(offsetof(struct sockaddr_in, sin_addr) == 4, "address");
_Static_assert(sizeof(struct sockaddr_in) <= 28, "address size");
_Static_assert(IBV_WR_RDMA_WRITE == 0 && IBV_WR_SEND == 2 && IBV_WR_RDMA_READ == 4, "opcodes");
_Static_assert(IBV_SEND_FENCE == 1 && IBV_SEND_SIGNALED == 2 && IBV_SEND_SOLICITED == 4 && IBV_SEND_INLINE == 8, "flags");
_Static_assert(IBV_ACCESS_LOCAL_WRITE == 1 && IBV_ACCESS_REMOTE_WRITE == 2 && IBV_ACCESS_REMOTE_READ == 4, "access");
_Static_assert(IBV_WC_SUCCESS == 0 && IBV_WC_RECV == 128 && IBV_QPT_RC == 2, "completions");
_Static_assert(RDMA_CM_EVENT_ADDR_RESOLVED == 0 && RDMA_CM_EVENT_CONNECT_REQUEST == 4 && RDMA_CM_EVENT_TIMEWAIT_EXIT == 15, "events");

enum { DISNI_VERSION = 32, ADDRESS_BYTES = 28 };

int64_t checked(JNIEnv *env, const char *call, int64_t value) {
  if (value < 0) {
    char reason[128] = "", text[192];
    if (strerror_r((int)-value, reason, sizeof reason) != 0) {
      snprintf(reason, sizeof reason, "error %d", (int)-value);
    }
    snprintf(text, sizeof text, "%s: %s", call, reason);
    jclass type = (*env)->FindClass(env, "java/io/IOException");
    if (type != NULL) {
      (*env)->ThrowNew(env, type, text);
    }
  }
  return value;
}

#define DISNI(type, name, ...) \
  JNIEXPORT type JNICALL Java_com_ibm_disni_verbs_impl_NativeDispatcher__1##name(JNIEnv *env, jobject self, ##__VA_ARGS__)
#define UNUSED ((void)env, (void)self)

DISNI(jint, getVersion) { UNUSED; return DISNI_VERSION; }
DISNI(jint, getSockAddrInSize) { UNUSED; return ADDRESS_BYTES; }
DISNI(jint, getIbvRecvWRSize) { UNUSED; return sizeof(struct ibv_recv_wr); }
DISNI(jint, getIbvSendWRSize) { UNUSED; return sizeof(struct ibv_send_wr); }
DISNI(jint, getIbvSgeSize) { UNUSED; return sizeof(struct ibv_sge); }
DISNI(jint, getIbvWCSize) { UNUSED; return sizeof(struct ibv_wc); }
DISNI(jint, getRemoteAddressOffset) { UNUSED; return offsetof(struct ibv_send_wr, wr.rdma.remote_addr); }
DISNI(jint, getRKeyOffset) { UNUSED; return offsetof(struct ibv_send_wr, wr.rdma.rkey); }

DISNI(jlong, createEventChannel) { (void)self; return checked(env, "creating an event channel", channel_create()); }
DISNI(jint, destroyEventChannel, jlong channel) { UNUSED; return channel_destroy(channel); }
DISNI(jlong, createId, jlong channel, jshort space) { (void)self; return checked(env, "creating an id", id_create(channel, space)); }
DISNI(jint, destroyCmId, jlong id) { UNUSED; return id_destroy(id); }
DISNI(jint, disconnect, jlong id) { UNUSED; return id_disconnect(id); }
DISNI(jint, destroyQP, jlong id) { UNUSED; return qp_destroy(id); }
DISNI(jint, destroyEp, jlong id) {
  UNUSED;
  qp_destroy(id); /* it may have none */
  return id_destroy(id);
}
DISNI(void, bindAddr, jlong id, jlong address) { (void)self; checked(env, "binding an address", id_bind(id, pointer(address))); }
DISNI(void, listen, jlong id, jint backlog) { (void)self; checked(env, "listening", id_listen(id, backlog)); }
DISNI(void, resolveAddr, jlong id, jlong source, jlong target, jint millis) {
  (void)self;
  checked(env, "resolving an address", id_resolve_address(id, pointer(source), pointer(target), millis));
}
DISNI(void, resolveRoute, jlong id, jint millis) { (void)self; checked(env, "resolving a route", id_resolve_route(id, millis)); }

DISNI(jint, getCmEvent, jlong channel, jlong listener, jlong id, jint millis) {
  UNUSED;
  struct cm_event event;
  int status = channel_event(channel, millis, &event);
  if (status != WAIT_EVENT) {
    return status < 0 ? status : -ETIMEDOUT;
  }
  memcpy(pointer(listener), &event.listener, sizeof event.listener);
  memcpy(pointer(id), &event.id, sizeof event.id);
  return event.type;
}

/* The event was acknowledged when it was taken. */
DISNI(jint, ackCmEvent, jint event) { UNUSED; (void)event; return 0; }

DISNI(void, connect, jlong id, jint retries, jint rnr_retries, jlong data, jbyte length) {
  (void)self;
  checked(env, "connecting", id_connect(id, retries, rnr_retries, pointer(data), data == 0 ? 0 : (uint8_t)length));
}
DISNI(void, accept, jlong id, jint retries, jint rnr_retries) {
  (void)self;
  checked(env, "accepting", id_accept(id, retries, rnr_retries, NULL, 0));
}

static jint address_of(jlong id, int remote, jlong out) {
  struct sockaddr_storage address;
  int status = id_address(id, remote, &address);
  if (status == 0 && address.ss_family != AF_INET) {
    status = -EAFNOSUPPORT; /* DiSNI's class has room for IPv4 only */
  }
  if (status == 0) {
    memset(pointer(out), 0, ADDRESS_BYTES);
    memcpy(pointer(out), &address, sizeof(struct sockaddr_in));
  }
  return status;
}

DISNI(jint, getSrcAddr, jlong id, jlong out) { UNUSED; return address_of(id, 0, out); }
DISNI(jint, getDstAddr, jlong id, jlong out) { UNUSED; return address_of(id, 1, out); }

DISNI(jlong, getContext, jlong id) { UNUSED; return id_context(id); }
DISNI(jint, getContextFd, jlong context) { (void)self; return (jint)checked(env, "a device's descriptor", context_fd(context)); }
DISNI(jint, getContextNumCompVectors, jlong context) {
  (void)self;
  return (jint)checked(env, "a device's completion vectors", context_vectors(context));
}

DISNI(jlong, allocPd, jlong context) { (void)self; return checked(env, "allocating a protection domain", pd_allocate(context)); }
DISNI(jint, deallocPd, jlong pd) { UNUSED; return pd_free(pd); }
DISNI(jint, getPdHandle, jlong pd) { (void)self; return (jint)checked(env, "a protection domain's number", pd_number(pd)); }

DISNI(jlong, createQP, jlong id, jlong pd, jlong send_cq, jlong recv_cq, jint type, jint send_wr, jint recv_wr, jint inline_bytes) {
  (void)self;
  return checked(env, "creating a queue pair", qp_create(id, pd, send_cq, recv_cq, type, send_wr, recv_wr, inline_bytes));
}
DISNI(jint, getQpNum, jlong qp) { (void)self; return (jint)checked(env, "a queue pair's number", qp_number(qp)); }

/* Java passes no attributes, so there is nothing to change. */
DISNI(jint, modifyQP, jlong qp, jlong attributes) {
  (void)self;
  (void)attributes;
  return (jint)checked(env, "modifying a queue pair", qp_known(qp));
}

DISNI(jlong, regMr, jlong pd, jlong address, jint length, jint access, jlong lkey, jlong rkey, jlong number) {
  (void)self;
  handle mr = length <= 0 ? -EINVAL
                          : mr_register(pd, pointer(address), (size_t)length, access, pointer(lkey), pointer(rkey), pointer(number));
  return checked(env, "registering memory", mr);
}
DISNI(void, deregMr, jlong mr) { (void)self; checked(env, "deregistering memory", mr_deregister(mr)); }
DISNI(jint, queryOdpSupport, jlong context) { UNUSED; (void)context; return 0; }
DISNI(jint, expPrefetchMr, jlong mr, jlong address, jint length) {
  UNUSED;
  (void)mr, (void)address, (void)length;
  return -1;
}

DISNI(jlong, createCompChannel, jlong context) {
  (void)self;
  return checked(env, "creating a completion channel", comp_channel_create(context));
}
DISNI(jint, destroyCompChannel, jlong channel) { UNUSED; return comp_channel_destroy(channel); }
DISNI(jlong, createCQ, jlong context, jlong channel, jint entries, jint vector) {
  (void)self;
  return checked(env, "creating a completion queue", cq_create(context, channel, entries, vector));
}
DISNI(jint, destroyCQ, jlong cq) { UNUSED; return cq_destroy(cq); }
DISNI(jint, reqNotifyCQ, jlong cq, jint solicited) {
  (void)self;
  return (jint)checked(env, "arming a completion queue", cq_notify(cq, solicited));
}
DISNI(jint, getCqEvent, jlong channel, jint millis) {
  (void)self;
  int status = comp_channel_event(channel, millis);
  return status == 0 ? -1 : status == 1 ? 0 : (jint)checked(env, "waiting for completions", status);
}
DISNI(jint, ackCqEvent, jlong cq, jint events) { UNUSED; return cq_acknowledge(cq, events); }
DISNI(jint, pollCQ, jlong cq, jint count, jlong completions) {
  (void)self;
  return (jint)checked(env, "polling completions", cq_poll(cq, count, pointer(completions)));
}
DISNI(void, postSend, jlong qp, jlong list) { (void)self; checked(env, "posting sends", qp_post_send(qp, pointer(list))); }
DISNI(void, postRecv, jlong qp, jlong list) { (void)self; checked(env, "posting receives", qp_post_recv(qp, pointer(list))); }
