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

"""What a location would be, if its store wrote it today; or why not.

Nothing is asked and nothing is opened here. Reasons are sentences of the
operator's that hold nothing of a location but the name of its container.
"""

from collections.abc import Mapping
import dataclasses
import enum
import os
from typing import Any
from typing import Protocol
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.rbd import source as rbd_source
from glance_lifecycle.transfer.backends.swift import options as swift_options

_S3 = ('s3', 's3+http', 's3+https')
_REFERENCE = 'swift+config'
_SWIFT = ('swift', 'swift+http', 'swift+https')
_FILE = ('file://', 'filesystem://')

# Of a name from the database, in a message.
_LONGEST = 63

_STRANGE = 'It is no location of driver %s.'
_LOCKED = 'It cannot be decrypted with metadata_encryption_key.'
_ANOTHER_NAME = (
    'Its object is not named as the image, so that it was not written by '
    'Glance. With the credentials of Glance its owner might read what is '
    'not theirs.')


class Verdict(enum.Enum):
    """SAME: it is what the store would write. REWRITE: it is in the same
    place, and said in other words. ELSEWHERE: the store would write to
    another place. STRANGE: nobody can tell.
    """

    SAME = 'same'
    REWRITE = 'rewrite'
    ELSEWHERE = 'elsewhere'
    STRANGE = 'strange'


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Of one location.

    :ivar reason: a sentence; empty where it is the same
    :ivar container: bucket, container or pool; empty where there is none
    :ivar url: what it would be, for REWRITE; may hold a password
    """

    verdict: Verdict
    reason: str = ''
    container: str = ''
    url: str = dataclasses.field(default='', repr=False)


class Place(Protocol):
    """Where a store of today's configuration writes to."""

    def decide(self, url: str, image_id: str, /) -> Decision:
        """:param url: empty where it could not be decrypted"""


@dataclasses.dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket.

    :ivar url: of the bucket, without keys
    :ivar keys: ``access:secret``; empty where the installed driver keeps
        none in locations
    """

    url: str
    keys: str = dataclasses.field(repr=False)

    def decide(self, url: str, image_id: str) -> Decision:
        scheme, _, own = self.url.partition('://')
        host, _, bucket = own.rpartition('/')
        taken = _parsed(url, _S3, 's3')
        if isinstance(taken, Decision):
            return taken
        service, container, name = taken
        if service.lower() != host.strip('/').lower():
            return _elsewhere('It is on another host than s3_store_host.')
        if container != bucket:
            return _elsewhere('It is in another bucket than s3_store_bucket: '
                              '%s.', container)
        if name != image_id:
            return Decision(Verdict.STRANGE, _ANOTHER_NAME)
        wanted = '%s://%s%s/%s' % (
            scheme, self.keys and self.keys + '@', own, name)
        if url == wanted:
            return Decision(Verdict.SAME, container=bucket)
        return Decision(Verdict.REWRITE, self._why(url), bucket, wanted)

    def _why(self, url: str) -> str:
        held = url.partition('://')[2].rpartition('@')[0]
        if held == self.keys:
            return 'Its scheme is not that of s3_store_host.'
        if not self.keys:
            # Glance 33 takes them out of those it comes upon.
            return ('It holds keys, which the installed glance_store does '
                    'not write any more.')
        if not held:
            return ('It holds no keys, and the installed glance_store reads '
                    'them from there.')
        return ('It holds other keys than s3_store_access_key and '
                's3_store_secret_key.')


@dataclasses.dataclass(frozen=True, slots=True)
class SwiftPlace:
    """An account.

    :ivar options: what ``swift_options.describe`` returned
    :ivar account: what ``swift_options.account`` returned
    :ivar references: the same of each section of swift_store_config_file
    """

    options: Mapping[str, Any] = dataclasses.field(repr=False)
    account: Mapping[str, Any] = dataclasses.field(repr=False)
    references: Mapping[str, Mapping[str, Any]] = dataclasses.field(
        repr=False)

    def decide(self, url: str, image_id: str) -> Decision:
        taken = _parsed(url, (_REFERENCE, *_SWIFT), 'swift')
        if isinstance(taken, Decision):
            return taken
        service, container, name = taken
        if url.startswith(_REFERENCE):
            found = self._by_reference(service)
        else:
            found = self._by_address(url, service)
        if found.verdict is not Verdict.REWRITE:
            return found
        if container != swift_options.container(dict(self.options), image_id):
            return _elsewhere('It is in another container than '
                              'swift_store_container: %s.', container)
        if name != image_id:
            return Decision(Verdict.STRANGE, _ANOTHER_NAME)
        wanted = swift_options.location(
            dict(self.options), dict(self.account), image_id)
        if url == wanted:
            return Decision(Verdict.SAME, container=container)
        return dataclasses.replace(found, container=container, url=wanted)

    def _by_reference(self, reference: str) -> Decision:
        named = self.references.get(reference)
        if named is None:
            return Decision(Verdict.REWRITE, 'It names a section that is not '
                            'in swift_store_config_file: %s.'
                            % _shown(reference))
        if self._of(named) != self._of(self.account):
            return _elsewhere('It is in the account of another section of '
                              'swift_store_config_file: %s.', reference)
        return Decision(Verdict.REWRITE, 'It names another section of '
                        'swift_store_config_file than '
                        'default_swift_reference: %s.' % _shown(reference))

    def _by_address(self, url: str, service: str) -> Decision:
        held = url.partition('://')[2].rpartition('@')[0]
        user, _, key = urllib.parse.unquote(held).rpartition(':')
        if not user or not key:
            return Decision(Verdict.STRANGE, 'It holds no user and key, as '
                            'with swift_store_multi_tenant.')
        address, project = self._of(self.account)
        if service.lower() != address:
            return _elsewhere('Its Keystone is another than that of the '
                              'store.')
        if project and user.partition(':')[0] != project:
            return _elsewhere('It is in the account of another project.')
        if self.options['reference']:
            return Decision(Verdict.REWRITE, 'It holds a user and a key, and '
                            'not the name of their section of '
                            'swift_store_config_file.')
        return Decision(Verdict.REWRITE, 'It holds another user or key than '
                        'swift_store_user and swift_store_key.')

    @staticmethod
    def _of(account: Mapping[str, Any]) -> tuple[str, str]:
        """Keystone and project; no project of application credentials."""
        address = str(account.get('auth_address') or '')
        return (address.rpartition('://')[2].strip('/').lower(),
                str(account.get('user') or '').rpartition(':')[0])


@dataclasses.dataclass(frozen=True, slots=True)
class RbdPlace:
    """A pool, whose locations hold no credentials."""

    fsid: str
    pool: str

    def decide(self, url: str, _image_id: str) -> Decision:
        if not url:
            return Decision(Verdict.STRANGE, _LOCKED)
        try:
            fsid, pool, _image, _snapshot = rbd_source.parsed('', url)
        except exceptions.StoreError:
            return Decision(Verdict.STRANGE, _STRANGE % 'rbd')
        if fsid not in ('', self.fsid):
            return _elsewhere('It is in another cluster of Ceph.')
        if pool not in ('', self.pool):
            return _elsewhere('It is in another pool than rbd_store_pool: '
                              '%s.', pool)
        return Decision(Verdict.SAME, container=self.pool)


@dataclasses.dataclass(frozen=True, slots=True)
class FilePlace:
    """Directories, whose locations hold no credentials."""

    directories: tuple[str, ...]

    def decide(self, url: str, _image_id: str) -> Decision:
        if not url:
            return Decision(Verdict.STRANGE, _LOCKED)
        path = next((url.removeprefix(scheme) for scheme in _FILE
                     if url.startswith(scheme)), '')
        directory, name = os.path.split(path)
        if not name or name in ('.', '..') or not directory:
            return Decision(Verdict.STRANGE, _STRANGE % 'file')
        if os.path.normpath(directory) not in map(os.path.normpath,
                                                  self.directories):
            return _elsewhere('It is in no directory of the store.')
        return Decision(Verdict.SAME)


def _parsed(url: str, schemes: tuple[str, ...],
            driver: str) -> tuple[str, str, str] | Decision:
    """Service, container and name."""
    if not url:
        return Decision(Verdict.STRANGE, _LOCKED)
    try:
        taken = object_source.parsed('', url, schemes)
    except exceptions.StoreError:
        return Decision(Verdict.STRANGE, _STRANGE % driver)
    if any(sign in part for part in taken for sign in '?#:@'
           if part is not taken[0]):
        return Decision(Verdict.STRANGE, _STRANGE % driver)
    return taken


def _elsewhere(reason: str, name: str | None = None) -> Decision:
    return Decision(Verdict.ELSEWHERE, reason if name is None
                    else reason % _shown(name))


def _shown(name: str) -> str:
    """Short, and nothing that a terminal would obey."""
    text = ''.join(sign if sign.isprintable() else '?' for sign in name)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + '...'
