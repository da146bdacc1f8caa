"""A server of our own on demo data, with everything in the sandbox."""
import http.client, json, os, re, signal, socket, subprocess, tempfile, shutil, time

KEY = "page-journeys-key-0123456789abcdefghijkl"
PASSWORD = "seven quiet otters"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class DemoServer:
    """Twelve clients in six languages with the messages of six weeks, an admin, a viewer, and somebody who forgot her password."""

    def __init__(self, binary):
        self.binary, self.port, self.folder = binary, free_port(), tempfile.mkdtemp(prefix="page-journeys-")
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "HOST": "127.0.0.1", "PORT": str(self.port), "API_BASE_URL": self.base,
            "RAPPORT_API_KEY": KEY, "LOG_LEVEL": "warning", "DATABASE_URL": f"sqlite:{self.folder}/rapport.sqlite",
            # So that the links in the oldest messages have expired already.
            "LINK_LIFETIME_DAYS": "30", "PUBLIC_RATE_LIMIT": ""}
        self.rapport("demo")
        home = re.findall(r"[0-9a-f-]{36}", self.rapport("business", "list"))[0]
        self.rapport("user", "create", "--business", home, "--email", "ada@example.org", "--name", "Ada Admin", "--role", "admin", given=PASSWORD)
        self.rapport("user", "create", "--business", home, "--email", "vera@example.org", "--name", "Vera Viewer", "--role", "viewer", given=PASSWORD)
        self.rapport("user", "create", "--business", home, "--email", "rosa@example.org", "--name", "Rosa", "--role", "agent", given=PASSWORD)
        # The command and the server do not share a SQLite database, so the link is made before.
        self.reset_link = self.rapport("user", "reset-password", "rosa@example.org").split()[0]
        self.log = open(f"{self.folder}/log", "w+")
        self.process = subprocess.Popen([binary, "serve"], env=self.environment, cwd=self.folder, stdout=self.log, stderr=subprocess.STDOUT)
        self.await_readiness()

    def rapport(self, *arguments, given=None):
        done = subprocess.run(
            [self.binary, *arguments], env=self.environment, cwd=self.folder, input=given and given + "\n", capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"rapport {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def await_readiness(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError("the server did not get ready: " + self.log.read()[-2000:])

    def call(self, method, path, body=None):
        """Status and JSON; the text where it is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text[:1] in ("{", "[") else text

    def links(self, client, purpose):
        """Addresses of public pages in a client's messages, newest message last."""
        found = re.findall(rf"/{purpose}/[A-Za-z0-9_-]{{20,}}", json.dumps(self.call("GET", f"/api/crm/clients/{client}/export")[1]))
        return list(dict.fromkeys(found))

    def stop(self):
        """The lines of its log that tell of errors."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.seek(0)
        complaints = [line.strip() for line in self.log if "error" in line.lower()]
        shutil.rmtree(self.folder, ignore_errors=True)
        return complaints
