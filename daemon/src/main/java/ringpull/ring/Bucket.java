package ringpull.ring;

/** The asker's hash of one bucket of a {@link HashTree}; zero: it has nothing there. */
public record Bucket(int number, long hash) {
    public Bucket {
        Limits.within(number, HashTree.BUCKETS - 1L, "buckets");
    }
}
