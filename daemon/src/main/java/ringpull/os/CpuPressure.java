package ringpull.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** For how much of the time a program of this host could run and had no CPU: the kernel's pressure stall information. */
public record CpuPressure(Path file) {
    private static final Pattern SOME = Pattern.compile("(?m)^some avg10=(\\d{1,3}\\.\\d{2}) ");

    /** A judgement, not a measurement: below, a byte more or less that a CPU moves is nobody's trouble. */
    private static final double SHORT = 0.5;

    /** This host's. */
    public CpuPressure() {
        this(Path.of("/proc/pressure/cpu"));
    }

    /** A share of the last ten seconds, from 0 to 1; empty where the kernel does not tell ({@code psi=1} at its start). */
    public OptionalDouble waiting() {
        try {
            Matcher some = SOME.matcher(Files.readString(file, StandardCharsets.US_ASCII));
            return some.find() ? OptionalDouble.of(Double.parseDouble(some.group(1)) / 100) : OptionalDouble.empty();
        } catch (IOException e) {
            return OptionalDouble.empty();
        }
    }

    /** Whether programs wait for a CPU most of the time. */
    public boolean isHigh() {
        return waiting().orElse(0) >= SHORT;
    }
}
