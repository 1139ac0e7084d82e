package ringpull.transport.tcp;

import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Netty's leak detector, which the build names as the one to take; it remembers what it finds. */
public final class LeakRecorder<T> extends ResourceLeakDetector<T> {
    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

    /** What a test that leaks to see the detector work writes on the buffer. */
    static final String DELIBERATE = "left behind on purpose";

    /** Called by Netty, which looks for these parameters. */
    public LeakRecorder(Class<?> resource, int samplingInterval) {
        super(resource, samplingInterval);
    }

    /** Netty looks for these, too, and complains if they are not there. */
    public LeakRecorder(Class<?> resource, int samplingInterval, long unused) {
        super(resource, samplingInterval);
    }

    /** Every leak found in this JVM so far, with where the resource was last touched. */
    static List<String> leaks() {
        return List.copyOf(LEAKS);
    }

    @Override
    protected boolean needReport() {
        return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        LEAKS.add(resourceType + records);
        if (!records.contains(DELIBERATE)) {
            super.reportTracedLeak(resourceType, records);
        }
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        LEAKS.add(resourceType);
        super.reportUntracedLeak(resourceType);
    }
}
