"""`router emulate` and the script files it reads."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from router.emulator import Emulator, ManualClock
from router.emulator.scriptfile import load_replies, script_of_rules

SCRIPT = """
rules:
  - when: {text: refund, nth: 1}
    replies: {error: overloaded}
  - when: {text: refund}
    replies: [{label: billing, confidence: 0.97}]
  - replies: Hello.
"""


def ask(emulator, text):
    body = {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
    }
    reply = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
    answer = json.loads(reply.read())
    return answer["content"][0]["text"] if reply.status == 200 else reply.status


@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_rules_are_read_from_yaml_and_json(tmp_path, ending):
    import yaml

    path = tmp_path / f"script{ending}"
    text = SCRIPT if ending == ".yaml" else json.dumps(yaml.safe_load(SCRIPT))
    path.write_text(text)
    script, others = load_replies(path)
    emulator = Emulator(script, *others, clock=ManualClock())
    said = [ask(emulator, text) for text in ("a refund", "a refund", "hi")]
    assert said == [529, '{"label": "billing", "confidence": 0.97}', "Hello."]


def test_a_recording_is_read_from_json_lines(tmp_path):
    path = tmp_path / "recorded.jsonl"
    path.write_text('{"key": "k", "reply": "x"}\n')
    _, (recordings,) = load_replies(path)
    assert len(recordings) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "list of `rules`"),
        ({"rules": [], "ruls": 1}, "ruls"),
        ({"rules": [{"when": {}}]}, "rule 1"),
        ({"rules": [{"replies": "x"}, {"when": {"txt": "x"}, "replies": "y"}]}, "rule 2.*txt"),
        ({"rules": [{"replies": {"error": "odd"}}]}, "rule 1.*odd"),
        ({"rules": [{"when": {"nth": 0}, "replies": "x"}]}, "rule 1.*nth"),
    ],
)
def test_what_is_no_script_is_named(data, words):
    with pytest.raises(ValueError, match=words):
        script_of_rules(data)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("rules: [")
    with pytest.raises(ValueError, match=r"script\.yaml"):
        load_replies(path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_signalled_and_ends_well(number):
    program = (
        "import sys; from router.emulator.command import serve_forever; "
        "serve_forever(say=lambda text: print(text, end='', flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        said = process.stdout.readline()
        url = said.split()[3]
        with urllib.request.urlopen(f"{url}/v1/models", timeout=10) as answer:
            assert json.load(answer)["data"]
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
