package ringpull.store;

/** There is no room for a blob, with the figures that say why. */
public final class StoreFull extends Exception {
    public StoreFull(String message) {
        super(message);
    }
}
