// The echo server on Node's net and dgram modules: TCP and UDP in one loop.
//
// Nothing to build; Node 18 or later. Ports are told; 0 lets the kernel choose:
//
//     node examples/dgram.js PORT UDP_PORT
//
// Facts about dgram that matter here:
//
// 1. A datagram is read whole, up to 64 KiB: there is no limit to slice by.
// 2. An answer that is too long (EMSGSIZE) is an error of its own send, where there is a callback; without one it is
//    an 'error' of the socket, and one that nobody listens for ends the process.
// 3. send() keeps what finds no room, without bound, unless getSendQueueSize() is looked at.

'use strict';

const dgram = require('node:dgram');
const net = require('node:net');

const MOST_KEPT_BYTES = 256 * 1024;
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

const [port, udpPort] = process.argv.slice(2).map(Number);
const host = '127.0.0.1';

const datagrams = dgram.createSocket('udp4');
datagrams.on('error', (error) => console.error(error.message));
datagrams.on('message', (data, { address, port: sender }) => {
  if (datagrams.getSendQueueSize() > MOST_KEPT_BYTES) return; // it would be lost sooner or later
  const answer = Buffer.from('Server received ' + bytesLiteral(data), 'latin1');
  datagrams.send(answer, sender, address, () => {}); // an error concerns this answer alone
});

server.on('error', (error) => {
  console.error(error.message);
  if (!server.listening) process.exit(1); // an accept() that failed is survived, a listen() is not
});
// The datagrams' port is bound before anybody can connect.
datagrams.bind(udpPort, host, () => {
  server.listen({ host, port, backlog: BACKLOG }, () => {
    const { address, port: actual } = server.address();
    console.log(`Server start at: ${address}:${actual}`);
  });
});
