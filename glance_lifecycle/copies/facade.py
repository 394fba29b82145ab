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

"""All that commands do with stored copies, behind one import.

It needs Glance, and the client of a user has none: import it where a Glance
is known to be.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from glance_lifecycle.copies import copying
from glance_lifecycle.copies import examining
from glance_lifecycle.copies import host
from glance_lifecycle.copies import known
from glance_lifecycle.copies import leading
from glance_lifecycle.copies import looking
from glance_lifecycle.copies import verifying
from glance_lifecycle.dependents import base
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs

# The object would stay, and be in the way of the next copy.
_DELAYED = ('with [DEFAULT] delayed_delete, Glance keeps what is stored, and '
            'its scrubber removes that of deleted images only')

Progress = Callable[[dict[str, Any]], None]


class Copies:
    """The stored copies of one image, as the Glance of this host has them.

    :param resource: the image as the Image API shows it
    :ivar image: what the database of this Glance says of it
    :raises ConfigurationError: this is another cloud's Glance
    """

    def __init__(self, resource: Any) -> None:
        self.image = host.image(resource.id, resource)

    def look(self) -> list[known.Copy]:
        """Each copy, without reading it."""
        return list(looking.look(self.image))

    def others(self) -> list[str]:
        """Which other images need what is stored for it; see ``leading``.

        :raises DatabaseError: it cannot be told
        """
        return [why for copy in self.image.copies
                for why in leading.others(self.image.id, copy)]

    def against(self, store: str) -> list[str]:
        """Why its copy there must not be dropped, without a full stop.

        As far as Glance's configuration and database tell.

        :raises DatabaseError: it cannot be told
        """
        found = [_DELAYED] if glance_host.delays_deletes() else []
        for copy in self.image.copies:
            if copy.store == store:
                found += leading.same(self.image, copy)
                found += leading.others(self.image.id, copy)
        return found

    def not_the_store(self, store: str) -> str:
        """Why a copy that is missing there tells nothing of the image.

        A sentence, such as that the store is not mounted; or empty.
        """
        return next(filter(None, (
            examining.not_the_store(self.image, copy)
            for copy in self.image.copies if copy.store == store)), '')

    def check_user(self) -> None:
        """To be called before anything is written, or read for long.

        :raises ConfigurationError: this process is not who glance-api is
        """
        host.check_user()

    def check_hash(self) -> None:
        """:raises ImageRefused: there is nothing to compare with"""
        verifying.check_hash(self.image)

    def verify(self, copy: glance_host.StoredCopy, progress: Progress, *,
               paced: copy_jobs.Paced = copy_jobs.unpaced
               ) -> verifying.Outcome:
        """Read all of a copy; see ``verifying``."""
        return verifying.verify(self.image, copy, progress, paced)

    def recover(self) -> list[str]:
        """Undo what died of earlier copies of it; what was done."""
        return copying.recover(self.image.id)

    def copy(self, stores: Sequence[str], source: str | None,
             progress: Progress, *, trust: bool,
             may_register: Callable[[], None] = copying.always,
             paced: copy_jobs.Paced = copy_jobs.unpaced
             ) -> list[copying.Outcome]:
        """Copy it to these stores; see ``copying.Copying``."""
        return copying.Copying(self.image, stores, source, progress,
                               trust=trust, may_register=may_register,
                               paced=paced).run()

    def ceph_clusters(self) -> dict[str, base.Ceph]:
        """How the stores log in to Ceph: store -> cluster."""
        return glance_host.ceph_clusters()


def of(resource: Any, config_files: Sequence[str],
       config_dirs: Sequence[str]) -> Copies | None:
    """The copies of an image; None where this is no host of glance-api.

    :param config_files: of glance-api; where neither these nor directories
        are given, those that it finds by itself
    :raises ConfigurationError: they are of no use
    """
    if not (config_files or config_dirs or host.is_here()):
        return None
    host.configure(tuple(config_files), tuple(config_dirs))
    return Copies(resource)
