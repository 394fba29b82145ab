# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What the demo prints: aligned rows, and one line that is rewritten."""

import shutil
import sys
import textwrap

LABEL = 21

_CLEAR = '\r\x1b[K'


def heading(text: str) -> None:
    print(f'\n{text}\n', flush=True)


def row(label: str, value: object, note: str = '') -> None:
    text = f'{value}  ({note})' if note else str(value)
    print(f'  {label:<{LABEL}}{text}', flush=True)


def paragraph(text: str) -> None:
    for line in text.splitlines():
        print(textwrap.fill(line, 78, initial_indent='  ',
                            subsequent_indent='  '), flush=True)


def note(text: str) -> None:
    """Words on the row before, below its value."""
    indent = ' ' * (LABEL + 2)
    print(textwrap.fill(text, 78, initial_indent=indent,
                        subsequent_indent=indent, break_on_hyphens=False),
          flush=True)


class Live:
    """A row that shows how far something is, until it is done.

    Rewritten in place on a terminal only; elsewhere just the end is printed.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._terminal = sys.stdout.isatty()
        self._shown = ''
        self.show('...')

    def show(self, text: str) -> None:
        if self._terminal and text != self._shown:
            self._shown = text
            line = f'  {self._label:<{LABEL}}{text}'
            width = shutil.get_terminal_size().columns - 1
            print(_CLEAR + line[:width], end='', flush=True)

    def done(self, text: str) -> None:
        self.clear()
        row(self._label, text)

    def clear(self) -> None:
        if self._terminal:
            print(_CLEAR, end='', flush=True)


def size(value: int) -> str:
    """``67108864`` as ``64.0 MiB``."""
    number = float(value)
    for unit in ('bytes', 'KiB', 'MiB', 'GiB'):
        if number < 1024 or unit == 'GiB':
            break
        number /= 1024
    return f'{value} bytes' if unit == 'bytes' else f'{number:.1f} {unit}'
