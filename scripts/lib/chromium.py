"""Headless Chromium by its DevTools protocol, with nothing but the standard library."""
import base64, collections, http.client, json, os, shutil, socket, struct, subprocess, tempfile, threading, time, urllib.parse

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium")


def find():
    """The browser that is installed; None where there is none."""
    return next((program for program in PROGRAMS if shutil.which(program)), None)


class WebSocket:
    """Just enough of RFC 6455 to talk to Chromium."""

    def __init__(self, url, timeout=30):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([0x81]) + (
            bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536
            else bytes([0xFF]) + struct.pack(">Q", size))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self):
        whole = b""
        while True:
            head = self.file.read(2)
            if len(head) < 2:
                raise ConnectionError("Chromium has gone")
            first, second = head
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self.file.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.file.read(8))[0]
            data = self.file.read(size)
            if first & 0x0F in (0, 1):
                whole += data
                if first & 0x80:
                    return whole.decode()


class Chromium:
    """One browser with one page. It reaches nothing but this machine."""

    def __init__(self, binary=None):
        self.folder = tempfile.mkdtemp(prefix="chromium-")
        self.process = subprocess.Popen(
            [binary or find() or "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", "--no-first-run", "--disable-background-networking", "--lang=en-US",
             "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", f"--user-data-dir={self.folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self.target = self.open_page(self.read_port())
        self.counter, self.events = 0, collections.deque()
        self.connect()

    def read_port(self):
        """It says on its standard error where it listens, and goes on writing there."""
        for line in self.process.stderr:
            if line.startswith("DevTools listening on "):
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return urllib.parse.urlsplit(line.split()[3]).port
        raise RuntimeError("Chromium did not start")

    def open_page(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("PUT", "/json/new?about:blank")
        return json.loads(connection.getresponse().read())["webSocketDebuggerUrl"]

    def connect(self):
        self.web = WebSocket(self.target)
        for method in ("Page.enable", "Runtime.enable", "Network.enable"):
            self.call(method)

    def call(self, method, **parameters):
        """Sends a command and waits for its answer; what happens meanwhile is noted."""
        number = self.send(method, **parameters)
        while True:
            message = json.loads(self.web.receive())
            if message.get("id") == number:
                return message.get("result", message)
            self.note(message)

    def send(self, method, **parameters):
        self.counter += 1
        self.web.send(json.dumps({"id": self.counter, "method": method, "params": parameters}))
        return self.counter

    def note(self, message):
        """Takes an event; answers to commands that nobody waits for have no method."""
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))

    def await_event(self, method, seconds=10):
        """Whether the event came; those before it stay noted."""
        deadline = time.monotonic() + seconds
        while all(name != method for name, _ in self.events):
            if time.monotonic() > deadline:
                return False
            self.note(json.loads(self.web.receive()))
        return True

    def stop(self):
        try:
            # So that its children have stopped writing into the folder when it has gone.
            self.send("Browser.close")
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
