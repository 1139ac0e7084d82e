package ringpull.store.rocksdb;

import java.nio.file.Path;

/** The process is killed. */
class KillTest extends CrashContract {
    @Override
    int times() {
        return 20;
    }

    @Override
    Path state() {
        return temporary.resolve("state");
    }

    @Override
    void cut(ProcessHandle child) {
        child.destroyForcibly();
    }

    @Override
    void restore() {}
}
