package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file system of its own, for as long as a test needs it. Where mounting is impossible the test does not run; in CI it fails. */
public final class TestMount implements AutoCloseable {
    private final Path mountPoint;

    private TestMount(Path mountPoint) {
        this.mountPoint = mountPoint;
    }

    /** @param mountPoint an empty directory */
    public static TestMount tmpfs(Path mountPoint, String options) throws IOException, InterruptedException {
        return mount(mountPoint, "-t", "tmpfs", "-o", options, "ringpull-test");
    }

    /** One that has no fallocate: an ext2 in a file. */
    public static TestMount ext2(Path mountPoint, Path image, int mib) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mib << 20);
        }
        if (run("mkfs.ext2", "-q", "-F", "-m", "0", image.toString()) != 0) {
            cannotRun("mkfs.ext2 does not work here (Debian, Ubuntu: e2fsprogs)");
        }
        return mount(mountPoint, "-o", "loop", image.toString());
    }

    /** A journalled one in a file, which can {@link #losePower}. */
    public static TestMount ext4(Path mountPoint, Path image, int mib) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mib << 20);
        }
        if (run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString()) != 0) {
            cannotRun("mkfs.ext4 does not work here (Debian, Ubuntu: e2fsprogs)");
        }
        return mount(mountPoint, "-o", "loop", image.toString());
    }

    /** From now on nothing reaches the disk, not even the journal: what was not synced is lost. */
    public void losePower() throws IOException, InterruptedException {
        // FS_IOC_SHUTDOWN, which no command of Debian's calls, without flushing the log.
        String shutdown = "open(F, '<', $ARGV[0]) or die; $how = pack('L', 2); ioctl(F, 0x8004587d, $how) or die";
        assertThat(run("perl", "-e", shutdown, mountPoint.toString())).isZero();
    }

    /** Mounts the file system anew, once nobody uses it. */
    public TestMount again(Path image) throws IOException, InterruptedException {
        close();
        return mount(mountPoint, "-o", "loop", image.toString());
    }

    private static TestMount mount(Path mountPoint, String... arguments) throws IOException, InterruptedException {
        if (!System.getProperty("user.name").equals("root")) {
            cannotRun("it mounts a file system, which only root may");
        }
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(arguments));
        command.add(mountPoint.toString());
        if (run(command.toArray(new String[0])) != 0) {
            cannotRun("this kernel or container does not let it mount: " + command);
        }
        return new TestMount(mountPoint);
    }

    private static void cannotRun(String why) {
        if ("true".equals(System.getenv("CI"))) {
            fail("cannot run: " + why);
        }
        abort("not run: " + why);
    }

    private static int run(String... command) throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            return -1; // not installed
        }
    }

    @Override
    public void close() throws IOException {
        try {
            assertThat(run("umount", mountPoint.toString())).isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
