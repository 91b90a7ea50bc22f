# SPDX-License-Identifier: MIT
"""A pseudo-terminal between the module's console port and a host tool."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from types import TracebackType

from .seed import BLOCK_SAMPLES, Seed

_CHUNK_BYTES = 512
_BLOCKS_PER_TURN = 4
_LEAD_SECONDS = 0.02


class Pty:
    """Open with `with Pty(seed) as pty:`; a host tool opens `pty.port`.

    Either call `pump()` between runs of the seed, or `start()` a background thread that runs the seed in (at most)
    real time; errors of the emulator then surface in `stop()` or at the end of the `with` block.
    """

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self.lock = threading.Lock()

    def __enter__(self) -> Pty:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            os.close(self._master)
            os.close(self._slave)

    def pump(self) -> None:
        """Carry what has come from each side to the other; never waits."""
        while select.select([self._master], [], [], 0)[0]:
            self._seed.send(os.read(self._master, _CHUNK_BYTES))
        data = self._seed.receive()
        if data:
            # A host that doesn't read loses bytes, as on a real line.
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def start(self) -> None:
        """Run the seed in a thread. Hold `lock` while changing its inputs."""
        self._thread = threading.Thread(target=self._serve, name="emulated Seed", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Stop the thread, if any. Raises what the emulator raised in it."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        self._stopping.clear()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _serve(self) -> None:
        try:
            self._run()
        except BaseException as error:  # handed to the thread that calls stop()
            self._error = error

    def _run(self) -> None:
        """Blocks in real time: ahead of the clock it sleeps, behind it doesn't catch up."""
        turn_seconds = _BLOCKS_PER_TURN * BLOCK_SAMPLES / 48_000
        due = time.monotonic()
        while not self._stopping.is_set():
            with self.lock:
                self._seed.run_blocks(_BLOCKS_PER_TURN)
                self.pump()
            due = max(due + turn_seconds, time.monotonic() - _LEAD_SECONDS)
            self._stopping.wait(max(0.0, due - time.monotonic()))
