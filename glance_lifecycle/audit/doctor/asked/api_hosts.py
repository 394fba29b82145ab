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

"""Each address of the Image service, asked itself.

Behind one endpoint there may be many glance-api, which nobody compares. The
user's token is sent only to addresses that the catalogue or the user has
named: one that a file names, which may be anybody's, is asked for what
anybody may know.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent import futures
import contextlib
import dataclasses
import re
from typing import Any
import urllib.parse

from keystoneauth1 import exceptions as ksa_exceptions

from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor.asked import image
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking

_MOST = 64
_AT_ONCE = 8
_LONGEST = 1000
_MOST_VERSIONS = 100

_LOOPBACK = re.compile(r'localhost|127\..*|::1?|0\.0\.0\.0')
_REFERENCE = 'worker_self_reference_url'


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a glance-api is.

    :ivar trusted: it may have the user's token
    """

    url: str
    by: str
    catalogue: bool = False
    trusted: bool = True


def addresses(endpoints: Iterable[live.Endpoint], urls: Iterable[str],
              found: Sequence[hosts.Host]) -> list[Address]:
    """Of the catalogue, the command line and these hosts' files, once each.
    """
    every = [Address(one.url, 'the %s endpoint of region %s' % (
        one.interface, one.region or '(none)'), catalogue=True)
        for one in endpoints]
    every += [Address(url, '--api-url') for url in urls]
    every += [Address(url, '%s of host %s' % (_REFERENCE, name),
                      trusted=False) for name, url in _of_files(found)]
    # One of the catalogue is asked as an endpoint and as a host.
    once: dict[tuple[str, bool], Address] = {}
    for one in every:
        if _good(one.url):
            once.setdefault((_bare(one.url), one.catalogue), one)
    return list(once.values())[:_MOST]


def ask(session: Any, wanted: Sequence[Address]
        ) -> tuple[tuple[live.Answer, ...], dict[str, float]]:
    """What each says, and how far its clock is ahead.

    :param session: keystoneauth's
    """
    if not wanted:
        return (), {}
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(
            lambda address: _ask(session, address), wanted))
    return (tuple(answer for answer, _ahead in answers),
            {answer.url: ahead for answer, ahead in answers
             if ahead is not None})


def _ask(session: Any, address: Address
         ) -> tuple[live.Answer, float | None]:
    url = _bare(address.url)
    shown = live.Answer(masking.value(url), address.by, address.catalogue)
    # A redirect could lead the token anywhere.
    try:
        response = collecting.fetch(session, url + '/versions',
                                    authenticated=False, redirect=False)
    except collecting.Unexpected as error:
        return dataclasses.replace(shown, away=str(error)), None
    except (ksa_exceptions.ClientException, OSError, ValueError) as error:
        # Their texts may quote what should not be shown.
        return dataclasses.replace(
            shown, away='it cannot be asked (%s)'
            % type(error).__name__), None
    if response.status in (502, 503, 504):
        return dataclasses.replace(
            shown, away='it answers with HTTP %d' % response.status), None
    answer = dataclasses.replace(shown, versions=_versions(response.data))
    if answer.versions and address.trusted:
        base = url + '/v2/info'
        with contextlib.suppress(*_FAILED):
            answer = dataclasses.replace(answer, methods=image.methods(
                session, base, redirect=False))
            answer = dataclasses.replace(answer, stores=tuple(
                one.id for one in sorted(
                    image.stores(session, base, redirect=False),
                    key=lambda one: (not one.default, one.id))))
    return answer, response.ahead


# What it does not say is not compared.
_FAILED = (collecting.Unexpected, ksa_exceptions.ClientException, OSError,
           AttributeError, LookupError, TypeError, ValueError)


def _versions(data: Any) -> tuple[str, ...]:
    """None of what is no glance-api."""
    try:
        found = [str(one['id']) for one in data['versions'][:_MOST_VERSIONS]]
    except (LookupError, TypeError):
        return ()
    # Keystone and Neutron had the first, Nova has v2.1: none has both.
    if not {'v2.0', 'v2.2'} <= set(found):
        return ()
    return tuple(masking.name(one) for one in sorted(found))


def _of_files(found: Sequence[hosts.Host]) -> Iterator[tuple[str, str]]:
    for host in found:
        with contextlib.suppress(masking.Hidden):
            url = host.value('DEFAULT', _REFERENCE)
            # That of another host leads to this computer.
            if isinstance(url, str) and not (
                    _LOOPBACK.fullmatch(_name(url))):
                yield host.name, url


def _bare(url: str) -> str:
    """Without the version, which older catalogues have."""
    return re.sub(r'/v[12](\.\d+)?$', '', url.rstrip('/'))


def _good(url: str) -> bool:
    return len(url) < _LONGEST and url.isprintable() and _name(url) != '' and (
        url.startswith(('http://', 'https://')))


def _name(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).hostname or ''
    except ValueError:
        return ''
