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

"""Everything that was collected, as one report."""

import dataclasses
import datetime
from typing import Any

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting.sections import catalogue
from glance_lifecycle.reporting.sections import checks
from glance_lifecycle.reporting.sections import drift
from glance_lifecycle.reporting.sections import duplicates
from glance_lifecycle.reporting.sections import hygiene
from glance_lifecycle.reporting.sections import plan
from glance_lifecycle.reporting.sections import signatures
from glance_lifecycle.reporting.sections import worker
from glance_lifecycle import version


@dataclasses.dataclass(frozen=True)
class Facts:
    """Of each section, what was collected, or why nothing was.

    :ivar title: of the cloud, as its operators call it
    :ivar at: when, with a time zone
    """

    title: str
    at: datetime.datetime
    health: model.Told[dict[str, Any]]
    catalogue: model.Told[catalogue.Catalogue]
    planned: model.Told[plan.Planned]
    signatures: model.Told[signatures.Signatures]
    drift: model.Told[drift.Drift]
    duplicates: model.Told[duplicates.Duplicates]
    hygiene: model.Told[hygiene.Hygiene]
    worker: model.Told[worker.Worker]


def report(facts: Facts) -> model.Report:
    """In the order in which it is read."""
    planned = facts.planned
    return model.Report(
        facts.title,
        facts.at.astimezone(datetime.UTC).isoformat(timespec='seconds'),
        version.VERSION,
        '' if isinstance(planned, model.NotAsked) else planned['currency'],
        (checks.section(facts.health), catalogue.section(facts.catalogue),
         plan.room(planned), plan.clones(planned),
         signatures.section(facts.signatures), drift.section(facts.drift),
         duplicates.section(facts.duplicates),
         hygiene.section(facts.hygiene), worker.section(facts.worker)))
