"""Answers calls one by one over standard input and output, so that torch is loaded once.

A line `{"module": "logits", "arguments": {...}}` calls `logits.run(**arguments)`; the line of the answer is
`{"answer": ...}` or `{"error": "..."}`. A column of the table is a module here and a file in ../columns.
"""

import importlib
import json
import os
import sys
import traceback


def main():
    # What a library prints must not stand between answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"answer": importlib.import_module(call["module"]).run(**call["arguments"])}
        except Exception:
            answer = {"error": traceback.format_exc(limit=-4)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
