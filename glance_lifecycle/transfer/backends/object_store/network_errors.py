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

"""What an HTTP library's error says, in a few words and without secrets.

Its text may hold a URL with an account, or a page of HTML.
"""

from collections.abc import Iterator
import ssl

from glance_lifecycle.transfer.backends import errors

# Without a number, and in libraries that need not be there.
_KINDS = {
    'ConnectionClosedError': 'it closed the connection',
    'IncompleteRead': 'it closed the connection',
    'NameResolutionError': 'its name cannot be resolved',
    'RemoteDisconnected': 'it closed the connection',
    'gaierror': 'its name cannot be resolved',
}


def cause(error: BaseException) -> str:
    """The system's or TLS' own reason for a failed connection."""
    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return 'its certificate is not accepted: %s' % one.verify_message
        if isinstance(one, ssl.SSLError):
            return 'TLS: %s' % (
                getattr(one, 'reason', '') or 'no reason given')
        # Those of requests are OSErrors with whatever for a number.
        if (isinstance(one, OSError) and isinstance(one.errno, int)
                and one.errno > 0):
            return errors.words(one)
        for kind, words in _KINDS.items():
            if type(one).__name__ == kind:
                return words
    return type(error).__name__


def is_timeout(error: BaseException) -> bool:
    return any(isinstance(one, TimeoutError) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """All errors that led to one, wherever libraries keep them."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        one = queue.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue += [*one.args, getattr(one, 'reason', None),
                  getattr(one, 'kwargs', {}).get('error'), one.__cause__,
                  one.__context__]
