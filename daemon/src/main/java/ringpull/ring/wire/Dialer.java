package ringpull.ring.wire;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import ringpull.ring.Address;
import ringpull.ring.Member;
import ringpull.ring.Message;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/** Finds out whether a member's ports can be reached from here. */
final class Dialer {
    private static final int WAIT_MILLIS = 3_000;

    private final Channels channels;
    private final Senders senders;
    private final ExecutorService threads;

    Dialer(Channels channels, Senders senders, ExecutorService threads) {
        this.channels = channels;
        this.senders = senders;
        this.threads = threads;
    }

    /** Empty if all is well, or a sentence; blocks a few seconds at most. */
    String dial(Member member, RingMessage ping) throws InterruptedException {
        List<Future<String>> outcomes = new ArrayList<>();
        for (String host : member.addresses()) {
            Address control = new Address(host, member.controlPort());
            Address data = new Address(host, member.dataPort());
            outcomes.add(threads.submit(() -> ping(control, member, ping)));
            outcomes.add(threads.submit(() -> connect(data)));
        }
        List<String> failures = new ArrayList<>();
        for (Future<String> outcome : outcomes) {
            try {
                String failure = outcome.get();
                if (!failure.isEmpty()) {
                    failures.add(failure);
                }
            } catch (ExecutionException e) {
                failures.add(String.valueOf(e.getCause()));
            }
        }
        return failures.isEmpty()
                ? ""
                : "cannot be dialled back at " + String.join(", nor at ", failures)
                        + "; open the port or set [peer] address";
    }

    private String ping(Address address, Member member, RingMessage ping) {
        ManagedChannel channel = channels.connect(address);
        try {
            ClientCall<RingMessage, RingMessage> call = channel.newCall(
                    RingGrpc.getExchangeMethod(),
                    CallOptions.DEFAULT.withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS));
            Message answer = Codec.decode(ClientCalls.blockingUnaryCall(call, ping));
            senders.check(call, answer);
            boolean itself = answer.sender().member().id().equals(member.id());
            return itself ? "" : address + " (control): another member answers there";
        } catch (StatusRuntimeException e) {
            return address + " (control): " + Caller.reason(e.getStatus());
        } catch (IllegalArgumentException e) {
            return address + " (control): what answers there is no member";
        } catch (Senders.Impostor e) {
            return address + " (control): " + e.getMessage();
        } finally {
            channel.shutdownNow();
        }
    }

    private static String connect(Address address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address.host()), address.port()), WAIT_MILLIS);
            return "";
        } catch (IOException e) {
            return address + " (data): " + e.getMessage();
        }
    }
}
