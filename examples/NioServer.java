// The echo server on Java NIO: one thread, one Selector.
//
//     javac -Xlint:all -d /tmp/nio examples/NioServer.java
//     java -Xmx16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -cp /tmp/nio NioServer [[HOST] PORT]
//
// Port 0 lets the kernel choose. The options keep the virtual machine as small as its task: the heap is not filled with
// garbage before it is collected, no compiler takes 20 MB to optimise, and no statistics wake it twenty times a second.
//
// Facts about NIO that matter here:
//
// 1. A Selector is level-triggered, so interest follows what can be done: reading only while nothing is owed, writing
//    only while something is. One chunk's reply is all that a client can be owed.
// 2. A key that was cancelled, as closing its channel does, may still be among the selected: it is looked at first.
//    The channel's descriptor is gone only with the next select, which follows at once.
// 3. accept() that finds no descriptor throws, and the listener stays ready: its interest is dropped for a moment.
// 4. The virtual machine ignores SIGPIPE, and System.out swallows what it cannot write.

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

final class NioServer {
    private static final int BACKLOG = 128;
    private static final int CHUNK_BYTES = 1024;
    private static final long ACCEPT_RETRY_MS = 100;
    private static final byte[] PREFIX = "Server received b".getBytes(StandardCharsets.US_ASCII);
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final SelectionKey listening;
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);

    private NioServer(InetSocketAddress address) throws IOException {
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(address, BACKLOG);
        listener.configureBlocking(false);
        listening = listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    private static boolean contains(ByteBuffer bytes, char wanted) {
        for (int i = 0; i < bytes.limit(); i++) {
            if (bytes.get(i) == wanted) return true;
        }
        return false;
    }

    /** Writes what Python's repr gives for one byte of a bytes literal that stands between `quote`. */
    private static void escape(ByteArrayOutputStream to, int b, char quote) {
        boolean plain = b >= 0x20 && b <= 0x7e && b != '\\' && b != quote;
        if (!plain) to.write('\\');
        switch (b) {
            case '\t' -> to.write('t');
            case '\n' -> to.write('n');
            case '\r' -> to.write('r');
            default -> {
                if (b < 0x20 || b > 0x7e) {
                    to.write('x');
                    to.write(HEX[b >> 4]);
                    to.write(HEX[b & 0xf]);
                } else {
                    to.write(b);
                }
            }
        }
    }

    private static ByteBuffer reply(ByteBuffer chunk) {
        char quote = contains(chunk, '\'') && !contains(chunk, '"') ? '"' : '\'';
        var text = new ByteArrayOutputStream();
        text.writeBytes(PREFIX);
        text.write(quote);
        while (chunk.hasRemaining()) escape(text, chunk.get() & 0xff, quote);
        text.write(quote);
        return ByteBuffer.wrap(text.toByteArray());
    }

    private void accept() throws IOException {
        SocketChannel client;
        try {
            client = listener.accept();
        } catch (IOException exhausted) {
            listening.interestOps(0); // those who wait stay in the backlog
            return;
        }
        if (client == null) return;
        client.configureBlocking(false);
        client.register(selector, SelectionKey.OP_READ);
    }

    /** Takes one chunk, or goes on with the reply that is owed. The reply is what is attached to the key. */
    private void serve(SelectionKey key) throws IOException {
        SocketChannel client = (SocketChannel) key.channel();
        ByteBuffer owed = (ByteBuffer) key.attachment();
        if (owed == null) {
            int length = client.read(chunk.clear());
            if (length < 0) client.close();
            if (length <= 0) return;
            owed = reply(chunk.flip());
        }
        client.write(owed);
        boolean done = !owed.hasRemaining();
        key.attach(done ? null : owed);
        key.interestOps(done ? SelectionKey.OP_READ : SelectionKey.OP_WRITE);
    }

    private void wake(SelectionKey key) {
        try {
            if (!key.isValid()) return;
            if (key == listening) accept();
            else serve(key);
        } catch (IOException gone) {
            try {
                key.channel().close();
            } catch (IOException ignored) {
                // it is closed all the same
            }
        }
    }

    private void run() throws IOException {
        while (true) {
            if (listening.interestOps() != 0) {
                selector.select(this::wake);
            } else {
                selector.select(this::wake, ACCEPT_RETRY_MS);
                listening.interestOps(SelectionKey.OP_ACCEPT);
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        int given = arguments.length;
        String host = given > 1 ? arguments[given - 2] : "127.0.0.1";
        int port = Integer.parseInt(given > 0 ? arguments[given - 1] : "8001");
        var server = new NioServer(new InetSocketAddress(host, port));
        var actual = (InetSocketAddress) server.listener.getLocalAddress();
        System.out.println("Server start at: " + actual.getAddress().getHostAddress() + ":" + actual.getPort());
        System.out.flush();
        server.run();
    }
}
