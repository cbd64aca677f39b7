// The echo server on Asio (the one that needs no Boost): one C++20 coroutine a client, all on one thread.
//
//     g++ -std=c++20 -O2 -Wall -Wextra -o /tmp/asio examples/asio.cpp
//     /tmp/asio [[HOST] PORT]          (port 0 lets the kernel choose)
//
// Facts about Asio that matter here:
//
// 1. async_write is done when the kernel has taken everything. A coroutine that waits for it reads nothing meanwhile,
//    and owes nothing when it returns and its socket closes.
// 2. An error is an exception in the coroutine that waited. Each client's ends with it; nobody else hears of it.
// 3. Asio starts each operation by trying it. An accept that finds no descriptor fails at once, so it is tried again
//    only after a pause; those who wait stay in the backlog.
// 4. Asio sends with MSG_NOSIGNAL: a client that has gone is EPIPE, and no SIGPIPE.

#include <array>
#include <asio.hpp>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

using asio::ip::tcp;
using asio::use_awaitable;

constexpr std::size_t chunk_bytes = 1024;
constexpr int backlog = 128;
constexpr auto accept_retry = std::chrono::milliseconds(100);

// Append what Python's repr gives for one byte of a bytes literal that stands between `quote`.
void append_escaped(std::string& to, char c, char quote) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') {
        to += "\\t";
    } else if (c == '\n') {
        to += "\\n";
    } else if (c == '\r') {
        to += "\\r";
    } else if (c == '\\' || c == quote) {
        to += {'\\', c};
    } else if (byte < 0x20 || byte > 0x7e) {
        to += {'\\', 'x', hex[byte >> 4], hex[byte & 0xf]};
    } else {
        to += c;
    }
}

std::string reply(std::string_view chunk) {
    const bool double_quoted = chunk.find('\'') != chunk.npos && chunk.find('"') == chunk.npos;
    const char quote = double_quoted ? '"' : '\'';
    std::string text = "Server received b";
    text += quote;
    for (const char c : chunk) append_escaped(text, c, quote);
    return text += quote;
}

asio::awaitable<void> answer(tcp::socket socket) {
    std::array<char, chunk_bytes> chunk;
    try {
        for (;;) {
            const auto length = co_await socket.async_read_some(asio::buffer(chunk), use_awaitable);
            const auto owed = reply({chunk.data(), length});
            co_await asio::async_write(socket, asio::buffer(owed), use_awaitable);
        }
    } catch (const std::system_error&) {
        // asio::error::eof, or this client's own trouble: either way its socket closes here.
    }
}

asio::awaitable<void> listen(tcp::acceptor acceptor) {
    const auto executor = acceptor.get_executor();
    asio::steady_timer pause(executor);
    for (;;) {
        asio::error_code failed;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, failed));
        if (!failed) {
            asio::co_spawn(executor, answer(std::move(socket)), asio::detached);
        } else {
            pause.expires_after(accept_retry);
            co_await pause.async_wait(use_awaitable);
        }
    }
}

int main(int argc, char** argv) try {
    const std::string host = argc > 2 ? argv[argc - 2] : "127.0.0.1";
    const int port = std::atoi(argc > 1 ? argv[argc - 1] : "8001");
    asio::io_context context(1);
    const tcp::endpoint wanted(asio::ip::make_address(host), static_cast<unsigned short>(port));
    tcp::acceptor acceptor(context, wanted.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(wanted);
    acceptor.listen(backlog);
    std::cout << "Server start at: " << acceptor.local_endpoint() << std::endl;
    asio::co_spawn(context, listen(std::move(acceptor)), asio::detached);
    context.run();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
}
