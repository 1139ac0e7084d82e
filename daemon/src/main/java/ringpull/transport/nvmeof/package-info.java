/**
 * Reading from another member's kernel as from a disk. A holder exports copies of blobs, never a stored blob; each reader
 * has a target of its own there, and reads it past the page cache.
 */
@NullMarked
package ringpull.transport.nvmeof;

import org.jspecify.annotations.NullMarked;
