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

"""From the plan of an import to its Job: plain data for the child."""

from collections.abc import Sequence
import dataclasses
import os
from typing import Any

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer import job as jobs

CONF = cfg.CONF

# Decoded in Python; the others start qemu-img, which inherits the limit and
# was seen to use up to 0.7 GiB of address space.
OWN_READERS = ('raw', 'qcow2')
QEMU_IMG_MEMORY = 2 * targets.GIB


def make(image_id: str, plan: plans.Plan, stores: Sequence[jobs.Target],
         digests: Sequence[str], journal: int) -> jobs.Job:
    """The whole job, with the limits that the options set.

    :param journal: descriptor of the import's journal
    """
    conf = CONF.lifecycle_transfer
    reader = plan.reader
    virtual_size = plan.virtual_size or plan.staged_size
    source_entry, options = _source(reader, image_id, plan.staging_dir,
                                    plan.max_virtual_size)
    memory = conf.memory_limit * targets.MIB
    if reader not in OWN_READERS:
        memory = max(memory, QEMU_IMG_MEMORY)
    memory += sum(t.load().address_space for t in stores)
    return jobs.Job(
        image_id=image_id, source=source_entry, source_options=options,
        targets=tuple(stores), digests=tuple(dict.fromkeys(digests)),
        all_must_succeed=plan.all_must_succeed,
        workers=min(conf.workers, os.cpu_count() or 1),
        confinement=conf.confinement,
        readable=tuple(conf.confinement_readable),
        progress_interval=conf.progress_interval, content=_content(plan),
        limits=jobs.Limits(
            memory=memory,
            cpu=targets.cpu_limit(virtual_size, len(stores)),
            **targets.niceness()),
        journal=journal)


def _source(reader: str, image_id: str, staging_dir: str,
            max_virtual_size: int) -> tuple[str, dict[str, Any]]:
    """The source for a format and its options.

    :param reader: the format to decode; ``raw`` takes the bytes as they are
    :param max_virtual_size: bytes; 0 for no limit
    """
    found = entry_points.entry(entry_points.SOURCES, reader)
    if found is None:
        raise exceptions.ConfigurationError(
            detail='no source reads %s. Reinstall glance_lifecycle: its '
            'entry points are missing' % reader)
    options: dict[str, Any] = {'max_virtual_size': max_virtual_size or None}
    if reader not in OWN_READERS:
        options |= {'disk_format': reader, 'image_id': image_id,
                    'scratch_dir': staging_dir,
                    'qemu_img': CONF.lifecycle_transfer.qemu_img}
    return found, options


def _content(plan: plans.Plan) -> dict[str, Any] | None:
    """How what is decoded is inspected.

    As a staged raw file is; what is stored as it came was, by Admit.
    """
    if not plan.convert:
        return None
    return dataclasses.asdict(inspect.Rules(
        **glance_host.allowed_inspections(), extended_l2=False))
