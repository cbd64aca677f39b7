//! The echo server on Rust's standard library: one thread a client, and backpressure is write_all() not returning.
//!
//!     rustc -O --edition 2021 -o /tmp/threads examples/threads.rs
//!     /tmp/threads [[HOST] PORT]          (port 0 lets the kernel choose)
//!
//! Facts about std that matter here:
//!
//! 1. It ignores SIGPIPE before main(): a client that has gone is an error of its own thread, BrokenPipe.
//! 2. TcpListener::bind sets SO_REUSEADDR and a backlog of 128, and neither can be chosen.
//! 3. println! panics when nobody can read it; writeln! leaves the error to us.
//! 4. accept() that finds no descriptor fails at once, so it is tried again only after a pause.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const CHUNK_BYTES: usize = 1024;
const STACK_BYTES: usize = 64 * 1024;
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Append what Python's repr gives for one byte of a bytes literal that stands between `quote`.
fn escape(to: &mut Vec<u8>, byte: u8, quote: u8) {
    match byte {
        b'\t' => to.extend(b"\\t"),
        b'\n' => to.extend(b"\\n"),
        b'\r' => to.extend(b"\\r"),
        _ if byte == b'\\' || byte == quote => to.extend([b'\\', byte]),
        0x20..=0x7e => to.push(byte),
        _ => to.extend(format!("\\x{byte:02x}").bytes()),
    }
}

fn reply(chunk: &[u8]) -> Vec<u8> {
    let double_quoted = chunk.contains(&b'\'') && !chunk.contains(&b'"');
    let quote = if double_quoted { b'"' } else { b'\'' };
    let mut text = b"Server received b".to_vec();
    text.push(quote);
    for &byte in chunk {
        escape(&mut text, byte, quote);
    }
    text.push(quote);
    text
}

/// Answer every chunk until the end of this client's stream, which closes when it is dropped here.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => stream.write_all(&reply(&chunk[..length]))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (host, port) = match arguments.as_slice() {
        [] => ("127.0.0.1", "8001"),
        [port] => ("127.0.0.1", port.as_str()),
        [host, port, ..] => (host.as_str(), port.as_str()),
    };
    let listener = TcpListener::bind(format!("{host}:{port}"))?;
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "Server start at: {}", listener.local_addr()?).and_then(|()| stdout.flush());
    for stream in listener.incoming() {
        let started = stream.and_then(|stream| thread::Builder::new().stack_size(STACK_BYTES).spawn(|| answer(stream)));
        if started.is_err() {
            thread::sleep(ACCEPT_RETRY); // no descriptor, or no thread: those who wait stay in the backlog
        }
    }
    Ok(())
}
