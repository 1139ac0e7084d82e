/*
 * What Java holds of native objects: numbers that are checked at each use. A number says where in a table the object is and
 * which of the objects that were ever there it is, so one that was destroyed, or never was, or is of another kind, is an
 * error and not a crash. An object that others rest on cannot be destroyed before them, nor while a call uses it. All
 * functions are safe for many threads.
 */
#ifndef RINGPULL_HANDLES_H
#define RINGPULL_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t handle; /* positive; never reused within 2^31 objects of one place in the table */

enum kind { NOTHING, CHANNEL, ID, CONTEXT, PD, MR, COMP_CHANNEL, CQ, QP };

enum { PARENTS_MAX = 4, HANDLES_MAX = 1 << 16 };

struct entry {
  void *object;
  enum kind kind;
  uint32_t generation;
  uint32_t users;    /* calls that use it now */
  uint32_t children; /* objects that rest on it */
  uint32_t parents[PARENTS_MAX];
  bool dying;
  int wake;         /* of channels: an eventfd that ends a wait; else -1 */
  uint32_t unacked; /* of completion queues: events taken and not acknowledged */
  handle context;   /* of ids: its device's, once asked for; else 0 */
  handle qp;        /* of ids: its queue pair's; else 0 */
};

/* A new object that rests on up to four others, which the caller holds (null: none). Its handle, or -ENFILE. */
handle handle_add(enum kind kind, void *object, struct entry *const parents[PARENTS_MAX]);

/* The entry of a live object of this kind, until handle_drop; null if there is none. */
struct entry *handle_hold(handle h, enum kind kind);

void handle_drop(struct entry *held);

/*
 * Takes an object out of use: ends waits on it, and returns when no call uses it. -EINVAL if it is none, -EBUSY if
 * others rest on it. Then handle_remove once it is destroyed, or handle_keep if that failed.
 */
int handle_retire(handle h, enum kind kind, struct entry **retired);

void handle_remove(struct entry *retired);

void handle_keep(struct entry *retired);

/* Another parent in place of one. Both and the child are held. */
void handle_move(struct entry *child, struct entry *from, struct entry *to);

handle handle_of(const struct entry *entry);

/* Whether waits on it shall end. */
bool handle_dying(struct entry *held);

/* How many live. */
int handle_count(void);

#endif
