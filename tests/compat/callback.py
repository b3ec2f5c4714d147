"""Writes what became of each task as a line of JSON, for the comparison with dppctl."""

import json
import os

from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase


def small(value):
    """Numbers beyond 64 bits, as the modulus of a key in a diff, as texts: not every reader of JSON knows them."""
    if isinstance(value, dict):
        return {key: small(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [small(inner) for inner in value]
    return str(value) if isinstance(value, int) and abs(value) >> 63 else value


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "compat"

    def __init__(self):
        super().__init__()
        self.out = open(os.environ["COMPAT_EVENTS"], "w", encoding="utf-8")

    def tell(self, result, status, ignored=False):
        # What Ansible adds by itself is written nowhere.
        if result._task.get_path() is None:
            return
        if status == "ok" and result._result.get("changed"):
            status = "changed"
        line = {
            "host": result._host.get_name(),
            "at": result._task.get_path(),
            "action": result._task.action,
            "status": status,
            "ignored": bool(ignored),
            "result": small(result._result),
        }
        self.out.write(json.dumps(line, cls=AnsibleJSONEncoder, default=str) + "\n")
        self.out.flush()

    def v2_runner_on_ok(self, result):
        self.tell(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.tell(result, "failed", ignore_errors)

    def v2_runner_on_skipped(self, result):
        self.tell(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.tell(result, "unreachable", result._task.ignore_unreachable)
