"""Plays the browser's part of a background callback against a page's server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient


class Press:
    """One press of a button: what the server answered, and the polls that follow."""

    def __init__(self, client: FlaskClient, name: str, *values: Any, who: str = "anna") -> None:
        self.client, self.name, self.who = client, name, who
        inputs = [{"id": name, "property": "n_clicks", "value": values[0]}]
        state = [{"id": "path", "property": "data", "value": v} for v in values[1:]]
        self.body: dict[str, Any] = {
            "output": f"{name}-out.children",
            "outputs": {"id": f"{name}-out", "property": "children"},
            "inputs": inputs, "state": state, "changedPropIds": [f"{name}.n_clicks"],
        }  # fmt: skip
        self.progress: list[Any] = []
        self.started = self.ask({})
        self.handles = {
            key: self.started[key] for key in ("cacheKey", "job") if key in self.started
        }

    def ask(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Send the callback with these query arguments."""
        answer = self.client.post(
            "/_dash-update-component?" + urlencode(arguments, doseq=True),
            data=json.dumps(self.body), content_type="application/json",
            headers={"X-Who": self.who, "Cookie": "session=secret"},
        )  # fmt: skip
        if answer.status_code == 204:
            return {"nothing": True}
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def poll(self) -> dict[str, Any]:
        """Ask once for the result."""
        answer = self.ask(self.handles)
        if "progress" in answer:
            self.progress.append(answer["progress"])
        return answer

    def result(self, seconds: float = 40, interval: float = 0.01) -> Any:
        """Poll until there is an answer; None when the job ended without one."""

        def answered() -> Any:
            answer = self.poll()
            return answer if "response" in answer or "nothing" in answer else None

        answer = until(answered, seconds, interval)
        if "nothing" in answer:
            return None
        return answer["response"][f"{self.name}-out"]["children"]


def until(check: Callable[[], Any], seconds: float = 40, interval: float = 0.02) -> Any:
    """Wait until `check` answers something true, and answer that."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, f"still not: {check}"
        time.sleep(interval)
    return found
