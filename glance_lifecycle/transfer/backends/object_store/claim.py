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

"""Says to the other transfers of this host that an object is being written.

For stores that cannot tell a living writer from a dead one. The claim ends
with the process that has it, however that ends, and leaves no file.
"""

from collections.abc import Iterator
import contextlib
import errno
import hashlib
import os
import socket

from glance_lifecycle import exceptions


def scope() -> str:
    """Names all the transfers that see one another's claims.

    Whoever holds a claim knows that these do not write the object any more.
    Nothing of the host can be read from it.
    """
    with open('/proc/sys/kernel/random/boot_id') as stream:
        boot = stream.read().strip()
    here = '%s %s' % (boot, os.readlink('/proc/self/ns/net'))
    return hashlib.sha256(here.encode()).hexdigest()[:32]


class Claim:
    """At most one in this host, or container, for each place.

    :param place: what names the object: service, bucket, key
    """

    def __init__(self, store: str, *place: str) -> None:
        self._store = store
        digest = hashlib.sha256('\0'.join(place).encode()).hexdigest()
        # A name in the abstract space, which is the network namespace's.
        self._address = '\0glance-lifecycle-claim-' + digest
        self._socket: socket.socket | None = None

    def take(self) -> bool:
        """Whether it is ours now; False: a living transfer has it.

        :raises StoreError: it cannot be known
        """
        # The one kind that ``seccomp`` leaves: services listen on others.
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            claim.bind(self._address)
        except OSError as error:
            claim.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise exceptions.StoreError(
                store=self._store, detail='cannot claim the object: %s' %
                error.strerror) from error
        self._socket = claim
        return True

    def take_to_write(self) -> None:
        """Before anything is written.

        :raises StoreDuplicate: a living transfer has it
        """
        if not self.take():
            raise exceptions.StoreDuplicate(
                store=self._store,
                detail='another transfer is writing it now')

    def take_to_undo(self, image_id: str) -> None:
        """Before anything is removed.

        :raises StoreError: a living transfer has it
        """
        if not self.take():
            raise exceptions.StoreError(
                store=self._store, detail='a transfer of image %s is still '
                'running; stop it first' % image_id)

    def close(self) -> None:
        claim, self._socket = self._socket, None
        if claim is not None:
            claim.close()


@contextlib.contextmanager
def taken(store: str, *place: str) -> Iterator[bool]:
    """Whether it is ours, in the block; False: a living transfer has it.

    :raises StoreError: it cannot be known
    """
    ours = Claim(store, *place)
    try:
        yield ours.take()
    finally:
        ours.close()
