package ringpull.sim;

import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import ringpull.ring.Claim;
import ringpull.ring.Delta;
import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;

/** Ways in which a ring could be broken, each with the property that must find out. */
enum Mutant implements Tamper {
    /** Members do not hear of each other's suspicions and deaths: each has to find out alone. */
    NOBODY_CONFIRMS("completeness:") {
        @Override
        Message heard(SimNode node, Message message) {
            return claims(message, claim -> claim.status() == Status.ALIVE);
        }
    },
    /** Who is suspected does not hear of it, and so does not refute. */
    NOBODY_REFUTES("accuracy:") {
        @Override
        Message heard(SimNode node, Message message) {
            return claims(message, claim -> !claim.id().equals(node.id));
        }
    },
    /** What is said of inventories is lost once the ring stands. */
    NEWS_OF_BLOBS_ARE_LOST("all is found again") {
        @Override
        Message heard(SimNode node, Message message) {
            return node.isEligible() ? saying(message, message.rumors(), List.of()) : message;
        }
    },
    /** The same, while islands are apart. */
    HOLDERS_ARE_NOT_FOUND("liveness:") {
        @Override
        Message heard(SimNode node, Message message) {
            return NEWS_OF_BLOBS_ARE_LOST.heard(node, message);
        }
    },
    /** A member that came back is taken for the one that it was before. */
    OLD_LIVES_RETURN("no resurrection:") {
        @Override
        public List<Effect> done(SimNode node, List<Effect> effects) {
            return effects.stream().flatMap(this::twice).toList();
        }

        private Stream<Effect> twice(Effect effect) {
            return effect instanceof Effect.Changed(Member member, Status status) && status == Status.ALIVE
                    ? Stream.of(effect, new Effect.Changed(other(member, member.id(), member.epoch() - 1), status))
                    : Stream.of(effect);
        }
    },
    /** A node tells of a member that nobody is. */
    GHOSTS("members that never were") {
        @Override
        Message heard(SimNode node, Message message) {
            if (node.index != 1 || !node.isEligible()) {
                return message;
            }
            Member ghost = other(message.sender().member(), new MemberId("f".repeat(32)), 7);
            return saying(message, List.of(new Rumor(ghost, 0, Status.ALIVE)), message.deltas());
        }
    },
    /** Nobody hears that others are eligible, so each is the home of everything. */
    EVERYBODY_IS_HOME("egress:") {
        @Override
        Message heard(SimNode node, Message message) {
            return copy(
                    message,
                    message.cluster(),
                    ineligible(message.sender()),
                    message.rumors().stream().map(Mutant::ineligible).toList(),
                    message.claims().stream().map(Mutant::ineligible).toList(),
                    message.deltas());
        }
    },
    /** Each question is asked again and again. */
    SENDS_WITHOUT_END("caps:") {
        @Override
        public List<Effect> done(SimNode node, List<Effect> effects) {
            return effects.stream()
                    .flatMap(effect -> Collections.nCopies(effect instanceof Effect.Call ? 40 : 1, effect).stream())
                    .toList();
        }
    },
    /** Nobody looks at the name of the ring. */
    RINGS_MIX("two rings:") {
        @Override
        Message heard(SimNode node, Message message) {
            return copy(message, node.cluster, message.sender(), message.rumors(), message.claims(), message.deltas());
        }
    },
    /** The seed, and all others, do not say whom they know. */
    SEED_IS_MUTE("join: all know all") {
        @Override
        Message heard(SimNode node, Message message) {
            return saying(message, List.of(), message.deltas());
        }
    };

    private final String failure;

    Mutant(String failure) {
        this.failure = failure;
    }

    /** What the property says that must fail. */
    String failure() {
        return failure;
    }

    /** A message as a broken ring understands it. */
    Message heard(SimNode node, Message message) {
        return message;
    }

    @Override
    public List<Event> told(SimNode node, Event event) {
        return switch (event) {
            case Event.Asked(long exchange, Message message) ->
                List.of(new Event.Asked(exchange, heard(node, message)));
            case Event.Answered(long call, Message message) -> List.of(new Event.Answered(call, heard(node, message)));
            default -> List.of(event);
        };
    }

    private static Message claims(Message message, Predicate<Claim> kept) {
        List<Claim> claims = message.claims().stream().filter(kept).toList();
        return copy(message, message.cluster(), message.sender(), message.rumors(), claims, message.deltas());
    }

    private static Message saying(Message message, List<Rumor> rumors, List<Delta> deltas) {
        return copy(message, message.cluster(), message.sender(), rumors, message.claims(), deltas);
    }

    private static Message copy(
            Message message, String cluster, Rumor sender, List<Rumor> rumors, List<Claim> claims, List<Delta> deltas) {
        return new Message(
                cluster,
                message.protocol(),
                message.capabilities(),
                sender,
                message.health(),
                rumors,
                claims,
                message.deaths(),
                deltas,
                message.body());
    }

    private static Rumor ineligible(Rumor rumor) {
        return new Rumor(rumor.member(), rumor.incarnation(), rumor.status(), false);
    }

    private static Claim ineligible(Claim claim) {
        return new Claim(claim.id(), claim.epoch(), claim.incarnation(), claim.status(), false, claim.accusers());
    }

    private static Member other(Member like, MemberId id, long epoch) {
        return new Member(
                id,
                epoch,
                like.name(),
                like.addresses(),
                like.controlPort(),
                like.dataPort(),
                like.rack(),
                like.zone(),
                like.transports());
    }
}
