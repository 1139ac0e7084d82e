package ringpull.transport.tcp;

import ringpull.config.Config;

class IoUringContractTest extends TcpContract {
    @Override
    protected Config.Io io() {
        return Config.Io.IO_URING;
    }
}
