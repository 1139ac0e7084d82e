package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * This member's part in the swarms of all blobs: as one that pulls, as a neighbour that passes on, and as the home where
 * pullers meet. A pure state machine: it is told of events, says what it wants done, and has no thread, clock, socket or
 * random source of its own. The same seed and the same events give the same effects. One thread at a time may call it.
 */
public final class Swarm {
    private final Node node;
    private final Homes homes;
    private final Map<Digest, Puller> pullers = new LinkedHashMap<>();

    public Swarm(MemberId self, Ranking ranking, RandomGenerator random) {
        node = new Node(self, ranking, random);
        homes = new Homes(node);
    }

    /** @param nowNanos of a monotonic clock */
    public List<Effect> handle(Event event, long nowNanos) {
        node.advance(nowNanos);
        happened(event);
        for (Message own = node.toSelf().poll();
                own != null;
                own = node.toSelf().poll()) {
            received(node.self(), own);
        }
        return node.drain();
    }

    /** Whether {@link Event.Tick} is wanted. */
    public boolean busy() {
        return !pullers.isEmpty() || homes.busy();
    }

    private void happened(Event event) {
        switch (event) {
            case Event.Tick() -> tick();
            case Event.Start start -> {
                stop(start.digest()); // it was brought before, and is gone again
                if (pullers.size() < SwarmLimits.HOMES) {
                    pullers.put(start.digest(), new Puller(node, start));
                }
            }
            case Event.Stop(Digest digest) -> stop(digest);
            case Event.Received(MemberId from, Message message) -> {
                homes.takeover().heard(from);
                received(from, message);
            }
            case Event.Undelivered(MemberId to) -> {
                homes.undelivered(to);
                pullers.values().forEach(puller -> puller.lost(to));
            }
            case Event.Down(MemberId member) -> {
                homes.down(member);
                pullers.values().forEach(puller -> puller.lost(member));
            }
            case Event.Opened opened -> with(opened.digest(), p -> p.opened(opened.present()));
            case Event.Sized sized -> with(sized.digest(), p -> p.sized(sized.sizeBytes()));
            case Event.Moved moved -> with(moved.digest(), p -> p.moved(moved.read()));
            case Event.Landed landed -> with(landed.digest(), p -> p.landed(landed.read(), landed.chunk()));
            case Event.Attested attested -> with(attested.digest(), p -> p.attested(attested.statement()));
            case Event.Checked checked -> with(checked.digest(), p -> p.checked(checked.chunk(), checked.good()));
            case Event.Unvouched unvouched -> with(unvouched.digest(), Puller::unvouched);
            case Event.Shunned(MemberId member) -> pullers.values().forEach(puller -> puller.drop(member));
            case Event.Ended ended ->
                with(ended.digest(), p -> p.ended(ended.read(), ended.outcome(), ended.pauseNanos()));
            case Event.Proven(Digest digest) -> with(digest, Puller::proven);
        }
    }

    private interface Action {
        void on(Puller puller);
    }

    private void with(Digest digest, Action action) {
        Puller puller = pullers.get(digest);
        if (puller != null) {
            action.on(puller);
        }
    }

    private void received(MemberId from, Message message) {
        switch (message) {
            case Message.Report report -> homes.report(report);
            case Message.Grant grant -> {
                if (!homes.granted(from, grant)) {
                    with(grant.digest(), p -> p.granted(from, grant));
                }
            }
            case Message.Hello hello -> {
                Puller puller = pullers.get(hello.digest());
                if (puller != null) {
                    puller.hello(from, hello);
                } else {
                    node.send(from, new Message.Bye(hello.digest(), true));
                }
            }
            case Message.Have have -> with(have.digest(), p -> p.have(from, have));
            case Message.Bye(Digest digest, boolean gone) -> {
                if (gone) {
                    homes.bye(from, digest);
                }
                with(digest, p -> p.drop(from));
            }
            case Message.Probe probe -> homes.takeover().probed(probe);
            case Message.Alive alive -> homes.takeover().alive(alive);
            case Message.Need need -> homes.need(need);
            case Message.Allow allow -> homes.allowed(allow);
        }
    }

    private void stop(Digest digest) {
        @Nullable Puller puller = pullers.remove(digest);
        if (puller != null) {
            puller.stop();
        }
    }

    private void tick() {
        homes.tick();
        for (Map.Entry<Digest, Puller> entry : new ArrayList<>(pullers.entrySet())) {
            entry.getValue().tick();
            if (entry.getValue().over()) {
                stop(entry.getKey());
            }
        }
    }
}
