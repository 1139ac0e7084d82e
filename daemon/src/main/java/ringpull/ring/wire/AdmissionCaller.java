package ringpull.ring.wire;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import ringpull.ring.Address;
import ringpull.ring.Member;
import ringpull.v1.AdmissionGrpc;
import ringpull.v1.AdmitReply;
import ringpull.v1.AdmitRequest;

/** Asks members for sessions on their data ports. For any thread. */
final class AdmissionCaller {
    private static final long WAIT_MILLIS = 2_000;

    private final Channels channels;
    private final Silence silence;

    AdmissionCaller(Channels channels, Silence silence) {
        this.channels = channels;
        this.silence = silence;
    }

    /** Asks at its first address, the one that its blobs are read from. */
    AdmitReply ask(Member member) throws IOException, InterruptedException {
        Address address = new Address(member.addresses().getFirst(), member.controlPort());
        if (silence.is(address)) {
            throw new IOException(address + " (control): no answer a moment ago");
        }
        ManagedChannel channel = channels.to(address);
        try {
            return AdmissionGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS)
                    .admit(AdmitRequest.getDefaultInstance());
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("while " + address + " was asked for a session");
            }
            Status status = e.getStatus();
            if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
                silence.begins(address);
            }
            if (status.getCode() == Status.Code.UNAVAILABLE || status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
                channels.discard(address, channel);
            }
            throw new IOException(address + " (control): " + Caller.reason(status), e);
        }
    }
}
