package ringpull.transport.tcp;

import ringpull.config.Config;

class EpollContractTest extends TcpContract {
    @Override
    protected Config.Io io() {
        return Config.Io.EPOLL;
    }
}
