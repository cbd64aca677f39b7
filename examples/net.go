// The echo server on Go's net package: one goroutine a client, written as if it blocked.
//
//	go build -o /tmp/net examples/net.go
//	/tmp/net [[HOST] PORT]          (port 0 lets the kernel choose)
//
// Facts about net that matter here:
//
//  1. Write returns when the kernel has taken everything: backpressure is a goroutine that does not come back, and
//     nothing is owed when it closes its connection.
//  2. Accept that finds no descriptor fails at once, so it is tried again only after a pause.
//  3. Listen sets SO_REUSEADDR and takes the longest backlog that the system allows.
//  4. SIGPIPE ends a Go program only for its own stdout and stderr; for a socket it is EPIPE.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	chunkBytes  = 1024
	acceptRetry = 100 * time.Millisecond
)

// appendEscaped appends what Python's repr gives for one byte of a bytes literal that stands between quote.
func appendEscaped(to []byte, b, quote byte) []byte {
	switch {
	case b == '\t':
		return append(to, `\t`...)
	case b == '\n':
		return append(to, `\n`...)
	case b == '\r':
		return append(to, `\r`...)
	case b == '\\' || b == quote:
		return append(to, '\\', b)
	case b < 0x20 || b > 0x7e:
		return fmt.Appendf(to, `\x%02x`, b)
	}
	return append(to, b)
}

func reply(chunk []byte) []byte {
	quote := byte('\'')
	if bytes.IndexByte(chunk, '\'') >= 0 && bytes.IndexByte(chunk, '"') < 0 {
		quote = '"'
	}
	text := append([]byte("Server received b"), quote)
	for _, b := range chunk {
		text = appendEscaped(text, b, quote)
	}
	return append(text, quote)
}

// answer replies to every chunk until the end of this client's stream; its errors end it alone.
func answer(connection net.Conn) {
	defer connection.Close()
	chunk := make([]byte, chunkBytes)
	for {
		length, err := connection.Read(chunk)
		if err != nil {
			return
		}
		if _, err := connection.Write(reply(chunk[:length])); err != nil {
			return
		}
	}
}

func main() {
	host, port := "127.0.0.1", "8001"
	if arguments := os.Args[1:]; len(arguments) > 1 {
		host, port = arguments[0], arguments[1]
	} else if len(arguments) == 1 {
		port = arguments[0]
	}
	signal.Ignore(syscall.SIGPIPE) // nobody has to read what is announced
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Server start at:", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			time.Sleep(acceptRetry) // those who wait stay in the backlog
			continue
		}
		go answer(connection)
	}
}
