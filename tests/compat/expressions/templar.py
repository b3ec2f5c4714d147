"""Renders templates with ansible-core's own Templar: a line of JSON in, a line of JSON out."""

import json
import signal
import sys
import warnings

warnings.simplefilter("ignore")

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.conditional import Conditional
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.utils.display import Display

LONGEST = 5


def told(value):
    """The value with its type, where JSON has fewer types than Python."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else {"<int>": str(value)}
    if isinstance(value, float):
        return {"<float>": repr(value)}
    if isinstance(value, str):
        # Halves of a character are no text for anybody else.
        value.encode()
        return str(value)
    if isinstance(value, dict):
        return {key(name): told(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(item) for item in value]
    return {"<object>": type(value).__name__}


def key(name):
    """As JSON has it."""
    if isinstance(name, str) or not isinstance(name, (bool, int, float, type(None))):
        return str(name)
    return json.dumps(name)


def late(*_):
    raise TimeoutError


def answer(templar, variables, asked):
    signal.alarm(LONGEST)
    try:
        if asked["is_condition"]:
            task = Conditional(loader=templar._loader)
            task.when = [asked["text"]]
            return {"value": task.evaluate_conditional(templar, variables)}
        return {"value": told(templar.template(asked["text"]))}
    except (TimeoutError, UnicodeEncodeError):
        return {"late": True}
    except RecursionError:
        return {"error": "RecursionError"}
    except BaseException as error:
        return {"error": type(error).__name__, "message": str(error)[:300]}
    finally:
        signal.alarm(0)


def main():
    signal.signal(signal.SIGALRM, late)
    init_plugin_loader()
    # What it warns of would stand between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    Display.display = lambda *_, **__: None
    variables = json.loads(sys.stdin.readline())
    templar = Templar(DataLoader(), variables)
    for line in sys.stdin:
        out.write(json.dumps(answer(templar, variables, json.loads(line))) + "\n")
        out.flush()


main()
