#!/usr/bin/env tclsh
# The echo server on Tcl's event loop, a fileevent a client; and not conformant: it spins for one that does not read.
#
# Nothing to build; Tcl 8.6. Port 0 lets the kernel choose:
#
#     tclsh examples/fileevent.tcl [[HOST] PORT]
#
# Facts about Tcl's channels that matter here:
#
# 1. puts on a non-blocking channel takes everything and sends it in the background. Backpressure is ours: a client is
#    not read while its channel has output pending, and read again when the channel reports room.
# 2. close on a non-blocking channel sends what is owed in the background, then the FIN.
# 3. Tcl accepts by itself before any script is asked. Where accept() finds no descriptor it is called again at once.
# 4. Tcl 8.6 waits in select(), whose sets end at FD_SETSIZE; a descriptor beyond would be written past their ends. So
#    whoever comes when there are too many is closed at once: harm to nobody, and no service to those.
# 5. A socket that waits to write also waits for input, whether or not the script wants any: Tcl takes readiness for
#    input as the sign of an error that select() does not report for output. So where there is input, or its end, the
#    loop wakes again and again until the output is gone. No script can help it; threads with blocking channels could.

package require Tcl 8.6

set CHUNK_BYTES 1024
set MOST_CLIENTS 1000

# By byte: what Python's repr gives for it in a bytes literal, but for the quote that it stands in.
for {set code 0} {$code < 256} {incr code} {
    if {$code < 0x20 || $code > 0x7e} {
        lappend ESCAPES [format %c $code] [format {\x%02x} $code]
    }
}
set ESCAPES [list \\ {\\} \t {\t} \n {\n} \r {\r} {*}$ESCAPES]

proc bytes_literal {chunk} {
    set quote [expr {[string first ' $chunk] >= 0 && [string first \" $chunk] < 0 ? "\"" : "'"}]
    return b$quote[string map [list {*}$::ESCAPES $quote \\$quote] $chunk]$quote
}

proc discard {client} {
    incr ::clients -1
    catch {close $client}
}

# Take one chunk and answer it. Errors and the end of the stream both end in a channel that is at its end, or throw.
proc receive {client} {
    try {
        set chunk [read $client $::CHUNK_BYTES]
        if {$chunk ne ""} {
            puts -nonewline $client "Server received [bytes_literal $chunk]"
            flush $client
        }
        if {[chan pending output $client] > 0} {
            fileevent $client readable {}
            fileevent $client writable [list resume $client]
        } elseif {[eof $client]} {
            discard $client
        }
    } on error {} {
        discard $client
    }
}

# The channel has room: go on reading once all of its output is gone.
proc resume {client} {
    if {[catch {flush $client}]} {
        discard $client
    } elseif {[chan pending output $client] == 0} {
        fileevent $client writable {}
        fileevent $client readable [list receive $client]
    }
}

proc accept {client host port} {
    if {[incr ::clients] > $::MOST_CLIENTS} {
        discard $client
        return
    }
    fconfigure $client -blocking 0 -translation binary -buffersize $::CHUNK_BYTES
    fileevent $client readable [list receive $client]
}

set clients 0
set port [expr {$argc > 0 ? [lindex $argv end] : 8001}]
set host [expr {$argc > 1 ? [lindex $argv end-1] : "127.0.0.1"}]
set listener [socket -server accept -myaddr $host $port]
lassign [fconfigure $listener -sockname] address _ port
catch {
    puts "Server start at: $address:$port"
    flush stdout
}
vwait forever
