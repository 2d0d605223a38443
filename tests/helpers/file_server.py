"""A real HTTP server on this computer that serves one file and can misbehave as networks do."""

import contextlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `content` at every address below the root.

    Attributes:
        content: the bytes of the file.
        ranges: whether it goes on in the middle when asked to.
        break_after: lengths; each answer takes one and breaks off after so many bytes.
        status: answered in place of 200 when it is an error.
        pause_after: of the first answer so many bytes come, and the rest when `go_on` is set; 0: all at once.
        asked: the Range header of every request, None without one.
    """

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.ranges = True
        self.break_after = []
        self.status = 200
        self.pause_after = 0
        self.go_on = threading.Event()
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and server.ranges else 0
        whole = len(server.content)
        if start and start >= whole:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{whole}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.break_after:
            self.wfile.write(body[: server.break_after.pop(0)])
            self.close_connection = True
        elif server.pause_after and not server.go_on.is_set():
            self._answer_in_two(body)
        else:
            self.wfile.write(body)

    def _answer_in_two(self, body):
        pause = self.server.pause_after
        self.wfile.write(body[:pause])
        self.wfile.flush()
        self.server.go_on.wait(60)
        with contextlib.suppress(OSError):  # who asked has gone
            self.wfile.write(body[pause:])

    def log_message(self, *_arguments):
        """Nothing on stderr."""


@contextmanager
def serving(content):
    """The server, running; stopped at the end."""
    with FileServer(content) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
