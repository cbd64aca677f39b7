// The echo server on Node's net module.
//
// Nothing to build; Node 18 or later. Port 0 lets the kernel choose:
//
//     node examples/net.js [[HOST] PORT]
//
// Facts about net that matter here:
//
// 1. Without allowHalfOpen Node answers the client's FIN with its own, whatever it still has to write.
// 2. write() never refuses: false means that the stream is above its high-water mark, and bounding it is up to us.
// 3. An error that nobody listens for ends the process.
// 4. libuv accepts with a descriptor in reserve: when there is no other, whoever waits is accepted and closed at once.

'use strict';

const net = require('node:net');

const CHUNK_BYTES = 1024;
const BACKLOG = 128;

/** By character: what Python's repr gives for this byte of a bytes literal, but for the quote that it stands in. */
const ESCAPES = new Map([['\\', '\\\\'], ['\t', '\\t'], ['\n', '\\n'], ['\r', '\\r']]);
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte);
  const shown = byte >= 0x20 && byte <= 0x7e;
  if (!shown && !ESCAPES.has(character)) ESCAPES.set(character, '\\x' + byte.toString(16).padStart(2, '0'));
}

/** The literal that Python's repr gives for these bytes. */
function bytesLiteral(chunk) {
  const text = chunk.toString('latin1');
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[^ -~]|\\/g, (character) => ESCAPES.get(character));
  return 'b' + quote + escaped.replaceAll(quote, '\\' + quote) + quote;
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
    if (!socket.write(replies(data), 'latin1')) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end()); // sends what is owed, then the FIN
  socket.on('error', () => socket.destroy());
}

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
