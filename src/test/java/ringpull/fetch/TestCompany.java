package ringpull.fetch;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import ringpull.blame.Statements;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.swarm.Answers;
import ringpull.swarm.Event;

/** Other members are there. What homes say is the test's, and whether this one is the home of everything. */
class TestCompany implements SwarmPulls.Swarms {
    private final Answers homes;
    boolean home;

    TestCompany(Answers homes, boolean home) {
        this.homes = homes;
        this.home = home;
    }

    /** Says nothing of what it is not asked about in a test. */
    abstract static class Home implements Answers {
        @Override
        public Meaning tag(ImageName tag, Duration within) {
            return Unsaid.UNKNOWN;
        }

        @Override
        public Optional<Recalled> recall(ImageName tag) {
            return Optional.empty();
        }

        @Override
        public Optional<Inline> manifest(Digest digest, Repository repository) {
            return Optional.empty();
        }
    }

    @Override
    public void happened(Event event) {}

    @Override
    public boolean hasCompany() {
        return true;
    }

    @Override
    public Optional<Member> member(MemberId id) {
        return Optional.empty();
    }

    @Override
    public boolean isHome(Digest digest) {
        return home;
    }

    @Override
    public Answers homes() {
        return homes;
    }

    @Override
    public Statements statements() {
        return new Statements("test", new MemberId("a".repeat(32)), 1, Optional.empty(), id -> OptionalLong.empty());
    }
}
