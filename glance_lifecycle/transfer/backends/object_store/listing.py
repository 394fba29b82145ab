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
import contextlib
from typing import Any
from typing import TypeVar

from glance_lifecycle.transfer.backends import inventory

T = TypeVar('T')

# No object is larger, whatever a service says.
_LARGEST = 2 ** 63

#: Of one page; services send a thousand, or ten thousand, at most.
LONGEST = 100_000


class Endless(Exception):
    """The listing does not go on, or is none; its text says how."""


@contextlib.contextmanager
def understood(store: inventory.Inventory) -> Iterator[None]:
    """What a service answers is looked at in the block.

    :raises StoreError: it is not as the API has it
    """
    try:
        yield
    except Endless as error:
        raise store.broken_off(str(error)) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError,
            ValueError) as error:
        # The text may be as long as the answer.
        raise store.broken_off('the answer of the service is none that its '
                               'API knows (%s)' % type(error).__name__
                               ) from error


def size(value: Any) -> int:
    """Bytes of one object.

    :raises Endless: they cannot be
    """
    found = int(value)
    if not 0 <= found < _LARGEST:
        raise Endless('an object has %d bytes' % found)
    return found


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
