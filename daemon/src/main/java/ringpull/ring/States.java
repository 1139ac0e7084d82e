package ringpull.ring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The membership list as people read it. */
final class States {
    private final Peers peers;
    private final MemberTable table;
    private final Time time;

    States(Peers peers, Time time) {
        this.peers = peers;
        this.time = time;
        table = peers.table();
    }

    /** For any thread. */
    List<Membership.MemberState> all() {
        List<Membership.MemberState> states = new ArrayList<>();
        states.add(state(peers.selfOrdinal(), peers.self().member()));
        for (int member = 0; member < table.capacity(); member++) {
            Member known = member == peers.selfOrdinal() ? null : table.memberOrNull(member);
            if (known != null) {
                states.add(state(member, known));
            }
        }
        return List.copyOf(states);
    }

    private Membership.MemberState state(int member, Member known) {
        boolean isOwn = member == peers.selfOrdinal();
        Inventory inventory = table.inventoryOrNull(member);
        List<Member> accusers = new ArrayList<>();
        for (int accuser : peers.suspicions().accusers(member)) {
            Member accusing = table.memberOrNull(accuser);
            if (accusing != null) {
                accusers.add(accusing);
            }
        }
        return new Membership.MemberState(
                known,
                isOwn ? peers.self().status() : table.status(member),
                peers.problem(member),
                inventory == null ? 0 : inventory.held(),
                isOwn ? Duration.ZERO : Duration.ofNanos(Math.max(0, time.now() - table.heardAt(member))),
                table.owns(member),
                isOwn ? peers.health().score() : table.health(member),
                accusers);
    }
}
