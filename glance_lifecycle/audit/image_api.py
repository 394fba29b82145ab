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

"""The Image API as plain JSON, by the session of an openstacksdk proxy.

SDK resources take five times as long to make. The client is that of
``connection.image``.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from glance_lifecycle import exceptions

# What may be gone the next time: timeouts, conflicts, too many requests.
_PASSING = frozenset((408, 409, 413, 429))

#: GET of a path below /v2; None where what it names is gone
Get = Callable[[str, Mapping[str, Any]], Any]


def getter(client: Any) -> Get:
    """GET by the user's session.

    None is the answer for a marker that is gone.
    """
    def get(path: str, query: Mapping[str, Any]) -> Any:
        response = client.get(path, params=dict(query))
        if 'marker' in query and response.status_code in (400, 404):
            return None
        sdk_exceptions.raise_from_response(response)
        return response.json()
    return get


def store_kinds(client: Any) -> Mapping[str, str] | None:
    """Store -> glance_store driver; None where the user may not know.

    Whoever took a service that is away for that would see no drift.

    :raises openstack.exceptions.HttpException: it cannot be asked
    """
    response = client.get('/info/stores/detail')
    if response.status_code in (403, 404):
        return None
    sdk_exceptions.raise_from_response(response)
    return {store['id']: store['type']
            for store in response.json().get('stores', ())
            if 'type' in store}


def store_names(client: Any) -> list[str]:
    """All stores; none where they have no names: without multi-store.

    Each user may know them.

    :raises openstack.exceptions.HttpException: it cannot be asked
    """
    response = client.get('/info/stores')
    if response.status_code == 404:
        return []
    sdk_exceptions.raise_from_response(response)
    return [store['id'] for store in response.json().get('stores', ())]


def stores_of(image: Mapping[str, Any]) -> list[str]:
    """Where the Image API says that an image is stored.

    :param image: as plain JSON, or the ``properties`` of an SDK resource,
        which knows no such attribute of an image
    """
    return listed(image.get('stores'))


def listed(text: object) -> list[str]:
    """The parts of a value with commas, as Glance writes lists."""
    return [part.strip() for part in str(text or '').split(',')
            if part.strip()]


@contextlib.contextmanager
def asking(what: str, service: str = 'Image') -> Iterator[None]:
    """Whatever the service or the network may do, in our words.

    :param what: it is asked for: "did not ..."
    :raises ServiceRefused: it does not do that for this user
    :raises ServiceError: it failed, or cannot be reached
    """
    try:
        yield
    except sdk_exceptions.HttpException as error:
        status = error.status_code or 500
        refused = 400 <= status < 500 and status not in _PASSING
        kind = (exceptions.ServiceRefused if refused
                else exceptions.ServiceError)
        raise kind(service=service, what=what,
                   detail=str(error.details or error)) from None
    except (sdk_exceptions.SDKException, ksa_exceptions.ClientException,
            OSError) as error:
        # Their texts may quote URLs with what should not be shown.
        raise exceptions.ServiceError(
            service=service, what=what, detail='it cannot be asked (%s)'
            % type(error).__name__) from None
