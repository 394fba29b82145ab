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

"""What was meant by a name that is nearly another."""

from collections.abc import Iterable
import difflib
import functools

#: Of difflib: enable_import_methods is 0.98 of enabled_import_methods.
ALIKE = 0.85

# A name that is longer is nobody's slip of the pen.
_LONGEST = 80
# Each is compared: of a file that is none, there would be thousands.
_MOST = 2000


def closest(name: str, known: Iterable[str], alike: float = ALIKE
            ) -> str | None:
    """The one that is most like it; None if none is."""
    if len(name) > _LONGEST:
        return None
    names = tuple(known)
    return None if len(names) > _MOST else _closest(name, names, alike)


# Hosts of a cloud have the same mistakes.
@functools.lru_cache(maxsize=4096)
def _closest(name: str, known: tuple[str, ...], alike: float) -> str | None:
    found = difflib.get_close_matches(name, known, 1, alike)
    return found[0] if found else None
