# SPDX-License-Identifier: MIT
# What the interpreter is recorded with: of each C file below a folder it makes an index of the words, writes it as JSON, reads
# that back and ranks it; a few results stay.
import collections
import heapq
import json
import pathlib
import re
import sys


class Word:
    def __init__(self, text):
        self.text = text
        self.lines = []

    def add(self, number):
        self.lines.append(number)


def index(text):
    words = {}
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.findall(r"[A-Za-z_]\w+", line):
            word = words.get(found)
            if word is None:
                word = words[found] = Word(found)
            word.add(number)
    return words


def report(words):
    by_length = collections.defaultdict(list)
    for word in sorted(words.values(), key=lambda w: (-len(w.lines), w.text)):
        by_length[len(word.text)].append({"word": word.text, "lines": [f"{n}" for n in word.lines]})
    return json.dumps({str(k): v for k, v in sorted(by_length.items())}, indent=1)


def rank(text):
    entries = [(len(e["lines"]), e["word"]) for group in json.loads(text).values() for e in group]
    return heapq.nlargest(20, entries)


results = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.[ch]")):
    results[path.name] = rank(report(index(path.read_text(encoding="utf-8"))))
total = collections.Counter()
for ranked in results.values():
    total.update({word: count for count, word in ranked})
print(len(results), "files; most used:", total.most_common(3))
