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

"""What an entity tag says of the bytes of an object.

Amazon's rules, and everybody's: the MD5 of an object that came in one piece;
of one that came in parts the MD5 of their MD5s, a dash, and how many they
were. Where the service encrypts with keys of its customers, or of a key
service, the tag says nothing.
"""

from collections.abc import Iterable
import hashlib
import re
from typing import Any

#: Of an object whose entity tag cannot be foretold.
UNKNOWN = 'unknown'

_OF_PARTS = re.compile('"?[0-9a-f]{32}-([1-9][0-9]{0,4})"?')


def of_parts(tags: Iterable[str]) -> str:
    """The tag, without quotes, of an object whose parts have these."""
    found = [tag.strip('"') for tag in tags]
    try:
        joined = b''.join(map(bytes.fromhex, found))
    except ValueError:
        # No MD5, because the service encrypts: never equal.
        return UNKNOWN
    return '%s-%d' % (hashlib.md5(joined, usedforsecurity=False).hexdigest(),
                      len(found))


def parts(tag: str) -> int:
    """How many parts the object came in; 0 for one piece, or another tag."""
    found = _OF_PARTS.fullmatch(tag)
    return int(found[1]) if found else 0


def is_hidden(head: dict[str, Any]) -> bool:
    """Whether its tag is one that nobody can foretell."""
    return ('SSECustomerAlgorithm' in head or
            str(head.get('ServerSideEncryption')).startswith('aws:kms'))
