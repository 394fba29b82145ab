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


"""Pages of a listing, one after the other, as long as they come to an end.

Services list in the order of the bytes of a name, and go on after the name
that they are told. One that does not, by an error or on purpose, would be
listed for ever.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar('T')

#: Of one page; services send a thousand, or ten thousand, at most.
LONGEST = 100_000


class Endless(Exception):
    """The listing does not go on; its text says how."""


def ascending(pages: Callable[[str], Sequence[T]], name: Callable[[T], str],
              *, first: str = '') -> Iterator[T]:
    """All that is listed.

    :param pages: gets the name after which to go on; an empty page ends it
    :param name: of one thing of a page
    :raises Endless: it does not ascend
    """
    last = first
    while page := pages(last):
        if len(page) > LONGEST:
            raise Endless('a page has %d entries' % len(page))
        for one in page:
            found = name(one)
            if _bytes(found) <= _bytes(last):
                raise Endless('the service does not list in the order of '
                              'names')
            last = found
            yield one


def _bytes(name: str) -> bytes:
    return name.encode('utf-8', 'surrogatepass')
