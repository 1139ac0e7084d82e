package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** News for one message, within its limits. */
final class Bundle {
    private final List<Rumor> rumors = new ArrayList<>();
    private final List<Claim> claims = new ArrayList<>();
    private final List<Delta> deltas = new ArrayList<>();
    private long[] deaths = {};
    private int died;
    private final int bytes;
    private int changes;
    private int bytesLeft;
    private boolean truncated;

    Bundle(long bytes) {
        this.bytes = (int) Math.max(0, bytes);
        bytesLeft = this.bytes;
    }

    static Bundle empty() {
        return new Bundle(0);
    }

    List<Rumor> rumors() {
        return rumors;
    }

    List<Claim> claims() {
        return claims;
    }

    Hashes deaths() {
        return Hashes.of(deaths, died);
    }

    List<Delta> deltas() {
        return deltas;
    }

    boolean isEmpty() {
        return rumors.isEmpty() && claims.isEmpty() && died == 0 && deltas.isEmpty();
    }

    /** Whether something did not fit. */
    boolean truncated() {
        return truncated;
    }

    int used() {
        return bytes - bytesLeft;
    }

    boolean add(Rumor rumor) {
        return fits(rumor.weight(), rumors.size(), Limits.RUMORS_PER_MESSAGE) && rumors.add(rumor);
    }

    boolean add(Claim claim) {
        return fits(claim.weight(), claims.size(), Limits.CLAIMS_PER_MESSAGE) && claims.add(claim);
    }

    /** A {@link Digests#death}. */
    boolean addDeath(long death) {
        if (!fits(Long.BYTES, died, Limits.CLAIMS_PER_MESSAGE)) {
            return false;
        }
        if (died == deaths.length) {
            deaths = Arrays.copyOf(deaths, 2 * died + 16);
        }
        deaths[died++] = death;
        return true;
    }

    /** Though it may not fit: it concerns the reader. */
    void addFirst(Claim claim) {
        claims.addFirst(claim);
    }

    void addFirst(Rumor rumor) {
        rumors.addFirst(rumor);
    }

    private boolean fits(int weight, int count, int most) {
        if (weight > bytesLeft || count >= most) {
            truncated = true;
            return false;
        }
        bytesLeft -= weight;
        return true;
    }

    /** As many as fit of the changes after this version of the inventory, which it remembers. */
    boolean add(Rumor owner, Inventory inventory, HolderIndex index, long from) {
        int room = Math.min(Limits.CHANGES_PER_MESSAGE - changes, (bytesLeft - Delta.WEIGHT) / Change.WEIGHT);
        if (room <= 0 || deltas.size() >= Limits.DELTAS_PER_MESSAGE) {
            truncated = true;
            return false;
        }
        Delta delta = inventory.since(owner, index, from, room);
        truncated |= delta.to() < inventory.version();
        return add(delta);
    }

    /** Though it may not fit. */
    boolean add(Delta delta) {
        if (changes + delta.changes().size() > Limits.CHANGES_PER_MESSAGE
                || deltas.size() >= Limits.DELTAS_PER_MESSAGE) {
            truncated = true;
            return false;
        }
        changes += delta.changes().size();
        bytesLeft -= delta.weight();
        return deltas.add(delta);
    }

    int bytesLeft() {
        return bytesLeft;
    }
}
