/** The durable store: blobs as files, their index in RocksDB. */
@NullMarked
package ringpull.store.rocksdb;

import org.jspecify.annotations.NullMarked;
