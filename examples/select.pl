#!/usr/bin/env perl
# The echo server on Perl's select, by way of IO::Select.
#
# Nothing to build; Perl 5.14 or later and its core modules. Port 0 lets the kernel choose:
#
#     perl examples/select.pl [[HOST] PORT]
#
# Facts about select that matter here:
#
# 1. It is level-triggered, so interest follows what can be done: a client is asked for input only while nothing is
#    owed to it, and for room only while something is. One chunk's reply is all that a client can be owed.
# 2. Perl sizes its sets by the highest descriptor, and Linux takes sets of any size: there is no FD_SETSIZE here.
# 3. A client that is closed by an earlier event of the same batch cannot appear later in it: each is in one set only.
# 4. accept() that finds no descriptor fails, and the listener stays ready: it is left out for a moment.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EMFILE ENFILE ENOBUFS ENOMEM);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;

use constant { BACKLOG => 128, CHUNK_BYTES => 1024, ACCEPT_RETRY_S => 0.1 };

my %ESCAPES = ("\t" => '\t', "\n" => '\n', "\r" => '\r', '\\' => '\\\\');
$ESCAPES{ chr $_ } //= sprintf '\x%02x', $_ for 0x00 .. 0x1f, 0x7f .. 0xff;

# The literal that Python's repr gives for these bytes.
sub bytes_literal {
    my ($chunk) = @_;
    my $quote = $chunk =~ /'/ && $chunk !~ /"/ ? '"' : "'";
    $chunk =~ s/([^ -~]|\\)/$ESCAPES{$1}/g;
    $chunk =~ s/$quote/\\$quote/g;
    return "b$quote$chunk$quote";
}

my $port = pop @ARGV // 8001;
my $host = pop @ARGV // '127.0.0.1';
my $listener = IO::Socket::INET->new(
    LocalAddr => $host,
    LocalPort => $port,
    Listen    => BACKLOG,
    ReuseAddr => 1,
    Blocking  => 0,
) or die "cannot listen on $host:$port: $@\n";

my $readers = IO::Select->new($listener);
my $writers = IO::Select->new;
my %owed;    # by descriptor: the rest of the reply to the last chunk

sub discard {
    my ($client) = @_;
    $_->remove($client) for $readers, $writers;
    delete $owed{ fileno $client };
    close $client;
}

sub would_block { return $! == EAGAIN || $! == EINTR }

sub flush_owed {
    my ($client) = @_;
    my $owed = \$owed{ fileno $client };
    my $sent = syswrite $client, $$owed;
    return discard($client) if !defined $sent && !would_block();
    substr $$owed, 0, $sent // 0, '';    # the kernel may take nothing at all, and then too it is asked for room
    my ($from, $to) = length $$owed ? ($readers, $writers) : ($writers, $readers);
    $from->remove($client);
    $to->add($client);
}

sub receive {
    my ($client) = @_;
    my $length = sysread $client, my $chunk, CHUNK_BYTES;
    return would_block() || discard($client) if !defined $length;
    return discard($client) if $length == 0;
    $owed{ fileno $client } = 'Server received ' . bytes_literal($chunk);
    flush_owed($client);
}

# Accept one client; false when there is nothing to accept it with.
sub accept_client {
    my $client = $listener->accept;
    if (!defined $client) {
        my $errno = $! + 0;
        return !grep { $errno == $_ } EMFILE, ENFILE, ENOBUFS, ENOMEM;
    }
    $client->blocking(0);
    $readers->add($client);
    return 1;
}

$SIG{PIPE} = 'IGNORE';    # a second send to a client that has gone: EPIPE is enough
STDOUT->autoflush(1);
print 'Server start at: ', $listener->sockhost, ':', $listener->sockport, "\n";

my $accepting = 1;
while (1) {
    my ($readable, $writable) = IO::Select->select($readers, $writers, undef, $accepting ? undef : ACCEPT_RETRY_S);
    if (!$accepting) {
        $readers->add($listener);
        $accepting = 1;
    }
    flush_owed($_) for @{ $writable // [] };
    for my $socket (@{ $readable // [] }) {
        if ($socket != $listener) { receive($socket) }
        elsif (!accept_client()) {
            $readers->remove($listener);
            $accepting = 0;
        }
    }
}
