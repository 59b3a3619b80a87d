"""Writes goldens.json: what transformers (5.24) renders for every template here and every conversation below.

Run once in a virtual environment with transformers: python make_goldens.py
"""
import json
from pathlib import Path

from jinja2.exceptions import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

FOLDER = Path(__file__).parent
SPECIALS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


CONVERSATIONS = {
    "one turn": turns(("user", "What is the capital of France?")),
    "a system turn": turns(("system", "Answer briefly."), ("user", "Why is the sky blue?")),
    "several turns": turns(
        ("user", "Hi"), ("assistant", "Hello! How can I help?"), ("user", "Tell me a joke."),
        ("assistant", "No."), ("user", "Please?"),
    ),
    "system and several turns": turns(
        ("system", "You are a pirate."), ("user", "Hi"), ("assistant", "Arr."), ("user", "And now?"),
    ),
    "ends with an answer": turns(("user", "2 + 2?"), ("assistant", "4")),
    "odd spaces": turns(("user", "  \n two spaces before, a tab after\t\n\n")),
    "empty": turns(("user", "")),
    "braces and quotes": turns(("user", "{{ 7 * 7 }} {% if %} {# no #} 'single' \"double\" \\ back\\nslash")),
    "other scripts": turns(("user", "naïve 你好 مرحبا 🙂👩‍👩‍👧 e\u0301")),
    "thinking": turns(
        ("user", "Think."), ("assistant", "<think>\nhm\n</think>\n\nDone."), ("user", "Again."),
        ("assistant", "<think>\nhm hm\n</think>\n\nDone twice."),
    ),
    "tool words": turns(("user", "<tool_response>x</tool_response>"), ("assistant", "?"), ("user", "y")),
    "two users": turns(("user", "one"), ("user", "two")),
    "assistant first": turns(("assistant", "I begin."), ("user", "So?")),
    "late system": turns(("user", "one"), ("assistant", "two"), ("system", "three"), ("user", "four")),
}


def render(template, messages, generation_prompt):
    try:
        rendered, _ = render_jinja_template(
            [messages], chat_template=template, add_generation_prompt=generation_prompt, **SPECIALS
        )
        return {"text": rendered[0]}
    except TemplateError as error:
        return {"refusal": str(error)}


goldens = {
    file.stem: {
        name: [render(file.read_text(), messages, prompt) for prompt in (False, True)]
        for name, messages in CONVERSATIONS.items()
    }
    for file in sorted(FOLDER.glob("*.jinja"))
}
document = {"specials": SPECIALS, "conversations": CONVERSATIONS, "goldens": goldens}
(FOLDER / "goldens.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
