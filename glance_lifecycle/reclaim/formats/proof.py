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

"""Which new images are of a plan, and whether they are what it has made.

Everything that an image says, its owner may have written. So the id of a new
image comes of the plan, which makes it known again and its creation one thing
that is done once. And once it has been verified it gets a proof, that only
who has the plan can make: there is a secret in its digest.

Pure.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import hashlib
import hmac
from typing import Any
import uuid

#: the image that this one replaces
REPLACES = 'lifecycle_replaces'
#: see above
PROOF = 'lifecycle_replaces_proof'

# A failure takes one: Glance gives no id a second time.
_ATTEMPTS = 50


def ids(digest: str, old: str) -> Iterator[str]:
    """Those of the new image: that of the first attempt, and so on.

    :param digest: of the plan
    :param old: id of the image that is replaced
    """
    for number in range(_ATTEMPTS):
        yield str(uuid.UUID(bytes=_mac(digest, 'id', old, str(number))[:16],
                            version=5))


def of(digest: str, old: str, new: Mapping[str, Any]) -> str:
    """The proof that these bytes are in that image.

    :param new: of the Image API
    """
    return _mac(digest, 'proof', old, *(
        str(new.get(name) or '') for name in (
            'id', 'owner', 'os_hash_algo', 'os_hash_value'))).hex()


def holds(digest: str, old: str, new: Mapping[str, Any]) -> bool:
    """Whether a run of the plan has made and verified it."""
    return hmac.compare_digest(str(new.get(PROOF) or '').encode(),
                               of(digest, old, new).encode())


def _mac(digest: str, *parts: str) -> bytes:
    return hmac.digest(bytes.fromhex(digest), '\0'.join(parts).encode(),
                       hashlib.sha256)
