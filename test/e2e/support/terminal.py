"""Runs a program at a terminal. Each line of stdin is a JSON object: {"send": TEXT, "until": PATTERN} types
TEXT and reads until the output matches the regular expression PATTERN; the output is a JSON string on a
line of stdout. Fails when the program is silent for too long.

terminal.py PROGRAM ARGUMENT...
"""
import json
import os
import pty
import re
import select
import sys

SILENCE = 60

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
os.set_blocking(terminal, False)
for line in sys.stdin:
    step = json.loads(line)
    os.write(terminal, step["send"].encode())
    output = ""
    while not re.search(step["until"], output):
        if not select.select([terminal], [], [], SILENCE)[0]:
            sys.exit(f"{step} was answered by {output!r}")
        output += os.read(terminal, 65536).decode(errors="replace")
    print(json.dumps(output), flush=True)
