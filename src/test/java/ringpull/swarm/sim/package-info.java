/** Swarms of the shipping classes in virtual time. */
@org.jspecify.annotations.NullMarked
package ringpull.swarm.sim;
