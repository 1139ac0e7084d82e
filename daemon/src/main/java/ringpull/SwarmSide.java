package ringpull;

import java.util.Optional;
import ringpull.blame.Statements;
import ringpull.blob.Digest;
import ringpull.fetch.SwarmPulls;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.swarm.Answers;
import ringpull.swarm.Event;
import ringpull.swarm.wire.SwarmNode;

/** What the fetcher sees of the swarm. */
record SwarmSide(SwarmNode node, Statements statements) implements SwarmPulls.Swarms {
    @Override
    public void happened(Event event) throws InterruptedException {
        node.happened(event);
    }

    @Override
    public boolean hasCompany() {
        return node.hasCompany();
    }

    @Override
    public Optional<Member> member(MemberId id) {
        return node.member(id);
    }

    @Override
    public boolean isHome(Digest digest) {
        return node.isHome(digest);
    }

    @Override
    public Answers homes() {
        return node.homes();
    }
}
