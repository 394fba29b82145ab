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

"""One question, and what may go wrong.

Whoever answers is not trusted: neither how long it takes, nor how much it
says, nor that it is what was asked for.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import email.utils
import json
import time
from typing import Any
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_exceptions
import requests

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions

T = TypeVar('T')

#: Seconds: until it is connected, until it says something.
PATIENCE = (5.0, 15.0)

# Seconds until all of it has been said, and bytes of it.
_LONGEST = 20.0
_MOST_BYTES = 16 * 1024 ** 2
_CHUNK = 65536


class Unexpected(Exception):
    """It answered, and not what was asked for; says what."""


@dataclasses.dataclass(frozen=True)
class Response:
    """What was answered.

    :ivar data: of its JSON; None if there is none
    :ivar ahead: seconds that the clock of who answered is ahead of this
        computer's; None if it does not say
    """

    status: int
    data: Any
    ahead: float | None


class Asked:
    """The questions, each asked once.

    :ivar unknown: a sentence for each that was not answered
    """

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self._away: set[str] = set()

    def answer(self, what: str, ask: Callable[[], T],
               service: str = 'Image') -> T | None:
        """What ``ask`` returns; None if that fails.

        A service that was away is not waited for again.
        """
        if service in self._away:
            return None
        try:
            with image_api.asking(what, service):
                return ask()
        except exceptions.LifecycleError as error:
            if isinstance(error.__context__, (
                    ksa_exceptions.ConnectionError,
                    ksa_exceptions.EndpointNotFound, OSError)):
                self._away.add(service)
            self.unknown.append('%s.' % masking.line(str(error)).rstrip('.'))
        except Unexpected as error:
            self.unknown.append('The %s service did not %s: %s.' % (
                service, what, error))
        except (ArithmeticError, AttributeError, LookupError, TypeError,
                ValueError, RecursionError):
            self.unknown.append(
                'The %s service answered with what nobody understands, when '
                'it was asked to %s.' % (service, what))
        return None


def get(client: Any, path: str, query: Mapping[str, Any] | None = None,
        **options: Any) -> Any:
    """The JSON that a service answers with; None for 404.

    :param client: of the SDK, or keystoneauth's session or adapter
    :raises Unexpected: it is another status than 200, or too much
    """
    response = fetch(client, path, query, **options)
    if response.status == 404:
        return None
    if response.status != 200:
        raise Unexpected('HTTP %d%s' % (response.status, (
            ', your user may not' if response.status in (401, 403) else '')))
    return response.data


def fetch(client: Any, path: str, query: Mapping[str, Any] | None = None,
          **options: Any) -> Response:
    """Whatever is answered, of any status.

    :raises Unexpected: it is too much, or takes too long
    """
    asked = time.time()
    response = client.get(path, params=dict(query or {}), stream=True,
                          raise_exc=False, timeout=PATIENCE, **options)
    answered = time.time()
    try:
        data = _body(response)
    finally:
        response.close()
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    return Response(response.status_code, found, _ahead(
        str(response.headers.get('Date', '')), asked, answered))


def _body(response: requests.Response) -> bytes:
    until = time.monotonic() + _LONGEST
    data = bytearray()
    for chunk in response.iter_content(_CHUNK):
        data += chunk
        if len(data) > _MOST_BYTES:
            raise Unexpected('it answered with more than %d MiB' % (
                _MOST_BYTES // 1024 ** 2))
        if time.monotonic() > until:
            raise Unexpected('its answer took longer than %d s' % _LONGEST)
    return bytes(data)


def _ahead(date: str, asked: float, answered: float) -> float | None:
    """Of a whole second, so that it is off by one."""
    try:
        then = email.utils.parsedate_to_datetime(date)
        seconds = then.replace(
            tzinfo=then.tzinfo or datetime.UTC).timestamp()
    except (ArithmeticError, TypeError, ValueError):
        return None
    if seconds > answered:
        return seconds - answered
    return min(0.0, seconds + 1 - asked)
