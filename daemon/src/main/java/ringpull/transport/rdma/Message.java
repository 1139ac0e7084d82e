package ringpull.transport.rdma;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/**
 * What the two ends say to each other in SENDs, version 1, big-endian: a byte for the kind, three zeros, four bytes that number
 * the reader's range on its connection, then the kind's fields. A message that is anything else ends the connection.
 */
sealed interface Message {
    int BYTES_MAX = 160;
    int PROOF_BYTES = 32;
    int TEXT_BYTES_MAX = 120;

    /** Which range it is about. */
    int number();

    /** Reader: offer me this range, piece by piece in order. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    record Ask(int number, Digest blob, ByteRange range, byte[] proof) implements Message {}

    /**
     * Holder: this piece can be read until the lease is over. A lease is known by its slot and its own number.
     *
     * @param offset in the blob, where the piece before it ended
     * @param length 1 MiB; what is left, if that is less
     * @param address and key: for the RDMA READ
     * @param leaseMillis from when it is received
     */
    record Piece(int number, long offset, int length, long address, int key, int slot, int lease, int leaseMillis)
            implements Message {}

    /** Holder: nothing, or nothing more, of this range. */
    record Refuse(int number, Reason reason, String text) implements Message {}

    /** Reader: this lease can end. */
    record Done(int number, int slot, int lease) implements Message {}

    /** Reader: nothing more of this range. Leases that were given still want their {@link Done}. */
    record Cancel(int number) implements Message {}

    /** Why a range is refused. */
    enum Reason {
        NOT_HELD(0),
        BUSY(1),
        FAILED(2),
        SESSION_OVER(3);

        private final int code;

        Reason(int code) {
            this.code = code;
        }
    }

    /** Writes it from the buffer's position. */
    default void write(ByteBuffer out) {
        switch (this) {
            case Ask m -> {
                head(out, 1);
                out.putLong(m.range.offset()).putLong(m.range.length());
                out.put(m.blob.bytes()).put(m.proof);
            }
            case Piece m -> {
                head(out, 2);
                out.putLong(m.offset).putInt(m.length).putLong(m.address).putInt(m.key);
                out.putInt(m.slot).putInt(m.lease).putInt(m.leaseMillis);
            }
            case Refuse m -> {
                head(out, 3);
                byte[] text = m.text.getBytes(StandardCharsets.UTF_8);
                out.put((byte) m.reason.code).put(text, 0, Math.min(text.length, TEXT_BYTES_MAX));
            }
            case Done m -> {
                head(out, 4);
                out.putInt(m.slot).putInt(m.lease);
            }
            case Cancel m -> head(out, 5);
        }
    }

    private void head(ByteBuffer out, int kind) {
        out.putInt(kind << 24).putInt(number());
    }

    /** The message that these bytes are, if they are one. */
    static Optional<Message> read(ByteBuffer in) {
        if (in.remaining() < 2 * Integer.BYTES || in.remaining() > BYTES_MAX) {
            return Optional.empty();
        }
        int kind = in.getInt();
        int number = in.getInt();
        return switch (kind) {
            case 1 << 24 -> in.remaining() == 16 + Digest.SIZE_BYTES + PROOF_BYTES ? ask(number, in) : Optional.empty();
            case 2 << 24 -> in.remaining() == 36 ? Optional.of(piece(number, in)) : Optional.empty();
            case 3 << 24 -> in.hasRemaining() ? refuse(number, in) : Optional.empty();
            case 4 << 24 ->
                in.remaining() == 8 ? Optional.of(new Done(number, in.getInt(), in.getInt())) : Optional.empty();
            case 5 << 24 -> in.hasRemaining() ? Optional.empty() : Optional.of(new Cancel(number));
            default -> Optional.empty();
        };
    }

    private static Optional<Message> ask(int number, ByteBuffer in) {
        long offset = in.getLong();
        long length = in.getLong();
        if (offset < 0 || length <= 0 || offset > Long.MAX_VALUE - length) {
            return Optional.empty();
        }
        Digest blob = Digest.ofBytes(bytes(in, Digest.SIZE_BYTES));
        return Optional.of(new Ask(number, blob, new ByteRange(offset, length), bytes(in, PROOF_BYTES)));
    }

    private static Piece piece(int number, ByteBuffer in) {
        return new Piece(
                number, in.getLong(), in.getInt(), in.getLong(), in.getInt(), in.getInt(), in.getInt(), in.getInt());
    }

    private static Optional<Message> refuse(int number, ByteBuffer in) {
        int code = in.get();
        if (in.remaining() > TEXT_BYTES_MAX) {
            return Optional.empty();
        }
        String text = printable(bytes(in, in.remaining()));
        return Arrays.stream(Reason.values())
                .filter(reason -> reason.code == code)
                .findFirst()
                .map(reason -> new Refuse(number, reason, text));
    }

    /** It goes to logs: no control characters, whatever the other end wrote. */
    private static String printable(byte[] text) {
        return new String(text, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    }

    private static byte[] bytes(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }
}
