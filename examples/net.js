// The echo server on Node's net module.
//
// Nothing to build; Node 18 or later. Port 0 lets the kernel choose:
//
//     node examples/net.js [[HOST] PORT]

'use strict';

const net = require('node:net');

const CHUNK_BYTES = 1024;
const BACKLOG = 128;
const APOSTROPHE = 0x27;
const QUOTE = 0x22;
const ESCAPES = new Map([[0x09, '\\t'], [0x0a, '\\n'], [0x0d, '\\r'], [0x5c, '\\\\']]);

/** The literal that Python's repr gives for these bytes. */
function bytesLiteral(chunk) {
  const quote = chunk.includes(APOSTROPHE) && !chunk.includes(QUOTE) ? QUOTE : APOSTROPHE;
  let literal = '';
  for (const byte of chunk) {
    if (byte === quote) literal += '\\' + String.fromCharCode(byte);
    else if (ESCAPES.has(byte)) literal += ESCAPES.get(byte);
    else if (byte >= 0x20 && byte <= 0x7e) literal += String.fromCharCode(byte);
    else literal += '\\x' + byte.toString(16).padStart(2, '0');
  }
  const mark = String.fromCharCode(quote);
  return 'b' + mark + literal + mark;
}

/** The replies to what one 'data' event brought, which may be many chunks. */
function replies(data) {
  let owed = '';
  for (let start = 0; start < data.length; start += CHUNK_BYTES) {
    owed += 'Server received ' + bytesLiteral(data.subarray(start, start + CHUNK_BYTES));
  }
  return owed;
}

function serve(socket) {
  socket.on('data', (data) => {
    // write() never refuses; false only means that the stream is above its high-water mark, and bounding it is up to us.
    if (!socket.write(replies(data), 'latin1')) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end()); // sends what is owed, then the FIN
  socket.on('error', () => socket.destroy()); // without a listener this client's error would end the process
}

// allowHalfOpen: by default Node answers the peer's FIN with its own, whatever it still has to write.
const server = net.createServer({ allowHalfOpen: true }, serve);

const argv = process.argv.slice(2);
const port = Number(argv.at(-1) ?? 8001);
const host = argv.at(-2) ?? '127.0.0.1';

server.on('error', (error) => {
  console.error(error.message);
  if (!server.listening) process.exitCode = 1; // an accept() that failed is survived, a listen() is not
});
server.listen({ host, port, backlog: BACKLOG }, () => {
  const { address, port: actual } = server.address();
  console.log(`Server start at: ${address}:${actual}`);
});
