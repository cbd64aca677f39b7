"""A server under test while it runs: where it answers, what can be seen of it, and a fresh copy when it is needed."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Self

import psutil

from clients.peer import Address
from conformance.harness.child import CannotStart, Keeper, PortTaken
from conformance.harness.datagram_sockets import Losses, sockets_at
from conformance.harness.kernel import KernelView
from conformance.harness.launch import READY_WITHIN_S, PortReservation, Process, accepts, reachable
from conformance.harness.patience import Allowance, Turns
from conformance.harness.process import in_line_ourselves_s, tree_of
from conformance.harness.process_tree import LOOK_AGAIN_S, ProcessTree
from conformance.harness.target import Target

REACHES_WITHIN_S = 5.0
FINISHES_WITHIN_S = 0.02
TAKES_PROBE_WITHIN_S = 1.0
OWN_DEATH_WITHIN_S = 10.0
OWN_DEATH_TAKES_S = 0.2  # of processor time
RESTS_FOR_S = 0.5  # what rests so long while another listens does not come to listen itself
PORTS_TRIED = 5


class Server:
    """The running side of a `Target`. Start it with `start`; it is a context manager that ends what it started."""

    def __init__(self, target: Target, keeper: Keeper, kernel: KernelView) -> None:
        self.target = target
        self.kernel = kernel
        self.address: Address = ("", 0)
        self.tree: ProcessTree | None = None
        self._keeper = keeper
        self._process: Process | None = None
        self._kept_port: PortReservation | None = None
        self._udp_port: PortReservation | None = None
        self._losses: Losses | None = None
        self.datagram_address: Address = ("", 0)  # where it answers datagrams, if it does
        self._limited = False  # whether `release` has anything to undo: it is called after each case
        self._listened = False  # itself: it can be told from somebody else
        self._rested = False  # where somebody else listened
        self._delegates = False  # no process of its listens, whatever its port
        self._in_sight = False  # whether the kernel that we ask is the one that has its socket

    def start(self) -> None:
        """Bring a fresh copy to serve; for a server that already runs, see that it is there. Raises `CannotStart`."""
        self.end()
        if self.target.command is not None:
            self._run_on_some_port(self.target.command)
        else:
            self._attach()
            self._let_it_take_the_probe()

    def _run_on_some_port(self, command: tuple[str, ...]) -> None:
        for _ in range(PORTS_TRIED if self.target.copies else 1):
            try:
                return self._run(command)
            except PortTaken as error:
                taken = error
        raise taken

    def _run(self, command: tuple[str, ...], reserved: PortReservation | None = None) -> None:
        target = self.target
        if target.told_udp_port and self._udp_port is None:
            self._udp_port = PortReservation(target.host)
        udp_port = str(self._udp_port.port) if self._udp_port is not None else ""
        self._process = Process(
            [word.replace("{udp_port}", udp_port) for word in command],
            self._keeper,
            host=target.host,
            fixed_port=target.fixed_port,
            folder=target.folder,
            environment=dict(target.environment),
            limits=dict(target.limits),
            reserved=reserved,
            ready_within_s=READY_WITHIN_S * max(1.0, target.patience),
        )
        self.address = self._process.address
        self.tree = tree_of(self._process.pid)
        try:
            self._see_that_it_is_the_one(self._process, self.tree)
            self._in_sight = self.kernel.sees(self.address)
            self._expect_datagrams()
            self._let_it_take_the_probe()
            self._process.stays()
        except CannotStart:
            self.end()
            raise

    def _see_that_it_is_the_one(self, process: Process, tree: ProcessTree) -> None:
        """Wait until it is the server that listens there, or leaves that to another, as the client of a container does.

        Before it comes to its bind(2), anybody can take the port. Raises `PortTaken` where somebody has.
        """
        turns, allowance = Turns(), Allowance(READY_WITHIN_S, self.in_line_s)
        spent, was_taken = self._delegates, False
        while not spent:
            ended, spent = process.exit_status() is not None, allowance.spent()  # before the look
            inode = self.kernel.listening_inode(self.address)
            if self._is_its_own(inode, process, tree):
                self._listened = True
                return
            was_taken = was_taken or inode is not None
            if tree.runnable() or self._listened or (was_taken and inode is None):  # a stranger has left it
                turns = Turns()
            rests = turns.another() > RESTS_FOR_S
            if ended or rests or spent:
                self._see_that_nobody_else_does(process)
                return
            time.sleep(LOOK_AGAIN_S)

    def _is_its_own(self, inode: int | None, process: Process, tree: ProcessTree) -> bool:
        """Whether it holds the listening socket; also where that cannot be seen."""
        held = tree.sockets()
        if held is None or not self.kernel.available:
            return True
        if inode is None:  # behind a translation of addresses, unless it has gone
            return accepts(self.address)
        return inode in held or any(inode in (tree_of(pid).sockets() or ()) for pid in process.left_behind())

    def _see_that_nobody_else_does(self, process: Process) -> None:
        """It does not listen there, and will not. Who does at a second port too is no stranger. Raises `PortTaken`."""
        if not accepts(self.address):
            return
        epitaph, (host, port) = process.epitaph(), self.address
        if epitaph is None and not self._listened and (self._rested or not self.target.copies):
            self._delegates = True
            return
        self._rested = epitaph is None
        raise PortTaken(f"somebody else listens on {host}:{port}, and not the target, which {epitaph or 'still runs'}")

    def terminate(self, within_s: float) -> bool:
        """Send SIGTERM, wait `within_s` seconds for the end, and clear up what is left; tells whether it ended.

        For a server that was started here. Its port is kept for `start_again`.
        """
        if self._process is None:
            return False
        ended = self._process.terminate(within_s)
        kept, (kept_udp, self._udp_port) = self._process.give_up_port(), (self._udp_port, None)
        self.end()
        self._kept_port, self._udp_port = kept, kept_udp
        return ended

    def start_again(self) -> None:
        """Start another copy on the port that the one before had. Raises `CannotStart`."""
        if self.target.command is not None:
            kept, self._kept_port = self._kept_port, None
            self._run(self.target.command, kept)

    @property
    def up(self) -> bool:
        """Whether one is there that has not died."""
        return (self._process is not None or not self.restartable) and self.epitaph() is None

    @property
    def announced(self) -> Address | None:
        """The address that it has announced."""
        return self._process.output.announced if self._process is not None else None

    def leave_output_unread(self) -> None:
        """Read nothing more of its output; for the rest of its life."""
        if self._process is not None:
            self._process.output.pause()

    def exhaust(self, spare: int) -> bool:
        """Let it open no more than `spare` descriptors; False where that cannot be done."""
        self._remember_limits()
        return self.tree is not None and self.tree.exhaust(spare)

    def allow(self, descriptors: int) -> None:
        """Let it open so many descriptors, as far as its hard limit goes."""
        self._remember_limits()
        if self.tree is not None:
            self.tree.allow(descriptors)

    def release(self) -> None:
        """Undo `exhaust` and `allow`."""
        if self.tree is not None and self._limited:
            self.tree.release()
            self._tell_of_its_own("not limited")
            self._limited = False

    def _remember_limits(self) -> None:
        """A server that is not ours is to have its limits back, also when we are ended without a chance to undo it."""
        self._limited = True
        if self.tree is not None and not self.restartable:
            for pid, (soft, hard) in self.tree.limits().items():
                self._keeper.tell(f"limited {pid} {soft} {hard}")

    def _tell_of_its_own(self, verb: str) -> None:
        if self.tree is not None and not self.restartable:
            for pid in self.tree.pids():
                self._keeper.tell(f"{verb} {pid}")

    def _expect_datagrams(self) -> None:
        """Find out where it answers datagrams, and wait until somebody is there, where that can be seen."""
        target, port = self.target, self._udp_port.port if self._udp_port is not None else None
        if not target.answers_datagrams:
            return
        self.datagram_address = self.address if port is None else (self.address[0], port)
        if target.udp is not None:
            self.datagram_address = reachable(target.udp)[0]
        deadline = time.monotonic() + REACHES_WITHIN_S
        while self._in_sight and not sockets_at(self.datagram_address[1]) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_S)
        self._losses = Losses(self.datagram_address[1])

    def datagrams_lost(self, *own_ports: int) -> str | None:
        """Why a silence is not held against it: datagrams were lost, also at sockets of ours, or nobody can tell."""
        if self._losses is None or not self._in_sight:
            return "whether the datagrams arrived cannot be seen from here"
        return self._losses.any_since(*own_ports)

    def _let_it_take_the_probe(self) -> None:
        """That a server is there is seen by connecting to it: no case is to share a batch with that connection."""
        turns = Turns()
        while not self.kernel.accept_queue_empty(self.address) and turns.another() < TAKES_PROBE_WITHIN_S:
            time.sleep(LOOK_AGAIN_S)
        self.let_it_finish()

    def end(self) -> None:
        """End what was started here, and nothing else. Raises `CannotStart` where it does not end."""
        process, self._process, self.tree = self._process, None, None  # whatever comes, it is ended once
        try:
            if process is not None:
                process.end()
        finally:
            for port in (self._kept_port, self._udp_port):
                if port is not None:
                    port.release()
            self._kept_port = self._udp_port = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.end()

    @property
    def restartable(self) -> bool:
        """Whether a fresh copy can be had."""
        return self.target.command is not None

    @property
    def freezable(self) -> bool:
        """Whether it can be stopped, and what is done meanwhile be confirmed to have arrived."""
        return self.tree is not None and self.tree.mine and self._in_sight

    def epitaph(self, within_s: float = 0.0) -> str | None:
        """How it died, if it did; waits a moment for a death that is under way. None where that cannot be known.

        Who is about to die runs: on a busy machine one that still does is given the processor time that dying takes.
        """
        if self._process is None:
            return None
        told = self._process.epitaph(within_s)
        if told is None and within_s and self.tree is not None:
            used_before_s, deadline = self.tree.used_s(), time.monotonic() + OWN_DEATH_WITHIN_S
            while told is None and self.tree.runnable() and time.monotonic() < deadline:
                if self.tree.used_s() - used_before_s > OWN_DEATH_TAKES_S:
                    break
                told = self._process.epitaph(LOOK_AGAIN_S)
        return told or self._process.epitaph()  # who does not run any more may have died since the last look

    def last_words(self) -> str:
        """The last lines that it wrote to its standard output and error, made plain; empty where they are not ours."""
        return self._process.output.last_lines() if self._process is not None else ""

    @property
    def is_stopped(self) -> bool:
        """Whether each of its processes is there and stopped."""
        return self.tree is not None and self.epitaph() is None and bool(self.tree.pids()) and self.tree.stands_still()

    def let_it_finish(self) -> None:
        """Wait a moment until it has done what it was doing and sleeps, where that can be seen.

        What is sent after it answered would else now and then meet it in the middle of its turn. A server that never
        sleeps is not waited for long: that it spins is another matter.
        """
        if self.tree is None:
            return
        deadline = time.monotonic() + FINISHES_WITHIN_S
        while not self.tree.sleeps() and time.monotonic() < deadline:
            time.sleep(0)

    def rests(self) -> bool:
        """Whether it sleeps until something comes, which a wait for us to read its output is not; False if unseen."""
        output = self._process.output if self._process is not None else None
        if self.tree is None or (output is not None and output.unread()):
            return False
        return self.tree.sleeps() and not self.tree.runnable()

    def in_line_s(self) -> float:
        """How long it and the calling thread have waited in line for a processor, in seconds, as far as that is told.

        That time is the machine's, and not counted against a server.
        """
        return in_line_ourselves_s() + self.stood_in_line_s()

    def stood_in_line_s(self) -> float:
        """How long its threads have waited in line for a processor, all together, in seconds; 0 where unseen."""
        return self.tree.in_line_s() if self.tree is not None else 0.0

    def freeze(self) -> bool:
        """Stop every process of it; False when one of them will not stand still."""
        if self.tree is None:
            return False
        self._tell_of_its_own("stopped")
        return self.tree.stop()

    def thaw(self) -> None:
        """Let it go on."""
        if self.tree is not None:
            self.tree.go_on()
            self._tell_of_its_own("not stopped")

    def sockets(self) -> set[int] | None:
        """The inodes of the sockets it holds; None where that cannot be seen."""
        return self.tree.sockets() if self.tree is not None else None

    def _attach(self) -> None:
        address, pid = self.target.address, self.target.pid
        if address is None:
            msg = f"{self.target.name} has neither a command nor an address"
            raise CannotStart(msg)
        for place in reachable(address):
            self.address = place
            try:
                with socket.create_connection(place, REACHES_WITHIN_S):
                    break
            except OSError as error:
                refused = error
        else:
            msg = f"nobody answers on {address[0]}:{address[1]}: {refused.strerror or refused}"
            raise CannotStart(msg)
        self._in_sight = self.kernel.sees(self.address)
        self._expect_datagrams()
        if pid is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid)
                self.tree = tree_of(pid)
                return
            msg = f"there is no process {pid} (--pid)"
            raise CannotStart(msg)
