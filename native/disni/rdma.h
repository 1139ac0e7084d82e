/*
 * libibverbs and librdmacm behind checked handles. Functions return 0 or more, or a negative errno. A wait with a limit of
 * milliseconds (below 0: none) ends early if its channel is woken or destroyed. One event channel is read by one thread
 * at a time; all else may be used by many.
 */
#ifndef RINGPULL_RDMA_H
#define RINGPULL_RDMA_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>
#include <stddef.h>
#include <stdint.h>

#include "handles.h"

enum { PRIVATE_DATA_MAX = 255, WAIT_EVENT = 1, WAIT_COMPLETION = 2, WAIT_WOKEN = 4 };

/* A connection event, copied before it was acknowledged. */
struct cm_event {
  int64_t listener; /* 0: none */
  int64_t id;
  int32_t type; /* enum rdma_cm_event_type */
  int32_t status;
  int32_t responder_resources; /* RDMA READs that the other end asks us to serve at a time */
  int32_t initiator_depth;     /* that it will issue */
  int32_t length;              /* of the private data */
  uint8_t data[PRIVATE_DATA_MAX + 1];
};

struct port_state {
  int32_t state;      /* enum ibv_port_state */
  int32_t active_mtu; /* bytes */
  int32_t link_layer; /* IBV_LINK_LAYER_* */
  int32_t rate_mbit;
  int32_t reads_max;   /* RDMA READs in flight of one queue pair, either way */
  int32_t gid_index;   /* of the address that the id is bound to; -1: unknown */
  int32_t gid_type;    /* 0 InfiniBand or iWARP, 1 RoCE v1, 2 RoCE v2; -1: unknown */
  int32_t memory_keys; /* registrations that the device can hold */
};

/* cm.c */
handle channel_create(void);
int channel_destroy(handle channel);
/* WAIT_EVENT and WAIT_WOKEN; 0 when the time is over. */
int channel_event(handle channel, int millis, struct cm_event *event);
int channel_wake(handle channel);
handle id_create(handle channel, int space);
int id_destroy(handle id);
int id_bind(handle id, const struct sockaddr *address);
int id_listen(handle id, int backlog);
int id_resolve_address(handle id, const struct sockaddr *source, const struct sockaddr *target, int millis);
int id_resolve_route(handle id, int millis);
int id_connect(handle id, int retries, int rnr_retries, const void *data, size_t length);
int id_accept(handle id, int retries, int rnr_retries, const void *data, size_t length);
int id_reject(handle id, const void *data, size_t length);
int id_disconnect(handle id);
/* Makes a request's connection this id's, on this id's channel; the request's handle is gone then. */
int id_adopt(handle id, handle request);
int id_address(handle id, int remote, struct sockaddr_storage *address);
int id_port(handle id, struct port_state *state);
/* The NUMA node that the id's device is attached to; -ENOENT: to none, or the kernel does not say. */
int id_numa_node(handle id);
/* Has memory lie on a node where there is room, also what lies elsewhere now. */
int memory_near(void *address, size_t bytes, int node);
handle id_context(handle id);

/* verbs.c */
int context_fd(handle context);
int context_vectors(handle context);
handle pd_allocate(handle context);
int pd_free(handle pd);
int pd_number(handle pd);
handle comp_channel_create(handle context);
int comp_channel_destroy(handle channel);
int comp_channel_wake(handle channel);
/* 1: took an event of a completion queue, which wants acknowledgement; 0: none came. */
int comp_channel_event(handle channel, int millis);
/* Which of both has something; takes nothing but the wake-up of either. */
int wait_both(handle comp_channel, handle event_channel, int millis);
handle cq_create(handle context, handle channel, int entries, int vector);
int cq_destroy(handle cq);
int cq_notify(handle cq, int solicited_only);
int cq_poll(handle cq, int count, struct ibv_wc *completions);
int cq_acknowledge(handle cq, int events);
handle qp_create(handle id, handle pd, handle send_cq, handle recv_cq, int type, int send_wr, int recv_wr, int inline_bytes);
int qp_destroy(handle id);
int64_t qp_number(handle qp);
int qp_known(handle qp);
int qp_post_send(handle qp, struct ibv_send_wr *list);
int qp_post_recv(handle qp, struct ibv_recv_wr *list);
handle mr_register(handle pd, void *address, size_t length, int access, uint32_t *lkey, uint32_t *rkey, uint32_t *number);
int mr_deregister(handle mr);

/* A failed call's negative errno: of those that set it, and of those that return it. */
int failure(void);
int wake_fd(void);
int wake(handle h, enum kind kind);
/* Polls these; -1 stands for none. Which were ready as bits, 0 when the time is over. */
int wait_fds(const int *fds, int count, int millis);
void drain(int fd);

#endif
