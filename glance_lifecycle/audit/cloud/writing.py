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

"""The document of a cloud as text: image by image, however many there are."""

from collections.abc import Iterable
from collections.abc import Iterator
import json
import textwrap
from typing import Any

import yaml

from glance_lifecycle.audit.cloud import document

# libyaml takes a tenth of the time, where it is there.
_Base: Any = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)

_IMAGES = 'images'
_WIDTH = 78


class _Dumper(_Base):

    def ignore_aliases(self, data: object) -> bool:
        """What stands in two places is written twice: none is followed."""
        return True


def as_yaml(found: document.Document, notes: Iterable[str]
            ) -> Iterator[str]:
    """As ``advise --cloud`` reads it, beginning with the notes."""
    for note in notes:
        yield from (line + '\n' for line in textwrap.wrap(
            _ascii(note), _WIDTH, initial_indent='# ',
            subsequent_indent='#   ', break_long_words=False,
            break_on_hyphens=False))
    yield _dumped({key: value for key, value in found.items()
                   if key != _IMAGES})
    yield _IMAGES + ':\n'
    for image in found[_IMAGES]:
        yield _dumped([image])


def as_json(found: document.Document) -> Iterator[str]:
    """The same, without the notes: JSON has no place for them."""
    head = json.dumps({key: value for key, value in found.items()
                       if key != _IMAGES}, indent=2, ensure_ascii=False)
    yield head.removesuffix('\n}') + ',\n  "%s": [' % _IMAGES
    separator = '\n    '
    for image in found[_IMAGES]:
        # JSON escapes what is beyond 16 bits as two characters, and whoever
        # reads it as YAML would have two.
        yield separator + json.dumps(image, ensure_ascii=False)
        separator = ',\n    '
    yield '\n  ]\n}\n'


def _dumped(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=_WIDTH,
                         default_flow_style=None))


def _ascii(text: str) -> str:
    return document.visible(text).encode(
        'ascii', 'backslashreplace').decode()
