"""A Hugging Face hub on loopback: datasets with their cards, revisions, gated and private ones, and interruptions."""

import json
import threading
from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = "hf_" + "a" * 34


@dataclass
class Repository:
    """A dataset: its files, the metadata of its card, and who may read it."""

    files: dict[str, bytes]
    card: dict = field(default_factory=dict)
    gated: bool = False
    private: bool = False

    @property
    def sha(self):
        return sha1(b"".join(name.encode() + content for name, content in sorted(self.files.items()))).hexdigest()


class Hub:
    """Serves repositories by name; `cut_after` ends the next download of a file after so many bytes."""

    def __init__(self, repositories):
        self.repositories = repositories
        self.cut_after = None
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.hub.requests.append((self.command, path, self.headers.get("Range")))
        if path == "/api/datasets":
            wanted = parse_qs(query).get("search", [""])[0]
            self._json([self._about(name) for name in self.hub.repositories if wanted in name])
        elif path.startswith("/api/datasets/") and "/tree/" in path:
            self._list(path.removeprefix("/api/datasets/"))
        elif path.startswith("/api/datasets/"):
            self._describe(path.removeprefix("/api/datasets/"))
        else:
            self._resolve(path.removeprefix("/datasets/"))

    def do_POST(self):
        path, _, _ = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append((self.command, path, None))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._fail(401, "")
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else f"me/{asked['name']}"
            self.hub.repositories.setdefault(name, Repository({}, private=asked["visibility"] == "private"))
            self._json({"url": f"{self.hub.url}/datasets/{name}"})
        elif "/preupload/" in path:
            files = [{"path": file["path"], "uploadMode": "regular"} for file in json.loads(body)["files"]]
            self._json({"files": [{**file, "shouldIgnore": False} for file in files]})
        else:
            self._commit(path.removeprefix("/api/datasets/").partition("/commit/")[0], body)

    def _commit(self, name, body):
        repository = self.hub.repositories[name]
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                repository.files[line["value"]["path"]] = b64decode(line["value"]["content"])
        url = f"{self.hub.url}/datasets/{name}/commit/{repository.sha}"
        self._json({"commitUrl": url, "commitOid": repository.sha, "hookOutput": ""})

    def _json(self, values):
        self._send(200, json.dumps(values).encode(), {"Content-Type": "application/json"})

    def _describe(self, path):
        name, _, revision = path.partition("/revision/")
        repository = self._allowed(name)
        if repository is None:
            return
        if revision and revision not in (repository.sha, "main"):
            self._fail(404, "RevisionNotFound")
            return
        listed = [{"rfilename": file, "size": len(content)} for file, content in repository.files.items()]
        self._json(self._about(name) | {"siblings": listed, "cardData": repository.card})

    def _list(self, path):
        """The files and folders of a folder, as `datasets.load_dataset` asks for them."""
        name, _, rest = path.partition("/tree/")
        if self._allowed(name) is not None:
            folder = rest.partition("/")[2]
            self._json([entry for entry in self._tree(name) if entry["path"].rpartition("/")[0] == folder])

    def _tree(self, name):
        files = self.hub.repositories[name].files
        folders = {file.rpartition("/")[0] for file in files} - {""}
        return [
            *({"type": "directory", "path": folder, "oid": sha1(folder.encode()).hexdigest()} for folder in folders),
            *({"type": "file", "path": file, "size": len(content), "oid": sha1(content).hexdigest()}
              for file, content in files.items()),
        ]  # fmt: skip

    def _about(self, name):
        repository = self.hub.repositories[name]
        access = {"private": repository.private, "gated": repository.gated}
        return {"id": name, "sha": repository.sha, "downloads": 1200, "likes": 3, "tags": [], **access}

    def _resolve(self, path):
        name, _, rest = path.partition("/resolve/")
        _revision, _, file = rest.partition("/")
        repository = self._allowed(name, needs_access=True)
        if repository is None:
            return
        if file not in repository.files:
            self._fail(404, "EntryNotFound")
            return
        content = repository.files[file]
        headers = {"ETag": f'"{sha256(content).hexdigest()}"', "X-Repo-Commit": repository.sha}
        first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self._send(206 if first else 200, content[first:], headers, cut=self.command == "GET")

    def _allowed(self, name, *, needs_access=False):
        repository = self.hub.repositories.get(name)
        has_token = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repository is None or (repository.private and not has_token):
            self._fail(401, "RepoNotFound")
            return None
        if needs_access and repository.gated and not has_token:
            self._fail(401, "GatedRepo")
            return None
        return repository

    def _fail(self, status, code):
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status, body, headers, *, cut=False):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut and self.hub.cut_after is not None:
            body, self.hub.cut_after = body[: self.hub.cut_after], None
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass
