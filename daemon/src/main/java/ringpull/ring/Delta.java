package ringpull.ring;

import java.util.List;

/**
 * Changes of one member's inventory, oldest first; also how a whole inventory travels, as the changes from version 0, in as
 * many pages as it needs. Changes that later ones undid may be missing.
 *
 * @param epoch of the member whose inventory it is
 * @param from version after which the changes begin
 * @param to version that who had {@code from} is at with these changes
 * @param cut the sender has forgotten removals up to this version: who knows less must begin at 0
 * @param asOf removals up to this version are taken into account
 */
public record Delta(MemberId member, long epoch, long from, long to, long cut, long asOf, List<Change> changes) {
    /** An upper bound of the encoded size in bytes of a delta without its changes. */
    static final int WEIGHT = 96;

    public Delta {
        changes = List.copyOf(changes);
        Limits.within(epoch, Limits.COUNTER, "epochs");
        Limits.within(to, Limits.COUNTER, "versions");
        Limits.within(cut, Limits.COUNTER, "versions");
        Limits.within(asOf, Limits.COUNTER, "versions");
        Limits.within(changes.size(), Limits.CHANGES_PER_MESSAGE, "changes");
        Limits.require(from >= 0 && from <= to && to <= asOf && cut <= asOf, "the versions of a delta");
        long last = from;
        for (Change change : changes) {
            Limits.require(change.version() > last && change.version() <= to, "the order of changes");
            last = change.version();
        }
    }

    int weight() {
        return WEIGHT + changes.size() * Change.WEIGHT;
    }
}
