/**
 * Chunks over RDMA: DiSNI's verbs and connection classes over our own libdisni. The holder puts pieces into registered
 * memory and offers them; the reader fetches them with RDMA READs into its own; nobody ever writes into another's memory.
 */
@NullMarked
package ringpull.transport.rdma;

import org.jspecify.annotations.NullMarked;
