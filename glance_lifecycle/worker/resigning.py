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

"""Whether the service has to sign an image again, and may.

Whoever owns an image may remove its signature, or spoil it. What the service
signed it has also attested: that the bytes of this digest are those of this
image, made of what its user had signed. Only its key makes an attestation. So
it signs again the very digest that it has signed before, and nothing else:
not what the image's hash says now, which who has the rights may set, nor what
is stored now, which may have been replaced. Nothing else is proof. That a copy
was verified says that it is what Glance has, and not where that came from.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import TYPE_CHECKING

from oslo_config import cfg

from glance_lifecycle import exceptions

if TYPE_CHECKING:
    from glance_lifecycle.signing import attestation
    from glance_lifecycle.signing import properties

_ATTESTATION = 'lifecycle_attestation'

NO_PROOF = (
    'Nothing here proves what its bytes are: the service did not sign them. '
    'Its owner can set the four img_signature properties as they were; or it '
    'has to be imported again, or the policy has to allow it.')
NO_KEY = (
    'Only a worker that has the key of the service can sign it again: see '
    '[lifecycle_signing] signing_key and signing_certificate_id of its '
    'configuration.')


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What an image's signature is like.

    :ivar wrong: what there is where the service's should be; empty if that
        is there, or none at all is
    :ivar why_not: why the service does not sign it again, as a sentence;
        empty if it may
    """

    wrong: str = ''
    why_not: str = NO_PROOF


NOTHING = Found()


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """A new signature.

    :ivar record: what was attested at the import
    :ivar read: whether the image was read for it
    """

    signature: properties.SignatureProperties
    record: attestation.Record
    read: bool


class Signatures:
    """Where the service has no key."""

    def look(self, image: Mapping[str, Any],
             trusted: Mapping[str, Any] | None = None) -> Found:
        """What the image's is like, without reading the image.

        :param image: of the Image API
        :param trusted: what the policy says of whom this image's signer may
            be, by the names of ``[lifecycle_signing]``; None for nothing
        """
        return Found(why_not=NO_KEY if image.get(_ATTESTATION)
                     else NO_PROOF)

    def sign(self, image: Mapping[str, Any],
             read: Callable[[], Iterable[bytes]]) -> Signed:
        """Sign what was attested.

        For an image in which ``look()`` has just found nothing against it:
        here it is the configuration alone that says whom to trust.

        :param read: the bytes of the image: called where another digest is
            signed than Glance keeps
        :raises ActionRefused: it is not proven, or not what is stored
        :raises ConfigurationError, KeyManagerError: the key cannot be had
        """
        raise refused(image, NO_KEY)


def of(conf: cfg.ConfigOpts) -> Signatures:
    """What ``[lifecycle_signing]`` says."""
    options = conf.lifecycle_signing
    if not options.signing_key or not options.signing_certificate_id:
        return Signatures()
    # 10 MiB, for whoever has a key.
    from glance_lifecycle.worker import service_signatures
    return service_signatures.ServiceSignatures(conf)


def refused(image: Mapping[str, Any], detail: str
            ) -> exceptions.ActionRefused:
    return exceptions.ActionRefused(image=image['id'],
                                    detail=detail.rstrip('.'))
