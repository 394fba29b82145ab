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

"""What every plan in a file is: JSON, so that it can be read, and a digest.

The digest, over all of it, says that it is what was made; it is no signature:
whoever can write to the file can make a new one. So what a plan names is
judged again before it is touched.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import hashlib
import json
import math
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions

#: Things in one list of a plan; each takes about 1 KB.
MOST = 50_000

_LONGEST = 8192
# Of the digest, in what a plan is called.
_ID_DIGITS = 16
_MOST_NUMBER = 2 ** 63

# The digest, and what says what it is.
_OWN = ('format', 'version', 'digest')

#: Makes of a value, and of its name, what the class has.
Check = Callable[[Any, str], Any]


class Malformed(Exception):
    """:param why: without a full stop"""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of plans.

    :ivar command: that writes them
    :ivar most: bytes of a file
    """

    format: str
    version: int
    command: str
    most: int

    def digest(self, fields: Mapping[str, Any]) -> str:
        """SHA-256 over all of it, in hexadecimal digits."""
        return _digest({'format': self.format, 'version': self.version,
                        **fields})

    def text(self, fields: Mapping[str, Any]) -> str:
        return json.dumps({
            'format': self.format, 'version': self.version, **fields,
            'digest': self.digest(fields)}, indent=1)

    def load(self, data: bytes, checks: Mapping[str, Check]
             ) -> dict[str, Any]:
        """The fields of what ``text`` made; of hostile bytes, as well.

        :param data: at most ``most``, and one more to tell
        :raises InputRefused: it is no plan, or not as it was made
        """
        try:
            return fields(self._checked(data), checks, 'the plan')
        except Malformed as error:
            raise self.refused(str(error)) from None

    def refused(self, why: str) -> exceptions.InputRefused:
        return exceptions.InputRefused(
            detail='it is no plan of "%s": %s.' % (self.command, why))

    def _checked(self, data: bytes) -> dict[str, Any]:
        if len(data) > self.most:
            raise Malformed('it is larger than %d MiB'
                            % (self.most // 2 ** 20))
        try:
            found = json.loads(data, object_pairs_hook=_once,
                               parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Malformed('it is not JSON, or has a key twice') from None
        if not isinstance(found, dict) or found.get('format') != self.format:
            raise Malformed('it does not say that it is one')
        if found.get('version') != self.version:
            raise Malformed('it is not of version %d, which this release '
                            'writes' % self.version)
        digest = found.pop('digest', None)
        try:
            made = _digest(found)
        except RecursionError:
            made = ''
        if not isinstance(digest, str) or digest != made:
            raise Malformed('it is not as it was made: its digest is '
                            'another. Make a new plan')
        return {name: value for name, value in found.items()
                if name not in _OWN}


@dataclasses.dataclass(frozen=True)
class Document:
    """What all plans are; their fields are those of the file.

    :cvar KIND: of these plans
    """

    KIND: ClassVar[Kind]

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 over all of it, in hexadecimal digits."""
        return self.KIND.digest(dataclasses.asdict(self))

    @property
    def id(self) -> str:
        """What it is called in all that it has changed."""
        return self.digest[:_ID_DIGITS]

    def to_json(self) -> str:
        return self.KIND.text(dataclasses.asdict(self))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError('a key twice')
    return found


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(
        document, sort_keys=True, separators=(',', ':')).encode()).hexdigest()


# What a field has to be. All raise Malformed.

def fields(found: Any, checks: Mapping[str, Check], what: str
           ) -> dict[str, Any]:
    if not isinstance(found, dict) or set(found) != set(checks):
        raise Malformed('%s has not the fields that it should have' % what)
    return {name: check(found[name], name)
            for name, check in checks.items()}


def text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Malformed('"%s" is no text, or too long' % name)
    return value


def number(value: Any, name: str) -> float:
    if (isinstance(value, bool) or not isinstance(value, int | float)
            or not 0 <= value < _MOST_NUMBER or not math.isfinite(value)):
        raise Malformed('"%s" is no number from 0 on' % name)
    return value


def count(value: Any, name: str) -> int:
    if not isinstance(value, int):
        raise Malformed('"%s" is no whole number' % name)
    return int(number(value, name))


def perhaps(check: Check) -> Check:
    """That, or nothing."""
    def checked(value: Any, name: str) -> Any:
        return None if value is None else check(value, name)
    return checked


def percent(value: Any, name: str) -> float:
    if number(value, name) > 100:
        raise Malformed('"%s" is more than 100' % name)
    # As it is: the digest is over it.
    return value  # type: ignore[no-any-return]


def truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed('"%s" is neither true nor false' % name)
    return value


def every(check: Check) -> Check:
    """A list of these."""
    def checked(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MOST:
            raise Malformed('"%s" is no list, or too long' % name)
        return tuple(check(one, name) for one in value)
    return checked
