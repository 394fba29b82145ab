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

"""Projects that an image is shared with (Glance)."""

from collections.abc import Iterator

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import listing

GLANCE = 'Glance (image)'

_LIMITED = 'only your own project: the image is not yours'


class MembersProvider(base.Provider):
    """Members that have accepted the image, or may yet.

    Who has rejected it does not see it in lists, and is left out.
    """

    name = 'members'

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        if image.visibility not in (None, 'shared'):
            return  # Glance lists members of shared images only
        with listing.asking(GLANCE):
            owner = self.connection.current_project_id == image.project
            self.limited = '' if owner or listing.is_admin(
                self.connection) else _LIMITED
            # One answer, not by pages: [DEFAULT] image_member_quota, 128.
            answer = listing.get(self.connection.image,
                                 '/images/%s/members' % image.id, {})
            for member in answer['members']:
                if member['status'] != 'rejected':
                    yield base.Dependent(
                        'member', str(member['member_id']),
                        project=str(member['member_id']),
                        detail='shared with it, %s' % member['status'])
