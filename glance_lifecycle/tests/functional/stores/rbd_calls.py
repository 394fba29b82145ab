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

"""What happens at each call of librbd: so a test can come in between.

The calls are real, and so is what comes in between.
"""

from collections.abc import Callable
from typing import Any

#: Those that change something in a pool.
CHANGES = ('metadata_set', 'metadata_remove', 'trash_move', 'trash_restore',
           'trash_remove', 'unprotect_snap', 'remove_snap', 'create_snap',
           'protect_snap')

_MADE = ('RBD', 'Image')

#: Told of each call, by its name, before and after it.
Told = Callable[[str], None]


class Watched:
    """The module ``rbd``, an image or the like, whose calls are told of.

    :param before: before each of them, with its name
    :param after: after each of them that did not fail
    """

    def __init__(self, real: Any, before: Told,
                 after: Told = lambda _name: None) -> None:
        self._real = real
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name in _MADE:
            return lambda *argv, **words: Watched(
                value(*argv, **words), self._before, self._after)
        if not callable(value) or isinstance(value, type):
            return value

        def called(*argv: Any, **words: Any) -> Any:
            self._before(name)
            result = value(*argv, **words)
            self._after(name)
            return result
        return called

    def __enter__(self) -> 'Watched':
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class Once:
    """Does something before the first call of that name.

    :ivar done: it has
    """

    def __init__(self, name: str, do: Callable[[], object]) -> None:
        self.done = False
        self._name = name
        self._do = do

    def __call__(self, name: str) -> None:
        if name == self._name and not self.done:
            self.done = True
            self._do()
