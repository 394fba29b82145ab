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

"""What lies on this host's disks beside the stores of its Glance.

It needs Glance: import it where one is known to be.
"""

from collections.abc import Sequence
import dataclasses
import os
import time

from oslo_config import cfg

from glance_lifecycle.audit.hygiene import here
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import cache
from glance_lifecycle.audit.hygiene.local import examination
from glance_lifecycle.audit.hygiene.local import nova
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene.local import staging
from glance_lifecycle.audit.hygiene.local import state
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import recovering

CONF = cfg.CONF

#: As ``--store`` takes them.
NAMES = tuple(one.name for one in (
    staging.Staging, staging.Tasks, cache.Cache, state.StateDir, nova.Nova))


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What is looked at besides what Glance's configuration names.

    :ivar records: ``copies.verified``
    :ivar bases: directories of Nova's base files
    :ivar confs: configuration files of nova-compute
    """

    records: state.Records
    bases: Sequence[str] = ()
    confs: Sequence[str] = ()


def examined(audited: Sequence[str], grace: float, wishes: Wishes
             ) -> examination.Examination:
    """:param audited: names; none for all; a store may have one of them, too

    :param grace: see ``judging.Times``
    :raises ConfigurationError: what was named cannot be looked at
    """
    found = _places(wishes)
    stores = here.stores()
    for name in audited:
        if name not in stores and not any(
                one.name == name for one in found):
            raise exceptions.ConfigurationError(
                detail='Glance has no image_cache_dir on this host'
                if name == cache.Cache.name else
                'there is no directory of base files to look at. Name one '
                'with --nova-base' if name == nova.Nova.name else
                '%s: no directory is configured' % name)
    return examination.Examination(
        here.ThisHost(), [one for one in found
                          if not audited or one.name in audited],
        judging.Times(time.time(), grace))


def _places(wishes: Wishes) -> list[place.Place]:
    found: list[place.Place] = [staging.Staging(
        glance_host.staging_dir(), glance_host.self_url())]
    tasks = glance_host.tasks_dir()
    if tasks and os.path.realpath(tasks) != os.path.realpath(
            found[0].path):
        found.append(staging.Tasks(tasks, glance_host.task_over))
    images = glance_host.image_cache()
    if images is not None:
        found.append(cache.Cache(images.directory, images.stall_time))
    found.append(state.StateDir(CONF.lifecycle.state_dir,
                                recovering.has_worker, wishes.records))
    found += nova.of(wishes.bases, wishes.confs)
    return found
