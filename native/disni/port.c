#include "rdma.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int mtu_bytes(enum ibv_mtu mtu) { return mtu >= IBV_MTU_256 && mtu <= IBV_MTU_4096 ? 128 << mtu : 0; }

static int lanes(uint8_t width) {
  switch (width) {
    case 1: return 1;
    case 2: return 4;
    case 4: return 8;
    case 8: return 12;
    case 16: return 2;
    default: return 0;
  }
}

static int lane_mbit(uint32_t speed) {
  switch (speed) {
    case 1: return 2500;
    case 2: return 5000;
    case 4: return 10000;
    case 8: return 10000;
    case 16: return 14000;
    case 32: return 25000;
    case 64: return 50000;
    case 128: return 100000;
    default: return 0;
  }
}

static void gid_of(struct rdma_cm_id *id, struct port_state *out) {
  enum { GIDS = 1024 };
  static _Thread_local struct ibv_gid_entry gids[GIDS];
  ssize_t count = ibv_query_gid_table(id->verbs, gids, GIDS, 0);
  for (ssize_t i = 0; i < count; i++) {
    if (gids[i].port_num == id->port_num && memcmp(&gids[i].gid, &id->route.addr.addr.ibaddr.sgid, sizeof gids[i].gid) == 0
        && (out->gid_index < 0 || gids[i].gid_type == IBV_GID_TYPE_ROCE_V2)) {
      out->gid_index = (int32_t)gids[i].gid_index;
      out->gid_type = (int32_t)gids[i].gid_type;
    }
  }
}

int id_port(handle h, struct port_state *out) {
  struct entry *entry = handle_hold(h, ID);
  if (entry == NULL) {
    return -EINVAL;
  }
  struct rdma_cm_id *id = entry->object;
  struct ibv_port_attr port;
  struct ibv_device_attr device;
  int status = id->verbs == NULL ? -ENODEV : 0;
  if (status == 0) {
    status = -ibv_query_port(id->verbs, id->port_num == 0 ? 1 : id->port_num, &port);
  }
  if (status == 0) {
    status = -ibv_query_device(id->verbs, &device);
  }
  if (status == 0) {
    *out = (struct port_state){
        .state = (int32_t)port.state,
        .active_mtu = mtu_bytes(port.active_mtu),
        .link_layer = port.link_layer,
        .rate_mbit = lanes(port.active_width) * lane_mbit(port.active_speed),
        .reads_max = device.max_qp_rd_atom < device.max_qp_init_rd_atom ? device.max_qp_rd_atom : device.max_qp_init_rd_atom,
        .gid_index = -1,
        .gid_type = -1,
        .memory_keys = device.max_mr,
    };
    gid_of(id, out);
  }
  handle_drop(entry);
  return status;
}

int id_numa_node(handle h) {
  struct entry *entry = handle_hold(h, ID);
  if (entry == NULL) {
    return -EINVAL;
  }
  struct rdma_cm_id *id = entry->object;
  char path[IBV_SYSFS_PATH_MAX + 32];
  int node = -1;
  if (id->verbs != NULL) {
    snprintf(path, sizeof path, "%s/device/numa_node", id->verbs->device->ibdev_path);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
      node = fscanf(file, "%d", &node) == 1 ? node : -1;
      fclose(file);
    }
  }
  handle_drop(entry);
  return node < 0 ? -ENOENT : node;
}

int memory_near(void *address, size_t bytes, int node) {
  enum { NODES = 1024, BITS = 8 * sizeof(unsigned long) };
  if (node < 0 || node >= NODES) {
    return -EINVAL;
  }
  unsigned long nodes[NODES / BITS] = {0};
  nodes[(size_t)node / BITS] = 1UL << ((size_t)node % BITS);
  /* The kernel takes one bit less than it is told. */
  return syscall(SYS_mbind, address, bytes, MPOL_PREFERRED, nodes, NODES + 1UL, MPOL_MF_MOVE) == 0 ? 0 : failure();
}
