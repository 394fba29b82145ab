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

"""All that is told of the caches of a plan, as plain data."""

import dataclasses
from typing import Any

from glance_lifecycle.planning.caches import rows
from glance_lifecycle.planning.caches import sizing

#: Raised if a field changes its meaning, or goes.
VERSION = 1


def report(plan: sizing.Plan) -> dict[str, Any]:
    """Numbers are in bytes and seconds, those of traffic of a week."""
    return {
        'version': VERSION,
        'boots': len(plan.trace.boots),
        'seconds': round(plan.trace.seconds),
        'share': round(plan.trace.share, 6),
        'given': plan.trace.given,
        'advice': [dataclasses.asdict(one) for one in rows.of(plan)],
        'glance': plan.glance and {
            **_sized(plan.glance),
            'pruner_minutes': rows.pruner_minutes(plan.glance),
            'stall_seconds': rows.stall_seconds(plan.glance)},
        'compute_groups': [{'name': one.name, **_sized(one)}
                           for one in plan.groups]}


def _sized(one: sizing.Sized) -> dict[str, Any]:
    return {
        'best': round(one.best.setting), 'today': round(one.today.setting),
        'useless': one.useless, 'longest_seconds': round(one.longest, 3),
        'points': [{
            'setting': round(each.setting), 'served': round(each.served, 4),
            'moved': round(each.moved), 'waited': round(each.waited, 3),
            'disk': round(each.disk)} for each in one.points],
        'prefetch': [{
            'image': each.name, 'downloads': round(each.downloads, 3),
            'waited': round(each.waited, 3)} for each in one.prefetched]}
