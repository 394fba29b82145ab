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

"""What the Image API is asked about images that are the same."""

from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Any
import urllib.parse

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members as duplicates
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import hiding
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.worker import cloud as clouds

#: Provider of dependents -> image -> how many; of those that could be asked.
Use = Mapping[str, Mapping[str, int]]


def identity(cloud: clouds.Cloud) -> str:
    """Where its Image API is, without what may be secret.

    :raises ServiceError: nobody can tell
    """
    with image_api.asking('say where it is'):
        found = urllib.parse.urlsplit(str(cloud.client.get_endpoint() or ''))
        place = found.netloc.rpartition('@')[2]
        if not place:
            raise exceptions.ServiceError(
                what='say where it is', detail='the catalogue has no '
                'address of it')
        return '%s://%s%s' % (found.scheme, place, found.path.rstrip(
            '/').removesuffix('/v2'))


def known(cloud: clouds.Cloud, groups: Sequence[grouping.Group], use: Use
          ) -> dict[str, facts.Fact]:
    """Of those that the API shows as the database has them.

    :raises ConfigurationError: it shows none of them
    :raises ServiceError: it cannot be asked
    """
    images = {one.id: one for group in groups for one in group.members}
    shown = cloud.among(list(images), dict)
    found = {
        image_id: facts.Fact(image, _count(use, 'servers', image_id),
                             _count(use, 'volumes', image_id))
        for image_id, image in shown.items()
        if image_id in images and _same(images[image_id], image)}
    if images and not found:
        raise exceptions.InputRefused(
            detail='The Image API shows none of these images as the database '
            'has them. Is this a host of the cloud that you are logged in to, '
            'and are you an administrator of it?')
    return found


def members(cloud: clouds.Cloud) -> hiding.Members:
    """:raises ServiceError: it cannot be asked, by what is returned"""
    get = image_api.getter(cloud.client)

    @functools.cache
    def asked(image_id: str) -> frozenset[tuple[str, str]]:
        with image_api.asking('list the members of image %s' % image_id):
            answer = get('/images/%s/members' % urllib.parse.quote(
                image_id, safe=''), {})
        return frozenset((str(one['member_id']), str(one['status']))
                         for one in answer['members'])
    return asked


def _same(member: duplicates.Member, image: Mapping[str, Any]) -> bool:
    now = seen.of(image)
    return (seen.is_id(now.id) and now.size == member.size
            and now.project == member.project)


def _count(use: Use, provider: str, image_id: str) -> int | None:
    return use[provider].get(image_id) if provider in use else None
