"""Local batch APIs of OpenAI and Anthropic, added to the vendor of `fake_vendor`."""

import json
import time

from aiohttp import web

from tests.fake_vendor import Vendor, chat, fault, message


class BatchVendor(Vendor):
    """Ends a batch after `rounds` requests for its status.

    `fate` is "completed", "expired" or "failed". `done` is the number of requests with an answer, None for all.
    `instead` has replies that are sent once each instead of those of "status" or "results".
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.files, self.batches, self.cancelled = {}, {}, []
        self.fate, self.done, self.rounds, self.not_found = "completed", None, 1, 0
        self.error_text = "The file is bad."
        self.instead = {"status": [], "results": []}
        self.loses_reply = self.forgets_last_line = False

    def routes(self, app):
        super().routes(app)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{name}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{name}", self._retrieve)
        app.router.add_post("/v1/batches/{name}/cancel", self._cancel)
        app.router.add_post("/v1/messages/batches", self._create_messages)
        app.router.add_get("/v1/messages/batches", self._list_messages)
        app.router.add_get("/v1/messages/batches/{name}", self._retrieve)
        app.router.add_post("/v1/messages/batches/{name}/cancel", self._cancel)
        app.router.add_get("/v1/messages/batches/{name}/results", self._message_results)

    async def _upload(self, request):
        if request.headers["Authorization"] != f"Bearer {self.key}":
            return fault(401, "Incorrect API key provided")()
        form = await request.post()
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read().decode()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _create(self, request):
        body = await request.json()
        rows = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        return self._create_batch(
            request, [(row["custom_id"], row["body"]) for row in rows], body["metadata"], "openai"
        )

    async def _create_messages(self, request):
        rows = (await request.json())["requests"]
        return self._create_batch(request, [(row["custom_id"], row["params"]) for row in rows], {}, "anthropic")

    def _create_batch(self, request, rows, metadata, kind):
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {"rows": rows, "metadata": metadata, "kind": kind, "asked": 0, "at": time.time()}
        for _, body in rows:
            self.asked[body["messages"][-1]["content"]] += 1
        if self.loses_reply:
            request.transport.close()
        return web.json_response(self._status(name))

    async def _retrieve(self, request):
        name = request.match_info["name"]
        if self.instead["status"]:
            return await self.response(request, self.instead["status"].pop())
        if self.not_found:
            self.not_found -= 1
            return fault(404, "no such batch")()
        self.batches[name]["asked"] += 1
        return web.json_response(self._status(name))

    async def _list(self, _request):
        return web.json_response({"data": [self._status(name) for name in reversed(self.batches)], "has_more": False})

    async def _list_messages(self, _request):
        for batch in self.batches.values():
            batch["asked"] += 1
        return web.json_response({"data": [self._status(name) for name in reversed(self.batches)], "has_more": False})

    async def _cancel(self, request):
        name = request.match_info["name"]
        self.cancelled.append(name)
        self.rounds, self.fate = 0, "cancelled"
        return web.json_response(self._status(name))

    def _is_over(self, name):
        return self.batches[name]["asked"] > self.rounds

    def _status(self, name):
        batch = self.batches[name]
        over = self._is_over(name)
        if batch["kind"] == "anthropic":
            counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
            made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch["at"]))
            return {
                "id": name, "type": "message_batch", "processing_status": "ended" if over else "in_progress",
                "request_counts": counts | {"processing": len(batch["rows"])}, "created_at": made,
                "expires_at": made, "results_url": f"{self.url}/messages/batches/{name}/results" if over else None,
            }  # fmt: skip
        status = self.fate if over else "in_progress"
        failed = status == "failed"
        return {
            "id": name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "created_at": int(batch["at"]), "input_file_id": "x", "status": status, "metadata": batch["metadata"],
            "output_file_id": f"out-{name}" if over and not failed else None,
            "error_file_id": f"err-{name}" if over and not failed else None,
            "errors": {"object": "list", "data": [{"message": self.error_text}]} if failed else None,
        }  # fmt: skip

    async def _content(self, request):
        if self.instead["results"]:
            return await self.response(request, self.instead["results"].pop())
        kind, _, name = request.match_info["name"].partition("-")
        rows = self.batches[name]["rows"]
        done = len(rows) if self.done is None else self.done
        lines = []
        if kind == "out":
            for custom_id, body in reversed(rows[:done]):
                answer = chat(self.answer(body["messages"][-1]["content"]))
                lines.append({"custom_id": custom_id, "response": {"status_code": 200, "body": answer}, "error": None})
            lines = lines[: -1 if self.forgets_last_line else None]
        else:
            error = {"code": f"batch_{self.fate}", "message": self.error_text}
            lines = [{"custom_id": custom_id, "response": None, "error": error} for custom_id, _ in rows[done:]]
        return _lines(lines)

    async def _message_results(self, request):
        if self.instead["results"]:
            return await self.response(request, self.instead["results"].pop())
        rows = self.batches[request.match_info["name"]]["rows"]
        done = len(rows) if self.done is None else self.done
        lines = []
        for place, (custom_id, body) in enumerate(rows):
            answer = message(self.answer(body["messages"][-1]["content"]))
            answer |= {"id": "m", "role": "assistant", "model": "m", "stop_sequence": None}
            result = {"type": "succeeded", "message": answer}
            if place >= done and self.fate == "errored":
                fault = {"type": "error", "error": {"type": "api_error", "message": self.error_text}}
                result = {"type": "errored", "error": fault}
            elif place >= done:
                result = {"type": "canceled" if self.fate == "cancelled" else "expired"}
            lines.append({"custom_id": custom_id, "result": result})
        return _lines(lines)


def _lines(rows):
    """JSON lines as the vendors write them: without unnecessary escapes."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return web.Response(text=text, content_type="application/x-jsonl")
