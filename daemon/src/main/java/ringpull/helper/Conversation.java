package ringpull.helper;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.containerd.Recall;
import ringpull.os.Descriptor;

/** What one connection asks: it is a target, or a controller, once it said which. For one thread. */
final class Conversation implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Conversation.class);
    private static final int REASON_CHARS_MAX = 500;

    private final Nvmet nvmet;
    private final Controllers controllers;
    private final Recall recall;
    private @Nullable Target target;
    private Controllers.@Nullable Controller controller;

    Conversation(Nvmet nvmet, Controllers controllers, Recall recall) {
        this.nvmet = nvmet;
        this.controllers = controllers;
        this.recall = recall;
    }

    /** What came of a request: a word and, for some, an open file. */
    record Answer(String line, Optional<Descriptor> file) implements AutoCloseable {
        private static Answer ok(String more) {
            return new Answer(more.isEmpty() ? HelperClient.OK : HelperClient.OK + " " + more, Optional.empty());
        }

        static Answer refused(@Nullable String why) {
            log.info("refused: {}", why);
            String line = String.valueOf(why).replace('\n', ' ');
            return new Answer(
                    HelperClient.NO + " " + line.substring(0, Math.min(line.length(), REASON_CHARS_MAX)),
                    Optional.empty());
        }

        @Override
        public void close() {
            file.ifPresent(Descriptor::close);
        }
    }

    /** Whatever is asked, there is an answer. */
    Answer answer(String line, Optional<Descriptor> file) {
        try {
            Request request = Request.parse(line);
            if (file.isPresent() != (request instanceof Request.Export || request instanceof Request.Abort)) {
                throw new IllegalArgumentException("a file is given with an export or an abort, and with nothing else");
            }
            return answer(request, file);
        } catch (IOException | IllegalArgumentException e) {
            return Answer.refused(e.getMessage());
        } catch (RuntimeException e) {
            log.error("a request met a defect", e);
            return Answer.refused("the helper met a defect, which its log shows");
        }
    }

    private Answer answer(Request request, Optional<Descriptor> file) throws IOException {
        switch (request) {
            case Request.Probe r -> {
                return Answer.ok(probe());
            }
            case Request.Listen r -> {
                mustBeNew();
                target = new Target(nvmet, r.endpoint());
            }
            case Request.Export r -> target().export(r, file.orElseThrow());
            case Request.Withdraw r -> target().withdraw(r);
            case Request.Dismiss r -> target().dismiss(r);
            case Request.Abort r -> {
                return Answer.ok(Integer.toString(abort(r, file.orElseThrow())));
            }
            case Request.Connect r -> {
                mustBeNew();
                controller = controllers.connect(r);
            }
            case Request.Open r -> {
                Controllers.Controller connected = controller;
                if (connected == null) {
                    throw new IllegalArgumentException("this connection is no controller");
                }
                return new Answer(HelperClient.OK, Optional.of(connected.open(r.namespace())));
            }
        }
        return Answer.ok("");
    }

    private int abort(Request.Abort request, Descriptor file) throws IOException {
        if (!file.isFile()) {
            throw new IllegalArgumentException("an abort is given a plain file");
        }
        int gone = recall.of(request.digest(), file::fill);
        log.info("threw away {} of containerd's ingests of {}: they held other bytes", gone, request.digest());
        return gone;
    }

    private interface Check {
        void run() throws IOException;
    }

    /** Why not a target, a tab, and why not a host; nothing where it can. */
    private String probe() {
        String target = problem(() -> {
            synchronized (nvmet) {
                nvmet.check();
            }
        });
        return target + "\t" + problem(controllers::check);
    }

    private static String problem(Check check) {
        try {
            check.run();
            return "";
        } catch (IOException e) {
            log.info("{}", e.getMessage());
            return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
        }
    }

    private void mustBeNew() {
        if (target != null || controller != null) {
            throw new IllegalArgumentException("this connection is a target or a controller already");
        }
    }

    private Target target() {
        Target mine = target;
        if (mine == null) {
            throw new IllegalArgumentException("this connection is no target");
        }
        return mine;
    }

    /** Takes away what it made in the kernel. */
    @Override
    public void close() {
        if (target != null) {
            target.close();
        }
        if (controller != null) {
            controller.close();
        }
    }
}
