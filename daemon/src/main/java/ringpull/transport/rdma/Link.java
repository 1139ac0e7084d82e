package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvCQ;
import com.ibm.disni.verbs.IbvCompChannel;
import com.ibm.disni.verbs.IbvContext;
import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.IbvQP;
import com.ibm.disni.verbs.IbvQPInitAttr;
import com.ibm.disni.verbs.IbvRecvWR;
import com.ibm.disni.verbs.IbvSendWR;
import com.ibm.disni.verbs.IbvSge;
import com.ibm.disni.verbs.IbvWC;
import com.ibm.disni.verbs.SVCPollCq;
import com.ibm.disni.verbs.SVCPostRecv;
import com.ibm.disni.verbs.SVCPostSend;
import com.ibm.disni.verbs.SVCReqNotify;
import com.ibm.disni.verbs.StatefulVerbCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedList;
import java.util.List;
import java.util.Queue;

/**
 * A queue pair with its completion queue, and registered room for messages. All verb calls are made once and executed often.
 * Used by one thread.
 */
final class Link implements AutoCloseable {
    /** Messages that the other end may have under way to us; it waits beyond that. */
    static final int RECEIVES = 64;

    private static final int SENDS = 32;
    private static final int WAITING_MAX = 1024;
    private static final int POLLED = 16;
    private static final long LOOK_NANOS_MAX = 200_000_000;

    /** {@code IBV_WC_SUCCESS}. */
    private static final int SUCCESS = 0;

    /** {@code IBV_WC_RETRY_EXC_ERR}. */
    private static final int UNANSWERED = 12;

    /** RDMA READs posted at a time; the device runs as many of them at once as it can. */
    static final int READS = 8;

    private static final long RECEIVE = 0;
    private static final long SEND = 1L << 32;
    private static final long READ = 2L << 32;

    private final Endpoint endpoint;
    private final Closing closing = new Closing();
    private final IbvCompChannel completions;
    private final IbvCQ queue;
    private final IbvQP pair;
    private final ByteBuffer room = ByteBuffer.allocateDirect((RECEIVES + SENDS) * Message.BYTES_MAX);
    private final int roomKey;
    private final List<SVCPostRecv> receives = new ArrayList<>();
    private final List<SVCPostSend> sends = new ArrayList<>();
    private final List<SVCPostSend> reads = new ArrayList<>();
    private final Deque<Integer> freeSends = new ArrayDeque<>();
    private final Deque<Integer> freeReads = new ArrayDeque<>();
    private final int[] tokens = new int[READS];
    private final Queue<Message> waiting = new ArrayDeque<>();

    /** What the send queue was told and has not done yet; it does one after the other. */
    private int posted;

    private long completed;
    private long completedSeen;
    private long lookedAt;
    private long stillNanos;
    private boolean postedSeen;

    private final IbvWC[] polled = new IbvWC[POLLED];
    private final SVCPollCq poll;
    private final SVCReqNotify armForAll;
    private final SVCReqNotify armForMessages;

    /** What the other end and the device tell. */
    interface Listener {
        void received(Message message) throws IOException;

        /** The READ that was posted with this token has put its bytes into memory. */
        void fetched(int token) throws IOException;
    }

    /** @param pd the queue pair's protection domain, of the endpoint's device; stays the caller's */
    Link(Endpoint endpoint, IbvPd pd) throws IOException {
        this.endpoint = endpoint;
        try {
            IbvContext device = endpoint.id().getVerbs();
            completions = device.createCompChannel();
            closing.add("completion channel", completions::destroyCompChannel);
            queue = device.createCQ(completions, RECEIVES + SENDS + READS + 1, 0);
            closing.add("completion queue", queue::destroyCQ);
            pair = endpoint.id().createQP(pd, attributes());
            closing.add("queue pair", endpoint.id()::destroyQP);
            IbvMr registration = pd.regMr(room, IbvMr.IBV_ACCESS_LOCAL_WRITE)
                    .execute()
                    .free()
                    .getMr();
            closing.step(
                    "message memory", () -> registration.deregMr().execute().free());
            roomKey = registration.getLkey();
            prepare();
            for (int i = 0; i < POLLED; i++) {
                polled[i] = new IbvWC();
            }
            poll = call(queue.poll(polled, POLLED));
            armForAll = call(queue.reqNotification(false));
            armForMessages = call(queue.reqNotification(true));
            for (SVCPostRecv receive : receives) {
                receive.execute();
            }
        } catch (IOException | RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    private IbvQPInitAttr attributes() {
        IbvQPInitAttr attributes = new IbvQPInitAttr();
        attributes.cap().setMax_send_wr(SENDS + READS);
        attributes.cap().setMax_recv_wr(RECEIVES);
        attributes.setQp_type(IbvQP.IBV_QPT_RC);
        attributes.setSend_cq(queue);
        attributes.setRecv_cq(queue);
        return attributes;
    }

    private void prepare() throws IOException {
        for (int i = 0; i < RECEIVES; i++) {
            IbvRecvWR request = new IbvRecvWR();
            request.setWr_id(RECEIVE + i);
            request.setSg_list(pieces(Memory.address(room) + (long) i * Message.BYTES_MAX, roomKey));
            request.setNum_sge(1);
            receives.add(call(pair.postRecv(List.of(request), List.of())));
        }
        for (int i = 0; i < SENDS; i++) {
            long address = Memory.address(room) + (long) (RECEIVES + i) * Message.BYTES_MAX;
            sends.add(request(SEND + i, IbvSendWR.IBV_WR_SEND, IbvSendWR.IBV_SEND_SOLICITED, address, roomKey));
            freeSends.add(i);
        }
        for (int i = 0; i < READS; i++) {
            reads.add(request(READ + i, IbvSendWR.IBV_WR_RDMA_READ, 0, Memory.address(room), roomKey));
            freeReads.add(i);
        }
    }

    private SVCPostSend request(long id, int opcode, int flags, long address, int key) throws IOException {
        IbvSendWR request = new IbvSendWR();
        request.setWr_id(id);
        request.setOpcode(opcode);
        request.setSend_flags(IbvSendWR.IBV_SEND_SIGNALED | flags);
        request.setSg_list(pieces(address, key));
        request.setNum_sge(1);
        return call(pair.postSend(List.of(request), List.of()));
    }

    @SuppressWarnings({"NonApiType", "JdkObsolete"}) // DiSNI takes no other list
    private static LinkedList<IbvSge> pieces(long address, int key) {
        IbvSge piece = new IbvSge();
        piece.setAddr(address);
        piece.setLength(Message.BYTES_MAX);
        piece.setLkey(key);
        LinkedList<IbvSge> pieces = new LinkedList<>();
        pieces.add(piece);
        return pieces;
    }

    private <T extends StatefulVerbCall<?>> T call(T prepared) {
        closing.step("prepared call", prepared::free);
        return prepared;
    }

    /** Sends a message, or queues it until one before it has gone. */
    void send(Message message) throws IOException {
        if (freeSends.isEmpty() || !waiting.isEmpty()) {
            if (waiting.size() == WAITING_MAX) {
                throw new IOException("the other end takes no messages");
            }
            waiting.add(message);
        } else {
            post(message);
        }
    }

    private void post(Message message) throws IOException {
        int at = freeSends.removeFirst();
        int start = (RECEIVES + at) * Message.BYTES_MAX;
        ByteBuffer out = room.duplicate().position(start);
        message.write(out);
        SVCPostSend send = sends.get(at);
        send.getWrMod(0).getSgeMod(0).setLength(out.position() - start);
        posted++;
        send.execute();
    }

    boolean canRead() {
        return !freeReads.isEmpty();
    }

    /** Fetches into registered memory; {@link Listener#fetched} is told the token. Only if {@link #canRead}. */
    void read(long to, int key, Message.Piece from, int token) throws IOException {
        int at = freeReads.removeFirst();
        tokens[at] = token;
        SVCPostSend read = reads.get(at);
        SVCPostSend.SgeMod piece = read.getWrMod(0).getSgeMod(0);
        piece.setAddr(to);
        piece.setLength(from.length());
        piece.setLkey(key);
        read.getWrMod(0).getRdmaMod().setRemote_addr(from.address());
        read.getWrMod(0).getRdmaMod().setRkey(from.key());
        posted++;
        read.execute();
    }

    /** Handles what has completed; whether there was anything. */
    boolean poll(Listener listener) throws IOException {
        poll.execute();
        int count = poll.getPolls();
        for (int i = 0; i < count; i++) {
            IbvWC done = polled[i];
            if (done.getStatus() != SUCCESS) {
                throw failure(done.getStatus());
            }
            int at = (int) done.getWr_id();
            if (done.getWr_id() >= READ) {
                posted--;
                completed++;
                freeReads.add(at);
                listener.fetched(tokens[at]);
            } else if (done.getWr_id() >= SEND) {
                posted--;
                completed++;
                freeSends.add(at);
                Message next = waiting.poll();
                if (next != null) {
                    post(next);
                }
            } else {
                received(at, done.getByte_len(), listener);
            }
        }
        return count > 0;
    }

    private void received(int at, int length, Listener listener) throws IOException {
        ByteBuffer in = room.slice(at * Message.BYTES_MAX, Math.min(length, Message.BYTES_MAX));
        Message message = Message.read(in)
                .orElseThrow(() -> new IOException("the other end sent " + length + " bytes that are no message"));
        receives.get(at).execute();
        listener.received(message);
    }

    private static IOException failure(int status) {
        IbvWC.IbvWcStatus[] all = IbvWC.IbvWcStatus.values();
        String name = status >= 0 && status < all.length ? all[status].name() : "status " + status;
        String message = "a work request failed: " + name;
        return status == UNANSWERED ? new Silence(message) : new IOException(message);
    }

    /**
     * Whether the fabric has left undone for longer what it was told. Time counts in which this thread looked, so that nothing
     * is overdue because the whole host stood still.
     */
    boolean isOverdue(long now, long limitNanos) {
        if (posted == 0 || !postedSeen || completed != completedSeen) {
            stillNanos = 0;
        } else {
            stillNanos += Math.min(now - lookedAt, LOOK_NANOS_MAX);
        }
        postedSeen = posted > 0;
        completedSeen = completed;
        lookedAt = now;
        return stillNanos > limitNanos;
    }

    boolean isQuiet() {
        return posted == 0;
    }

    /**
     * From now on a completion ends an {@link #await}; poll once more after this. That a message has gone wakes nobody unless
     * another waits for its place.
     */
    void arm() throws IOException {
        boolean messagesAlone = freeReads.size() == READS && waiting.isEmpty();
        (messagesAlone ? armForMessages : armForAll).execute();
    }

    /** Waits for a completion, for what happens to the connection, or to be woken. */
    void await(int millis) throws IOException {
        int ready = Native.await(Endpoint.number(completions), endpoint.channelNumber(), millis);
        if ((ready & Native.COMPLETION) != 0 && completions.getCqEvent(queue, 0)) {
            queue.ackEvents(1);
        }
        if ((ready & Native.EVENT) != 0) {
            endpoint.refuseEnd();
        }
    }

    /** Ends a wait; from any thread, also when all this is gone. */
    Runnable waker() {
        long number = Endpoint.number(completions);
        return () -> Native.wakeCompletions(number);
    }

    /** After this the device touches none of the memory that READs were to fill. */
    @Override
    public void close() {
        closing.close();
    }
}
