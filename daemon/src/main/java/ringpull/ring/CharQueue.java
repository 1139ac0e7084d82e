package ringpull.ring;

/** First in, first out, for numbers of members; takes no room while it is empty. */
final class CharQueue {
    private static final char[] NONE = {};

    private char[] ring = NONE;
    private int head;
    private int size;

    int size() {
        return size;
    }

    void add(int value) {
        if (size == ring.length) {
            char[] more = new char[Math.max(8, 2 * size)];
            for (int i = 0; i < size; i++) {
                more[i] = ring[(head + i) % size];
            }
            ring = more;
            head = 0;
        }
        ring[(head + size) % ring.length] = (char) value;
        size++;
    }

    int peek() {
        return ring[head];
    }

    void remove() {
        head = (head + 1) % ring.length;
        size--;
        if (size == 0) {
            ring = NONE;
            head = 0;
        }
    }
}
