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

"""Long lists of OpenStack services, page by page, by openstacksdk."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from glance_lifecycle.dependents import base

Item = dict[str, Any]

# What Nova and Cinder give at most unless configured otherwise.
PAGE = 1000

# Of things deleted while they are listed, how many may end one page.
_DELETED = 20


class Refused(base.NotAsked):
    """The service does not let this user."""


@contextlib.contextmanager
def asking(service: str) -> Iterator[None]:
    """:raises NotAsked: for whatever the service or the network may do"""
    try:
        yield
    except (ksa_exceptions.EndpointNotFound,
            sdk_exceptions.EndpointNotFound):
        raise base.NotAsked(
            detail='this cloud has no %s in its catalogue' % service
        ) from None
    except sdk_exceptions.HttpException as error:
        raise _http(service, error.status_code) from None
    except (ksa_exceptions.Unauthorized, ksa_exceptions.Forbidden):
        raise _http(service, 401) from None
    except (sdk_exceptions.SDKException, ksa_exceptions.ClientException,
            OSError) as error:
        # Their texts may quote URLs with what should not be shown.
        raise base.NotAsked(detail='%s cannot be asked (%s)' % (
            service, type(error).__name__)) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise base.NotAsked(
            detail='%s answered something that is no such list (%s)' % (
                service, type(error).__name__)) from None


def pages(client: Any, path: str, key: str, query: Mapping[str, Any]
          ) -> Iterator[list[Item]]:
    """All pages of a list of Nova's or Cinder's kind, by their markers.

    Plain JSON: SDK resources take five times as long to make.

    :param client: a proxy of the SDK, such as ``connection.compute``
    :param key: of the list in the answer; the next page's link is below
        ``<key>_links``

    Raises what ``asking()`` expects. A service that gives the same page again
    and again is not listened to for ever.
    """
    answer = get(client, path, {'limit': PAGE, **query})
    seen: set[str] = set()
    while True:
        page: list[Item] = answer[key]
        fresh = [item for item in page if item['id'] not in seen]
        yield fresh
        links = answer.get(key + '_links') or ()
        if not any(link['rel'] == 'next' for link in links) or not page:
            return
        if not fresh:
            raise ValueError('the same page again')
        seen = {item['id'] for item in page}
        answer = _next(client, path, {'limit': PAGE, **query},
                       [item['id'] for item in page])


def get(client: Any, path: str, query: Mapping[str, Any],
        microversion: str | None = None) -> Item:
    """GET, by the user's session."""
    response = client.get(path, params=dict(query),
                          microversion=microversion)
    sdk_exceptions.raise_from_response(response)
    answer: Item = response.json()
    return answer


def is_admin(connection: Any) -> bool:
    """Whether the user surely has the role admin.

    Where a service silently shows less to others, this is how to tell.
    """
    try:
        session = connection.session
        access = session.auth.get_access(session)
        return 'admin' in (access.role_names or ())
    except (AttributeError, ksa_exceptions.ClientException):
        return False  # such as a token that nobody has looked into


def _next(client: Any, path: str, query: Mapping[str, Any], ids: list[str]
          ) -> Item:
    """The page after these ids.

    Who deletes the last one in the meantime takes the marker away; the one
    before it does as well.
    """
    for marker in reversed(ids[-_DELETED:]):
        try:
            return get(client, path, {**query, 'marker': marker})
        except (sdk_exceptions.BadRequestException,
                sdk_exceptions.NotFoundException) as error:
            failure = error
    raise failure


def _http(service: str, status: int | None) -> base.NotAsked:
    if status in (401, 403):
        return Refused(detail='%s does not let this user (%d)'
                       % (service, status))
    return base.NotAsked(detail='%s failed (%s)' % (service, status))
