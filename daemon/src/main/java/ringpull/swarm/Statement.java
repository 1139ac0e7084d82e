package ringpull.swarm;

import ringpull.ring.MemberId;

/**
 * What a member that read a run from the origin says about it. The swarm carries it and does not look inside.
 *
 * @param content the hashes of the chunks and, where members have keys, the signature; at most
 *     {@link SwarmLimits#STATEMENT_BYTES}
 */
public record Statement(MemberId signer, Run run, byte[] content) {}
