package ringpull.transport.tcp;

import ringpull.config.Config;

class NioContractTest extends TcpContract {
    @Override
    protected Config.Io io() {
        return Config.Io.NIO;
    }
}
